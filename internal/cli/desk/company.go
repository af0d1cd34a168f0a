package desk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/client"
)

// lists are what was shown last, from which one is chosen by its number.
type lists struct {
	quick  []agent.QuickConnectSummary
	active []agent.ActiveContact
	said   []agent.QuickResponseResult
}

// company is what is done at a desk with others.
type company struct{ *Desk }

// with makes a command of the desk's.
func with(do func(company, context.Context, string) error) func(*Desk, context.Context, string) error {
	return func(d *Desk, ctx context.Context, arg string) error { return do(company{d}, ctx, arg) }
}

// companyCommands are what is done with others, and what is often said.
func companyCommands() []deskCommand {
	return []deskCommand{
		{"/transfer", "[NAME]", "hand the chat in view to an agent, a queue or a flow; without a name, list where to", with(company.transfer)},
		{"/invite", "[NAME]", "have the chat in view ring at another agent, who talks beside you; /end hands it over", with(company.invite)},
		{"/cancel", "", "take back an invitation that rings, or a transfer under way", with(company.cancel)},
		{"/monitor", "[N]", "read along in chat N of a list, seen by nobody; without a number, list the chats", with(company.monitor)},
		{"/barge", "", "take part in the chat that you monitor", with(company.barge)},
		{"/silent", "", "be silent again in the chat that you have barged in on", with(company.silent)},
		{"/quick", "[WORDS]", "list what is often said, with these words; /quick N sends one of the list", with(company.quick)},
	}
}

// outcomes are what becomes of a transfer.
var outcomes = map[string]string{
	client.EventTransferSucceeded: "-- handed over", client.EventTransferFailed: "-- the transfer has failed: the chat is still yours",
}

// supervised is the agent's part in a chat that he monitors, nil for one that he has accepted.
func supervised(c *agent.AgentContact) *agent.Monitoring {
	if len(c.Connections) == 0 {
		return nil
	}
	return c.Connections[0].Monitoring
}

// watches reports whether a chat is read along in silence.
func watches(c *deskChat) bool {
	m := supervised(c.contact)
	return m != nil && m.MonitorMode == agent.MonitorCapabilitySILENT_MONITOR
}

// watched says whom the agent monitors.
func watched(c *agent.AgentContact) string {
	text := customerOf(c)
	if m := supervised(c); m != nil && m.AgentName != nil {
		text += " with " + *m.AgentName
	}
	return text
}

// gather takes the first of what is yielded.
func gather[T any](all iter.Seq2[T, error]) (list []T, err error) {
	for it, err := range all {
		if err != nil {
			return nil, err
		}
		if list = append(list, it); len(list) == maxListed {
			break
		}
	}
	return list, nil
}

// numbered finds one of a list by its number.
func numbered[T any](list []T, arg, command string) (one T, err error) {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 || n > len(list) {
		return one, fmt.Errorf("there is no %s in the list of %s, which has %d", arg, command, len(list))
	}
	return list[n-1], nil
}

// talk finds the chat in view, which has to be connected.
func (d company) talk() (*deskChat, error) {
	return d.viewed("", connected, "this is for one that is connected")
}

// destination finds a quick connect by its number in the list that was shown last, by its name, or by how that begins; without a name it
// shows the list, and returns nil.
func (d company) destination(ctx context.Context, c *deskChat, arg, command string, fits func(*agent.QuickConnectSummary) bool) (*agent.QuickConnectSummary, error) {
	d.mu.Lock()
	listed := d.shown.quick
	d.mu.Unlock()
	if _, err := strconv.Atoi(arg); err == nil && len(listed) > 0 {
		one, err := numbered(listed, arg, command)
		return &one, err
	}
	all, err := gather(d.a.QuickConnects(ctx, c.id))
	if err != nil {
		return nil, err
	}
	var some []agent.QuickConnectSummary
	for _, q := range all {
		switch name := strings.ToLower(q.Name); {
		case !fits(&q):
		case name == strings.ToLower(arg):
			return &q, nil
		case strings.HasPrefix(name, strings.ToLower(arg)):
			some = append(some, q)
		}
	}
	switch {
	case arg != "" && len(some) == 1:
		return &some[0], nil
	case arg != "" && len(some) == 0:
		return nil, fmt.Errorf("there is no quick connect %q; %s lists them", arg, command)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shown.quick = some; len(some) == 0 {
		d.ui.Print("-- the queue of this chat offers no quick connect for that")
	}
	for i := range some {
		d.ui.Print(fmt.Sprintf("-- %d: %s", i+1, offer(&some[i])))
	}
	return nil, nil
}

// offer is a quick connect in words, with who is there.
func offer(q *agent.QuickConnectSummary) string {
	switch {
	case q.Agent != nil && q.DisplayName != nil:
		text := fmt.Sprintf("%s, the agent %s, %s", q.Name, *q.DisplayName, q.Agent.StatusName)
		if q.Agent.StatusType == agent.AgentStatusTypeROUTABLE && !q.Agent.Available {
			text += ", busy"
		}
		return text
	case q.Load != nil:
		return fmt.Sprintf("%s, a queue with %s who can take a chat, %d waiting", q.Name, count(int(q.Load.Staffed), "agent"), q.Load.Waiting)
	}
	return q.Name + ", where a flow leads"
}

func (d company) transfer(ctx context.Context, arg string) error {
	c, err := d.talk()
	if err != nil {
		return err
	}
	q, err := d.destination(ctx, c, arg, "/transfer", func(*agent.QuickConnectSummary) bool { return true })
	if q == nil || err != nil {
		return err
	}
	d.mu.Lock()
	d.say(c, "-- transferring: "+q.Name+"; until that is reached you go on, and may /cancel")
	d.mu.Unlock()
	id, err := d.a.Transfer(ctx, c.id, q.Id)
	d.mu.Lock()
	defer d.mu.Unlock()
	c.asked = id
	return err
}

func (d company) invite(ctx context.Context, arg string) error {
	c, err := d.talk()
	if err != nil {
		return err
	}
	q, err := d.destination(ctx, c, arg, "/invite", func(q *agent.QuickConnectSummary) bool { return q.QuickConnectType == agent.QuickConnectTypeUSER })
	if q == nil || err != nil {
		return err
	}
	id, err := d.a.Invite(ctx, c.id, q.Id)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c.asked = id
	d.say(c, "-- invited: "+q.Name)
	return nil
}

func (d company) cancel(ctx context.Context, _ string) error {
	c, err := d.talk()
	if err != nil {
		return err
	}
	d.mu.Lock()
	id := c.asked // the snapshot that shows it may be on its way
	for _, k := range c.contact.Connections {
		switch {
		case k.ConnectionType == agent.ConnectionTypeOUTBOUND && k.State == agent.ConnectionStateCONNECTING:
			id = k.ConnectionId
		case k.ConnectionId == id: // the invitation was accepted
			id = ""
		}
	}
	c.asked = ""
	d.mu.Unlock()
	if id == "" {
		return errors.New("nobody is invited, and nothing is being transferred")
	}
	return d.a.Remove(ctx, c.id, id)
}

func (d company) monitor(ctx context.Context, arg string) error {
	if arg == "" {
		active, err := gather(d.a.Active(ctx))
		if err != nil {
			return err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.shown.active = active; len(active) == 0 {
			d.ui.Print("-- no agent is in a chat")
		}
		for i, k := range active {
			d.ui.Print(fmt.Sprintf("-- %d: %s", i+1, underWay(&k)))
		}
		return nil
	}
	d.mu.Lock()
	one, err := numbered(d.shown.active, arg, "/monitor")
	d.mu.Unlock()
	if err != nil {
		return err
	}
	_, err = d.a.Monitor(ctx, one.InitialContactId)
	if err != nil {
		return err
	}
	d.await(ctx, func() bool { return d.has(one.InitialContactId) })
	return nil
}

// has reports whether a chat is in hand.
func (d company) has(chat string) bool {
	for _, c := range d.chats {
		if c.id == chat {
			return true
		}
	}
	return false
}

// underWay is a chat that may be monitored, in words.
func underWay(k *agent.ActiveContact) string {
	text := "a customer"
	if k.CustomerName != nil {
		text = *k.CustomerName
	}
	for i, a := range k.Agents {
		text += []string{" with ", " and "}[min(i, 1)] + a.DisplayName
	}
	text += fmt.Sprintf(", for %v", max(0, time.Since(k.Connected)).Round(time.Second))
	if k.Monitored {
		text += ", monitored by you"
	}
	return text
}

func (d company) barge(ctx context.Context, _ string) error {
	return d.supervise(ctx, d.a.Barge, false)
}

func (d company) silent(ctx context.Context, _ string) error {
	return d.supervise(ctx, d.a.Silence, true)
}

// supervise changes how the chat in view is monitored.
func (d company) supervise(ctx context.Context, mode func(context.Context, string) error, silent bool) error {
	c, err := d.viewed("", func(c *deskChat) bool { return supervised(c.contact) != nil }, "you do not monitor it")
	if errors.Is(err, errNothing) {
		return errors.New("you monitor no chat; /monitor lists those there are")
	}
	if err != nil {
		return err
	}
	if err := mode(ctx, c.id); err != nil {
		return err
	}
	d.await(ctx, func() bool { return watches(c) == silent || !d.has(c.id) })
	return nil
}

func (d company) quick(ctx context.Context, arg string) error {
	d.mu.Lock()
	c, listed := d.view, d.shown.said
	d.mu.Unlock()
	if _, err := strconv.Atoi(arg); err == nil && len(listed) > 0 {
		one, err := numbered(listed, arg, "/quick")
		if err != nil {
			return err
		}
		return d.utter(ctx, &one)
	}
	contact := ""
	if c != nil {
		contact = c.id
	}
	found, err := gather(d.a.QuickResponses(ctx, contact, arg))
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shown.said = found; len(found) == 0 {
		d.ui.Print("-- no quick response has these words")
	}
	for i := range found {
		r := &found[i]
		name := r.Name
		if r.ShortcutKey != nil {
			name += " (" + *r.ShortcutKey + ")"
		}
		d.ui.Print(fmt.Sprintf("-- %d: %s: %s", i+1, name, wording(r).Content))
	}
	return nil
}

// wording is what a quick response says.
func wording(r *agent.QuickResponseResult) client.Message {
	if r.Contents.Markdown != nil {
		return client.Message{ContentType: client.Markdown, Content: *r.Contents.Markdown}
	}
	m := client.Message{ContentType: client.PlainText}
	if r.Contents.PlainText != nil {
		m.Content = *r.Contents.PlainText
	}
	return m
}

// utter sends a quick response to the chat in view, for which it was filled in.
func (d company) utter(ctx context.Context, r *agent.QuickResponseResult) error {
	if missing := r.AttributesNotInterpolated; len(missing) > 0 {
		return fmt.Errorf("not sent: {{%s}} has no value in this chat", strings.Join(missing, "}}, {{"))
	}
	c, err := d.talk()
	if err != nil {
		return err
	}
	if _, err := d.a.SendMessage(ctx, c.id, wording(r)); err != nil {
		return fmt.Errorf("not sent: %w", d.ui.Reason(err))
	}
	return nil
}
