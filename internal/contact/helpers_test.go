package contact

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/flow"
)

// chatTest runs a chat in a test: it gives commands, applies their changes as the
// engine would, and collects items and pushes.
type chatTest struct {
	t       *testing.T
	now     time.Time
	env     Env
	chat    *Chat
	tail    transcript.Tail
	items   []center.Item
	pushes  []center.Push
	last    Change
	records map[center.ContactID]center.Contact // as the store would have them
}

// document returns a flow of actions that are given as JSON objects without
// their Identifier, which is their position: "0", "1" …
func document(t *testing.T, actions ...string) *flow.Flow {
	t.Helper()
	var b strings.Builder
	b.WriteString(`{"Version":"2019-10-30","StartAction":"0","Actions":[`)
	for i, a := range actions {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"Identifier":"` + string(rune('0'+i)) + `",` + strings.TrimPrefix(a, "{"))
	}
	b.WriteString("]}")
	f, err := flow.Parse([]byte(b.String()))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return f
}

const (
	sayHello   = `{"Type":"MessageParticipant","Parameters":{"Text":"Hello"},"Transitions":{"NextAction":"1"}}`
	waitHour   = `{"Type":"Wait","Parameters":{"TimeLimitSeconds":"3600","Events":["CustomerReturned","BotParticipantDisconnected"]},"Transitions":{"NextAction":"2","Conditions":[{"NextAction":"2","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}},{"NextAction":"3","Condition":{"Operator":"Equals","Operands":["CustomerReturned"]}},{"NextAction":"4","Condition":{"Operator":"Equals","Operands":["BotParticipantDisconnected"]}}],"Errors":[{"NextAction":"5","ErrorType":"NoMatchingError"},{"NextAction":"1","ErrorType":"ParticipantNotFound"}]}}`
	disconnect = `{"Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`
	returned   = `{"Type":"MessageParticipant","Parameters":{"Text":"You are back"},"Transitions":{"NextAction":"1"}}`
	botGone    = `{"Type":"MessageParticipant","Parameters":{"Text":"The bot left"},"Transitions":{"NextAction":"2"}}`
	waitLong   = `{"Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"2","Conditions":[{"NextAction":"2","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"2","ErrorType":"NoMatchingError"}]}}`
)

const instance = center.InstanceID("11111111-1111-4111-8111-111111111111")

func newChatTest(t *testing.T, documents flows) *chatTest {
	if documents == nil {
		documents = flows{"main": document(t, sayHello, waitLong, disconnect)}
	}
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	return &chatTest{t: t, now: now, records: map[center.ContactID]center.Contact{}, env: Env{
		Rand:      rand.New(rand.NewPCG(1, 2)),
		Partition: center.Partition{Region: "us-east-1", Account: "123456789012"},
		Limits:    Limits{}.Defaults(),
		Catalog:   testCatalog{flows: documents},
	}}
}

// try gives a command and returns its error.
func (p *chatTest) try(cmd Command) (Reply, error) {
	p.env.Now = p.now
	p.env.Records = p.records
	change, err := Decide(p.chat, &p.tail, cmd, &p.env)
	if err != nil {
		return Reply{}, err
	}
	p.last = change
	if change.Chat != nil {
		// The next command gets the state as the store would return it.
		state, err := DecodeChat(change.Chat.Encode())
		if err != nil {
			p.t.Fatalf("DecodeChat: %v", err)
		}
		p.chat = state
	}
	for _, c := range change.Contacts {
		p.records[c.ID] = c
	}
	p.tail.Observe(change.Items)
	p.items = append(p.items, change.Items...)
	p.pushes = append(p.pushes, change.Pushes...)
	return change.Reply, nil
}

// contacts returns the records of the chain, as the store would have them.
func (p *chatTest) contacts() []center.Contact {
	var all []center.Contact
	for _, s := range p.chat.Chain() {
		all = append(all, p.records[s.ID])
	}
	return all
}

// do gives a command that must succeed.
func (p *chatTest) do(cmd Command) Reply {
	p.t.Helper()
	r, err := p.try(cmd)
	if err != nil {
		p.t.Fatalf("%T: %v", cmd, err)
	}
	return r
}

// refuse gives a command that must be refused with a reason.
func (p *chatTest) refuse(want center.Reason, cmd Command) {
	p.t.Helper()
	if _, err := p.try(cmd); err == nil || center.ReasonOf(err) != want {
		p.t.Fatalf("%T = %v; want %s", cmd, err, want)
	}
}

// start begins a chat and returns the customer.
func (p *chatTest) start(s Start) center.ParticipantID {
	p.t.Helper()
	s.Instance = instance
	if s.Contact == "" {
		s.Contact = center.NewContactID(p.now)
	}
	if s.Flow == "" {
		s.Flow = "main"
	}
	if s.DisplayName == "" {
		s.DisplayName = "Ana"
	}
	return p.do(s).Participant
}

// pass advances the time and fires the timers that fall due on the way.
func (p *chatTest) pass(d time.Duration) {
	p.t.Helper()
	until := p.now.Add(d)
	for range 100 {
		due := p.chat.Due(&p.tail)
		if due.IsZero() || due.After(until) {
			p.now = until
			return
		}
		if due.After(p.now) {
			p.now = due
		}
		p.do(Tick{})
	}
	p.t.Fatal("timers keep firing")
}

// script returns the transcript as short words: "CUSTOMER joined", "SYSTEM: Hello".
func (p *chatTest) script() []string { return script(p.items) }

func script(items []center.Item) []string {
	var out []string
	for _, it := range items {
		out = append(out, describe(it))
	}
	return out
}

func describe(it center.Item) string {
	who := string(it.Role)
	if who != "" {
		who += " "
	}
	switch it.Type {
	case center.TypeMessage:
		return strings.TrimSpace(who) + ": " + it.Content
	case center.TypeAttachment:
		return who + "sent " + it.Attachment.Name
	}
	return who + it.ContentType[strings.LastIndexByte(it.ContentType, '.')+1:]
}

func (p *chatTest) wantScript(want ...string) {
	p.t.Helper()
	if got := p.script(); !slices.Equal(got, want) {
		p.t.Fatalf("transcript:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// pushedSince returns the pushes from the n-th on.
func (p *chatTest) pushedSince(n int) []string {
	var out []string
	for _, push := range p.pushes[n:] {
		out = append(out, describe(push.Item))
	}
	return out
}
