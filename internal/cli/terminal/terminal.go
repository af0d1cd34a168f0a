// Package terminal is where a person, or a script by a pipe, reads and writes a chat: lines come from it, and items are shown on it
// as lines. Start reading at [New] and [Terminal.Read].
package terminal

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"

	"parley.example/parley/api/participant"
	"parley.example/parley/client"
	"parley.example/parley/internal/center"
)

// typingEvery is how often the other side is notified of typing.
const typingEvery = 10 * time.Second

// Terminal shows a chat: with a prompt and a history of lines when it is a real one,
// plain lines otherwise. The exported fields are set before the first line is read.
type Terminal struct {
	Interactive bool                        // somebody sits there
	Out         io.Writer                   // what is written here does not disturb the line that is being typed
	Line        func() (string, error)      // reads the next line
	Typed       func()                      // called while a message is written, at most every 10 s; nil for never
	Again       func() bool                 // called at Ctrl-C and Ctrl-D: whether to go on reading; nil for never
	Prompt      func(text string)           // changes what stands in front of the line; nil without one
	Role        participant.ParticipantRole // of whoever writes here
	Changed     chan struct{}               // told when what Shows returns has become another

	restore func() // nil without anything to restore

	mu      sync.Mutex     // guards what follows
	mine    map[string]int // messages written here, which will arrive as items
	unsent  bool           // something was not sent
	newest  *Offer         // the newest message, if it shows a view
	current bool           // what was there before has been shown
	chosen  string         // how the answer that is on its way reads
}

// Offer is a message that shows a view.
type Offer struct {
	Token string // for DescribeView
	Data  json.RawMessage
}

// become notes which view the newest message shows, if any.
func (t *Terminal) become(it *client.Item) {
	var now *Offer
	if content, ok := shownView(it); ok {
		now = &Offer{content.ViewToken, content.ViewData}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now == nil && t.newest == nil {
		return
	}
	t.newest = now
	if t.current {
		t.tell()
	}
}

// CaughtUp notes that what is shown from now on happens: the newest message of those before is asked about, if it shows a view.
func (t *Terminal) CaughtUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current = true; t.newest != nil {
		t.tell()
	}
}

// tell has the dialogue follow. The terminal is locked.
func (t *Terminal) tell() {
	select {
	case t.Changed <- struct{}{}:
	default: // it is told already
	}
}

// Shows returns the newest message, if it shows a view.
func (t *Terminal) Shows() *Offer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.newest
}

// Choose notes how the answer reads that is about to be sent, and returns that of
// one before whose item has not arrived.
func (t *Terminal) Choose(said string) (before string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, t.chosen = t.chosen, said
	return before
}

// spoken is what is shown of a message: of an answer that was made here, what was chosen.
func (t *Terminal) spoken(it *client.Item) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.chosen != "" && deref(it.ContentType) == client.InteractiveResponse && it.ParticipantRole == participant.ParticipantRoleCUSTOMER {
		defer func() { t.chosen = "" }()
		return t.chosen
	}
	return spoken(it)
}

// Read sends the lines to the channel until the input ends, then closes it.
func (t *Terminal) Read(ctx context.Context, lines chan<- string) {
	defer close(lines)
	for {
		line, err := t.Line()
		if errors.Is(err, bufio.ErrTooLong) {
			t.NotSent("not sent: a line of the input is longer than 64 kB; it and everything after it is skipped")
		}
		if err != nil && t.Interactive && t.Again != nil && t.Again() {
			continue
		}
		if err != nil {
			return
		}
		if !t.Interactive {
			select {
			case lines <- line:
			case <-ctx.Done():
				return
			}
			continue
		}
		select {
		case lines <- line:
		default:
			t.NotSent("not sent: too many lines are waiting to be sent")
		}
	}
}

// NoCommand says of a line that begins with a slash that it is no command.
func NoCommand(line string) error {
	name, _, _ := strings.Cut(line, " ")
	return fmt.Errorf("there is no command %s; /help lists them. // in front sends a text that begins with a slash", name)
}

// ReportUnsent reports the lines that will not be sent any more.
func (t *Terminal) ReportUnsent(lines <-chan string) {
	for {
		select {
		case line, more := <-lines:
			if !more {
				return
			}
			if strings.TrimSpace(line) != "" {
				t.NotSent("not sent: " + line)
			}
		default:
			return
		}
	}
}

// NotSent prints why something was not sent, or not done.
func (t *Terminal) NotSent(why string) {
	t.mu.Lock()
	t.unsent = true
	t.mu.Unlock()
	t.Print(why)
}

// Failed reports whether some lines from a pipe were not sent.
func (t *Terminal) Failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unsent && !t.Interactive
}

// Expect notes that a text is on the screen already, as it was typed, so that
// its item is not shown again. With pipes there is no echo, so items are shown.
func (t *Terminal) Expect(text string, times int) {
	if !t.Interactive {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mine[text] += times; t.mine[text] <= 0 {
		delete(t.mine, text)
	}
}

// Expected reports whether an item is a message that was typed here, once for each.
func (t *Terminal) Expected(it *client.Item) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := spoken(it)
	if it.ParticipantRole != t.Role || t.mine[text] == 0 {
		return false
	}
	if t.mine[text]--; t.mine[text] == 0 {
		delete(t.mine, text)
	}
	return true
}

// Of returns a customer's terminal that writes plain lines to out and reads them by line.
func Of(out io.Writer, line func() (string, error)) *Terminal {
	return &Terminal{Out: out, Line: line, mine: map[string]int{}, Role: participant.ParticipantRoleCUSTOMER, Changed: make(chan struct{}, 1)}
}

// New returns the terminal of a customer. It is Interactive if in is a real one, which is put into raw mode until Close.
func New(input io.Reader, out io.Writer) *Terminal {
	in, isFile := input.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		lines := bufio.NewScanner(input)
		return Of(out, func() (string, error) {
			if !lines.Scan() {
				return "", cmp.Or(lines.Err(), io.EOF)
			}
			return lines.Text(), nil
		})
	}
	e := &editor{in: in, out: out, prompt: "> "}
	t := Of(e, e.line)
	t.Interactive, t.Prompt = true, e.setPrompt
	e.key = func(line string, key rune) {
		if t.Typed != nil && !strings.HasPrefix(line+string(key), "/") && time.Since(e.reported) > typingEvery {
			e.reported = time.Now()
			t.Typed()
		}
	}
	e.begin(nil)
	if old, err := term.MakeRaw(int(in.Fd())); err == nil {
		t.restore = func() {
			fmt.Fprint(out, "\r\x1b[K")         // the prompt
			_ = term.Restore(int(in.Fd()), old) // nothing is left to do if the terminal is gone
		}
	}
	return t
}

// Close restores the terminal; nothing may be printed to t after it.
func (t *Terminal) Close() {
	if t.restore != nil {
		t.restore()
	}
}

// Print prints a line or more.
func (t *Terminal) Print(text string) {
	fmt.Fprintf(t.Out, "%s\n", Plain(text)) // a terminal that is gone ends the reading too
}

// Plain replaces control characters, which would steer the terminal instead of
// being shown: the text comes from others.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// State prints what has become of the connection.
func (t *Terminal) State(s client.State) {
	switch s {
	case client.Connected:
		t.Print("-- connected")
	case client.Reconnecting:
		t.Print("-- connection lost, reconnecting")
	}
}

// Item shows an item, unless it is on the screen already.
func (t *Terminal) Item(it *client.Item) {
	if it.Type == participant.ChatItemTypeMESSAGE || it.Type == participant.ChatItemTypeATTACHMENT || it.Event() == client.EventEnded {
		defer t.become(it) // it is on the screen before it is asked
	}
	if text := t.Shown(it); text != "" {
		t.Print(text)
	}
}

// Shown returns what is to be shown of an item: nothing of what is on the screen already.
func (t *Terminal) Shown(it *client.Item) string {
	if it.Type == participant.ChatItemTypeMESSAGE && t.Expected(it) && it.Withheld() == "" {
		return ""
	}
	return lineOf(it, t.spoken)
}

// LineOf is what a terminal shows of an item, with its author; "" for receipts and the like.
func LineOf(it *client.Item) string { return lineOf(it, spoken) }

// lineOf is LineOf; said is what is shown of a message.
func lineOf(it *client.Item, said func(*client.Item) string) string {
	name := it.Name()
	if name == center.DisplayNameSystemMessage {
		name = "Flow"
	}
	by := name
	if by != "" {
		by += ": "
	}
	switch {
	case it.Type == participant.ChatItemTypeATTACHMENT && len(it.Attachments) > 0:
		return by + "[file " + deref(it.Attachments[0].AttachmentName) + "]"
	case it.Withheld() != "":
		return "-- not delivered (" + strings.ToLower(string(it.Withheld())) + "): " + it.Text()
	case it.Type == participant.ChatItemTypeMESSAGE:
		return by + said(it)
	case it.Type == participant.ChatItemTypeEVENT:
		if what := happenings[it.Event()]; what != "" {
			return "-- " + strings.Replace(what, "NAME", name, 1)
		}
	}
	return ""
}

// happenings are the events that are shown.
var happenings = map[string]string{
	client.EventTyping: "NAME is typing", client.EventJoined: "NAME joined", client.EventLeft: "NAME left",
	client.EventIdle: "NAME is idle", client.EventReturned: "NAME is back", client.EventEnded: "the chat has ended",
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
