package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley.example/parley/internal/cli/terminal"
	"parley.example/parley/internal/flowtest"
	"parley.example/parley/internal/flowtest/report"
	"parley.example/parley/internal/flowtest/scenario"
	"parley.example/parley/internal/flowtest/simulator"
)

// flowRun is the verb flow run.
type flowRun struct {
	File              string            `arg:"" help:"The flow."`
	Type              string            `help:"Type of the flow, such as CUSTOMER_QUEUE. Default: the type in the document." placeholder:"TYPE"`
	Flow              []string          `help:"Another flow that this one transfers to, or a directory of flows and modules; may be repeated." placeholder:"PATH"`
	Module            []string          `help:"A flow module that this flow invokes, if the document does not say that it is a module; may be repeated." placeholder:"PATH"`
	Say               []string          `help:"What the customer says when the flow waits for input, one after another, or a statement beginning with /; may be repeated." sep:"none" placeholder:"TEXT"`
	Auto              bool              `help:"Play the customer automatically: answer, choose and wait until the chat ends."`
	Lambda            map[string]string `help:"What a function answers: JSON, a JSON file, \"fails\" or \"times out\". Default: {}; an approval from a message processor." mapsep:"none" placeholder:"NAME=ANSWER"`
	Bot               map[string]string `help:"What a bot answers: an intent to end with, or JSON or a JSON file in the format of RecognizeText. Default: the intents that the flow handles, in turn." mapsep:"none" placeholder:"NAME=ANSWER"`
	AssistantSessions bool              `help:"Let CreateWisdomSession succeed with a made-up session, as parley serve does with the same flag."`
	Attr              map[string]string `help:"Contact attribute; may be repeated." mapsep:"none" placeholder:"KEY=VALUE"`
	Name              string            `help:"The customer's name (${default})." default:"Ana" placeholder:"NAME"`
	With              []string          `help:"A scenario statement to start with, such as \"queue Sales full\"; may be repeated." sep:"none" placeholder:"STATEMENT"`
	Quiet             bool              `short:"q" help:"Show only messages, not each step."`
}

// Help is shown below the arguments.
func (flowRun) Help() string {
	return `Examples:
  parley flow run main.json                        be the customer
  parley flow run main.json --flow flows           with the flows that it transfers to
  parley flow run main.json --say Hello --say 1    what happens to a customer who says that
  parley flow run main.json --with "queue Sales available 2" --say '/agent Bo joins'
  parley flow run main.json --auto --lambda prices=prices.json
  echo "Hello" | parley flow run main.json

Time is virtual: it stands still while you type. An empty line advances it until
something happens. A line that begins with / is a scenario statement: /advance
5m, /agent Bo joins, /customer chooses Next {}, /queue Sales full. /help lists
them, /end ends the chat.`
}

// Run runs the flow until the chat has ended.
func (c *flowRun) Run(ctx context.Context, std streams) error {
	p, err := c.prepare()
	if err != nil {
		return usage{err}
	}
	if len(c.Say) > 0 || c.Auto {
		show := &shown{play: p, printer: report.Printer{W: std.out, Colour: isTerminal(std.out), Quiet: c.Quiet}}
		err := p.Auto(flowtest.Customer{Lines: c.Say, Once: !c.Auto}, func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return show.more()
		})
		return errors.Join(show.more(), err)
	}
	ui := terminal.New(std.in, std.out)
	defer ui.Close()
	show := &shown{play: p, printer: report.Printer{W: ui.Out, Colour: isTerminal(std.out), Quiet: c.Quiet}}
	return c.converse(ui, show)
}

// prepare sets up the chat.
func (c *flowRun) prepare() (*flowtest.Play, error) {
	typ, err := typeNamed(c.Type)
	if err != nil {
		return nil, err
	}
	p, err := flowtest.NewPlay(&simulator.Library{}, c.File, typ)
	if err != nil {
		return nil, err
	}
	statements := []string{"customer is " + quote(c.Name)}
	if c.AssistantSessions {
		statements = append(statements, "assistant sessions")
	}
	for _, path := range c.Flow {
		if err := p.Add(path, false); err != nil {
			return nil, err
		}
	}
	for _, path := range c.Module {
		if err := p.Add(path, true); err != nil {
			return nil, err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.Attr)) {
		statements = append(statements, "attribute "+quote(key)+" = "+quote(c.Attr[key]))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Lambda)) {
		answer, err := stub(c.Lambda[name], "returns ")
		if err != nil {
			return nil, fmt.Errorf("--lambda %s: %w", name, err)
		}
		statements = append(statements, "lambda "+quote(name)+" "+answer)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Bot)) {
		answer, err := stub(c.Bot[name], "answers ")
		if err != nil { // not a file: an intent
			answer = "ends with " + quote(c.Bot[name])
		}
		statements = append(statements, "bot "+quote(name)+" "+answer)
	}
	for _, line := range c.Say {
		if statement, ok := strings.CutPrefix(line, "/"); ok {
			if err := scenario.Check(statement); err != nil {
				return nil, fmt.Errorf("--say %s: %w", line, err)
			}
		}
	}
	for _, statement := range append(statements, c.With...) {
		if err := p.Do(statement); err != nil {
			return nil, fmt.Errorf("%s: %w", statement, err)
		}
	}
	return p, nil
}

// stub returns the statement for a stub: it fails, times out, or answers with
// JSON from the flag or from a file.
func stub(value, verb string) (string, error) {
	switch {
	case value == "fails", value == "times out":
		return value, nil
	case strings.HasPrefix(value, "{"):
		return verb + value, nil
	}
	text, err := os.ReadFile(filepath.Clean(value))
	if err != nil {
		return "", fmt.Errorf("%q is neither a JSON object nor a readable file: %w", value, err)
	}
	return verb + strings.TrimSpace(string(text)), nil
}

// quote quotes a text as scenarios do.
func quote(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s)
	return `"` + s + `"`
}

// shown prints a chat as it goes on.
type shown struct {
	play    *flowtest.Play
	printer report.Printer
	printed int
}

// more shows what has happened since.
func (s *shown) more() error {
	if stage := s.play.Stage(); stage != "" && s.printed == 0 {
		if _, err := fmt.Fprintf(s.printer.W, "-- %s\n", stage); err != nil {
			return err
		}
	}
	story := s.play.Chat().Story()
	for ; s.printed < len(story); s.printed++ {
		if err := s.printer.Print(story[s.printed]); err != nil {
			return err
		}
	}
	return nil
}

// converse takes lines from the customer until the chat or the input has ended.
func (c *flowRun) converse(ui *terminal.Terminal, show *shown) error {
	if ui.Interactive {
		ui.Print("-- type as the customer; an empty line lets time pass, /help lists commands, /end ends the chat")
	}
	p := show.play
	err := p.Begin()
	for {
		if err := show.more(); err != nil {
			return err
		}
		if err != nil && !ui.Interactive {
			return err
		}
		if err != nil {
			ui.Print("-- " + err.Error())
			err = nil
		}
		if _, ended := p.Chat().Ended(); ended {
			return nil
		}
		line, failed := ui.Line()
		if errors.Is(failed, io.EOF) && !ui.Interactive {
			return errors.Join(c.silence(p), show.more())
		}
		if failed != nil {
			return nil
		}
		switch line = strings.TrimSpace(line); {
		case line == "":
			err = p.Wait()
		case line == "/help":
			ui.Print("-- " + statements)
		case line == "/end":
			err = p.Do("customer leaves")
		case strings.HasPrefix(line, "/"):
			err = p.Do(line[1:])
		default:
			err = p.Say(line)
		}
	}
}

// silence continues after the end of the input: time passes until the chat ends,
// or until nothing happens for a long time.
func (c *flowRun) silence(p *flowtest.Play) error {
	return p.Auto(flowtest.Customer{Mute: true}, func() error { return nil })
}

// statements are those that are useful during a chat.
const statements = `/advance 5m    /advance to the next timer    /customer chooses ACTION {…}    /customer signs in    /customer leaves
   /agent NAME joins | says "…" | leaves    /participant NAME joins | says "…" | leaves
   /lambda NAME returns {…} | fails | times out    /bot NAME says "…" | ends with INTENT | fails
   /queue NAME full | available N    /hours NAME closed    /attribute KEY = VALUE    /restart    /stop    /expect …`
