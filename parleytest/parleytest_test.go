package parleytest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
	"parley.example/parley/client"
	"parley.example/parley/client/connectcall"
	"parley.example/parley/parleytest"
)

// action writes an action of a flow with one way on.
func action(id, typ, parameters, next string) string {
	return fmt.Sprintf(`{"Identifier":%q,"Type":%q,"Parameters":%s,"Transitions":{"NextAction":%q,"Errors":[{"NextAction":%q,"ErrorType":"NoMatchingError"}]}}`, id, typ, parameters, next, next)
}

func wait(id, seconds, next string) string {
	return fmt.Sprintf(`{"Identifier":%q,"Type":"Wait","Parameters":{"TimeLimitSeconds":%q},"Transitions":{"NextAction":%q,"Conditions":[{"NextAction":%q,"Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":%q,"ErrorType":"NoMatchingError"}]}}`, id, seconds, next, next, next)
}

func document(start string, actions ...string) string {
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":%q,"Actions":[%s]}`, start,
		strings.Join(append(actions, `{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`), ","))
}

// patient greets, asks after five minutes whether somebody is there, and hangs up after five more.
var patient = document("hello",
	action("hello", "MessageParticipant", `{"Text":"Hello"}`, "wait"),
	wait("wait", "300", "ask"),
	action("ask", "MessageParticipant", `{"Text":"Are you still there?"}`, "wait again"),
	wait("wait again", "300", "end"))

// A test moves the clock, and everything on the way happens at its time.
func TestTimeIsTheTests(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	s.Freeze(true)
	began := s.Now()
	chat := s.Chat(s.Publish("Patient", patient))
	chat.Expect("Hello")
	if got := s.Advance(10 * time.Minute); !got.Equal(began.Add(10 * time.Minute)) {
		t.Errorf("it is %s; want ten minutes after %s", got, began)
	}
	item := chat.Expect("still there")
	at, err := time.Parse(time.RFC3339, *item.AbsoluteTime)
	if err != nil {
		t.Fatal(err)
	}
	if got := at.Sub(began); got.Round(time.Second) != 5*time.Minute {
		t.Errorf("the flow asked after %s; want 5m", got)
	}
	chat.ExpectEvent(client.EventEnded)
	s.Freeze(false)
	if now := s.Now(); now.Before(began.Add(10 * time.Minute)) {
		t.Errorf("it is %s; the clock went back", now)
	}
}

// Functions of the test answer flows, and their errors are the flow's.
func TestFunctions(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.Function("orders", func(_ context.Context, event json.RawMessage) (any, error) {
		var in struct {
			Details struct{ Parameters map[string]string }
		}
		if err := json.Unmarshal(event, &in); err != nil {
			return nil, err
		}
		if in.Details.Parameters["order"] == "" {
			return nil, errors.New("no order")
		}
		return map[string]string{"state": "order " + in.Details.Parameters["order"] + " is on its way"}, nil
	}))
	flow := s.Publish("Orders", document("look",
		`{"Identifier":"look","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"arn:aws:lambda:us-east-1:123456789012:function:orders","InvocationTimeLimitSeconds":"8","LambdaInvocationAttributes":{"order":"$.Attributes.order"}},"Transitions":{"NextAction":"say","Errors":[{"NextAction":"sorry","ErrorType":"NoMatchingError"}]}}`,
		action("say", "MessageParticipant", `{"Text":"Your $.External.state"}`, "end"),
		action("sorry", "MessageParticipant", `{"Text":"Sorry"}`, "end")))
	chat := s.Chat(flow, func(r connectcall.StartChatContact) connectcall.StartChatContact { return r.Attribute("order", "17") })
	chat.Expect("Your order 17 is on its way")
	chat.ExpectEvent(client.EventEnded)
	s.Chat(flow).Expect("Sorry")
}

// Bots of the test talk to the customer.
func TestBots(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.Bot("*", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Text string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Errorf("the bot was sent what is no JSON: %v", err)
		}
		fmt.Fprintf(w, `{"messages":[{"contentType":"PlainText","content":"You said %s"}],"sessionState":{"dialogAction":{"type":"ElicitIntent"}}}`, in.Text)
	})))
	chat := s.Chat(s.Publish("Bot", document("bot",
		`{"Identifier":"bot","Type":"ConnectParticipantWithLexBot","Parameters":{"Text":"What would you like?","LexV2Bot":{"AliasArn":"arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST"}},"Transitions":{"NextAction":"end","Errors":[{"NextAction":"end","ErrorType":"NoMatchingCondition"},{"NextAction":"end","ErrorType":"NoMatchingError"}]}}`)))
	chat.Expect("What would you like?")
	chat.Say("flowers")
	chat.Expect("You said flowers")
}

// A stream of the test gets what is said, signed.
func TestStreams(t *testing.T) {
	t.Parallel()
	const topic, secret = "arn:aws:sns:us-east-1:123456789012:chats", "0123456789abcdef"
	got := make(chan string, 16)
	s := parleytest.Start(t, parleytest.Stream(topic, secret, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = client.VerifyWebhook([]byte(secret), r.Header.Get(client.SignatureHeader), body, time.Now())
		}
		if err != nil {
			t.Errorf("a delivery: %v", err)
		}
		got <- string(body)
	})))
	chat := s.Chat(s.Publish("Patient", patient), func(r connectcall.StartChatContact) connectcall.StartChatContact {
		return r.ChatStreamingConfiguration(connect.ChatStreamingConfiguration{StreamingEndpointArn: topic})
	})
	chat.Say("hello out there")
	for !strings.Contains(<-got, "hello out there") {
		continue // what came before
	}
}

// Calls fail as told, so often and no more; none ends it.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	once, err := s.Client.With(func(c *client.Config) { c.Retry = client.NoRetry{} })
	if err != nil {
		t.Fatal(err)
	}
	list := func() error { _, err := once.ListQueues().InstanceID(s.Instance).Send(t.Context()); return err }
	s.Fault(parleytest.Fault{Operation: "ListQueues", Status: 429, Count: 1, After: 2 * time.Second}, parleytest.Fault{Status: 503, Delay: time.Millisecond})
	for n, want := range []int{429, 503, 503} {
		if coded, ok := errors.AsType[restjson.Coded](list()); !ok || coded.HTTPStatus() != want {
			t.Errorf("call %d = %v; want %d", n+1, coded, want)
		}
	}
	s.Fault()
	if err := list(); err != nil {
		t.Errorf("without faults: %v", err)
	}
}

// A server with a directory comes back where it was, and chats go on in it.
func TestRestart(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.Data(t.TempDir()))
	chat := s.Chat(s.Publish("Patient", patient))
	chat.Expect("Hello")
	was := s.URL
	s.Restart()
	if s.URL != was {
		t.Fatalf("the server is at %s; it was at %s", s.URL, was)
	}
	chat.Say("still here")
	s.Advance(5 * time.Minute)
	chat.Expect("Are you still there?")
}

// The environment leads AWS tools to the server.
func TestSetenv(t *testing.T) {
	s := parleytest.Start(t)
	s.Setenv()
	cfg, err := client.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.ListInstances().Send(t.Context())
	if err != nil || len(out.InstanceSummaryList) != 1 || *out.InstanceSummaryList[0].Id != s.Instance {
		t.Errorf("ListInstances = %+v, %v; want the server's instance", out, err)
	}
	if os.Getenv("AWS_ENDPOINT_URL") != s.URL {
		t.Errorf("AWS_ENDPOINT_URL = %q; want %s", os.Getenv("AWS_ENDPOINT_URL"), s.URL)
	}
}

// failed is a test that is to fail. It ends its goroutine as testing.T does.
type failed struct {
	testing.TB
	said string
}

func (f *failed) Helper() {}
func (f *failed) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	panic(f)
}
func (f *failed) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }

// failing returns how a test fails, "" when it does not.
func failing(t *testing.T, test func(testing.TB)) (said string) {
	f := &failed{TB: t}
	defer func() {
		if p := recover(); p != nil && p != any(f) {
			panic(p)
		}
		said = f.said
	}()
	test(f)
	return ""
}

// What is not as expected fails the test, with the chat as it went.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		test func(testing.TB)
		want []string
	}{
		"another message": {func(f testing.TB) {
			s := parleytest.Start(f)
			s.Chat(s.Publish("Patient", patient)).Expect("Goodbye")
		}, []string{`the next message is "Hello"; want "Goodbye" in it`, "The chat ", "(participant.joined)"}},
		"the end": {func(f testing.TB) {
			s := parleytest.Start(f)
			chat := s.Chat(s.Publish("Short", document("bye", action("bye", "MessageParticipant", `{"Text":"Bye"}`, "end"))))
			chat.Expect("Bye")
			chat.Expect("Hello")
		}, []string{"the chat is over", `want a message with "Hello"`, "(chat.ended)"}},
		"a flow that is wrong": {func(f testing.TB) {
			parleytest.Start(f).Publish("Wrong", `{"Version":"2019-10-30","StartAction":"nowhere","Actions":[]}`)
		}, []string{`the flow "Wrong" is not published`, "InvalidContactFlowException"}},
		"a restart without data": {func(f testing.TB) { parleytest.Start(f).Restart() }, []string{"parleytest.Data"}},
		"a fault that there is not": {func(f testing.TB) {
			parleytest.Start(f).Fault(parleytest.Fault{Operation: "SendMesage", Status: 500})
		}, []string{"SendMesage"}},
	} {
		t.Run(name, func(t *testing.T) {
			said := failing(t, c.test)
			for _, want := range c.want {
				if !strings.Contains(said, want) {
					t.Errorf("the test fails with\n%s\nwant %q in it", said, want)
				}
			}
		})
	}
}

// TestAgents: an agent takes what waits in the queue, one chat after the other, and both sides hear each other.
func TestAgents(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	dana := s.Agent("dana")
	for _, hello := range []string{"first", "second"} {
		customer := s.Chat(parleytest.QueueFlow)
		customer.Expect("I am putting you into a queue")
		desk := dana.Next()
		desk.Say("Good day to the " + hello)
		customer.Say(hello)
		desk.Expect(hello)
		if ahead := customer.Expect(""); strings.Contains(ahead.Text(), "You are next") {
			customer.Expect("Good day to the " + hello)
		}
		if desk.ContactID != customer.ContactID || desk.ParticipantID == customer.ParticipantID {
			t.Errorf("the agent is %s in contact %s", desk.ParticipantID, desk.ContactID)
		}
		desk.Leave()
		customer.ExpectEvent(client.EventEnded)
		desk.Clear()
	}
	again := s.Agent("dana")
	if again.User().Id != dana.User().Id {
		t.Errorf("one name is two users: %+v, %+v", dana.User(), again.User())
	}
}
