package flowtest

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/flowtest/scenario"
	"parley.example/parley/internal/flowtest/simulator"
)

// Play is a chat that somebody plays with, statement by statement: what
// "parley flow run" does. Stubs, which a scenario needs, may be left out: functions
// without a stub answer {}, and bots come to the intents in turn that the flow
// asks for.
type Play struct {
	session *scenario.Session
	library *simulator.Library
	rand    *rand.Rand
	asked   map[waiting]int // how often a bot was asked at an action
	turns   map[string]int
	refused error         // why the line whose turn it is has not been done yet
	pace    time.Duration // how long functions without a stub take
}

// waiting is an action at which a run waits.
type waiting struct {
	flow   center.FlowID
	action string
	depth  int
}

// NewPlay returns a play of a flow that is read from a file.
func NewPlay(l *simulator.Library, path, typ string) (*Play, error) {
	p := &Play{session: scenario.NewSession(l, ""), library: l, rand: rand.New(rand.NewPCG(1, 2)), asked: map[waiting]int{}, turns: map[string]int{}}
	d, err := l.Open(path, "", typ)
	if err != nil {
		return nil, err
	}
	p.session.Instance.Add(d)
	p.session.Main = d
	p.session.Instance.Otherwise = p.improvise
	return p, nil
}

// Chat returns the chat.
func (p *Play) Chat() *simulator.Chat { return p.session.Chat }

// Document returns the flow that is played.
func (p *Play) Document() *simulator.Document { return p.session.Main }

// Stage says what is to be known before the flow runs: how many problems keep
// it from being published, and how it comes to run when no chat begins with one
// of its type; "" when there is nothing to say.
func (p *Play) Stage() string {
	notes := []string{}
	if n := len(p.session.Instance.Problems(p.session.Main)); n > 0 {
		notes = append(notes, fmt.Sprintf("the flow cannot be published: parley flow check says why (problems: %d)", n))
	}
	if led := p.led(); led != "" {
		notes = append(notes, led)
	}
	return strings.Join(notes, "; ")
}

// led says how a flow comes to run that no chat begins with.
func (p *Play) led() string {
	switch typ := p.session.Main.Type; typ {
	case "CUSTOMER_QUEUE", "AGENT_WHISPER", "CUSTOMER_WHISPER", simulator.TypeModule:
		return "a generated flow leads to this one, which is of the type " + typ
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
		typ = simulator.TypeModule
	}
	return filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		d, err := p.library.Open(path, "", typ)
		if err == nil && d.Flow.Hash != p.session.Main.Flow.Hash {
			p.session.Instance.Add(d)
		}
		return err
	})
}

// Do runs one statement of the language of scenarios.
func (p *Play) Do(text string) error { return p.session.Do(text) }

// Say is a message of the customer.
func (p *Play) Say(text string) error { return p.session.Say(text) }

// Begin starts the chat, unless it has begun.
func (p *Play) Begin() error { return p.session.Begin() }

var errNothingDue = errors.New("nothing is due any more")

// Wait lets time pass until something happens by itself.
func (p *Play) Wait() error {
	if p.Chat().Due().IsZero() {
		return errNothingDue
	}
	return p.Do("advance to the next timer")
}

// improvise answers for functions and bots without a stub.
func (p *Play) improvise(e *machine.Effect) (simulator.Reply, bool) {
	switch e.Kind {
	case machine.EffectProcess:
		return simulator.Reply{Answer: []byte(`{"status":"APPROVED"}`), After: p.pace}, true
	case machine.EffectInvoke:
		return simulator.Reply{Answer: []byte("{}"), After: p.pace}, true
	}
	c := p.Chat()
	run := c.Run("")
	if e.Kind != machine.EffectAsk || run == nil {
		return simulator.Reply{}, false
	}
	var intents []string
	if d := p.session.Instance.DocumentByID(run.Flow); d != nil {
		intents = operands(d, run.Wait.Action)
	}
	intents = append(intents, "FallbackIntent")
	at := waiting{run.Flow, run.Wait.Action, len(run.Stack)}
	intent := intents[p.asked[at]%len(intents)]
	p.asked[at]++
	return simulator.ReplyOf(simulator.EndsWith(intent, "Fulfilled")), true
}

// operands returns what the conditions of an action compare with, each once.
func operands(d *simulator.Document, action string) []string {
	a := d.Action(action)
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
