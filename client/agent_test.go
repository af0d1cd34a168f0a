package client_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
)

// deskFlow greets and has the customer wait for an agent, for whom it sets hooks.
const deskFlow = `{"Version":"2019-10-30","StartAction":"a","Actions":[
 {"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":"Hello"},"Transitions":{"NextAction":"b0","Errors":[{"NextAction":"z","ErrorType":"NoMatchingError"}]}},
HOOKS
 {"Identifier":"c","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"QUEUE"},"Transitions":{"NextAction":"d","Errors":[{"NextAction":"z","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"d","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"z","Errors":[{"NextAction":"z","ErrorType":"QueueAtCapacity"},{"NextAction":"z","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"z","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// desk is a chat that waits for an agent.
type desk struct {
	*stage
	chat     center.ContactID
	customer string // participant token
}

// queued starts a chat that queues. With farewell a flow says it when the agent is gone, and waits;
// without, the chat ends with the agent's leaving.
func (s *stage) queued(farewell string) desk {
	s.t.Helper()
	if farewell == "" {
		return s.queuedWith()
	}
	return s.queuedWith(`"CustomerRemaining":"` + s.publish("Farewell", strings.ReplaceAll(enginetest.Greet, "Hello", farewell)) + `"`)
}

func (s *stage) publish(name, content string) string {
	s.t.Helper()
	out, err := s.c.CreateContactFlow().InstanceID(catalog.DemoInstance).Name(name).
		Type(connect.ContactFlowTypeCONTACT_FLOW).Content(content).Send(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return *out.ContactFlowId
}

// queuedWith starts a chat that queues and has event hooks.
func (s *stage) queuedWith(hooks ...string) desk {
	s.t.Helper()
	var actions strings.Builder
	for n, hook := range hooks {
		fmt.Fprintf(&actions, ` {"Identifier":"b%d","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{%s}},"Transitions":{"NextAction":"b%d","Errors":[{"NextAction":"z","ErrorType":"NoMatchingError"}]}},`, n, hook, n+1)
	}
	content := strings.NewReplacer("QUEUE", catalog.DemoQueue, "HOOKS", actions.String(), `"c"`, fmt.Sprintf(`"b%d"`, len(hooks))).Replace(deskFlow)
	out, err := s.c.StartChatContact().InstanceID(catalog.DemoInstance).ContactFlowID(s.publish("Desk", content)).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).
		SupportedMessagingContentType(client.PlainText, client.Markdown, client.InteractiveMessage, client.InteractiveResponse).Send(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return desk{s, center.ContactID(*out.ContactId), *out.ParticipantToken}
}

// accept brings an agent to the chat and returns its participant token.
func (d desk) accept() string {
	d.t.Helper()
	token, err := d.server.Agents().Join(d.t.Context(), d.chat, contact.Join{User: "user-1", DisplayName: "Bo", UserName: "bo"})
	if err != nil {
		d.t.Fatal(err)
	}
	return token
}

// TestAgent holds a whole chat between a customer and an agent, each with a session.
func TestAgent(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		d := s.queued("How was it?")
		var heard, seen collector
		customer := s.join(client.SessionConfig{Token: d.customer, OnState: heard.state, OnItem: func(i *client.Item) {
			heard.item(i)
			if m, ok := i.Interactive(); ok && (m.Data.Content.Title != "Where to?" || len(m.Data.Content.Elements) != 2) {
				t.Errorf("the customer was asked %+v", m)
			}
		}})
		synctest.Wait()
		agent := s.join(client.SessionConfig{Token: d.accept(), ConnectParticipant: true, OnItem: seen.item, OnState: seen.state})
		synctest.Wait()
		said := func(who *client.Session, text string) string {
			t.Helper()
			sent, err := who.Send(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			return sent.ID
		}
		said(agent, "What can I do?")
		if err := customer.Typing(t.Context()); err != nil {
			t.Error(err)
		}
		question := said(customer, "Where is my parcel?")
		for _, receipt := range []func() error{
			func() error { return agent.Delivered(t.Context(), question) },
			func() error { return agent.Read(t.Context(), question) },
			func() error { return agent.Typing(t.Context()) },
		} {
			if err := receipt(); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		// Both see the same, but for typing: who reads hears of the receipt as the author does.
		all := "[joined] Hello [joined] What can I do? "
		if got := heard.said(); got != all+"Where is my parcel? [message.metadata] [message.metadata] [typing]" {
			t.Errorf("the customer heard %s", got)
		}
		if got := seen.said(); got != all+"[typing] Where is my parcel? [message.metadata] [message.metadata]" {
			t.Errorf("the agent saw %s", got)
		}
		d.exchangeFiles(t, customer, agent)
		d.askAndAnswer(t, customer, agent)

		if err := agent.End(t.Context()); err != nil {
			t.Errorf("End = %v", err)
		}
		pass(time.Second)
		said(customer, "Quite good, but do not tell them")
		began := time.Now()
		<-agent.Done()
		if took := time.Since(began); took > 20*time.Second || agent.Err() != nil || agent.State() != client.Ended {
			t.Errorf("the agent's session is %v with %v, %v after it left", agent.State(), agent.Err(), took)
		}
		if got := seen.said(); strings.Contains(got, "How was it?") || strings.Contains(got, "Quite good") || !strings.HasSuffix(got, " [left] [chat.ended]") {
			t.Errorf("the agent saw what was said behind its leaving: %s", got)
		}
		if _, err := agent.Send(t.Context(), "one more thing"); err != client.ErrEnded {
			t.Errorf("Send after leaving = %v; want ErrEnded", err)
		}
		if got := heard.said(); !strings.HasSuffix(got, "[left] How was it? Quite good, but do not tell them") {
			t.Errorf("the customer heard %s", got)
		}
		if err := customer.End(t.Context()); err != nil {
			t.Error(err)
		}
		<-customer.Done()
		if got := heard.said(); !strings.HasSuffix(got, "[left] [chat.ended]") {
			t.Errorf("the customer heard %s", got)
		}
		for _, x := range []*client.Session{customer, agent} {
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// exchangeFiles sends a file each way.
func (d desk) exchangeFiles(t *testing.T, customer, agent *client.Session) {
	t.Helper()
	for name, way := range map[string][2]*client.Session{"order.txt": {customer, agent}, "receipt.txt": {agent, customer}} {
		file := bytes.Repeat([]byte(name), 1000)
		id, err := way[0].Attach(t.Context(), client.Upload{Name: name, ContentType: "text/plain", Size: int64(len(file)), Body: bytes.NewReader(file)})
		if err != nil {
			t.Fatalf("Attach(%s): %v", name, err)
		}
		var got bytes.Buffer
		if n, err := way[1].Download(t.Context(), id, &got, nil); err != nil || n != int64(len(file)) || !bytes.Equal(got.Bytes(), file) {
			t.Errorf("Download(%s) = %d, %v", name, n, err)
		}
	}
}

// askAndAnswer lets the agent show something to choose from, and the customer choose.
func (d desk) askAndAnswer(t *testing.T, customer, agent *client.Session) {
	t.Helper()
	question := client.Interactive{TemplateType: client.ListPicker, Data: client.InteractiveData{
		Content: client.InteractiveContent{Title: "Where to?", Elements: []client.InteractiveElement{{Title: "Home"}, {Title: "Office"}}},
	}}
	asked, err := agent.Ask(t.Context(), question)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := customer.Ask(t.Context(), question); asError(t, err).Code() != "ValidationException" {
		t.Errorf("a customer's question = %v", err)
	}
	chosen, err := customer.Choose(t.Context(), "Office", nil)
	if err != nil {
		t.Fatal(err)
	}
	responded, err := customer.Respond(t.Context(), "Confirm", map[string]any{"where": "Office"})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, item := range transcript(t, d.stage, d.customer) {
		if item.ContentType != nil { // files have none
			found[*item.Id] = *item.ContentType + " " + string(item.ParticipantRole)
		}
	}
	for id, want := range map[string]string{
		asked.ID: client.InteractiveMessage + " AGENT", chosen.ID: client.PlainText + " CUSTOMER", responded.ID: client.InteractiveResponse + " CUSTOMER",
	} {
		if found[id] != want {
			t.Errorf("%s is %q; want %q", id, found[id], want)
		}
	}
}

// TestAgentEndsTheChat: without a flow for the customer who remains, the chat ends with the agent's leaving.
func TestAgentEndsTheChat(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		d := s.queued("")
		var heard, seen collector
		customer := s.join(client.SessionConfig{Token: d.customer, OnItem: heard.item})
		synctest.Wait()
		agent := s.join(client.SessionConfig{Token: d.accept(), ConnectParticipant: true, OnItem: seen.item})
		synctest.Wait()
		if err := agent.End(t.Context()); err != nil {
			t.Errorf("End = %v", err)
		}
		<-customer.Done()
		<-agent.Done()
		const want = "[joined] Hello [joined] [left] [left] [chat.ended]"
		if heard.said() != want || seen.said() != want {
			t.Errorf("the customer heard %s, the agent saw %s; want %s", heard.said(), seen.said(), want)
		}
		if customer.Err() != nil || agent.Err() != nil || customer.State() != client.Ended || agent.State() != client.Ended {
			t.Errorf("over with %v, %v", customer.Err(), agent.Err())
		}
		_ = customer.Close()
		_ = agent.Close()
	})
}

// TestWhispers: each side sees its own whisper, pushed or read, and never the other's, neither after a
// line that broke nor after the end.
func TestWhispers(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		whisper := func(kind connect.ContactFlowType, text string) string {
			out, err := s.c.CreateContactFlow().InstanceID(catalog.DemoInstance).Name(text).Type(kind).Content(
				`{"Version":"2019-10-30","StartAction":"a","Actions":[
				 {"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":"` + text + `"},"Transitions":{"NextAction":"z","Errors":[{"NextAction":"z","ErrorType":"NoMatchingError"}]}},
				 {"Identifier":"z","Type":"EndFlowExecution","Parameters":{},"Transitions":{}}]}`).Send(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return *out.ContactFlowId
		}
		d := s.queuedWith(`"AgentWhisper":"`+whisper(connect.ContactFlowTypeAGENT_WHISPER, "She is angry")+`"`,
			`"CustomerWhisper":"`+whisper(connect.ContactFlowTypeCUSTOMER_WHISPER, "Bo will be with you")+`"`)
		var down atomic.Bool
		count := newCounting(t, s)
		count.before = func(*http.Request) (*http.Response, error) {
			if down.Load() {
				return nil, io.ErrUnexpectedEOF
			}
			return nil, nil
		}
		calls := s.client(count, nil)
		var heard, seen, late collector
		customer, err := calls.Join(t.Context(), client.SessionConfig{Token: d.customer, OnItem: heard.item})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		token := d.accept() // the whispers are over before the agent's client is there
		agent, err := calls.Join(t.Context(), client.SessionConfig{Token: token, ConnectParticipant: true, OnItem: seen.item})
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		down.Store(true)
		s.net.cut()
		pass(time.Second)
		again := s.join(client.SessionConfig{Token: d.customer, OnItem: late.item, Poll: time.Second})
		if _, err := again.Send(t.Context(), "Hello?"); err != nil {
			t.Fatal(err)
		}
		if err := again.End(t.Context()); err != nil {
			t.Fatal(err)
		}
		down.Store(false)
		for _, x := range []*client.Session{customer, agent, again} {
			<-x.Done()
		}
		want := "[joined] Hello [joined] Bo will be with you Hello? [left] [left] [chat.ended]"
		if heard.said() != want || late.said() != want {
			t.Errorf("the customer heard %s, and afterwards %s; want %s", heard.said(), late.said(), want)
		}
		if got, want := seen.said(), strings.Replace(strings.Replace(want, "[joined] Bo will be with you", "She is angry [joined]", 1), "  ", " ", 1); got != want {
			t.Errorf("the agent saw %s; want %s", got, want)
		}
		for _, x := range []*client.Session{customer, agent, again} {
			_ = x.Close()
		}
	})
}

// TestAgentReconnects cuts the agent's line again and again, for good while most is said, and at last
// over the chat's end: it misses nothing.
func TestAgentReconnects(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		d := s.queued("")
		var down atomic.Bool
		count := newCounting(t, s)
		count.before = func(*http.Request) (*http.Response, error) {
			if down.Load() {
				return nil, io.ErrUnexpectedEOF
			}
			return nil, nil
		}
		var seen, heard record
		customer := s.join(client.SessionConfig{Token: d.customer, OnItem: heard.item})
		synctest.Wait()
		token := d.accept()
		if again := d.accept(); again == "" {
			t.Error("an agent who is there gets no other token")
		}
		agent, err := s.client(count, nil).Join(t.Context(), client.SessionConfig{Token: token, ConnectParticipant: true, OnItem: seen.item, OnState: seen.state})
		if err != nil {
			t.Fatal(err)
		}
		var talking sync.WaitGroup
		for i, who := range []*client.Session{customer, agent} {
			talking.Go(func() {
				for n := range 300 {
					if _, err := who.Send(t.Context(), fmt.Sprint(i, ":", n)); err != nil {
						t.Errorf("message %d of %d: %v", n, i, err)
					}
					pass(time.Second)
				}
			})
		}
		for n := range 8 {
			pass(20 * time.Second)
			down.Store(n%2 == 0)
			s.net.cut()
			pass(15 * time.Second)
			down.Store(false)
		}
		talking.Wait()
		pass(time.Minute)
		down.Store(true)
		s.net.cut()
		for n := range 120 {
			if _, err := customer.Send(t.Context(), fmt.Sprint("still there? ", n)); err != nil {
				t.Fatal(err)
			}
		}
		if err := customer.End(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-customer.Done()
		down.Store(false)
		<-agent.Done()
		if agent.Err() != nil || agent.State() != client.Ended || seen.returns < 5 {
			t.Errorf("over with %v, %v, lost its line %d times", agent.State(), agent.Err(), seen.returns)
		}
		if len(seen.ids) != 726 || strings.Join(seen.ids, " ") != strings.Join(heard.ids, " ") { // joined, Hello, joined, 600, 120, left, left, chat.ended
			t.Errorf("the agent saw %d items, the customer %d; want 726, and the same", len(seen.ids), len(heard.ids))
		}
		_ = customer.Close()
		_ = agent.Close()
	})
}
