package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley.example/parley/client"
	"parley.example/parley/internal/cli/asking"
	"parley.example/parley/internal/cli/terminal"
	"parley.example/parley/internal/view"
)

// viewWait is how long a view is waited for.
const viewWait = 15 * time.Second

// dialogue is what the lines of a terminal do: they are messages, or answer the
// view that the newest message shows. Only the newest can be answered: a view that
// something follows is over, as in Amazon's chat widget.
type dialogue struct {
	*client.Session
	ui *terminal.Terminal

	of   *terminal.Offer // the view that is known of, if any
	ask  *asking.Asking  // while it is asked; nil when it was left, answered or cannot be shown
	done bool            // it was answered here
}

// follow goes on to what the newest message shows.
func (d *dialogue) follow(ctx context.Context) {
	now := d.ui.Shows()
	if now == d.of {
		return
	}
	if d.ask != nil {
		d.ui.Print("-- the view is over, as something followed it")
	}
	d.of, d.ask, d.done = now, nil, false
	if now != nil {
		d.open(ctx)
	}
}

// open fetches the view and begins to ask it.
func (d *dialogue) open(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, viewWait)
	defer cancel()
	shown, err := d.View(limited, d.of.Token)
	var v *view.View
	switch {
	case err == nil && (shown == nil || shown.Content == nil):
		err = errors.New("it has no content")
	case err == nil:
		v, err = view.Read(aws.ToString(shown.Content.Template), d.of.Data)
	}
	if err != nil {
		d.ui.Print("-- the view cannot be shown: " + reason(err).Error() + " (/form tries again)")
		return
	}
	d.ask = asking.New(v)
	d.question()
}

// question prints what comes next of the view, with a mark at each line: its words
// are a flow's, and may look like a message of somebody.
func (d *dialogue) question() {
	for _, text := range d.ask.Next() {
		for line := range strings.SplitSeq(text, "\n") {
			d.ui.Print("| " + line)
		}
	}
}

// help lists what can be typed.
func (d *dialogue) help() {
	d.ui.Print("/end ends the chat, /leave or /quit leaves it open; what begins with no slash is sent as a message, and so is /end of //end")
	switch {
	case d.ask != nil:
		d.ui.Print("A view is asked: " + asking.Help)
	case d.of != nil && !d.done:
		d.ui.Print("/form asks the view again")
	}
}

// answer takes a line that is about a view, and reports whether it was.
func (d *dialogue) answer(ctx context.Context, line string) bool {
	switch {
	case d.ask != nil && d.ui.Shows() != d.of:
		if line != "" {
			d.ui.NotSent("not sent, as the view is over: " + line)
		}
		return true // follow says the rest
	case d.ask == nil && line == "/form" && d.of != nil && !d.done:
		d.open(ctx)
		return true
	case d.ask == nil:
		return false
	case line == "/skip":
		d.ask = nil
		d.ui.Print("-- left: what you type now answers the view without an action; /form asks it again")
		return true
	}
	if err := d.ask.Take(line); err != nil {
		d.ui.Print("-- " + err.Error())
	}
	if d.ask.Action == nil {
		d.question()
		return true
	}
	d.ui.Choose(d.ask.Said())
	_, err := d.Respond(ctx, d.ask.Action.Name, d.ask.View.Answer(d.ask.Action, d.ask.Values))
	if err == nil || d.ui.Choose("") == "" { // it came back as an item, though its own answer was lost: it may have ended the chat
		d.ask, d.done = nil, true
		return true
	}
	d.failed(ctx, err, d.ask.Said())
	d.ask.Action = nil
	if ctx.Err() == nil {
		d.question()
	}
	return true
}

// send sends a line as a message. While a view is the newest message it answers
// that, without an action: the flow would wait on if it were a message.
func (d *dialogue) send(ctx context.Context, line string) {
	d.ui.Expect(line, 1)
	var err error
	if d.ui.Shows() != nil && !d.done {
		_, err = d.Respond(ctx, terminal.NoAction, map[string]any{"content": line})
	} else {
		_, err = d.Send(ctx, line)
	}
	if err != nil {
		d.ui.Expect(line, -1)
		d.failed(ctx, err, line)
	}
}

// failed says that something was not sent.
func (d *dialogue) failed(ctx context.Context, err error, what string) {
	if ctx.Err() != nil {
		d.ui.NotSent("possibly not sent: " + what)
	} else {
		d.ui.NotSent("not sent: " + reason(err).Error())
	}
}
