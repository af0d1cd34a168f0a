package flowtest

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
	"parley.example/parley/internal/flow/machine"
)

// Play is a chat that somebody plays with, statement by statement: what
// "parley flow run" does. What a scenario would have to say may be left unsaid: functions
// without a stub answer {}, and bots come to the intents in turn that the flow
// asks for.
type Play struct {
	session *session
	asked   map[place]int // how often a bot was asked at an action
	turns   map[string]int
	pace    time.Duration // how long functions take of which nobody has said anything
}

// place is an action of a run.
type place struct {
	flow   center.FlowID
	action string
	depth  int
}

// NewPlay returns a play of a flow that is read from a file.
func NewPlay(l *Library, path, typ string) (*Play, error) {
	p := &Play{session: newSession(l, ""), asked: map[place]int{}, turns: map[string]int{}}
	d, err := l.Open(path, "", typ)
	if err != nil {
		return nil, err
	}
	p.session.in.Add(d)
	p.session.main = d
	p.session.in.stubs.otherwise = p.improvise
	return p, nil
}

// Chat returns the chat.
func (p *Play) Chat() *Chat { return p.session.chat }

// Document returns the flow that is played.
func (p *Play) Document() *Document { return p.session.main }

// Stage says what is to be known before the flow runs: how many problems keep
// it from being published, and how it comes to run when no chat begins with one
// of its type; "" when there is nothing to say.
func (p *Play) Stage() string {
	notes := []string{}
	if n := len(check.Problems(p.session.main.Flow)); n > 0 {
		notes = append(notes, fmt.Sprintf("the flow cannot be published: parley flow check says why (problems: %d)", n))
	}
	if led := p.led(); led != "" {
		notes = append(notes, led)
	}
	return strings.Join(notes, "; ")
}

// led says how a flow comes to run that no chat begins with.
func (p *Play) led() string {
	switch typ := p.session.main.Type; typ {
	case "CUSTOMER_QUEUE", "AGENT_WHISPER", "CUSTOMER_WHISPER", typeModule:
		return "a flow that is made up leads to this one, which is of the type " + typ
	case "CUSTOMER_HOLD", "AGENT_HOLD", "OUTBOUND_WHISPER", "CAMPAIGN":
		return "no chat runs a flow of the type " + typ + "; here it runs as if one began with it"
	}
	return ""
}

// Add adds another flow, or a module, that the flow may lead to: those below a
// directory, or that of a file.
func (p *Play) Add(path string, module bool) error {
	typ := ""
	if module {
		typ = typeModule
	}
	return filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		d, err := p.session.library.Open(path, "", typ)
		if err == nil && d.Flow.Hash != p.session.main.Flow.Hash {
			p.session.in.Add(d)
		}
		return err
	})
}

// Do runs one statement of the language of scenarios.
func (p *Play) Do(text string) error {
	do, err := parseStatement(text)
	if err != nil {
		return err
	}
	return p.session.run(do)
}

// Say is a message of the customer.
func (p *Play) Say(text string) error { return p.session.run(say(center.PlainText, text)) }

// Begin starts the chat, unless it has begun.
func (p *Play) Begin() error { return p.session.begin() }

// Wait lets time pass until something happens by itself.
func (p *Play) Wait() error {
	if p.Chat().Due().IsZero() {
		return errors.New("nothing is due any more")
	}
	return p.Do("advance to the next timer")
}

// improvise answers for functions and bots of which nobody has said anything.
func (p *Play) improvise(e *machine.Effect) (reply, bool) {
	switch e.Kind {
	case machine.EffectProcess:
		return reply{answer: []byte(`{"status":"APPROVED"}`), after: p.pace}, true
	case machine.EffectInvoke:
		return reply{answer: []byte("{}"), after: p.pace}, true
	}
	c := p.Chat()
	run := c.run("")
	if e.Kind != machine.EffectAsk || run == nil {
		return reply{}, false
	}
	var intents []string
	if d := c.documentOf(run.Flow); d != nil {
		intents = d.operands(run.Wait.Action)
	}
	intents = append(intents, "FallbackIntent")
	at := place{run.Flow, run.Wait.Action, len(run.Stack)}
	intent := intents[p.asked[at]%len(intents)]
	p.asked[at]++
	return reply{answer: encodeAnswer(lastAnswer(intent, "Fulfilled", nil, nil, nil))}, true
}

// operands returns what the conditions of an action compare with, each once.
func (d *Document) operands(action string) []string {
	a := d.actions[action]
	if a == nil {
		return nil
	}
	var list []string
	for i := range a.Exits {
		if e := &a.Exits[i]; e.Kind == flow.WayCondition && !strings.HasPrefix(e.Operand, "$") && !slices.Contains(list, e.Operand) {
			list = append(list, e.Operand)
		}
	}
	return list
}

// Customer is a customer who plays by himself, and agents who come when they
// are waited for.
type Customer struct {
	// Lines are what the customer says, in turn, when the flow listens; then he
	// repeats himself. A line that begins with / is a statement.
	Lines []string
	Once  bool // he says each line once and then nothing any more
	Turns int  // after which he leaves; 0 for 200
	Mute  bool // he never says anything, and does not choose or sign in
}

// Patience of a customer who plays by himself.
const (
	defaultTurns = 200
	waitTurns    = 4 // turns in a queue until an agent comes
)

// Auto plays until the chat has ended. told is called after every turn, and
// before the first.
func (p *Play) Auto(c Customer, told func() error) error {
	p.pace = time.Second // so that a flow that calls functions in a circle does not go round in no time
	if err := p.Begin(); err != nil {
		return err
	}
	turns := c.Turns
	if turns == 0 {
		turns = defaultTurns
	}
	if len(c.Lines) == 0 && !c.Mute {
		c.Lines = []string{"Hello", "Yes", "1", "Thank you"}
	}
	for n := 0; ; n++ {
		if err := told(); err != nil {
			return err
		}
		if _, ended := p.Chat().Ended(); ended {
			p.unsaid(&c)
			return told()
		}
		if n == turns {
			if err := p.Do("customer leaves"); err != nil {
				return err
			}
			continue
		}
		if err := p.turn(&c); err != nil {
			return err
		}
	}
}

// agent is who comes when a contact waits in a queue.
const agent = "Agent"

// turn does the next thing that is to be done.
func (p *Play) turn(c *Customer) error {
	state := p.Chat().state
	run := p.Chat().run("")
	if line := p.line(c); strings.HasPrefix(line, "/") && len(p.Chat().effects) == 0 {
		p.turns["lines"]++
		return p.Do(line[1:])
	}
	if present(state, center.RoleAgent) {
		return p.withAgent(c)
	}
	if state.Queue != nil && state.Joining == "" {
		if p.turns["queue"]++; run == nil || p.turns["queue"]%waitTurns == 0 {
			return p.Do("agent " + agent + " joins")
		}
	}
	if run == nil {
		return p.Wait()
	}
	switch {
	case c.Mute:
		return p.Wait()
	case run.Wait.Kind == machine.WaitInput:
		return p.speakOrWait(c)
	case run.Wait.Kind == machine.WaitView:
		return p.choose(run)
	case run.Wait.Kind == machine.WaitAuth:
		return p.Do("customer signs in")
	case run.Wants(machine.Event{Kind: machine.EventCustomerMessage, ContentType: center.PlainText}) && (c.Once || p.every("wait", 2)):
		return p.speakOrWait(c)
	}
	return p.Wait()
}

// every reports true every n-th time it is asked.
func (p *Play) every(what string, n int) bool {
	p.turns[what]++
	return p.turns[what]%n == 0
}

// speakOrWait is a line of the customer, or silence when he has none left.
func (p *Play) speakOrWait(c *Customer) error {
	line := p.line(c)
	if line == "" {
		return p.Wait()
	}
	p.turns["lines"]++
	return p.Say(line)
}

// line is what the customer will say next, "" for nothing.
func (p *Play) line(c *Customer) string {
	n := p.turns["lines"]
	if c.Mute || n >= len(c.Lines) && c.Once {
		return ""
	}
	return c.Lines[n%len(c.Lines)]
}

// unsaid notes what the customer was to say, and did not come to say.
func (p *Play) unsaid(c *Customer) {
	if n := p.turns["lines"]; c.Once && n < len(c.Lines) {
		p.Chat().note("not said, for nobody listened any more: %s", clip(strings.Join(c.Lines[n:], "; "), 300))
	}
}

// choose is one of the actions of a view.
func (p *Play) choose(run *machine.Run) error {
	choices := []string{"Next"}
	if d := p.Chat().documentOf(run.Flow); d != nil {
		if known := d.operands(run.Wait.Action); len(known) > 0 {
			choices = known
		}
	}
	key := "view " + run.Wait.Action
	i := p.turns[key]
	if p.turns[key]++; i >= len(choices) {
		i = p.Chat().rand.IntN(len(choices)) // in turn it could go round between two views for ever
	}
	return p.Do("customer chooses " + jsonText(choices[i]))
}

// withAgent is what happens while an agent is there: a word, and the agent leaves.
func (p *Play) withAgent(c *Customer) error {
	if state := p.Chat().state; state.Whisper != nil {
		return p.Wait()
	}
	p.turns["agent"]++
	switch p.turns["agent"] % 3 {
	case 1:
		return p.Do("agent " + agent + ` says "Hello, how can I help you?"`)
	case 2:
		return p.speakOrWait(&Customer{Lines: c.Lines, Mute: c.Mute})
	}
	return p.Do("agent " + agent + " leaves")
}

// present reports whether somebody of a role is in the chat.
func present(c *contact.Chat, role center.Role) bool {
	for i := range c.Participants {
		if p := &c.Participants[i]; p.Role == role && p.Present() {
			return true
		}
	}
	return false
}
