package record_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/record"
)

// Flows of quick connects: into the queue that is the target, and nowhere; and one whose disconnect flow asks for a minute.
const (
	passing = `{"Identifier":"a","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"Errors":[{"NextAction":"bye","ErrorType":"QueueAtCapacity"},{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},` + bye
	nowhere = `{"Identifier":"a","Type":"Wait","Parameters":{"TimeLimitSeconds":"5"},"Transitions":{"NextAction":"bye","Conditions":[{"NextAction":"bye","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},` + bye
	slowly  = `{"Identifier":"w","Type":"Wait","Parameters":{"TimeLimitSeconds":"5"},"Transitions":{"NextAction":"a","Conditions":[{"NextAction":"a","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},` + passing
	asking  = `{"Identifier":"a","Type":"Wait","Parameters":{"TimeLimitSeconds":"60"},"Transitions":{"NextAction":"bye","Conditions":[{"NextAction":"bye","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},` + bye
	asked   = `{"Identifier":"a","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{"CustomerRemaining":"ask"}},"Transitions":{"NextAction":"q","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"q","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"sales"},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"Errors":[{"NextAction":"bye","ErrorType":"QueueAtCapacity"},{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},` + bye
)

// talks has Bo take the chat after 5 s, and talk for 10.
func (s *scene) talks() {
	s.connect()
	later(5 * time.Second)
	s.ring("bo", time.Minute)
	s.accept("bo")
	later(10 * time.Second)
}

// joins has an agent whom another invites accept after 3 s.
func (s *scene) joins(by, user center.UserID) {
	s.invite(by, user)
	later(3 * time.Second)
	s.accept(user)
}

func (s *scene) invite(by, user center.UserID) {
	s.do(contact.Invite{By: by, Offer: contact.Offer{User: user, Identity: contact.Identity{DisplayName: string(user), UserName: string(user)}, Ring: 20 * time.Second, AfterWork: time.Minute, Slots: 3}})
}

// leaves has an agent leave, and clear the contact after 7 s.
func (s *scene) leaves(user center.UserID) {
	s.do(contact.Leave{User: user})
	later(7 * time.Second)
	s.do(contact.Clear{User: user})
}

// chain says which contact of a chat something is about, by their places in the order in which they were first told of.
type chain []string

func (c *chain) place(id any) string {
	text, ok := id.(string)
	if !ok {
		return "-"
	}
	i := slices.Index(*c, text)
	if i < 0 {
		i, *c = len(*c), append(*c, text)
	}
	return fmt.Sprint(i)
}

// after says how many seconds after a time another is.
func after(began, at any) string {
	if at == nil {
		return "-"
	}
	a, err1 := time.Parse(time.RFC3339, fmt.Sprint(began))
	b, err2 := time.Parse(time.RFC3339, fmt.Sprint(at))
	if err1 != nil || err2 != nil {
		return fmt.Sprintf("%v?%v", began, at)
	}
	return fmt.Sprint(int(b.Sub(a).Seconds()))
}

// told says what a record says of the chain, the agent, the queue and the end.
func (c *chain) told(r map[string]any, began any) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s initial %s previous %s next %s attempts %v ends %s %v transferred %s", c.place(r["ContactId"]), r["InitiationMethod"], c.place(r["InitialContactId"]),
		c.place(r["PreviousContactId"]), c.place(r["NextContactId"]), r["AgentConnectionAttempts"], after(began, r["DisconnectTimestamp"]), r["DisconnectReason"], after(began, r["TransferCompletedTimestamp"]))
	if a, ok := r["Agent"].(map[string]any); ok {
		arn := a["ARN"].(string)
		fmt.Fprintf(&text, "; %s from %s for %v, work %v", arn[strings.LastIndex(arn, "/")+1:], after(began, a["ConnectedToAgentTimestamp"]), a["AgentInteractionDuration"], a["AfterContactWorkDuration"])
		if states, ok := a["StateTransitions"].([]any); ok {
			for _, st := range states {
				st := st.(map[string]any)
				fmt.Fprintf(&text, ", %s %s to %s", st["State"], after(began, st["StateStartTimestamp"]), after(began, st["StateEndTimestamp"]))
			}
		}
	}
	if q, ok := r["Queue"].(map[string]any); ok {
		arn := q["ARN"].(string)
		fmt.Fprintf(&text, "; %s %s to %s", arn[strings.LastIndex(arn, "/")+1:], after(began, q["EnqueueTimestamp"]), after(began, q["DequeueTimestamp"]))
	}
	return text.String()
}

// The records, contact events and agent events of chats that several agents and supervisors have a part in. Times are in seconds since the chat
// began. A record names the agent who was there last; when the contact was connected to an agent first, and for how long to any, is told of him.
func TestCompany(t *testing.T) {
	const begun = "0 INITIATED; 0 CONNECTED_TO_SYSTEM; 0 QUEUED; 0 CONNECTED_TO_AGENT; "
	to := contact.Target{Name: "help", Queue: "help", Flow: "pass"}
	for _, w := range []struct {
		name, flow string
		play       func(*scene)
		records    []string // the last of each contact, in the order of the chain
		events     string   // behind those of a chat that is connected to an agent
		agents     []string // of each agent: what he has in hand after each event
	}{
		{"a cold transfer", "queue", func(s *scene) {
			s.talks()
			s.do(contact.Transfer{User: "bo", To: to})
			later(4 * time.Second)
			s.do(contact.Clear{User: "bo"})
			s.ring("cy", time.Minute)
			later(2 * time.Second)
			s.accept("cy")
			later(8 * time.Second)
			s.do(contact.Disconnect{Participant: s.ana})
			later(6 * time.Second)
			s.do(contact.Clear{User: "cy"})
		}, []string{
			"0 API initial - previous - next 1 attempts 1 ends 15 <nil> transferred 15; bo from 5 for 10, work 4; sales 0 to 5",
			"1 TRANSFER initial 0 previous 0 next - attempts 1 ends 29 CUSTOMER_DISCONNECT transferred -; cy from 21 for 8, work 6; help 15 to 21",
		}, "1 INITIATED; 1 CONNECTED_TO_SYSTEM; 1 QUEUED; 0 DISCONNECTED; 0 COMPLETED; 1 CONNECTED_TO_AGENT; 1 DISCONNECTED; 1 COMPLETED", []string{
			"bo: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
			"cy: 1 CONNECTING initial 0 TRANSFER; 1 CONNECTED initial 0 TRANSFER; 1 ENDED initial 0 TRANSFER;;",
		}},
		{"a cold transfer by a flow that takes its time", "queue", func(s *scene) {
			s.talks()
			s.do(contact.Transfer{User: "bo", To: contact.Target{Name: "help", Queue: "help", Flow: "slowly"}})
			later(6 * time.Second)
			s.do(contact.Clear{User: "bo"})
			later(3 * time.Second)
			s.do(contact.Disconnect{Participant: s.ana})
		}, []string{
			"0 API initial - previous - next 1 attempts 1 ends 20 <nil> transferred 20; bo from 5 for 15, work 1; sales 0 to 5",
			"1 TRANSFER initial 0 previous 0 next - attempts 0 ends 24 CUSTOMER_DISCONNECT transferred -; help 20 to 24",
		}, "1 INITIATED; 1 CONNECTED_TO_SYSTEM; 1 QUEUED; 0 DISCONNECTED; 0 COMPLETED; 1 DISCONNECTED; 1 COMPLETED", []string{
			"bo: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
		}},
		{"a transfer that leads nowhere", "queue", func(s *scene) {
			s.talks()
			s.do(contact.Transfer{User: "bo", To: contact.Target{Name: "nowhere", Queue: "help", Flow: "nowhere"}})
			later(6 * time.Second)
			s.do(contact.Disconnect{Participant: s.ana})
			s.do(contact.Clear{User: "bo"})
		}, []string{
			"0 API initial - previous - next - attempts 1 ends 21 CUSTOMER_DISCONNECT transferred -; bo from 5 for 16, work 0; sales 0 to 5",
			"1 TRANSFER initial 0 previous 0 next - attempts 0 ends 20 CONTACT_FLOW_DISCONNECT transferred -",
		}, "1 INITIATED; 1 CONNECTED_TO_SYSTEM; 1 DISCONNECTED; 1 COMPLETED; 0 DISCONNECTED; 0 COMPLETED", []string{
			"bo: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
		}},
		{"a warm transfer", "queue", func(s *scene) {
			s.talks()
			s.joins("bo", "cy")
			later(2 * time.Second)
			s.leaves("bo")
			later(10 * time.Second)
			s.do(contact.Disconnect{Participant: s.ana})
			later(6 * time.Second)
			s.do(contact.Clear{User: "cy"})
		}, []string{
			"0 API initial - previous - next - attempts 2 ends 37 CUSTOMER_DISCONNECT transferred -; cy from 5 for 32, work 6; sales 0 to 5",
		}, "0 DISCONNECTED; 0 COMPLETED", []string{
			"bo: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
			"cy: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
		}},
		{"an invitation that is missed", "queue", func(s *scene) {
			s.talks()
			s.invite("bo", "cy")
			later(21 * time.Second)
			s.do(contact.Clear{User: "cy"})
			s.do(contact.Disconnect{Participant: s.ana})
			s.do(contact.Clear{User: "bo"})
		}, []string{
			"0 API initial - previous - next - attempts 2 ends 36 CUSTOMER_DISCONNECT transferred -; bo from 5 for 31, work 0; sales 0 to 5",
		}, "0 DISCONNECTED; 0 COMPLETED", []string{
			"bo: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
			"cy: 0 CONNECTING; 0 MISSED;;",
		}},
		{"six in a chat", "asked", func(s *scene) {
			s.talks()
			for _, user := range []center.UserID{"cy", "di", "ed", "flo"} {
				s.joins("bo", user)
			}
			later(time.Second)
			s.leaves("bo")
			s.do(contact.Remove{By: "cy", Participant: s.participant("di")})
			later(61 * time.Second) // her after-contact work ends by itself
			for _, user := range []center.UserID{"cy", "ed", "flo"} {
				s.leaves(user)
			}
			later(time.Minute)
		}, []string{
			"0 API initial - previous - next 1 attempts 5 ends 110 AGENT_DISCONNECT transferred -; flo from 5 for 105, work 7; sales 0 to 5",
			"1 DISCONNECT initial 0 previous 0 next - attempts 0 ends 170 CONTACT_FLOW_DISCONNECT transferred -",
		}, "0 DISCONNECTED; 1 INITIATED; 1 CONNECTED_TO_SYSTEM; 0 COMPLETED; 1 DISCONNECTED; 1 COMPLETED", []string{
			"bo: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
			"cy: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
			"di: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
			"ed: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
			"flo: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
		}},
		{"a chat that is watched", "queue", func(s *scene) {
			s.talks()
			s.do(contact.Monitor{User: "sue", Identity: contact.Identity{DisplayName: "Sue"}, Barge: true})
			later(3 * time.Second)
			s.do(contact.Supervise{User: "sue", Barge: true})
			later(4 * time.Second)
			s.do(contact.Supervise{User: "sue"})
			later(5 * time.Second)
			s.do(contact.Disconnect{Participant: s.ana})
			later(6 * time.Second)
			s.do(contact.Clear{User: "bo"})
		}, []string{
			"0 API initial - previous - next - attempts 1 ends 27 CUSTOMER_DISCONNECT transferred -; bo from 5 for 22, work 6; sales 0 to 5",
			"1 MONITOR initial 0 previous - next - attempts 0 ends 27 AGENT_DISCONNECT transferred -; sue from 15 for 12, work <nil>, INITIAL 15 to 15, CONNECTED 15 to 27, DISCONNECTED 27 to -",
		}, "1 INITIATED; 1 CONNECTED_TO_SYSTEM; 1 CONNECTED_TO_AGENT; 1 DISCONNECTED; 1 COMPLETED; 0 DISCONNECTED; 0 COMPLETED", []string{
			"bo: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
			"sue: 1 CONNECTED initial 0 MONITOR; 1 CONNECTED initial 0 MONITOR; 1 CONNECTED initial 0 MONITOR;;",
		}},
		{"a supervisor takes the chat over", "queue", func(s *scene) {
			s.talks()
			s.do(contact.Monitor{User: "sue", Identity: contact.Identity{DisplayName: "Sue"}, Barge: true})
			s.do(contact.Supervise{User: "sue", Barge: true})
			later(4 * time.Second)
			s.do(contact.Remove{By: "sue", Participant: s.bo})
			later(6 * time.Second)
			s.do(contact.Clear{User: "bo"})
			s.do(contact.Leave{User: "sue"})
		}, []string{
			"0 API initial - previous - next - attempts 1 ends 25 BARGED transferred -; bo from 5 for 14, work 6; sales 0 to 5",
			"1 MONITOR initial 0 previous - next - attempts 0 ends 25 AGENT_DISCONNECT transferred -; sue from 15 for 10, work <nil>, INITIAL 15 to 15, CONNECTED 15 to 25, DISCONNECTED 25 to -",
		}, "1 INITIATED; 1 CONNECTED_TO_SYSTEM; 1 CONNECTED_TO_AGENT; 1 DISCONNECTED; 1 COMPLETED; 0 DISCONNECTED; 0 COMPLETED", []string{
			"bo: 0 CONNECTING; 0 CONNECTED; 0 ENDED;;",
			"sue: 1 CONNECTED initial 0 MONITOR;;",
		}},
	} {
		t.Run(w.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, all, w.flow)
				defer s.Close()
				began := time.Now().UTC().Format(time.RFC3339)
				w.play(s)
				facts := s.taken()
				var order chain
				records, desks := map[string]string{}, map[center.UserID]string{}
				var users []center.UserID
				for _, f := range facts {
					if f.Kind == record.ContactEvents {
						order.place(string(f.Of))
					}
				}
				for _, f := range facts {
					text, r := s.rendered(f)
					if err := sorted(text); err != nil && f.Kind != record.Transcripts && f.Kind != record.ContactEvents {
						t.Errorf("%s: %v", text, err)
					}
					switch f.Kind {
					case record.ContactRecords:
						for _, wrong := range fits(recordColumns, columns(t, text)) {
							t.Error(wrong)
						}
						if r["Agent"] != nil {
							for _, wrong := range fits(agentColumns, columns(t, text)["Agent"]) {
								t.Error("Agent:", wrong)
							}
						}
						records[order.place(string(f.Of))] = order.told(r, began)
					case record.AgentEvents:
						if !slices.Contains(users, f.User) {
							users = append(users, f.User)
						}
						var has strings.Builder
						if f.User == "sue" {
							slots := r["CurrentAgentSnapshot"].(map[string]any)["Configuration"].(map[string]any)["RoutingProfile"].(map[string]any)["Concurrency"].([]any)[0].(map[string]any)
							if slots["AvailableSlots"] != slots["MaximumSlots"] {
								t.Errorf("who watches has %v slots free of %v; want all", slots["AvailableSlots"], slots["MaximumSlots"])
							}
						}
						for _, c := range r["CurrentAgentSnapshot"].(map[string]any)["Contacts"].([]any) {
							c := c.(map[string]any)
							if fmt.Fprintf(&has, " %s %s", order.place(c["ContactId"]), c["State"]); c["InitialContactId"] != nil || c["InitiationMethod"] != center.MethodAPI {
								fmt.Fprintf(&has, " initial %s %s", order.place(c["InitialContactId"]), c["InitiationMethod"])
							}
						}
						desks[f.User] += has.String() + ";"
					}
				}
				var got []string
				for i := range order {
					got = append(got, records[fmt.Sprint(i)])
				}
				if !slices.Equal(got, w.records) {
					t.Errorf("the records are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(w.records, "\n"))
				}
				if got := told(record.ContactEvents, facts); got != begun+w.events {
					t.Errorf("events: %s\nwant    %s", got, begun+w.events)
				}
				var hands []string
				for _, u := range users {
					hands = append(hands, string(u)+":"+desks[u])
				}
				if !slices.Equal(hands, w.agents) {
					t.Errorf("the agents have\n%s\nwant\n%s", strings.Join(hands, "\n"), strings.Join(w.agents, "\n"))
				}
			})
		})
	}
}

// participant returns an agent's participant.
func (s *scene) participant(user center.UserID) center.ParticipantID {
	s.Helper()
	state, err := s.State(s.Context(), s.chat)
	if err != nil {
		s.Fatal(err)
	}
	return state.WorkOf(user).Participant
}
