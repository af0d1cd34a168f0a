package terminal

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// editor edits lines on a real terminal. What is written to it appears above the line.
type editor struct {
	in       *os.File
	out      io.Writer
	key      func(line string, key rune) // called for what is typed into a line
	reported time.Time                   // of key alone

	mu     sync.Mutex // guards what follows
	tty    *term.Terminal
	prompt string
}

// begin begins with an empty line, and the history of an earlier editor, if any. The caller holds mu, or is alone.
func (e *editor) begin(earlier term.History) {
	e.tty = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{e.in, e.out}, e.prompt)
	if earlier != nil {
		e.tty.History = earlier
	}
	e.tty.AutoCompleteCallback = func(line string, _ int, key rune) (string, int, bool) {
		e.key(line, key)
		return "", 0, false
	}
}

// line reads a line. Ctrl-C, and Ctrl-D on an empty line, are io.EOF: the line is given up then, as in a shell, and another may be
// read. Only one goroutine reads.
func (e *editor) line() (string, error) {
	e.mu.Lock()
	tty := e.tty
	e.mu.Unlock()
	if width, height, err := term.GetSize(int(e.in.Fd())); err == nil && width > 0 {
		_ = tty.SetSize(width, height) // else lines break as on a terminal of 80 columns
	}
	text, err := tty.ReadLine()
	if errors.Is(err, io.EOF) {
		e.mu.Lock()
		defer e.mu.Unlock()
		_, _ = io.WriteString(e.out, "\r\n") // a terminal that is gone ends the reading too
		e.begin(tty.History)                 // this one would find the same key again and again
	}
	return text, err
}

// Write writes lines above the one that is edited.
func (e *editor) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tty.Write(p)
}

// setPrompt changes what stands in front of the line.
func (e *editor) setPrompt(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.prompt = text
	e.tty.SetPrompt(text)
	_, _ = e.tty.Write(nil) // draws the line anew
}
