package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/keysapi"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// logbook is a log that a test reads afterwards.
type logbook struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// secretFlow logs what it does, knows the customer's attributes, calls a
// function and gets some of what happens wrong.
const secretFlow = `{"Version":"2019-10-30","StartAction":"log","Actions":[
 {"Identifier":"log","Type":"UpdateFlowLoggingBehavior","Parameters":{"FlowLoggingBehavior":"Enabled"},"Transitions":{"NextAction":"set"}},
 {"Identifier":"set","Type":"UpdateContactAttributes","Parameters":{"Attributes":{"copied":"$.Attributes.card"},"TargetContact":"Current"},"Transitions":{"NextAction":"say","Errors":[{"NextAction":"say","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":"Your card is $.Attributes.card"},"Transitions":{"NextAction":"cmp","Errors":[{"NextAction":"cmp","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"cmp","Type":"Compare","Parameters":{"ComparisonValue":"$.Attributes.card"},"Transitions":{"NextAction":"fn","Conditions":[{"NextAction":"fn","Condition":{"Operator":"Equals","Operands":["no"]}}],"Errors":[{"NextAction":"fn","ErrorType":"NoMatchingCondition"}]}},
 {"Identifier":"fn","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"arn:aws:lambda:us-east-1:123456789012:function:lookup","InvocationTimeLimitSeconds":"3","LambdaInvocationAttributes":{"card":"$.Attributes.card"}},"Transitions":{"NextAction":"fn2","Errors":[{"NextAction":"fn2","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"fn2","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"arn:aws:lambda:us-east-1:123456789012:function:broken","InvocationTimeLimitSeconds":"3"},"Transitions":{"NextAction":"odd","Errors":[{"NextAction":"odd","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"odd","Type":"GetParticipantInput","Parameters":{"Text":"Your card is $.Attributes.card?","StoreInput":"True","InputValidation":{"CustomValidation":{"MaximumLength":"4"}},"InputTimeLimitSeconds":"5"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// TestSecretsStayOutOfLogs holds whole chats, with all that can go wrong in
// them, at the log's most talkative level, and looks for what must not be there.
func TestSecretsStayOutOfLogs(t *testing.T) {
	secrets := map[string]string{}
	keep := func(what, value string) string {
		secrets[what] = value
		return value
	}
	function := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/broken") {
			// What a function says of its failure is for the flow's log; what it says otherwise is not.
			http.Error(w, `{"errorMessage":"no such customer"}`, http.StatusBadRequest)
			return
		}
		io.WriteString(w, `{"balance":"balance-of-a-million"}`)
	}))
	defer function.Close()
	var hooks sync.WaitGroup
	hooks.Add(1)
	heard := sync.OnceFunc(hooks.Done)
	webhook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "we want none of that", http.StatusTeapot) // likewise
		heard()
	}))
	defer webhook.Close()

	log := &logbook{}
	dir := t.TempDir()
	s := servertest.Start(t, servertest.Production(dir), func(c *server.Config) {
		c.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Lambda = map[string]string{"lookup": function.URL + "/lookup", "broken": function.URL + "/broken"}
		c.Streams = map[string]string{"arn:aws:sns:*": webhook.URL}
		c.StreamSecret = keep("the webhooks' secret", "webhook-secret-0123456789")
	})
	ctx := t.Context()
	keep("an access key's secret", s.Key.Secret)
	keep("an attribute", "4929-1111-2222-3333")
	keep("a function's answer", "balance-of-a-million")
	c := s.Chat(t, func(in *connect.StartChatContactRequest) {
		in.ContactFlowId = s.Flow(t, "Secrets", secretFlow)
		in.Attributes = map[string]string{"card": "4929-1111-2222-3333"}
		in.InitialMessage = &connect.ChatMessage{ContentType: "text/plain", Content: keep("the first message", "my initial secret words")}
	})
	socket := c.Socket()
	keep("a participant token", c.Token)
	keep("a connection token", c.Bearer)
	at, err := url.Parse(c.SocketURL)
	if err != nil {
		t.Fatal(err)
	}
	keep("a socket's token", at.Query().Get("token"))
	oneCall := s.Begin(t, servertest.OneCall)
	keep("a connection token of StartChatContact", oneCall.Bearer)
	keep("a socket's URL of StartChatContact", oneCall.SocketURL)
	oneCall.Socket().Until("Hello")
	if _, err := s.Connect.StartContactStreaming(ctx, &connect.StartContactStreamingRequest{InstanceId: s.Instance(t), ContactId: c.Contact,
		ClientToken: "stream", ChatStreamingConfiguration: &connect.ChatStreamingConfiguration{StreamingEndpointArn: "arn:aws:sns:us-east-1:123456789012:topic"}}); err != nil {
		t.Fatalf("StartContactStreaming: %v", err)
	}
	c.Send(keep("a message", "the words between us"))
	socket.Until("the words between us")
	hooks.Wait()
	socket.Write(keep("a frame", `{"topic":"words in a frame"}`))
	socket.Write("words that are not JSON")
	socket.Closed()

	// Everything that can be refused.
	_, err = c.TrySend(ctx, keep("a message that is too long", strings.Repeat("long words ", 2000)))
	servertest.Refused(t, "a long message", err, "ValidationException", 400)
	for _, token := range []string{c.Token, at.Query().Get("token"), flip(c.Bearer, 40)} {
		bad := *c
		bad.Bearer = token
		_, err := bad.TrySend(ctx, "intruding words")
		servertest.Refused(t, "a wrong token", err, "AccessDeniedException", 403)
		if token != at.Query().Get("token") {
			call(t, s, "GET", "/ws?token="+token, "", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-Websocket-Version", "13", "Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
		}
		call(t, s, "GET", "/files/"+token, "")
		call(t, s, "GET", "/files/"+token+"/more", "")
		call(t, s, "PUT", "/files/"+token, "words in a file")
		call(t, s, "GET", "/nothing?token="+token, "")
	}
	keep("intruding words", "intruding words")
	keep("words that are not JSON", "words that are not JSON")
	keep("a file's bytes", "words in a file")
	call(t, s, "POST", "/participant/message", `{"ContentType":"text/plain","Content":"broken words`, "X-Amz-Bearer", c.Bearer)
	keep("broken words", "broken words")
	call(t, s, "PUT", "/contact/chat", `{"Attributes":{"card":"4929-1111-2222-3333"`)
	signed(t, s, s.Key, s.Clock().Now(), `{"InstanceAlias":"x"`, nil, nil)
	wrong := s.Key
	wrong.Secret = keep("a wrong secret", strings.Repeat("w", 40))
	signed(t, s, wrong, s.Clock().Now(), "{}", nil, nil)

	// Keys and secrets, managed while it serves.
	text, err := os.ReadFile(filepath.Join(dir, keystore.SecretFile))
	if err != nil {
		t.Fatal(err)
	}
	_, sealing, _ := strings.Cut(strings.TrimSpace(string(text)), "parley-secret-1:")
	keep("the secret that seals others", sealing)
	made := makeKey(t, s, "made", "")
	keep("the secret of a key that was made", made.Secret)
	if _, err := manage(s, made).RotateTokenSecret(ctx, &keysapi.RotateTokenSecretRequest{}); err != nil {
		t.Fatalf("RotateTokenSecret: %v", err)
	}
	if _, err := manage(s, made).DeleteKey(ctx, &keysapi.DeleteKeyRequest{AccessKeyId: made.ID}); err != nil {
		t.Fatalf("DeleteKey: %v", err)
	}
	_, err = manage(s, made).ListKeys(ctx, &keysapi.ListKeysRequest{})
	servertest.Refused(t, "a deleted key", err, "UnrecognizedClientException", 403)
	_, err = manage(s, wrong).ListKeys(ctx, &keysapi.ListKeysRequest{})
	servertest.Refused(t, "a wrong secret", err, "InvalidSignatureException", 403)

	file := c.File("secret-plans.txt", "text/plain", 15)
	fileToken := func(u string) string { return u[strings.LastIndexByte(u, '/')+1:] }
	keep("an upload's token", fileToken(*file.UploadMetadata.Url))
	do(t, s, servertest.Put(t, file, []byte("words in a file")))
	do(t, s, servertest.Put(t, file, []byte("other words too")))
	if _, err := s.Participant.CompleteAttachmentUpload(ctx, &participant.CompleteAttachmentUploadRequest{ConnectionToken: c.Bearer, AttachmentIds: []string{*file.AttachmentId}}); err != nil {
		t.Fatalf("CompleteAttachmentUpload: %v", err)
	}
	get, err := s.Participant.GetAttachment(ctx, &participant.GetAttachmentRequest{ConnectionToken: c.Bearer, AttachmentId: *file.AttachmentId})
	if err != nil {
		t.Fatalf("GetAttachment: %v", err)
	}
	keep("a download's token", fileToken(*get.Url))
	call(t, s, "GET", strings.TrimPrefix(*get.Url, s.URL), "")
	page, err := s.Participant.GetTranscript(ctx, &participant.GetTranscriptRequest{ConnectionToken: c.Bearer, MaxResults: new(int32(1))})
	if err != nil || page.NextToken == nil {
		t.Fatalf("GetTranscript = %v, %v", page, err)
	}
	keep("a page's token", *page.NextToken)
	if _, err := s.Connect.UpdateContactAttributes(ctx, &connect.UpdateContactAttributesRequest{InstanceId: s.Instance(t), InitialContactId: c.Contact,
		Attributes: map[string]string{"pin": keep("a later attribute", "pin-0815-4711")}}); err != nil {
		t.Fatalf("UpdateContactAttributes: %v", err)
	}
	if _, err := s.Participant.DisconnectParticipant(ctx, &participant.DisconnectParticipantRequest{ConnectionToken: c.Bearer}); err != nil {
		t.Fatalf("DisconnectParticipant: %v", err)
	}
	_, err = c.TrySend(ctx, "words after the end")
	servertest.Refused(t, "after the end", err, "AccessDeniedException", 403)
	keep("words after the end", "words after the end")
	s.Stop()

	for _, x := range []any{s.Config, &s.Config, s.Server} { // what somebody might print of it
		fmt.Fprintf(log, "\n%v %+v %#v", x, x, x)
	}
	if err := json.NewEncoder(log).Encode(struct{ C server.Config }{server.Config{StreamSecret: s.StreamSecret}}); err != nil {
		t.Fatal(err)
	}
	logged := log.String()
	if strings.Count(logged, "\n") < 30 || !strings.Contains(logged, "level=DEBUG") || !strings.Contains(logged, c.Contact) {
		t.Fatalf("the log says too little to show anything:\n%s", logged)
	}
	for what, secret := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
			if before, _, found := strings.Cut(logged, form); found {
				from := strings.LastIndexByte(before, '\n') + 1
				t.Errorf("the log has %s: %.600s", what, logged[from:])
				break
			}
		}
	}
	for _, name := range filesBelow(t, dir) {
		if name == "first-key.env" {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read %s: %v, %v", name, info.Mode(), err)
		}
	}
}
