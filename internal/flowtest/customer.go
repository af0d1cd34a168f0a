package flowtest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
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
	// repeats himself. A line that begins with / is a statement, which is not
	// repeated. If it is what somebody does and it cannot be done yet, such as an
	// agent who joins while the contact waits in no queue, the chat goes on until it can.
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

// usualLines are what a customer says who has not been told what to say.
var usualLines = []string{"Hello", "Yes", "1", "Thank you"}

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
		c.Lines = usualLines
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
		err := p.turn(&c)
		if errors.Is(err, errNothingDue) && p.refused != nil {
			err = p.refused
		}
		if err != nil {
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
	if line := p.line(c); isStatement(line) && !p.Chat().Calling() {
		if p.refused = p.Do(line[1:]); p.refused == nil {
			p.turns["lines"]++
			return nil
		}
		if p.refused = fmt.Errorf("%s: %w", line, p.refused); !deed.MatchString(line) {
			return p.refused
		}
	}
	if present(state, center.RoleAgent) != nil {
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

// deed is a statement of what somebody does, which may have to wait until it can be done.
var deed = regexp.MustCompile(`^/\s*(agent|customer|participant)\s`)

func isStatement(line string) bool { return strings.HasPrefix(line, "/") }

// every reports true every n-th time it is asked.
func (p *Play) every(what string, n int) bool {
	p.turns[what]++
	return p.turns[what]%n == 0
}

// speakOrWait is a line of the customer, or silence when he has none left.
func (p *Play) speakOrWait(c *Customer) error {
	if said, err := p.speak(c); said || err != nil {
		return err
	}
	return p.Wait()
}

// speak is a line of the customer; false when he has none to say now.
func (p *Play) speak(c *Customer) (bool, error) {
	line := p.line(c)
	if line == "" || isStatement(line) {
		return false, nil
	}
	p.turns["lines"]++
	return true, p.Say(line)
}

// line is what the customer will say next, "" for nothing.
func (p *Play) line(c *Customer) string {
	n := p.turns["lines"]
	if c.Mute || n >= len(c.Lines) && c.Once {
		return ""
	}
	if n < len(c.Lines) {
		return c.Lines[n]
	}
	again := slices.DeleteFunc(slices.Clone(c.Lines), isStatement)
	if len(again) == 0 {
		again = usualLines
	}
	return again[n%len(again)]
}

// unsaid notes what the customer was to say, and did not come to say.
func (p *Play) unsaid(c *Customer) {
	n := p.turns["lines"]
	if n < len(c.Lines) && p.refused != nil {
		p.Chat().Note("not done: %v", p.refused)
		n++
	}
	if c.Once && n < len(c.Lines) {
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
	name := present(p.Chat().State(), center.RoleAgent).DisplayName
	p.turns["agent"]++
	switch p.turns["agent"] % 3 {
	case 1:
		return p.Do("agent " + wording.Quote(name) + ` says "Hello, how can I help you?"`)
	case 2:
		if said, err := p.speak(c); said || err != nil {
			return err
		}
	}
	return p.Do("agent " + wording.Quote(name) + " leaves")
}

// present returns somebody of a role who is in the chat; nil for nobody.
func present(c *contact.Chat, role center.Role) *contact.Participant {
	for i := range c.Participants {
		if p := &c.Participants[i]; p.Role == role && p.Present() {
			return p
		}
	}
	return nil
}
