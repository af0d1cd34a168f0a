package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/store"
)

// withQueues sets up a catalog of flows and a queue that takes at most limit contacts.
func withQueues(t *testing.T, limit int64, actions map[string]string) setting {
	t.Helper()
	documents := map[string]string{}
	for name, list := range actions {
		documents[name] = `{"Version":"2019-10-30","StartAction":"a","Actions":[` + list + `]}`
	}
	c := enginetest.ParseFlows(t, documents)
	c.Queues = map[string]machine.Queue{"sales": {ID: "sales", ARN: "arn:sales", Name: "Sales", Max: limit}}
	return func(o *enginetest.Options) { o.Catalog = c }
}

// toQueue puts the contact into the queue, or says why not and disconnects.
const toQueue = `
 {"Identifier":"a","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"sales"},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"wrong","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"Errors":[{"NextAction":"full","ErrorType":"QueueAtCapacity"},{"NextAction":"wrong","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"full","Type":"MessageParticipant","Parameters":{"Text":"All lines are busy"},"Transitions":{"NextAction":"bye"}},
 {"Identifier":"wrong","Type":"MessageParticipant","Parameters":{"Text":"Something is wrong"},"Transitions":{"NextAction":"bye"}},
 {"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`

// position tells the customer's place in the queue.
const position = `
 {"Identifier":"a","Type":"GetMetricData","Parameters":{},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"MessageParticipant","Parameters":{"Text":"You are number $.Metrics.Contact.PositionInQueue of $.Metrics.Queue.Size"},"Transitions":{"NextAction":"c"}},
 {"Identifier":"c","Type":"EndFlowExecution","Parameters":{},"Transitions":{}}`

func queued(t *testing.T, w *enginetest.Engine) int64 {
	t.Helper()
	n, err := w.Store.Count(t.Context(), store.QueuedChats(instance, "sales"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestQueueCapacityIsExact sends more chats at once into a queue than it takes:
// exactly as many wait, and the flow of each other takes its QueueAtCapacity branch.
func TestQueueCapacityIsExact(t *testing.T) {
	const limit, chats = 20, 100
	s := enginetest.Memory(t)
	w := open(t, s, withQueues(t, limit, map[string]string{"main": toQueue}))
	var mu sync.Mutex
	said := map[string]int{}
	var waiting []center.ContactID
	var wg sync.WaitGroup
	for range chats {
		id, ana := start(t, w, "main", "")
		wg.Go(func() {
			if _, err := w.Do(t.Context(), id, contact.Connect{Participant: ana}); err != nil {
				t.Errorf("Connect: %v", err)
			}
			state, err := w.State(t.Context(), id)
			if err != nil {
				t.Errorf("View: %v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if state.Queue != nil {
				waiting = append(waiting, id)
			}
			said[strings.Join(texts(w.Items(id)), "|")]++
		})
	}
	wg.Wait()
	if len(waiting) != limit || said["All lines are busy"] != chats-limit || said[""] != limit || queued(t, w) != limit {
		t.Fatalf("%d wait, the counter says %d, the flows said %v", len(waiting), queued(t, w), said)
	}
	listed := 0
	for _, err := range s.Waiting(t.Context(), instance, "sales") {
		if err != nil {
			t.Fatal(err)
		}
		listed++
	}
	if listed != limit {
		t.Errorf("the store lists %d", listed)
	}
	do(t, w, waiting[0], contact.Stop{})
	do(t, w, waiting[1], contact.Join{User: "u1", DisplayName: "Bea"})
	if n := queued(t, w); n != limit-2 {
		t.Errorf("after one ended and one was taken %d wait", n)
	}
	w.Close()

	// What waits is still there after a restart, and so is what may be asked of it.
	w = open(t, s, withQueues(t, limit, map[string]string{"main": toQueue}))
	defer w.Close()
	do(t, w, waiting[2], contact.Join{User: "u2", DisplayName: "Cy"})
	if n := queued(t, w); n != limit-3 {
		t.Errorf("after a restart and one more %d wait", n)
	}
}

func TestPositionInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t, enginetest.Memory(t), withQueues(t, -1, map[string]string{"main": toQueue, "CUSTOMER_QUEUE": position}))
		defer w.Close()
		for i := range 4 {
			id, ana := start(t, w, "main", "")
			do(t, w, id, contact.Connect{Participant: ana})
			want := fmt.Sprintf("You are number %d of %d", i+1, i+1)
			if got := texts(w.Items(id)); len(got) != 1 || got[0] != want {
				t.Errorf("chat %d hears %q; want %q", i, got, want)
			}
			time.Sleep(time.Second)
		}
	})
}

const bot = `
 {"Identifier":"a","Type":"ConnectParticipantWithLexBot","Parameters":{"Text":"Yes?","LexV2Bot":{"AliasArn":"arn:bot"}},
  "Transitions":{"Errors":[{"NextAction":"b","ErrorType":"NoMatchingCondition"},{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"MessageParticipant","Parameters":{"Text":"It was $.Lex.IntentName"},"Transitions":{"NextAction":"d"}},
 {"Identifier":"c","Type":"MessageParticipant","Parameters":{"Text":"It failed"},"Transitions":{"NextAction":"d"}},
 {"Identifier":"d","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`

// A flow may ask how any number of queues stand before it waits for something.
func TestFlowThatAsksAboutManyQueues(t *testing.T) {
	const queues = 40
	var actions strings.Builder
	for i := range queues {
		fmt.Fprintf(&actions, `{"Identifier":"q%d","Type":"GetMetricData","Parameters":{"QueueId":"q%d"},"Transitions":{"NextAction":"q%d","Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},`, i, i, i+1)
	}
	c := enginetest.ParseFlows(t, map[string]string{"main": `{"Version":"2019-10-30","StartAction":"q0","Actions":[` + actions.String() + fmt.Sprintf(`
		{"Identifier":"q%d","Type":"MessageParticipant","Parameters":{"Text":"All are known"},"Transitions":{"NextAction":"c"}},
		{"Identifier":"c","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, queues)})
	c.Queues = map[string]machine.Queue{}
	for i := range queues {
		id := fmt.Sprintf("q%d", i)
		c.Queues[id] = machine.Queue{ID: center.QueueID(id), ARN: "arn:" + id, Name: id}
	}
	w := open(t, enginetest.Memory(t), func(o *enginetest.Options) { o.Catalog = c })
	chat, ana := start(t, w, "main", "")
	do(t, w, chat, contact.Connect{Participant: ana})
	if got := texts(w.Items(chat)); fmt.Sprint(got) != "[All are known]" {
		t.Errorf("the flow said %q", got)
	}
}

// TestBotsAcrossRestarts stops the process while a bot thinks: the next one
// asks again, under the same id.
func TestBotsAcrossRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		set := withQueues(t, -1, map[string]string{"main": bot})
		asked := 0
		asking := func(answer func(context.Context) (machine.Answer, error)) setting {
			return func(c *enginetest.Options) {
				set(c)
				c.Ask = func(ctx context.Context, ask machine.Ask) (machine.Answer, error) {
					if asked++; ask.Text != "help" || ask.Alias != "arn:bot" {
						t.Errorf("the bot is asked %+v", ask)
					}
					return answer(ctx)
				}
			}
		}
		hang := func(ctx context.Context) (machine.Answer, error) { <-ctx.Done(); return machine.Answer{}, ctx.Err() }
		w := open(t, s, asking(hang))
		chat, ana := start(t, w, "main", "")
		do(t, w, chat, contact.Connect{Participant: ana})
		do(t, w, chat, say(ana, "help"))
		synctest.Wait()
		w.Close()
		w = open(t, s, asking(func(context.Context) (machine.Answer, error) {
			return machine.Answer{Intent: "Help", State: "Fulfilled", Messages: []machine.BotMessage{{ContentType: center.PlainText, Content: "Here I am"}}}, nil
		}))
		synctest.Wait()
		if got := strings.Join(texts(w.Items(chat)), "|"); got != "Yes?|help|Here I am|It was Help" || asked != 2 {
			t.Errorf("the chat was %q, the bot asked %d times", got, asked)
		}
		w.Close()

		for name, set := range map[string]setting{
			"no bot at all": set,
			"a dead one":    asking(func(context.Context) (machine.Answer, error) { return machine.Answer{}, errors.New("dead") }),
			"a slow one":    asking(hang),
		} {
			w = open(t, s, set)
			chat, ana = start(t, w, "main", "")
			do(t, w, chat, contact.Connect{Participant: ana})
			do(t, w, chat, say(ana, "help"))
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := strings.Join(texts(w.Items(chat)), "|"); got != "Yes?|help|It failed" {
				t.Errorf("%s: %q", name, got)
			}
			w.Close()
		}
	})
}

// relating sets an attribute and a name of the related contact, and then
// continues the chat that the attribute "before" names.
const relating = `
 {"Identifier":"a","Type":"UpdateContactAttributes","Parameters":{"Attributes":{"the note":"from $.ContactId"},"TargetContact":"Related"},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"UpdateContactData","Parameters":{"Name":"Renamed","TargetContact":"Related"},"Transitions":{"NextAction":"d","Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"c","Type":"MessageParticipant","Parameters":{"Text":"No relation"},"Transitions":{"NextAction":"d"}},
 {"Identifier":"d","Type":"CreatePersistentContactAssociation","Parameters":{"SourceContactId":"$.Attributes.before","RehydrationType":"ENTIRE_PAST_SESSION"},"Transitions":{"NextAction":"e","Errors":[{"NextAction":"f","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"e","Type":"MessageParticipant","Parameters":{"Text":"Welcome back"},"Transitions":{"NextAction":"g"}},
 {"Identifier":"f","Type":"MessageParticipant","Parameters":{"Text":"Welcome"},"Transitions":{"NextAction":"g"}},
 {"Identifier":"g","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`

func TestRelatedContacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t, enginetest.Memory(t), withQueues(t, -1, map[string]string{"main": relating, "greet": `{"Identifier":"a","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`}))
		defer w.Close()
		past, ana := start(t, w, "greet", "")
		do(t, w, past, contact.Connect{Participant: ana})
		hear := func(related, before center.ContactID) string {
			t.Helper()
			r, err := w.Start(t.Context(), contact.Start{Instance: instance, Contact: center.NewContactID(time.Now()), Flow: "main", DisplayName: "Ana",
				Related: related, Attributes: map[string]string{"before": string(before)}}, "")
			if err != nil {
				t.Fatalf("Start: %v", err)
			}
			do(t, w, r.Contact, contact.Connect{Participant: r.Participant})
			synctest.Wait()
			return strings.Join(texts(w.Items(r.Contact)), "|")
		}
		if got := hear(past, past); got != "Welcome back" {
			t.Errorf("the flow said %q", got)
		}
		state, err := w.State(t.Context(), past)
		if err != nil || !strings.HasPrefix(state.Attributes["the note"], "from ") || state.Current().Name != "Renamed" {
			t.Errorf("the related contact has %v and the name %q, %v", state.Attributes, state.Current().Name, err)
		}
		nowhere := center.NewContactID(time.Now())
		if got := hear(nowhere, nowhere); got != "No relation|Welcome" {
			t.Errorf("with strangers the flow said %q", got)
		}
	})
}

// TestWaitingChatsCostNoGoroutine: ten thousand chats wait in flows, some for
// time, some in a queue, and the process has no goroutine for any of them.
func TestWaitingChatsCostNoGoroutine(t *testing.T) {
	const chats = 1_600 // as telling as more, with goroutines bounded by eight
	s := enginetest.Memory(t)
	w := open(t, s, withQueues(t, -1, map[string]string{"main": toQueue, "CUSTOMER_QUEUE": `
		{"Identifier":"a","Type":"Wait","Parameters":{"TimeLimitSeconds":"3600"},"Transitions":{"Conditions":[{"NextAction":"a","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"a","ErrorType":"NoMatchingError"}]}}`}))
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range chats / 16 {
				r, err := w.Start(t.Context(), contact.Start{Instance: instance, Contact: center.NewContactID(time.Now()), Flow: "main", DisplayName: "Ana"}, "")
				if err == nil {
					_, err = w.Do(t.Context(), r.Contact, contact.Connect{Participant: r.Participant})
				}
				if err != nil {
					t.Errorf("a chat: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if n := queued(t, w); n != chats {
		t.Fatalf("%d chats wait; want %d", n, chats)
	}
	if more := runtime.NumGoroutine() - before; more > 8 {
		t.Errorf("%d more goroutines for %d waiting chats", more, chats)
	}
	line, err := s.QueueStatus(t.Context(), store.QueueQuery{Instance: instance, QueueEntry: store.QueueEntry{Queue: "sales"}})
	if err != nil || line.Others != chats {
		t.Errorf("Line = %+v, %v", line, err)
	}
	w.Close()
}

// TestAsynchronousCallsOutliveTheChat: a call that nobody waits for is made
// although the chat is over, also after a restart.
func TestAsynchronousCallsOutliveTheChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		set := withQueues(t, -1, map[string]string{"main": `
			{"Identifier":"a","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"f","InvocationType":"ASYNCHRONOUS"},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"b","ErrorType":"NoMatchingError"}]}},
			{"Identifier":"b","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`})
		var ids []string
		calling := func(hang bool) setting {
			return func(c *enginetest.Options) {
				set(c)
				c.Invoke = func(ctx context.Context, call machine.Invoke, _ []byte) (json.RawMessage, error) {
					ids = append(ids, call.ID)
					if hang {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					return json.RawMessage("null"), nil
				}
			}
		}
		w := open(t, s, calling(true))
		chat, ana := start(t, w, "main", "")
		do(t, w, chat, contact.Connect{Participant: ana})
		synctest.Wait()
		w.Close()
		w = open(t, s, calling(false))
		synctest.Wait()
		state, err := w.State(t.Context(), chat)
		if err != nil || !state.Ended || len(state.Effects) != 0 || len(ids) != 2 || ids[0] != ids[1] {
			t.Errorf("ended %t, %d effects left, calls %q, %v", state.Ended, len(state.Effects), ids, err)
		}
		w.Close()
	})
}

// TestWaitGoesOnAcrossRestarts stops the process while a flow talks in the branch
// Continue of a Wait, and again once the branch has ended: the time of the Wait is
// in the chat's state, and the next process comes back when it has passed.
func TestWaitGoesOnAcrossRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		set := withQueues(t, -1, map[string]string{"main": `
			{"Identifier":"a","Type":"Wait","Parameters":{"ContinueExecution":"True","MinimumWaitTimeSeconds":"60","TimeLimitSeconds":"600"},"Transitions":{"NextAction":"x","Conditions":[
				{"NextAction":"c","Condition":{"Operator":"Equals","Operands":["Continue"]}},{"NextAction":"d","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],
				"Errors":[{"NextAction":"x","ErrorType":"NoMatchingError"}]}},
			{"Identifier":"c","Type":"ConnectParticipantWithLexBot","Parameters":{"Text":"Meanwhile?","LexV2Bot":{"AliasArn":"arn:bot"},"LexTimeoutSeconds":{"Text":"3600"}},"Transitions":{"NextAction":"a","Errors":[
				{"NextAction":"a","ErrorType":"NoMatchingError"},{"NextAction":"a","ErrorType":"NoMatchingCondition"}]}},
			{"Identifier":"d","Type":"MessageParticipant","Parameters":{"Text":"Done"},"Transitions":{"NextAction":"x"}},
			{"Identifier":"x","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`})
		answering := func(c *enginetest.Options) {
			set(c)
			c.Ask = func(context.Context, machine.Ask) (machine.Answer, error) {
				return machine.Answer{Intent: "Book", State: "Fulfilled"}, nil
			}
		}
		w := open(t, s, answering)
		silent, ana := start(t, w, "main", "")
		do(t, w, silent, contact.Connect{Participant: ana})
		brief, bea := start(t, w, "main", "")
		do(t, w, brief, contact.Connect{Participant: bea})
		do(t, w, brief, say(bea, "a book"))
		synctest.Wait()
		for _, test := range []struct {
			after         time.Duration
			silent, brief string
		}{
			{30 * time.Second, "Meanwhile?", "Meanwhile?|a book"},
			{31 * time.Second, "Meanwhile?", "Meanwhile?|a book|Done"},
			{8 * time.Minute, "Meanwhile?", "Meanwhile?|a book|Done"},
			{time.Minute, "Meanwhile?|Done", "Meanwhile?|a book|Done"},
		} {
			w.Close()
			w = open(t, s, answering)
			time.Sleep(test.after)
			synctest.Wait()
			if got := strings.Join(texts(w.Items(silent)), "|"); got != test.silent {
				t.Errorf("a talk that does not end: %q; want %q", got, test.silent)
			}
			if got := strings.Join(texts(w.Items(brief)), "|"); got != test.brief {
				t.Errorf("a talk that ends: %q; want %q", got, test.brief)
			}
		}
		w.Close()
	})
}
