package server_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// processing is a flow that sets the message processor, says so and waits.
const processing = `{"Version":"2019-10-30","StartAction":"set","Actions":[
 {"Identifier":"set","Type":"UpdateContactMediaProcessing","Parameters":{"ChatProcessor":{"ProcessingEnabled":"True","LambdaProcessorARN":"arn:aws:lambda:us-east-1:123456789012:function:shout","ChatProcessorSettings":{"DeliverUnprocessedMessages":"False"}}},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"},{"NextAction":"end","ErrorType":"ChannelMismatch"}]}},
 {"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"600"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// shout answers as a message processor that adds an exclamation mark.
func shout(w http.ResponseWriter, event []byte) {
	var in struct{ ChatContent struct{ Content string } }
	if err := json.Unmarshal(event, &in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, `{"status":"PROCESSED","result":{"processedChatContent":{"content":%q,"contentType":"text/plain"}}}`, in.ChatContent.Content+"!")
}

// TestProcessorRunsConcurrently has many messages processed at the same time;
// they arrive in the order in which they were sent.
func TestProcessorRunsConcurrently(t *testing.T) {
	const messages = 8
	var asked atomic.Int32
	together := make(chan struct{})
	function := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if asked.Add(1) == messages {
			close(together)
		}
		select {
		case <-together:
			shout(w, event)
		case <-r.Context().Done():
		}
	}))
	defer function.Close()
	s := servertest.Start(t, func(c *server.Config) { c.Lambda = map[string]string{"shout": function.URL} })
	chat := s.Chat(t, func(in *connect.StartChatContactRequest) { in.ContactFlowId = s.Flow(t, "Processing", processing) })
	socket := chat.Socket()
	var want, ids []string
	for i := range messages {
		text := fmt.Sprintf("message %d", i)
		ids = append(ids, chat.Send(text))
		want = append(want, text+"!")
	}
	for i := range messages {
		it := socket.Next()
		for it.Content == nil {
			it = socket.Next()
		}
		if *it.Content != want[i] || *it.Id != ids[i] {
			t.Fatalf("the socket is told %s %q; want %s %q", *it.Id, *it.Content, ids[i], want[i])
		}
	}
	if got := chat.Texts(); !slices.Equal(got, want) {
		t.Errorf("the transcript is %q; want %q", got, want)
	}
}

// TestRestartWhileProcessing stops the server while a function thinks: the
// message is processed after the restart, under the same effect id, and arrives once.
func TestRestartWhileProcessing(t *testing.T) {
	thinking, ids := make(chan struct{}, 1), make(chan string, 8)
	var calls atomic.Int32
	function := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		ids <- r.Header.Get("X-Parley-Effect-Id")
		if calls.Add(1) == 1 {
			thinking <- struct{}{}
			<-r.Context().Done()
			return
		}
		shout(w, event)
	}))
	defer function.Close()
	dir := t.TempDir()
	durable := func(c *server.Config) { c.Data, c.Lambda = dir, map[string]string{"shout": function.URL} }
	s := servertest.Start(t, durable)
	chat := s.Chat(t, func(in *connect.StartChatContactRequest) { in.ContactFlowId = s.Flow(t, "Processing", processing) })
	sent := chat.Send("hello")
	<-thinking
	s.Stop()

	s = servertest.Start(t, durable)
	chat = chat.On(s)
	socket := chat.Socket()
	eventually(t, "the message is processed", func() bool { return len(chat.Texts()) > 0 })
	chat.Send("again")
	socket.Until("again!")
	if got := chat.Texts(); !slices.Equal(got, []string{"hello!", "again!"}) {
		t.Errorf("the transcript is %q", got)
	}
	if first, second := <-ids, <-ids; first != second || first == "" {
		t.Errorf("the function was called with the effect %q, then %q", first, second)
	}
	if id := chat.Send("and on"); id == sent {
		t.Error("two messages have one id")
	}
}

// TestEndWaitsForTheProcessor: a flow says good bye and disconnects. Whoever comes
// back meanwhile hears what was said, and the end behind it.
func TestEndWaitsForTheProcessor(t *testing.T) {
	const leaving = `{"Version":"2019-10-30","StartAction":"set","Actions":[
 {"Identifier":"set","Type":"UpdateContactMediaProcessing","Parameters":{"ChatProcessor":{"ProcessingEnabled":"True","LambdaProcessorARN":"shout","ChatProcessorSettings":{"DeliverUnprocessedMessages":"False"}}},"Transitions":{"NextAction":"bye","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"},{"NextAction":"end","ErrorType":"ChannelMismatch"}]}},
 {"Identifier":"bye","Type":"MessageParticipant","Parameters":{"Text":"Good bye"},"Transitions":{"NextAction":"end"}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	asked, answer := make(chan struct{}), make(chan struct{})
	function := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		close(asked)
		<-answer
		shout(w, event)
	}))
	defer function.Close()
	s := servertest.Start(t, func(c *server.Config) { c.Lambda = map[string]string{"shout": function.URL} })
	chat := s.Chat(t, func(in *connect.StartChatContactRequest) { in.ContactFlowId = s.Flow(t, "Leaving", leaving) })
	<-asked
	socket := chat.Socket()
	if texts := chat.Texts(); len(texts) != 0 {
		t.Errorf("the transcript is %q before the function has answered", texts)
	}
	if _, err := chat.TrySend(t.Context(), "wait"); err == nil {
		t.Error("a message was taken after the end")
	}
	close(answer)
	for _, want := range []string{"participant.joined", "text/plain", "participant.left", "chat.ended"} {
		if it := socket.Next(); !strings.HasSuffix(*it.ContentType, want) {
			t.Fatalf("the socket is told %s; want %s", *it.ContentType, want)
		}
	}
	_, err := s.Participant.GetTranscript(t.Context(), &participant.GetTranscriptRequest{ConnectionToken: chat.Bearer})
	if _, denied := errors.AsType[*participant.AccessDeniedException](err); !denied {
		t.Errorf("GetTranscript after the end = %v; want AccessDeniedException", err)
	}
}
