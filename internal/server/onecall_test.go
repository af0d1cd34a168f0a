package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/authtest"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/server/servertest"
)

// startAsBotocore sends StartChatContact as botocore 1.43 does: its headers, a space
// behind each comma and colon of the body, a signature with SigV4. members are added to what is required.
func startAsBotocore(t *testing.T, s *servertest.Server, key auth.Key, in *connect.StartChatContactRequest, members string) reply {
	t.Helper()
	body := `{"InstanceId": "` + in.InstanceId + `", "ContactFlowId": "` + in.ContactFlowId + `", "ParticipantDetails": {"DisplayName": "Ana"}` + members + `}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/contact/chat", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Boto3/1.43.0 md/Botocore#1.43.0 ua/2.1 lang/python#3.13.1 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.43.0")
	r.Header.Set("Amz-Sdk-Invocation-Id", center.NewUUID())
	r.Header.Set("Amz-Sdk-Request", "attempt=1")
	r.Header.Set("Origin", "https://shop.example")
	if err := (authtest.Signer{ID: key.ID, Secret: key.Secret}).Sign(r, []byte(body), s.Clock().Now()); err != nil {
		t.Fatal(err)
	}
	return do(t, s, r)
}

// started returns what an answer of StartChatContact has.
func (r reply) started(t *testing.T) *connect.StartChatContactResponse {
	t.Helper()
	out := new(connect.StartChatContactResponse)
	if err := json.Unmarshal([]byte(r.body), out); err != nil || r.status != 200 {
		t.Fatalf("StartChatContact = %d %s (%v)", r.status, r.body, err)
	}
	return out
}

// TestStartInOneCall: which members an answer has, on the wire (StartChatContact
// with ConnectionTypes and ChatStreamingConfiguration, API model of 2026-10-21).
func TestStartInOneCall(t *testing.T) {
	h, dir := newHook(t), t.TempDir()
	s := servertest.Start(t, servertest.Production(dir), streaming(h, dir))
	in := s.Request(t)
	const (
		ids    = "ContactId ParticipantId ParticipantToken"
		both   = `, "ConnectionTypes": ["WEBSOCKET", "CONNECTION_CREDENTIALS"]`
		stream = `, "ChatStreamingConfiguration": {"StreamingEndpointArn": "` + topic + `"}`
	)
	for _, c := range []struct{ name, members, want string }{
		{"as ever", ``, ids},
		{"both types", both, "ConnectionCredentials " + ids + " Websocket"},
		{"credentials alone", `, "ConnectionTypes": ["CONNECTION_CREDENTIALS"]`, "ConnectionCredentials " + ids},
		{"a socket alone", `, "ConnectionTypes": ["WEBSOCKET"]`, ids + " Websocket"},
		{"a stream alone", stream, ids + " StreamingId"},
		{"everything", both + stream, "ConnectionCredentials " + ids + " StreamingId Websocket"},
	} {
		r := startAsBotocore(t, s, s.Key, in, c.members+`, "ClientToken": "`+center.NewUUID()+`"`)
		var members map[string]any
		if err := json.Unmarshal([]byte(r.body), &members); err != nil || r.status != 200 {
			t.Fatalf("%s: %d %s", c.name, r.status, r.body)
		}
		var names []string
		for name := range members {
			names = append(names, name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: the answer has %s; want %s", c.name, got, c.want)
		}
		if r.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: a page cannot read the answer", c.name)
		}
	}

	// The connection is that of a chat in two calls: the socket greets, the token speaks, what was
	// given first goes on working.
	out := startAsBotocore(t, s, s.Key, in, both+stream+`, "ClientToken": "k"`).started(t)
	ana := s.Customer(t, out)
	socket := ana.Socket()
	socket.Until("Hello")
	ana.Send("in one call")
	socket.Until("in one call")
	ana.Credentials()
	ana.Send("in two calls")
	socket.Until("in two calls")

	again := startAsBotocore(t, s, s.Key, in, both+stream+`, "ClientToken": "k"`).started(t)
	if *again.ContactId != *out.ContactId || *again.StreamingId != *out.StreamingId {
		t.Errorf("repeated: %+v; want the chat and the stream of %+v", again, out)
	}
	second := s.Customer(t, again).Socket()
	ana.Send("to both")
	second.Until("to both")
	ana.Stop()
	ended := startAsBotocore(t, s, s.Key, in, both+stream+`, "ClientToken": "k"`)
	if *ended.started(t).ContactId != *out.ContactId || strings.Contains(ended.body, "Websocket") {
		t.Errorf("repeated after the end: %s; want the same chat without a URL", ended.body)
	}
}

// TestStartThatCannotBeGiven: the exception names the member, and nothing has begun.
func TestStartThatCannotBeGiven(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Start(t, servertest.Production(dir))
	in := s.Request(t)
	for _, c := range []struct{ name, members, says string }{
		{"a type that is none", `, "ConnectionTypes": ["SOCKET"]`, "ConnectionTypes"},
		{"a type of calls", `, "ConnectionTypes": ["WEBSOCKET", "WEBRTC_CONNECTION"]`, "ConnectionTypes"},
		{"a type of agents' pages", `, "ConnectionTypes": ["AUTHENTICATION_SESSION"]`, "ConnectionTypes"},
		{"a type twice", `, "ConnectionTypes": ["WEBSOCKET", "WEBSOCKET"]`, "ConnectionTypes"},
		{"no type", `, "ConnectionTypes": []`, "ConnectionTypes"},
		{"an endpoint where none is configured", `, "ConnectionTypes": ["WEBSOCKET"], "ChatStreamingConfiguration": {"StreamingEndpointArn": "` + topic + `"}`, "StreamingEndpointArn"},
		{"no endpoint", `, "ChatStreamingConfiguration": {}`, "StreamingEndpointArn"},
	} {
		r := startAsBotocore(t, s, s.Key, in, c.members)
		if r.status != 400 || r.code(t) != "InvalidParameterException" || !strings.Contains(r.body, c.says) {
			t.Errorf("%s: %d %s; want InvalidParameterException about %s", c.name, r.status, r.body, c.says)
		}
	}
	if n := metric(t, s, "parley_active_chats"); n != 0 {
		t.Errorf("%v chats have begun; want none", n)
	}
}

// TestPolicyOfStartInOneCall: a connection and a stream need what starting the chat needs,
// the flow; without it nothing begins.
func TestPolicyOfStartInOneCall(t *testing.T) {
	h, dir := newHook(t), t.TempDir()
	s := servertest.Start(t, servertest.Production(dir), streaming(h, dir))
	in, other := s.Request(t), s.Flow(t, "Other", strings.Replace(enginetest.Greet, "Hello", "Goodbye", 1))
	s.Stop()
	policy, err := auth.ParsePolicy([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"connect:StartChatContact","Resource":"arn:aws:connect:us-east-1:123456789012:instance/` +
		in.InstanceId + `/contact-flow/` + in.ContactFlowId + `"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	website := createKey(t, dir, "website", policy)
	s = servertest.Start(t, servertest.Production(dir), streaming(h, dir))
	const everything = `, "ConnectionTypes": ["WEBSOCKET", "CONNECTION_CREDENTIALS"], "ChatStreamingConfiguration": {"StreamingEndpointArn": "` + topic + `"}`
	forbidden := *in
	forbidden.ContactFlowId = other
	if r := startAsBotocore(t, s, website, &forbidden, everything); r.status != 403 || r.code(t) != "AccessDeniedException" {
		t.Errorf("another flow: %d %s; want 403", r.status, r.body)
	}
	if n := metric(t, s, "parley_active_chats"); n != 0 {
		t.Errorf("%v chats have begun; want none", n)
	}
	if out := startAsBotocore(t, s, website, in, everything).started(t); out.Websocket == nil || out.ConnectionCredentials == nil || out.StreamingId == nil {
		t.Errorf("the flow that is allowed: %+v", out)
	}
}

// TestKilledBetweenStartAndSocket kills the server when it has answered and before the
// customer connects: the URL, the token and the ClientToken are as good as before.
func TestKilledBetweenStartAndSocket(t *testing.T) {
	dir, listen := t.TempDir(), freeAddress(t)
	child := startChild(t, dir, listen)
	cfg := restjson.ClientConfig{Endpoint: "http://" + listen}
	in := &connect.StartChatContactRequest{InstanceId: catalog.DemoInstance, ClientToken: new("k"), ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}}
	servertest.OneCall(in)
	flow, err := connect.NewClient(cfg).CreateContactFlow(t.Context(), &connect.CreateContactFlowRequest{
		InstanceId: catalog.DemoInstance, Name: "Greet", Type: connect.ContactFlowTypeCONTACT_FLOW, Content: enginetest.Greet})
	if err != nil {
		t.Fatalf("CreateContactFlow: %v", err)
	}
	in.ContactFlowId = *flow.ContactFlowId
	out, err := connect.NewClient(cfg).StartChatContact(t.Context(), in)
	if err != nil {
		t.Fatalf("StartChatContact: %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	_ = child.Wait() // it was killed: that is its error
	startChild(t, dir, listen)

	socket := servertest.Open(t, *out.Websocket.Url)
	socket.Subscribe()
	socket.Until("Hello")
	if _, err := participant.NewClient(cfg).SendMessage(t.Context(), &participant.SendMessageRequest{
		ConnectionToken: *out.ConnectionCredentials.ConnectionToken, ContentType: "text/plain", Content: "still here"}); err != nil {
		t.Fatalf("SendMessage: %v", err)
	}
	socket.Until("still here")
	again, err := connect.NewClient(cfg).StartChatContact(t.Context(), in)
	if err != nil || *again.ContactId != *out.ContactId || again.Websocket == nil {
		t.Errorf("repeated: %+v, %v; want contact %s and a socket", again, err, *out.ContactId)
	}
}

// TestStreamFromTheStartSurvivesRestart stops the server between the start and the customer's
// connection: the endpoint hears the chat from its first item on.
func TestStreamFromTheStartSurvivesRestart(t *testing.T) {
	h, dir := newHook(t), t.TempDir()
	s := servertest.Start(t, streaming(h, dir))
	var id string
	begin := func(s *servertest.Server) *servertest.Chat {
		in := s.Request(t)
		in.ClientToken = new("k")
		servertest.OneCall(in)
		in.ChatStreamingConfiguration = &connect.ChatStreamingConfiguration{StreamingEndpointArn: topic}
		out, err := s.Connect.StartChatContact(t.Context(), in)
		if err != nil || id != "" && *out.StreamingId != id {
			t.Fatalf("StartChatContact = %+v, %v; want the stream %s", out, err, id)
		}
		id = *out.StreamingId
		return s.Customer(t, out)
	}
	ana := begin(s)
	s.Stop()
	s = servertest.Start(t, streaming(h, dir))
	if again := begin(s); again.Contact != ana.Contact {
		t.Errorf("repeated after the restart: contact %s; want %s", again.Contact, ana.Contact)
	}
	ana.On(s).Socket().Until("Hello")
	seen := map[string]bool{}
	if n := h.next(t, seen); *n.Item.ContentType != center.EventJoined {
		t.Errorf("the endpoint heard %s first; want joined", n.Text)
	}
	if n := h.next(t, seen); n.Item.Content == nil || *n.Item.Content != "Hello" {
		t.Errorf("then it heard %s; want Hello", n.Text)
	}
}

// TestDeadlinesOfStartInOneCall: the URL is good for 100 seconds, and a customer who never
// opens it has five minutes, as after CreateParticipantConnection.
func TestDeadlinesOfStartInOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t)
		ana, bo := s.Begin(t, servertest.OneCall), s.Begin(t, servertest.OneCall)
		time.Sleep(100 * time.Second)
		ana.Socket().Until("Hello")
		time.Sleep(10 * time.Second)
		r := call(t, s, "GET", bo.SocketURL[strings.Index(bo.SocketURL, "/ws?"):], "",
			"Connection", "Upgrade", "Upgrade", "websocket", "Sec-Websocket-Version", "13", "Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
		if r.status != 403 {
			t.Errorf("the URL after 110 seconds: %d %s; want 403", r.status, r.body)
		}
		bo.Credentials() // there is another for the asking
		time.Sleep(3*time.Minute + 11*time.Second)
		_, err := bo.TrySend(t.Context(), "late")
		servertest.Refused(t, "who never connected", err, "AccessDeniedException", 403)
		ana.Send("in time")
	})
}

// TestLostAnswerOfStartInOneCall: the server begins the chat and its answer is lost. The repeated request has a connection.
func TestLostAnswerOfStartInOneCall(t *testing.T) {
	s := servertest.Start(t)
	in := s.Request(t)
	in.ClientToken = new("k")
	servertest.OneCall(in)
	lost := connect.NewClient(restjson.ClientConfig{Endpoint: s.URL, HTTPClient: &http.Client{Transport: deaf{}}})
	if _, err := lost.StartChatContact(t.Context(), in); err == nil {
		t.Fatal("the answer was not lost")
	}
	if n := metric(t, s, "parley_active_chats"); n != 1 {
		t.Fatalf("%v chats have begun; want one", n)
	}
	s.Begin(t, func(again *connect.StartChatContactRequest) { *again = *in }).Socket().Until("Hello")
	if n := metric(t, s, "parley_active_chats"); n != 1 {
		t.Errorf("%v chats have begun; want one", n)
	}
}

// deaf sends requests and loses the answers.
type deaf struct{}

func (deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body.Close()
	return nil, http.ErrServerClosed
}
