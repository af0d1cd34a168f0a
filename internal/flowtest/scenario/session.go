package scenario

import (
	"errors"
	"path/filepath"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flowtest/simulator"
)

// Session is a scenario under way: one chat, and what its statements have set up for it.
type Session struct {
	Chat     *simulator.Chat
	Instance *simulator.Instance
	Main     *simulator.Document // the flow under test; unless it is set, the first that a statement names

	library *simulator.Library
	folder  string // where flows are
	opening opening
	begun   bool

	// What has been expected already: the index in the story behind the last
	// message and behind the last event, and calls by their index.
	messages, events int
	calls            map[int]bool
}

// NewSession returns a session in an empty instance. Statements find files below folder.
func NewSession(l *simulator.Library, folder string) *Session {
	in := simulator.NewInstance()
	return &Session{Instance: in, Chat: simulator.NewChat(in, simulator.Begin), library: l, folder: folder, calls: map[int]bool{}}
}

// Do reads one statement and runs it.
func (s *Session) Do(text string) error {
	do, err := read(text)
	if err != nil {
		return err
	}
	return s.run(do)
}

// Check reports why a text cannot be read as a statement; nil if it can.
func Check(text string) error {
	_, err := read(text)
	return err
}

// read reads one statement.
func read(text string) (action, error) {
	sc := &scanner{text: text}
	if !sc.next() {
		return nil, errors.New("there is no statement")
	}
	do := sc.statement()
	if sc.err == nil && sc.next() {
		sc.fail("there is more than one statement")
	}
	return do, sc.err
}

// Say is a message of the customer.
func (s *Session) Say(text string) error { return s.run(say(center.PlainText, text)) }

// path resolves a file beside the scenario.
func (s *Session) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.folder, name)
}

// run runs a statement, and fails when it leads to a call for which there is no stub.
func (s *Session) run(do action) error {
	if err := do(s); err != nil {
		return err
	}
	return s.Chat.Unanswered()
}

// act begins the chat if need be; what is expected from now on is what comes
// of the statement that calls it.
func (s *Session) act() error {
	if err := s.Begin(); err != nil {
		return err
	}
	s.messages, s.events = len(s.Chat.Story()), len(s.Chat.Story())
	return nil
}

// opening is how the chat of a scenario will be started.
type opening struct {
	flow string // id of another flow than the one under test
	contact.Start
}

// allTypes are the content types of a customer whose client can show everything.
var allTypes = []string{center.PlainText, center.Markdown, center.JSON, center.Interactive, center.InteractiveResponse}

// Begin starts the chat, unless it has begun.
func (s *Session) Begin() error {
	switch {
	case s.begun && s.Chat.State() == nil:
		return errors.New("the chat has not begun: its start was refused")
	case s.begun:
		return nil
	}
	s.begun = true
	d := s.Main
	if s.opening.flow != "" {
		d = s.Instance.Document(s.opening.flow, false)
	}
	if d == nil {
		return errors.New("there is no flow to start; name its file with: flow FILE")
	}
	start := s.opening.Start
	if start.DisplayName == "" {
		start.DisplayName = "Ana"
	}
	if start.ContentTypes == nil {
		start.ContentTypes = allTypes
	}
	around, err := s.Instance.Stage(d)
	if err != nil {
		return err
	}
	start.Flow = string(around.ID)
	return s.Chat.Start(start)
}
