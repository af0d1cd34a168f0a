package cli

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

// terminal shows a chat: with a prompt and a history of lines when it is one,
// plain lines otherwise.
type terminal struct {
	interactive bool
	out         io.Writer
	line        func() (string, error)
	restore     func()
	typed       func()                      // called while a message is written, at most every 10 s; set before the first line
	again       func() bool                 // called at Ctrl-C and Ctrl-D: whether to go on reading; nil for never
	prompt      func(text string)           // changes what stands in front of the line; nil without one
	role        participant.ParticipantRole // of whoever writes here

	mu      sync.Mutex     // guards what follows
	mine    map[string]int // messages written here, which will arrive as items
	unsent  bool           // something was not sent
	newest  *offer         // the newest message, if it shows a view
	current bool           // what was there before has been shown
	chosen  string         // how the answer that is on its way reads

	changed chan struct{} // told when newest has become another
}

// offer is a message that shows a view.
type offer struct {
	token string // for DescribeView
	data  json.RawMessage
}

// become notes which view the newest message shows, if any.
func (t *terminal) become(it *client.Item) {
	var now *offer
	if content, ok := shownView(it); ok {
		now = &offer{content.ViewToken, content.ViewData}
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

// caughtUp notes that what is shown from now on happens: the newest message of those before is asked about, if it shows a view.
func (t *terminal) caughtUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current = true; t.newest != nil {
		t.tell()
	}
}

// tell has the dialogue follow. The terminal is locked.
func (t *terminal) tell() {
	select {
	case t.changed <- struct{}{}:
	default: // it is told already
	}
}

// shows returns the newest message, if it shows a view.
func (t *terminal) shows() *offer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.newest
}

// choose notes how the answer reads that is about to be sent, and returns that of
// one before whose item has not arrived.
func (t *terminal) choose(said string) (before string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, t.chosen = t.chosen, said
	return before
}

// spoken is what is shown of a message: of an answer that was made here, what was chosen.
func (t *terminal) spoken(it *client.Item) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.chosen != "" && deref(it.ContentType) == client.InteractiveResponse && it.ParticipantRole == participant.ParticipantRoleCUSTOMER {
		defer func() { t.chosen = "" }()
		return t.chosen
	}
	return spoken(it)
}

// read sends the lines to the channel until the input ends, then closes it.
func (t *terminal) read(ctx context.Context, lines chan<- string) {
	defer close(lines)
	for {
		line, err := t.line()
		if errors.Is(err, bufio.ErrTooLong) {
			t.notSent("not sent: a line of the input is longer than 64 kB; it and everything after it is skipped")
		}
		if err != nil && t.interactive && t.again != nil && t.again() {
			continue
		}
		if err != nil {
			return
		}
		if !t.interactive {
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
			t.notSent("not sent: too many lines are waiting to be sent")
		}
	}
}

// reportUnsent reports the lines that will not be sent any more.
func (t *terminal) reportUnsent(lines <-chan string) {
	for {
		select {
		case line, more := <-lines:
			if !more {
				return
			}
			if strings.TrimSpace(line) != "" {
				t.notSent("not sent: " + line)
			}
		default:
			return
		}
	}
}

func (t *terminal) notSent(why string) {
	t.mu.Lock()
	t.unsent = true
	t.mu.Unlock()
	t.print("", why)
}

// failed reports whether some lines from a pipe were not sent.
func (t *terminal) failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unsent && !t.interactive
}

// expect notes that a text is on the screen already, as it was typed, so that
// its item is not shown again. With pipes there is no echo, so items are shown.
func (t *terminal) expect(text string, times int) {
	if !t.interactive {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mine[text] += times; t.mine[text] <= 0 {
		delete(t.mine, text)
	}
}

// expected reports whether an item is a message that was typed here, once for each.
func (t *terminal) expected(it *client.Item) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := spoken(it)
	if it.ParticipantRole != t.role || t.mine[text] == 0 {
		return false
	}
	if t.mine[text]--; t.mine[text] == 0 {
		delete(t.mine, text)
	}
	return true
}

// newTerminal returns the terminal of a customer.
func newTerminal(std streams) *terminal {
	t := &terminal{out: std.out, restore: func() {}, mine: map[string]int{}, role: participant.ParticipantRoleCUSTOMER, changed: make(chan struct{}, 1)}
	in, isFile := std.in.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		lines := bufio.NewScanner(std.in)
		t.line = func() (string, error) {
			if !lines.Scan() {
				return "", cmp.Or(lines.Err(), io.EOF)
			}
			return lines.Text(), nil
		}
		return t
	}
	old, err := term.MakeRaw(int(in.Fd()))
	if err == nil {
		t.restore = func() {
			fmt.Fprint(std.out, "\r\x1b[K")     // the prompt
			_ = term.Restore(int(in.Fd()), old) // nothing is left to do if the terminal is gone
		}
	}
	tty := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, std.out}, "> ")
	var reported time.Time
	t.prompt = func(text string) {
		tty.SetPrompt(text)
		_, _ = tty.Write(nil) // draws the line anew
	}
	tty.AutoCompleteCallback = func(line string, _ int, key rune) (string, int, bool) {
		if t.typed != nil && !strings.HasPrefix(line+string(key), "/") && time.Since(reported) > typingEvery {
			reported = time.Now()
			t.typed()
		}
		return "", 0, false
	}
	t.interactive, t.out = true, tty
	t.line = func() (string, error) {
		if width, height, err := term.GetSize(int(in.Fd())); err == nil && width > 0 {
			_ = tty.SetSize(width, height) // else lines break as on a terminal of 80 columns
		}
		return tty.ReadLine()
	}
	return t
}

// close restores the terminal; nothing may be printed to t after it.
func (t *terminal) close() { t.restore() }

func (t *terminal) print(who, text string) {
	if who != "" {
		who += ": "
	}
	fmt.Fprintf(t.out, "%s\n", plain(who+text)) // a terminal that is gone ends the reading too
}

// plain replaces control characters, which would steer the terminal instead of
// being shown: the text comes from others.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

func (t *terminal) state(s client.State) {
	switch s {
	case client.Connected:
		t.print("", "-- connected")
	case client.Reconnecting:
		t.print("", "-- connection lost, reconnecting")
	}
}

// item shows an item, unless it is on the screen already.
func (t *terminal) item(it *client.Item) {
	if it.Type == participant.ChatItemTypeMESSAGE || it.Type == participant.ChatItemTypeATTACHMENT || it.Event() == client.EventEnded {
		defer t.become(it) // it is on the screen before it is asked
	}
	if text := t.shown(it); text != "" {
		t.print("", text)
	}
}

// shown returns what is to be shown of an item: nothing of what is on the screen already.
func (t *terminal) shown(it *client.Item) string {
	if it.Type == participant.ChatItemTypeMESSAGE && t.expected(it) && it.Withheld() == "" {
		return ""
	}
	return lineOf(it, t.spoken)
}

// lineOf is what a terminal shows of an item, with its author; "" for receipts and the like. said is what it shows of a message.
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
