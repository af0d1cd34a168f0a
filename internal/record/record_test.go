package record_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/store"
)

const instance = center.InstanceID("11111111-1111-4111-8111-111111111111")

var all = record.Kinds(0).With(record.ContactEvents).With(record.ContactRecords).With(record.AgentEvents).With(record.Transcripts)

// Flows of the tests: one that waits, one that queues, one that goes on to a second queue after a minute, one with a disconnect flow.
const (
	bye   = `{"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`
	queue = `{"Identifier":"a","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"sales"},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"Errors":[{"NextAction":"bye","ErrorType":"QueueAtCapacity"},{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},` + bye
	moving = `{"Identifier":"a","Type":"Wait","Parameters":{"TimeLimitSeconds":"60"},"Transitions":{"NextAction":"b","Conditions":[{"NextAction":"b","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"DequeueContactAndTransferToQueue","Parameters":{"QueueId":"help"},"Transitions":{"NextAction":"bye","Errors":[{"NextAction":"bye","ErrorType":"QueueAtCapacity"},{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},` + bye
)

func document(actions string) string {
	return `{"Version":"2019-10-30","StartAction":"a","Actions":[` + actions + `]}`
}

// scene is an engine whose outbox a test reads.
type scene struct {
	*testing.T
	*enginetest.Engine
	chat center.ContactID
	ana  center.ParticipantID
	bo   center.ParticipantID
}

func newScene(t *testing.T, kinds record.Kinds, flow string) *scene {
	t.Helper()
	documents := map[string]string{
		"greet": enginetest.Greet, "queue": document(queue), "moving": document(queue), "pass": document(passing), "nowhere": document(nowhere), "slowly": strings.Replace(document(slowly), `"StartAction":"a"`, `"StartAction":"w"`, 1), "asked": document(asked), "ask": document(asking),
	}
	if flow == "moving" {
		documents["CUSTOMER_QUEUE"] = document(moving)
	}
	c := enginetest.ParseFlows(t, documents)
	c.Queues = map[string]machine.Queue{}
	for _, q := range []string{"sales", "help"} {
		c.Queues[q] = machine.Queue{ID: center.QueueID(q), Name: q, Max: -1}
	}
	s := &scene{T: t, Engine: enginetest.Start(t, enginetest.Options{Catalog: c, Records: kinds})}
	r, err := s.Engine.Start(t.Context(), contact.Start{
		Instance: instance, Contact: center.NewContactID(time.Now()), Flow: flow, DisplayName: "Ana", Attributes: map[string]string{"tier": "gold", "note": ""},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	s.chat, s.ana = r.Contact, r.Participant
	return s
}

func (s *scene) do(cmd contact.Command) contact.Reply {
	s.Helper()
	r, err := s.Do(s.Context(), s.chat, cmd)
	if err != nil {
		s.Fatalf("%T: %v", cmd, err)
	}
	return r
}

// later lets time pass, and whatever falls due then happen.
func later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (s *scene) connect() { s.do(contact.Connect{Participant: s.ana}) }

// ring offers the contact to an agent, who has so long for after-contact work.
func (s *scene) ring(user center.UserID, afterWork time.Duration) {
	s.bo = s.do(contact.Offer{User: user, Identity: contact.Identity{DisplayName: string(user), UserName: string(user)}, Ring: 20 * time.Second, AfterWork: afterWork, Slots: 3}).Participant
}

func (s *scene) accept(user center.UserID) { s.do(contact.Accept{User: user}) }

// tell gives an agent a command.
func (s *scene) tell(user center.UserID, cmd agent.Command) {
	s.Helper()
	if _, err := s.Agents.Do(s.Context(), instance, user, cmd); err != nil {
		s.Fatalf("%T: %v", cmd, err)
	}
}

// staffed has an agent sign in.
func (s *scene) staffed(user center.UserID) {
	s.tell(user, agent.Arrive{Client: agent.Client{ID: "tab", Node: s.Node}})
	s.tell(user, agent.SetStatus{Status: enginetest.Available})
}

// routed is a chat whose first routing step expires before Bo takes it.
func routed(s *scene) {
	s.connect()
	step := func(value string, expiry time.Duration) flow.Criterion {
		return flow.Criterion{Expiry: expiry, Expression: json.RawMessage(`{"AttributeCondition":{"Name":"Language","Value":"` + value + `","ProficiencyLevel":3,"ComparisonOperator":"NumberGreaterOrEqualTo"}}`)}
	}
	s.do(contact.Route{Criteria: []flow.Criterion{step("German", 30*time.Second), step("English", 0)}})
	later(31 * time.Second)
	s.ring("bo", time.Minute)
	s.accept("bo")
	s.do(contact.Disconnect{Participant: s.ana})
	s.do(contact.Clear{User: "bo"})
}

// taken empties the outbox into a list, in order.
func (s *scene) taken() (facts []*record.Fact) {
	s.Helper()
	for {
		page, err := s.Store.Outbox(s.Context(), store.AllShards, s.Clock.Now().Add(time.Hour), 1000)
		if err != nil {
			s.Fatal(err)
		}
		if len(page) == 0 {
			return facts
		}
		slices.SortFunc(page, func(a, b store.Delivery) int { return int(a.ID - b.ID) })
		done := &store.Chores{}
		for i := range page {
			f, err := record.Read(&page[i])
			if err != nil {
				s.Fatal(err)
			}
			facts = append(facts, f)
			done.Delivered = append(done.Delivered, page[i].ID)
		}
		if err := s.Store.Keep(s.Context(), done); err != nil {
			s.Fatal(err)
		}
	}
}

// told says what facts of a kind tell: of contacts by their place in the chain.
func told(kind record.Kind, facts []*record.Fact) string {
	var out []string
	var chain []center.ContactID
	for _, f := range facts {
		if !slices.Contains(chain, f.Of) && f.Of != "" {
			chain = append(chain, f.Of)
		}
		if f.Kind != kind {
			continue
		}
		text := f.Type
		if kind != record.AgentEvents {
			text = strings.TrimSpace(fmt.Sprintf("%d %s", slices.Index(chain, f.Of), text))
		}
		if len(f.Updated) > 0 {
			text += " " + strings.Join(f.Updated, ",")
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// A contact's events, and how often its record and transcript are told, by each way a chat can go.
func TestWays(t *testing.T) {
	const begun = "0 INITIATED; 0 CONNECTED_TO_SYSTEM; 0 QUEUED"
	talk := func(s *scene) {
		s.connect()
		s.ring("bo", time.Minute)
		s.accept("bo")
	}
	for _, w := range []struct {
		name, flow string
		play       func(*scene)
		events     string
		records    string // also the transcripts, unless those are named
		scripts    string
	}{
		{"never connected", "greet", func(s *scene) { later(6 * time.Minute) }, "0 INITIATED; 0 DISCONNECTED; 0 COMPLETED", "0", ""},
		{"no queue", "greet", func(s *scene) { s.connect(); s.do(contact.Disconnect{Participant: s.ana}) },
			"0 INITIATED; 0 CONNECTED_TO_SYSTEM; 0 DISCONNECTED; 0 COMPLETED", "0", ""},
		{"stopped", "greet", func(s *scene) { s.connect(); s.do(contact.Stop{}) },
			"0 INITIATED; 0 CONNECTED_TO_SYSTEM; 0 DISCONNECTED; 0 COMPLETED", "0", ""},
		{"abandoned", "queue", func(s *scene) { s.connect(); later(5 * time.Second); s.do(contact.Disconnect{Participant: s.ana}) },
			begun + "; 0 DISCONNECTED; 0 COMPLETED", "0", ""},
		{"abandoned while it rings", "queue", func(s *scene) { s.connect(); s.ring("bo", 0); s.do(contact.Disconnect{Participant: s.ana}) },
			begun + "; 0 DISCONNECTED; 0 COMPLETED", "0", ""},
		{"customer ends, work cleared", "queue", func(s *scene) {
			talk(s)
			s.do(contact.Disconnect{Participant: s.ana})
			later(12 * time.Second)
			s.do(contact.Clear{User: "bo"})
		}, begun + "; 0 CONNECTED_TO_AGENT; 0 DISCONNECTED; 0 COMPLETED", "0", ""},
		{"work up to its limit", "queue", func(s *scene) { talk(s); s.do(contact.Disconnect{Participant: s.ana}); later(61 * time.Second) },
			begun + "; 0 CONNECTED_TO_AGENT; 0 DISCONNECTED; 0 COMPLETED", "0", ""},
		{"work not cleared yet", "queue", func(s *scene) { talk(s); s.do(contact.Disconnect{Participant: s.ana}) },
			begun + "; 0 CONNECTED_TO_AGENT; 0 DISCONNECTED", "", ""},
		{"agent leaves, who ends the chat", "queue", func(s *scene) { talk(s); s.do(contact.Disconnect{Participant: s.bo}); s.do(contact.Clear{User: "bo"}) },
			begun + "; 0 CONNECTED_TO_AGENT; 0 DISCONNECTED; 0 COMPLETED", "0", ""},
		{"agent lost", "queue", func(s *scene) { talk(s); s.do(contact.Lose{User: "bo"}) },
			begun + "; 0 CONNECTED_TO_AGENT; 0 DISCONNECTED; 0 COMPLETED", "0", ""},
		{"agent lost, contact waits again", "queue", func(s *scene) { talk(s); s.do(contact.Lose{User: "bo", Requeue: true}) },
			begun + "; 0 CONNECTED_TO_AGENT; 0 DISCONNECTED; 0 COMPLETED; 1 INITIATED; 1 CONNECTED_TO_SYSTEM; 1 QUEUED", "0", ""},
		{"to another queue", "moving", func(s *scene) { s.connect(); later(61 * time.Second) },
			begun + "; 0 DISCONNECTED; 0 COMPLETED; 1 INITIATED; 1 CONNECTED_TO_SYSTEM; 1 QUEUED", "0", ""},
		{"by routing criteria", "queue", routed, begun + "; 0 CONTACT_DATA_UPDATED RoutingCriteria.Step.Status; 0 CONTACT_DATA_UPDATED RoutingCriteria.Step.Status; 0 CONNECTED_TO_AGENT; 0 DISCONNECTED; 0 COMPLETED", "0", ""},
		{"agent signs out without clearing", "queue", func(s *scene) {
			s.staffed("bo")
			talk(s)
			s.do(contact.Disconnect{Participant: s.ana})
			s.tell("bo", agent.SignOut{Offline: enginetest.Offline})
		}, begun + "; 0 CONNECTED_TO_AGENT; 0 DISCONNECTED; 0 COMPLETED", "0", ""},
		{"agent goes away without clearing", "queue", func(s *scene) {
			s.staffed("bo")
			s.connect()
			s.ring("bo", 0) // any time for after-contact work
			s.accept("bo")
			s.do(contact.Disconnect{Participant: s.ana})
			s.tell("bo", agent.Depart{Client: agent.Client{ID: "tab", Node: s.Node}})
			later(agent.LongGrace + time.Minute)
		}, begun + "; 0 CONNECTED_TO_AGENT; 0 DISCONNECTED; 0 COMPLETED", "0", ""},
		{"attributes and tags, before and after", "greet", func(s *scene) {
			s.connect()
			s.do(contact.SetAttributes{Attributes: map[string]string{"tier": "lead"}})
			s.do(contact.Tag{Contact: s.chat, Set: map[string]string{"team": "red"}})
			s.do(contact.Stop{})
			s.do(contact.SetAttributes{Attributes: map[string]string{"tier": "tin"}})
		}, "0 INITIATED; 0 CONNECTED_TO_SYSTEM; 0 CONTACT_DATA_UPDATED UserDefinedAttributes; 0 CONTACT_DATA_UPDATED Tags; 0 DISCONNECTED; 0 COMPLETED; 0 CONTACT_DATA_UPDATED UserDefinedAttributes",
			"0; 0", "0"},
	} {
		t.Run(w.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, all, w.flow)
				defer s.Close()
				w.play(s)
				facts := s.taken()
				if got := told(record.ContactEvents, facts); got != w.events {
					t.Errorf("events: %s\nwant    %s", got, w.events)
				}
				if got := told(record.ContactRecords, facts); got != w.records {
					t.Errorf("records of %q; want %q", got, w.records)
				}
				if w.scripts == "" {
					w.scripts = w.records
				}
				if got := told(record.Transcripts, facts); got != w.scripts {
					t.Errorf("transcripts of %q; want %q", got, w.scripts)
				}
				seen := map[string]bool{}
				for _, f := range facts {
					if seen[f.ID] {
						t.Errorf("two facts have the id %s", f.ID)
					}
					seen[f.ID] = true
				}
			})
		})
	}
}

// Nobody is told of what nobody wants to know, and messages tell nothing.
func TestNothingWanted(t *testing.T) {
	for _, kinds := range []record.Kinds{0, all} {
		s := newScene(t, kinds, "greet")
		s.connect()
		if n := len(s.taken()); kinds == 0 && n > 0 {
			t.Errorf("%d facts; nobody wants any", n)
		}
		s.do(contact.Send{Participant: s.ana, ContentType: center.PlainText, Content: "hello"})
		if n := len(s.taken()); n > 0 {
			t.Errorf("a message made %d facts", n)
		}
	}
}

// A supervisor's contact is in his hands with the way it began, as agents' are.
func TestSupervisorsHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, all, "queue")
		defer s.Close()
		s.connect()
		s.ring("bo", time.Minute)
		s.accept("bo")
		s.do(contact.Monitor{User: "sue", Identity: contact.Identity{DisplayName: "Sue"}})
		var hands []record.Hand
		for _, f := range s.taken() {
			if f.User == "sue" {
				hands = f.Is.Hands
			}
		}
		if len(hands) != 1 || hands[0].Method != center.MethodMonitor || hands[0].State != contact.WorkConnected {
			t.Errorf("the supervisor has in hand %+v; want a contact that began as MONITOR", hands)
		}
	})
}
