package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/client"
	"parley.example/parley/internal/cli/terminal"
)

// deskCommand is something that an agent can do by a line that begins with a slash.
type deskCommand struct {
	name, argument, help string
	run                  func(d *Desk, ctx context.Context, arg string) error
}

// deskCommands are the commands, in the order in which help has them.
func deskCommands() []deskCommand {
	all := []deskCommand{
		{"/accept", "[N]", "accept what rings, or chat N; from a pipe, wait until something rings", (*Desk).accept},
		{"/reject", "[N]", "refuse it: it is offered to others", (*Desk).reject},
		{"/1 /2 …", "", "bring another chat into view", nil},
		{"/next", "", "clear the chat in view if it is over, and go to the next that has something new", (*Desk).next},
		{"/end", "[N]", "leave the chat in view, or chat N: it ends with its last agent", (*Desk).end},
		{"/clear", "[N]", "be done with a chat that has ended, was missed or rejected", (*Desk).clear},
		{"/chats", "", "list the chats in hand", (*Desk).list},
		{"/info", "[N]", "show a chat's queue, attributes and participants", (*Desk).info},
		{"/transcript", "", "show all that was said in the chat in view", (*Desk).transcript},
		{"/status", "[NAME]", "choose a status, such as Lunch; without a name, list them", (*Desk).status},
		{"/waiting", "", "list the chats that may be picked", (*Desk).waiting},
		{"/pick", "N", "have chat N of that list ring here; an id will do as well", (*Desk).pick},
		{"/why", "N", "say why chat N of that list has no agent yet; an id will do as well", (*Desk).why},
	}
	all = append(all, companyCommands()...)
	return append(all, []deskCommand{
		{"/wait", "", "wait for a message that no /wait has waited for, or the end: for lines from a pipe", (*Desk).wait},
		{"/help", "", "show this", (*Desk).help},
		{"/quit", "", "sign out and leave", nil},
	}...)
}

// CommandHelp lists the commands, each on a line.
func CommandHelp(indent string) string {
	all := deskCommands()
	lines := make([]string, len(all))
	for i, c := range all {
		lines[i] = fmt.Sprintf("%s%-15s %s", indent, strings.TrimSpace(c.name+" "+c.argument), c.help)
	}
	return strings.Join(lines, "\n")
}

// Obey does what the lines say, one after the other, until /quit or until there are no more: then what is connected is ended,
// after the other side has had time to answer. It begins when what was in hand before has been shown.
func (d *Desk) Obey(ctx context.Context, lines <-chan string) {
	d.Begun(ctx)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				if !d.ui.Interactive() {
					d.wrapUp(ctx)
				}
				return
			}
			line = strings.TrimSpace(line)
			if line == "/quit" {
				return
			}
			if err := d.do(ctx, line); err != nil {
				d.ui.Failed(err)
			}
		case <-ctx.Done():
			d.ui.Skip(lines)
			return
		}
	}
}

// do does what one line says.
func (d *Desk) do(ctx context.Context, line string) error {
	if line == "" {
		return nil
	}
	name, arg, _ := strings.Cut(line, " ")
	arg = strings.TrimSpace(arg)
	switch {
	case strings.HasPrefix(line, "//"):
		return d.send(ctx, line[1:])
	case !strings.HasPrefix(line, "/"):
		return d.send(ctx, line)
	}
	if n, err := strconv.Atoi(name[1:]); err == nil {
		c, err := d.chat(strconv.Itoa(n), func(*deskChat) bool { return true })
		if err != nil {
			return err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.look(c)
		d.redraw()
		return nil
	}
	for _, c := range deskCommands() {
		if c.name == name && c.run != nil {
			return c.run(d, ctx, arg)
		}
	}
	return terminal.NoCommand(line)
}

// chat finds the chat of a number, or without one the chat in view, or else the first that fits.
func (d *Desk) chat(arg string, fits func(*deskChat) bool) (*deskChat, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if arg != "" {
		i := slices.IndexFunc(d.chats, func(c *deskChat) bool { return strconv.Itoa(c.number) == arg })
		if i < 0 {
			return nil, fmt.Errorf("there is no chat %s in hand; /chats lists them", arg)
		}
		return d.chats[i], nil
	}
	if d.view != nil && fits(d.view) {
		return d.view, nil
	}
	if i := slices.IndexFunc(d.chats, fits); i >= 0 {
		return d.chats[i], nil
	}
	return nil, errNothing
}

// viewed is chat for what is done to the chat in view: no other takes its place.
func (d *Desk) viewed(arg string, fits func(*deskChat) bool, instead string) (*deskChat, error) {
	d.mu.Lock()
	c := d.view
	there := c != nil && slices.Contains(d.chats, c)
	refused := arg == "" && there && !fits(c)
	d.mu.Unlock()
	if refused {
		return nil, fmt.Errorf("chat %d %s; %s", c.number, statement(c), instead)
	}
	return d.chat(arg, fits)
}

var errNothing = errors.New("there is no such chat in hand; /chats lists them")

func (d *Desk) send(ctx context.Context, text string) error {
	d.mu.Lock()
	c := d.view
	d.mu.Unlock()
	if c == nil {
		return errors.New("not sent: no chat is in hand. When one rings, /accept it")
	}
	d.mu.Lock()
	there, silent, now := connected(c), watches(c), statement(c)
	instead := "/next clears it and goes on"
	if rings(c) {
		instead = "/accept it first"
	}
	d.mu.Unlock()
	if !there {
		return fmt.Errorf("not sent: chat %d %s; %s", c.number, now, instead)
	}
	if silent {
		return fmt.Errorf("not sent: you monitor chat %d in silence; /barge first", c.number)
	}
	d.ui.Expect(text, 1)
	if _, err := d.a.Send(ctx, c.id, text); err != nil {
		d.ui.Expect(text, -1)
		if ctx.Err() != nil {
			return fmt.Errorf("possibly not sent: %s", text)
		}
		return fmt.Errorf("not sent: %w", d.ui.Reason(err))
	}
	return nil
}

func (d *Desk) accept(ctx context.Context, arg string) error {
	if !d.ui.Interactive() && arg == "" {
		d.await(ctx, func() bool { return slices.ContainsFunc(d.chats, rings) })
	}
	c, err := d.chat(arg, rings)
	if errors.Is(err, errNothing) {
		return errors.New("nothing rings")
	}
	if err != nil {
		return err
	}
	if err := d.a.Accept(ctx, c.id); err != nil {
		return err
	}
	d.await(ctx, func() bool { return !rings(c) || !slices.Contains(d.chats, c) })
	d.mu.Lock()
	defer d.mu.Unlock()
	d.look(c)
	d.redraw()
	return nil
}

func (d *Desk) reject(ctx context.Context, arg string) error {
	c, err := d.chat(arg, rings)
	if errors.Is(err, errNothing) {
		return errors.New("nothing rings")
	}
	if err != nil {
		return err
	}
	if err := d.a.Reject(ctx, c.id); err != nil {
		return err
	}
	d.await(ctx, func() bool { return !rings(c) || !slices.Contains(d.chats, c) })
	return nil
}

func (d *Desk) end(ctx context.Context, arg string) error {
	c, err := d.viewed(arg, connected, "/end N ends another")
	if err != nil {
		return err
	}
	if err := d.a.Leave(ctx, c.id); err != nil {
		return err
	}
	d.await(ctx, func() bool { return !connected(c) || !slices.Contains(d.chats, c) })
	return nil
}

// over reports whether a chat waits to be cleared.
func over(c *deskChat) bool { return !connected(c) && !rings(c) }

func (d *Desk) clear(ctx context.Context, arg string) error {
	c, err := d.viewed(arg, over, "/clear N clears another")
	if errors.Is(err, errNothing) {
		return errors.New("there is nothing to clear: /end a chat first")
	}
	if err != nil {
		return err
	}
	if err := d.a.Clear(ctx, c.id); err != nil {
		return err
	}
	d.await(ctx, func() bool { return !slices.Contains(d.chats, c) })
	return nil
}

func (d *Desk) next(ctx context.Context, _ string) error {
	d.mu.Lock()
	c := d.view
	done := c != nil && over(c)
	d.mu.Unlock()
	if done {
		if err := d.clear(ctx, strconv.Itoa(c.number)); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, fits := range []func(*deskChat) bool{func(c *deskChat) bool { return c.unread > 0 }, rings, over} {
		i := slices.IndexFunc(d.chats, fits)
		if i < 0 {
			continue
		}
		c := d.chats[i]
		d.look(c)
		if !connected(c) {
			d.say(c, "-- "+customerOf(c.contact)+" "+statement(c))
		}
		d.redraw()
		return nil
	}
	d.ui.Print("-- there is nothing new")
	return nil
}

func (d *Desk) list(context.Context, string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.chats) == 0 {
		d.ui.Print("-- no chat is in hand")
	}
	for _, c := range d.chats {
		text := fmt.Sprintf("-- %s %s", watched(c.contact), statement(c))
		if left, ok := d.a.Remaining(c.contact); ok {
			text += fmt.Sprintf(", %v left", left.Round(time.Second))
		}
		if c.unread > 0 {
			text += fmt.Sprintf(", %d unread", c.unread)
		}
		if c == d.view {
			text += ", in view"
		}
		d.say(c, text)
	}
	return nil
}

func (d *Desk) info(_ context.Context, arg string) error {
	c, err := d.chat(arg, func(*deskChat) bool { return true })
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.say(c, "-- contact "+c.contact.ContactId)
	d.say(c, "-- "+d.described(c))
	for i := range c.contact.Connections {
		d.say(c, "-- "+present(c, &c.contact.Connections[i]))
	}
	return nil
}

func (d *Desk) transcript(ctx context.Context, arg string) error {
	taken := func(c *deskChat) bool { return c.contact.Accepted != nil }
	c, err := d.viewed(arg, taken, "only who accepts it reads it")
	if err != nil {
		return err
	}
	items, err := d.a.Transcript(ctx, c.id)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, it := range items {
		if text := d.ui.Line(it); text != "" {
			d.say(c, text)
		}
	}
	return nil
}

func (d *Desk) status(ctx context.Context, arg string) error {
	if arg != "" {
		d.mu.Lock()
		before := d.own
		d.own = arg
		d.mu.Unlock()
		_, err := d.a.SetStatus(ctx, arg)
		if err != nil {
			d.mu.Lock()
			d.own = before
			d.mu.Unlock()
		}
		return err
	}
	settings, err := d.a.Settings(ctx)
	if err != nil {
		return err
	}
	for _, s := range settings.Statuses {
		d.ui.Print(fmt.Sprintf("-- %s (%s)", s.Name, strings.ToLower(string(s.Type))))
	}
	return nil
}

// maxListed bounds what /waiting shows.
const maxListed = 50

func (d *Desk) waiting(ctx context.Context, _ string) error {
	var listed []agent.WaitingContact
	for w, err := range d.a.Waiting(ctx) {
		if err != nil {
			return err
		}
		if listed = append(listed, w); len(listed) == maxListed {
			break
		}
	}
	settings, err := d.a.Settings(ctx) // from which the server's time is known too
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listed = listed; len(listed) == 0 {
		d.ui.Print("-- nobody waits" + whence(settings))
	}
	for i, w := range listed {
		name, queue := "a customer", ""
		if w.CustomerName != nil {
			name = *w.CustomerName
		}
		if w.Queue.Name != nil {
			queue = " in " + *w.Queue.Name
		}
		text := fmt.Sprintf("-- %d: %s%s, for %v", i+1, name, queue, max(0, d.a.ServerTime().Sub(w.Enqueued)).Round(time.Second))
		if w.RingsAt != nil {
			text += ", rings with somebody"
		}
		d.ui.Print(text)
	}
	if len(listed) == maxListed {
		d.ui.Print(fmt.Sprintf("-- these are the %d that have waited longest", maxListed))
	}
	return nil
}

// whence says from which queues an agent may pick.
func whence(settings *agent.AgentConfiguration) string {
	var names []string
	if settings.RoutingProfile != nil {
		for _, q := range settings.RoutingProfile.Queues {
			if q.Manual && q.Channel == agent.ChannelCHAT && q.Queue.Name != nil {
				names = append(names, *q.Queue.Name)
			}
		}
	}
	if len(names) == 0 {
		return ": your routing profile has no queue from which chats may be picked"
	}
	return " in " + strings.Join(names, ", ")
}

// waits finds a contact by its number in what /waiting has shown, or takes its id.
func (d *Desk) waits(arg string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := strconv.Atoi(arg)
	switch {
	case arg == "":
		return "", errors.New("which one? A number of the list of /waiting, or a contact's id")
	case err != nil:
		return arg, nil
	case n < 1 || n > len(d.listed):
		return "", fmt.Errorf("there is no %d in the list of /waiting, which has %d", n, len(d.listed))
	}
	return d.listed[n-1].ContactId, nil
}

func (d *Desk) pick(ctx context.Context, arg string) error {
	contact, err := d.waits(arg)
	if err != nil {
		return err
	}
	return d.a.Pick(ctx, contact)
}

func (d *Desk) why(ctx context.Context, arg string) error {
	contact, err := d.waits(arg)
	if err != nil {
		return err
	}
	out, err := d.a.Explain(ctx, contact)
	if err != nil {
		return err
	}
	for _, r := range out.Reasons {
		d.ui.Print("-- " + r.Text)
	}
	if out.More > 0 {
		d.ui.Print(fmt.Sprintf("-- and %s more", count(int(out.More), "agent")))
	}
	return nil
}

func (d *Desk) wait(ctx context.Context, _ string) error {
	d.mu.Lock()
	c := d.view
	d.mu.Unlock()
	if c == nil {
		return errors.New("no chat is in view: /accept one first")
	}
	d.await(ctx, func() bool {
		if c.heard > c.waited {
			c.waited++
			return true
		}
		return over(c) || !slices.Contains(d.chats, c)
	})
	return nil
}

func (d *Desk) help(context.Context, string) error {
	for line := range strings.SplitSeq(CommandHelp(""), "\n") {
		d.ui.Print(line)
	}
	d.ui.Print("anything else is sent to the chat in view")
	return nil
}

// AnswerWait is how long a chat with piped input waits for answers before it ends.
const AnswerWait = time.Second

// wrapUp ends and clears what is in hand behind the last line of a pipe.
func (d *Desk) wrapUp(ctx context.Context) {
	if d.Left() != "" {
		select {
		case <-time.After(AnswerWait):
		case <-ctx.Done():
			return
		}
	}
	for {
		d.mu.Lock()
		i := slices.IndexFunc(d.chats, func(c *deskChat) bool { return !rings(c) })
		var c *deskChat
		if i >= 0 {
			c = d.chats[i]
		}
		on := c != nil && connected(c)
		d.mu.Unlock()
		if c == nil || ctx.Err() != nil {
			return
		}
		do := d.clear
		if on {
			do = d.end
		}
		if err := do(ctx, strconv.Itoa(c.number)); err != nil {
			if !errors.Is(err, client.ErrClosed) {
				d.ui.Failed(err)
			}
			return
		}
	}
}
