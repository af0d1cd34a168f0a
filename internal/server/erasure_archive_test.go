package server_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth/authtest"
	"parley.example/parley/internal/erasure"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// remembers is a flow that logs, keeps what the customer's attributes say, and waits.
const remembers = `{"Version":"2019-10-30","StartAction":"log","Actions":[
 {"Identifier":"log","Type":"UpdateFlowLoggingBehavior","Parameters":{"FlowLoggingBehavior":"Enabled"},"Transitions":{"NextAction":"set"}},
 {"Identifier":"set","Type":"UpdateContactAttributes","Parameters":{"Attributes":{"email":"$.Attributes.who@example.com"}},"Transitions":{"NextAction":"say","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":"Hello $.Attributes.who"},"Transitions":{"NextAction":"w","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"w","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// archive is a server with a data directory in which people leave traces.
type archive struct {
	*servertest.Server
	t    *testing.T
	dir  string
	down string // the URL of a webhook that takes nothing: what is streamed waits in the outbox
}

func newArchive(t *testing.T, options ...func(*server.Config)) *archive {
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	t.Cleanup(hook.Close)
	a := &archive{t: t, dir: t.TempDir(), down: hook.URL}
	a.start(options...)
	return a
}

func (a *archive) start(options ...func(*server.Config)) {
	a.Server = servertest.Start(a.t, append(options, servertest.Quietly(a.t), func(c *server.Config) {
		c.Data, c.Streams, c.StreamSecret = a.dir, map[string]string{topic: a.down}, streamSecret
	})...)
}

// leave has somebody leave traces in every place there is: each has the name, which nothing else has.
// The chat has ended when it returns, and can be found by what was said.
func (a *archive) leave(name string, change ...func(*connect.StartChatContactRequest)) *servertest.Chat {
	a.t.Helper()
	c := a.visit(name, change...)
	c.Stop()
	a.wait(name+" is found by what was said", func() bool { return slices.Contains(a.heard(name+"-message"), c.Contact) })
	return c
}

func (a *archive) visit(name string, change ...func(*connect.StartChatContactRequest)) *servertest.Chat {
	a.t.Helper()
	c := a.Begin(a.t, append([]func(*connect.StartChatContactRequest){func(in *connect.StartChatContactRequest) {
		in.ContactFlowId = a.Flow(a.t, "Remembers", remembers)
		in.ParticipantDetails.DisplayName = name + "-display"
		in.Attributes = map[string]string{"who": name + "-attribute", "kind": "visitor"}
		in.CustomerId = new(name + "-customer")
		in.ClientToken = new(name + "-token")
		in.SegmentAttributes = map[string]connect.SegmentAttributeValue{"seg": {ValueString: new(name + "-segment")}}
		in.InitialMessage = &connect.ChatMessage{ContentType: "text/plain", Content: name + "-initial"}
		in.ChatStreamingConfiguration = &connect.ChatStreamingConfiguration{StreamingEndpointArn: topic}
	}}, change...)...)
	c.Connect()
	for i := range 40 {
		c.Send(fmt.Sprintf("%s-message-%d", name, i))
	}
	c.Send(strings.Repeat(name+"-long ", 1100)) // pages of its own
	id := c.Send(name + "-read")
	if _, err := a.Participant.SendEvent(a.t.Context(), &participant.SendEventRequest{ConnectionToken: c.Bot(name + "-bot").Bearer,
		ContentType: "application/vnd.amazonaws.connect.event.message.read", Content: new(`{"messageId":"` + id + `"}`)}); err != nil {
		a.t.Fatalf("SendEvent: %v", err)
	}
	text := []byte(strings.Repeat(name+"-content ", 50))
	out := c.File(name+"-file.txt", "text/plain", int64(len(text)))
	if r := do(a.t, a.Server, servertest.Put(a.t, out, text)); r.status != 200 {
		a.t.Fatalf("upload: %d %s", r.status, r.body)
	}
	if _, err := a.Participant.CompleteAttachmentUpload(a.t.Context(), &participant.CompleteAttachmentUploadRequest{
		ConnectionToken: c.Bearer, AttachmentIds: []string{*out.AttachmentId}}); err != nil {
		a.t.Fatalf("CompleteAttachmentUpload: %v", err)
	}
	unfinished := c.File(name+"-unfinished.txt", "text/plain", int64(len(text)))
	if r := do(a.t, a.Server, servertest.Put(a.t, unfinished, text)); r.status != 200 {
		a.t.Fatalf("upload: %d %s", r.status, r.body)
	}
	if _, err := a.Connect.UpdateContact(a.t.Context(), &connect.UpdateContactRequest{InstanceId: a.Instance(a.t), ContactId: c.Contact,
		Name: new(name + "-name"), Description: new(name + "-description"),
		References: map[string]connect.Reference{"ref": {Type: connect.ReferenceTypeURL, Value: new("https://example.com/" + name + "-reference")}}}); err != nil {
		a.t.Fatalf("UpdateContact: %v", err)
	}
	return c
}

// holders returns which files have the text of a name.
func (a *archive) holders(name string) (files []string) {
	a.t.Helper()
	for _, file := range filesBelow(a.t, a.dir) {
		b, err := os.ReadFile(filepath.Join(a.dir, file))
		if err != nil && !os.IsNotExist(err) {
			a.t.Fatal(err)
		}
		if bytes.Contains(b, []byte(name)) {
			files = append(files, file)
		}
	}
	return files
}

// present checks that the test would find what it looks for: in the database, in files and flow logs.
func (a *archive) present(name string) {
	a.t.Helper()
	a.wait(name+" is in the flow log", func() bool {
		return slices.ContainsFunc(a.holders(name+"-attribute@example.com"), func(f string) bool { return strings.HasPrefix(f, "flow-logs") })
	})
	for _, what := range []string{"-message-7", "-long", "-display", "-customer", "-token", "-segment", "-initial", "-read", "-name", "-description", "-reference", "-file.txt"} {
		if len(a.holders(name+what)) == 0 {
			a.t.Errorf("no file has %s%s: the test would show nothing", name, what)
		}
	}
	if !slices.ContainsFunc(a.holders(name+"-content"), func(f string) bool { return strings.HasPrefix(f, "files") }) {
		a.t.Errorf("no attachment has %s-content", name)
	}
}

// heard returns the contacts in which the customer said something.
func (a *archive) heard(text string) (contacts []string) {
	a.t.Helper()
	out, err := a.Connect.SearchContacts(a.t.Context(), &connect.SearchContactsRequest{
		InstanceId: a.Instance(a.t),
		TimeRange:  &connect.SearchContactsTimeRange{Type: connect.SearchContactsTimeRangeTypeINITIATION_TIMESTAMP, StartTime: time.Now().Add(-1000 * time.Hour), EndTime: time.Now().Add(1000 * time.Hour)},
		SearchCriteria: &connect.SearchCriteria{ContactAnalysis: &connect.ContactAnalysis{Transcript: &connect.Transcript{Criteria: []connect.TranscriptCriteria{{
			ParticipantRole: connect.ParticipantRoleCUSTOMER, MatchType: connect.SearchContactsMatchTypeMATCH_EXACT, SearchText: []string{text}}}}}}})
	if err != nil {
		a.t.Fatalf("SearchContacts: %v", err)
	}
	for _, c := range out.Contacts {
		contacts = append(contacts, *c.Id)
	}
	return contacts
}

// gone waits until no file has anything of a name, and then looks again without the server.
func (a *archive) gone(names ...string) {
	a.t.Helper()
	for _, name := range names {
		var files []string
		defer func() {
			if len(files) > 0 {
				a.t.Errorf("%s is in %q", name, files)
			}
		}()
		a.wait(name+" is in no file", func() bool {
			files = a.holders(name)
			return len(files) == 0
		})
	}
}

// wait waits for something that the server does in the background, on a machine with much else to do.
func (a *archive) wait(what string, happened func() bool) {
	a.t.Helper()
	for range 12_000 {
		if happened() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	a.t.Fatalf("did not happen: %s", what)
}

// restart starts the server anew: nothing is in memory then.
func (a *archive) restart(options ...func(*server.Config)) {
	a.t.Helper()
	a.Stop()
	a.start(options...)
}

// sound stops the server, and checks the whole database.
func (a *archive) sound() {
	a.t.Helper()
	a.Stop()
	if got := integrity(a.t, filepath.Join(a.dir, "parley.db")); got != "ok" {
		a.t.Errorf("integrity_check: %s", got)
	}
}

// ask sends a request for an erasure, or with nil for receipts.
func (a *archive) ask(path string, in *erasure.EraseRequest, out any) reply {
	a.t.Helper()
	method, body := http.MethodGet, []byte(nil)
	if in != nil {
		if in.InstanceId == "" {
			in.InstanceId = a.Instance(a.t)
		}
		method = http.MethodPost
		var err error
		if body, err = json.Marshal(in); err != nil {
			a.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.URL+erasure.Path+path, bytes.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if a.Key.ID != "" {
		if err := (authtest.Signer{ID: a.Key.ID, Secret: a.Key.Secret}).Sign(r, body, a.Clock().Now()); err != nil {
			a.t.Fatal(err)
		}
	}
	got := do(a.t, a.Server, r)
	if got.status == http.StatusOK {
		if err := json.Unmarshal([]byte(got.body), out); err != nil {
			a.t.Fatalf("%s: %v", got.body, err)
		}
	}
	return got
}

// erase asks for an erasure and waits until it is finished.
func (a *archive) erase(in *erasure.EraseRequest) (r erasure.Receipt) {
	a.t.Helper()
	if got := a.ask("", in, &r); got.status != http.StatusOK {
		a.t.Fatalf("the request for an erasure was answered %d %s", got.status, got.body)
	}
	return a.finished(r.ErasureId)
}

func (a *archive) finished(id string) (r erasure.Receipt) {
	a.t.Helper()
	a.wait("the erasure is finished", func() bool {
		r = erasure.Receipt{}
		got := a.ask("/"+id, nil, &r)
		if got.status != http.StatusOK {
			a.t.Fatalf("the receipt: %d %s", got.status, got.body)
		}
		return r.FinishedAt != nil
	})
	return r
}

// killLetters turns what waits for a chat's endpoint into dead letters, while the server is stopped.
func (a *archive) killLetters(c *servertest.Chat) {
	a.t.Helper()
	a.Stop()
	s, err := sqlite.Open(a.t.Context(), sqlite.Options{Dir: a.dir})
	if err != nil {
		a.t.Fatal(err)
	}
	waiting, err := s.Outbox(a.t.Context(), store.AllShards, time.Now().Add(time.Hour), 1000)
	if err != nil {
		a.t.Fatal(err)
	}
	var dead []store.Delivery
	for _, d := range waiting {
		if string(d.Chat) == c.Contact && len(dead) < 10 {
			dead = append(dead, d)
		}
	}
	if err := s.Keep(a.t.Context(), &store.Chores{Dead: dead}); err != nil || len(dead) == 0 {
		a.t.Fatalf("%d dead letters, %v", len(dead), err)
	}
	if err := s.Close(); err != nil {
		a.t.Fatal(err)
	}
	a.start()
}

// records returns what the API knows of a chat.
func (a *archive) records(c *servertest.Chat) string {
	a.t.Helper()
	described, err := a.Connect.DescribeContact(a.t.Context(), &connect.DescribeContactRequest{InstanceId: a.Instance(a.t), ContactId: c.Contact})
	if err != nil {
		a.t.Fatalf("DescribeContact: %v", err)
	}
	attributes, err := a.Connect.GetContactAttributes(a.t.Context(), &connect.GetContactAttributesRequest{InstanceId: a.Instance(a.t), InitialContactId: c.Contact})
	if err != nil {
		a.t.Fatalf("GetContactAttributes: %v", err)
	}
	text, err := json.Marshal([]any{described, attributes})
	if err != nil {
		a.t.Fatal(err)
	}
	return string(text)
}

// transcript reads what was said in a chat that has ended.
func (a *archive) transcript(c *servertest.Chat) string {
	a.t.Helper()
	body := `{"MaxResults":100}`
	got := call(a.t, a.Server, "POST", "/participant/transcript", body, "X-Amz-Bearer", c.Bearer, "X-Parley-After-End", "read", "Content-Type", "application/json")
	if got.status != 200 || !strings.Contains(got.body, "Content") {
		a.t.Fatalf("GetTranscript: %d %.300s", got.status, got.body)
	}
	return got.body
}

// missing checks that a chat is as if it had never been.
func (a *archive) missing(c *servertest.Chat) {
	a.t.Helper()
	ctx, instance := a.t.Context(), a.Instance(a.t)
	_, err := a.Connect.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: instance, ContactId: c.Contact})
	servertest.Refused(a.t, "DescribeContact", err, "ResourceNotFoundException", 404)
	_, err = a.Connect.GetContactAttributes(ctx, &connect.GetContactAttributesRequest{InstanceId: instance, InitialContactId: c.Contact})
	servertest.Refused(a.t, "GetContactAttributes", err, "ResourceNotFoundException", 404)
	_, err = a.Connect.StopContact(ctx, &connect.StopContactRequest{InstanceId: instance, ContactId: c.Contact})
	servertest.Refused(a.t, "StopContact", err, "ContactNotFoundException", 410)
	_, err = a.Participant.CreateParticipantConnection(ctx, &participant.CreateParticipantConnectionRequest{
		ParticipantToken: c.Token, Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}})
	servertest.Refused(a.t, "CreateParticipantConnection", err, "AccessDeniedException", 403)
	_, err = c.TrySend(ctx, "hello?")
	servertest.Refused(a.t, "SendMessage", err, "AccessDeniedException", 403)
	_, err = a.Participant.GetTranscript(ctx, &participant.GetTranscriptRequest{ConnectionToken: c.Bearer})
	servertest.Refused(a.t, "GetTranscript", err, "AccessDeniedException", 403)
	var r erasure.Receipt
	if got := a.ask("", &erasure.EraseRequest{ContactId: c.Contact}, &r); got.status != 404 || got.code(a.t) != "ResourceNotFoundException" {
		a.t.Errorf("erasing it again is answered %d %s", got.status, got.body)
	}
}

// integrity has SQLite check a database.
func integrity(t *testing.T, file string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var result string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&result); err != nil {
		t.Fatal(err)
	}
	return result
}
