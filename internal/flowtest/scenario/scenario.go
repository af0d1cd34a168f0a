package scenario

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"parley.example/parley/internal/flowtest/simulator"
	"parley.example/parley/internal/flowtest/wording"
)

// File is a file of scenarios.
type File struct {
	Path      string
	Scenarios []*Scenario

	setup []statement // what comes before the first scenario, for each of them
}

// Scenario is one story that a flow is held to.
type Scenario struct {
	Name string
	Line int

	statements []statement
}

// statement is one line of a scenario.
type statement struct {
	line int
	text string // as it is written, for messages
	do   action
}

// action is what a statement does. Its error says what was expected and what came instead.
type action func(*Session) error

// Bounds of a scenario file.
const (
	maxFile       = 4 << 20 // bytes
	maxStatements = 100000
	maxErrors     = 20 // reported of one file
)

// Load reads a scenario file. Errors name the path and the line; there may be
// several, joined.
func Load(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxFile>>20)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, string(text))
}

// Parse reads scenarios from a text. path is where flows are looked for, and named in errors.
func Parse(path, text string) (*File, error) {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return nil, fmt.Errorf("%s is JSON, perhaps a flow, not a scenario: a scenario file names its flow, as in: flow %s", path, filepath.Base(path))
	}
	f := &File{Path: path}
	s := &scanner{text: text}
	var errs []error
	for n := 0; s.next(); n++ {
		line, from := s.line(), s.at
		if n >= maxStatements {
			return nil, fmt.Errorf("%s has more than %d statements", path, maxStatements)
		}
		if s.accept("scenario") {
			f.Scenarios = append(f.Scenarios, &Scenario{Name: scenarioName(s), Line: line})
			continue
		}
		st := statement{line: line, do: s.statement()}
		if s.err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", path, line, s.err))
			s.err = nil
			if s.skip(); len(errs) == maxErrors {
				break
			}
			continue
		}
		st.text = strings.TrimSpace(s.text[from:s.at])
		if len(f.Scenarios) == 0 {
			f.setup = append(f.setup, st)
		} else {
			last := f.Scenarios[len(f.Scenarios)-1]
			last.statements = append(last.statements, st)
		}
	}
	if len(errs) == 0 && len(f.Scenarios) == 0 {
		errs = append(errs, fmt.Errorf("%s holds no scenario; begin one with: scenario NAME", path))
	}
	return f, errors.Join(errs...)
}

// scenarioName reads what follows the word "scenario": the rest of the line.
func scenarioName(s *scanner) string {
	name := strings.Trim(s.rest(), `"`)
	s.skip()
	if name == "" {
		return "without a name"
	}
	return name
}

// verbs are the first words of statements, with what reads the rest.
var verbs = map[string]func(*scanner) action{
	"flow": readFlow, "module": readModule, "queue": readQueue, "hours": readHours, "view": readView, "no": readNo,
	"strict": readStrict, "assistant": readAssistant, "clock": readClock, "lambda": readLambda, "bot": readBot, "initial": readInitial,
	"types": readTypes, "duration": readDuration, "chance": readChance,
	"attribute": readAttribute, "start": readStart, "customer": readCustomer, "agent": readAgent, "earlier": readEarlier,
	"participant": readParticipant, "advance": readAdvance, "restart": readRestart, "stop": readStop,
	"expect": readExpect,
}

// statement reads one statement.
func (s *scanner) statement() action {
	word := s.peek()
	read := verbs[word]
	if read == nil {
		s.fail("there is no statement %q", wording.Clip(word, 40))
		return nil
	}
	s.at += len(word)
	do := read(s)
	s.end()
	return do
}

// Failure is the statement at which a scenario failed, and why.
type Failure struct {
	Line      int
	Statement string
	Reason    string
}

// Run runs a scenario of the file. The failure is nil when it passed; the chat
// stands where the scenario ended.
func (f *File) Run(l *simulator.Library, sc *Scenario) (*simulator.Chat, *Failure) {
	session := NewSession(l, filepath.Dir(f.Path))
	for _, list := range [][]statement{f.setup, sc.statements} {
		for _, st := range list {
			if err := session.run(st.do); err != nil {
				return session.Chat, &Failure{Line: st.line, Statement: st.text, Reason: err.Error()}
			}
		}
	}
	if !session.begun {
		return session.Chat, &Failure{Line: sc.Line, Statement: "scenario " + sc.Name, Reason: "it does nothing: no statement begins the chat"}
	}
	return session.Chat, nil
}
