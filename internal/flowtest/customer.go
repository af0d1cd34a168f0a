package flowtest

import (
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/flowtest/wording"
)

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

// Auto plays until the chat has ended. show is called after every turn, and
// before the first; its error ends the play.
func (p *Play) Auto(c Customer, show func() error) error {
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
		if err := show(); err != nil {
			return err
		}
		if _, ended := p.Chat().Ended(); ended {
			p.unsaid(&c)
			return show()
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
	state := p.Chat().State()
	run := p.Chat().Run("")
	if line := p.line(c); strings.HasPrefix(line, "/") && !p.Chat().Calling() {
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
		p.Chat().Note("not said, for nobody listened any more: %s", wording.Clip(strings.Join(c.Lines[n:], "; "), 300))
	}
}

// choose is one of the actions of a view.
func (p *Play) choose(run *machine.Run) error {
	choices := []string{"Next"}
	if d := p.session.Instance.DocumentByID(run.Flow); d != nil {
		if known := operands(d, run.Wait.Action); len(known) > 0 {
			choices = known
		}
	}
	key := "view " + run.Wait.Action
	i := p.turns[key]
	if p.turns[key]++; i >= len(choices) {
		i = p.rand.IntN(len(choices)) // in turn it could go round between two views for ever
	}
	return p.Do("customer chooses " + wording.Quote(choices[i]))
}

// withAgent is what happens while an agent is there: a greeting, a reply, and the agent leaves.
func (p *Play) withAgent(c *Customer) error {
	if state := p.Chat().State(); state.Whisper != nil {
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
