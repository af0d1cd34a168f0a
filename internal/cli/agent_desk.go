package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/participant"
	"parley.example/parley/client"
)

// desk is what an agent's terminal shows: the chats in hand side by side, one of them in view. Events and commands come from
// two goroutines.
type desk struct {
	ctx   context.Context
	ui    *terminal
	a     *client.Agent
	ready chan struct{} // closed when a is there

	mu      sync.Mutex // guards what follows
	chats   []*deskChat
	view    *deskChat // nil when there is none
	listed  []agent.WaitingContact
	prompt  string
	changed chan struct{} // closed, and another made, whenever something happens
}

// deskChat is a chat in hand.
type deskChat struct {
	number  int    // as long as it is in hand
	id      string // of the first contact of the chat
	contact *agent.AgentContact
	unread  int
	held    []string        // lines that came while it was not in view
	typed   time.Time       // when the customer was last typing
	before  map[string]bool // ids of items that were shown from the transcript
	heard   int             // messages of others since the acceptance
	waited  int             // for how many of them there was a /wait
}

// Bounds of what is shown.
const (
	maxHeld   = 200             // lines of a chat that is not in view; the oldest give way
	maxBefore = 30              // items of the transcript from before the agent came
	typingFor = 5 * time.Second // after a typing event
)

func newDesk(ctx context.Context, ui *terminal) *desk {
	return &desk{ctx: ctx, ui: ui, ready: make(chan struct{}), changed: make(chan struct{})}
}

// begin lets events be shown.
func (d *desk) begin(a *client.Agent) {
	d.a = a
	user := a.User()
	d.ui.print("", fmt.Sprintf("-- signed in as %s (%s); /help lists what can be done", user.UserName, user.DisplayName))
	close(d.ready)
}

// event shows an event.
func (d *desk) event(e *client.AgentEvent) {
	select {
	case <-d.ready:
	case <-d.ctx.Done():
		return
	}
	var past []*client.Item
	var unread error
	if e.Kind == client.ContactAccepted && e.Contact.State == agent.AgentContactStateCONNECTED {
		past, unread = d.a.Transcript(d.ctx, e.Contact.ContactId)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch c := d.of(e.Contact); e.Kind {
	case client.ContactOffered:
		d.say(c, "-- rings: "+d.described(c))
		d.bell()
	case client.ContactAccepted:
		if d.view == nil || !connected(d.view) || !d.ui.interactive {
			d.look(c)
		}
		d.say(c, "-- accepted: "+customerOf(c.contact))
		d.remember(c, past, unread)
	case client.ContactMissed:
		d.say(c, "-- missed: nothing else is offered before you /clear it")
	case client.ContactRejected:
		d.say(c, "-- rejected, or the customer has left: nothing else is offered before you /clear it")
	case client.ContactFailed:
		d.say(c, "-- failed: nothing else is offered before you /clear it")
	case client.ContactEnded:
		text := "-- ended for you: /clear it when you are done"
		if left, ok := d.a.Remaining(c.contact); ok {
			text += fmt.Sprintf(", within %v", left.Round(time.Second))
		}
		d.say(c, text)
	case client.ContactCleared:
		d.say(c, "-- cleared: "+customerOf(c.contact))
		d.forget(c)
	case client.ItemReceived:
		d.item(c, e.Item)
	case client.StatusChanged:
		d.ui.print("", "-- you are "+e.Snapshot.Status.Name)
	case client.NextStatusSet:
		d.ui.print("", "-- you will be "+e.Snapshot.NextStatus.Name+" when nothing is in hand any more")
	case client.NextStatusCleared:
	case client.SettingsChanged:
		d.ui.print("", "-- an administrator has set you up otherwise")
	case client.BroadcastReceived:
		d.ui.print("", "-- broadcast: "+e.Text)
	case client.StreamLost:
		d.ui.print("", "-- connection lost, reconnecting")
	case client.StreamRestored:
		d.ui.print("", "-- connected")
	}
	d.redraw()
	close(d.changed)
	d.changed = make(chan struct{})
}

// of returns the chat of a contact, with what it is now; nil for no contact. The caller holds mu, as for all below.
func (d *desk) of(c *agent.AgentContact) *deskChat {
	if c == nil {
		return nil
	}
	i := slices.IndexFunc(d.chats, func(k *deskChat) bool { return k.id == c.InitialContactId })
	if i >= 0 {
		d.chats[i].contact = c
		return d.chats[i]
	}
	k := &deskChat{number: 1, id: c.InitialContactId, contact: c}
	for slices.ContainsFunc(d.chats, func(o *deskChat) bool { return o.number == k.number }) {
		k.number++
	}
	d.chats = append(d.chats, k)
	slices.SortFunc(d.chats, func(a, b *deskChat) int { return a.number - b.number })
	if d.view == nil {
		d.view = k
	}
	return k
}

// forget takes a chat off the desk. Another comes into view.
func (d *desk) forget(c *deskChat) {
	d.chats = slices.DeleteFunc(d.chats, func(k *deskChat) bool { return k == c })
	if d.view != c {
		return
	}
	d.view = nil
	if len(d.chats) > 0 {
		d.look(d.chats[0])
	}
}

// look brings a chat into view, with the lines that came meanwhile.
func (d *desk) look(c *deskChat) {
	d.view, c.unread = c, 0
	for _, line := range c.held {
		d.ui.print("", line)
	}
	c.held = nil
}

// say prints a line of a chat, whether it is in view or not.
func (d *desk) say(c *deskChat, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		d.ui.print("", fmt.Sprintf("[%d] %s", c.number, line))
	}
}

// item shows an item of a chat: at once when it is in view, or when lines go to a pipe.
func (d *desk) item(c *deskChat, it *client.Item) {
	if c == nil {
		return // it has been cleared since
	}
	if id := it.ID(); id != "" && c.before[id] {
		delete(c.before, id)
		d.ui.expected(it)
		return
	}
	text := d.ui.shown(it)
	if text == "" {
		return
	}
	if it.Event() == client.EventTyping && d.ui.prompt != nil {
		c.typed = time.Now() // the prompt says so
		return
	}
	c.typed = time.Time{}
	other := it.ParticipantId == nil || *it.ParticipantId != c.contact.ParticipantId
	if other && it.Type != participant.ChatItemTypeEVENT {
		c.heard++
	}
	if c == d.view || !d.ui.interactive {
		d.say(c, text)
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		c.held = append(c.held[max(0, len(c.held)+1-maxHeld):], fmt.Sprintf("[%d] %s", c.number, line))
	}
	if c.unread++; c.unread == 1 {
		d.bell()
	}
}

// remember shows what was said before the agent came.
func (d *desk) remember(c *deskChat, past []*client.Item, err error) {
	if err != nil {
		d.say(c, "-- what was said before cannot be read: "+reason(err).Error())
		return
	}
	c.before = make(map[string]bool, len(past))
	if more := len(past) - maxBefore; more > 0 {
		d.say(c, fmt.Sprintf("-- %s before this: /transcript shows them", count(int64(more), "item")))
	}
	for i, it := range past {
		c.before[it.ID()] = true
		if text := d.ui.shown(it); text != "" && i >= len(past)-maxBefore {
			d.say(c, text)
		}
	}
}

// described is who rings, from where and until when.
func (d *desk) described(c *deskChat) string {
	k := c.contact
	text := customerOf(k)
	if k.Queue != nil && k.Queue.Name != nil {
		text += " from " + *k.Queue.Name
	}
	if left, ok := d.a.Remaining(k); ok {
		text += fmt.Sprintf(", %v to /accept or /reject", left.Round(time.Second))
	}
	for _, name := range slices.Sorted(maps.Keys(k.Attributes)) {
		text += fmt.Sprintf("\n     %s = %s", name, k.Attributes[name])
	}
	return text
}

// customerOf is the name of a contact's customer.
func customerOf(c *agent.AgentContact) string {
	for _, p := range c.Participants {
		if p.Role == agent.ParticipantRoleCUSTOMER && p.DisplayName != nil && *p.DisplayName != "" {
			return *p.DisplayName
		}
	}
	return "a customer"
}

func connected(c *deskChat) bool { return c.contact.State == agent.AgentContactStateCONNECTED }

func rings(c *deskChat) bool { return c.contact.State == agent.AgentContactStateCONNECTING }

// bell rings the terminal's.
func (d *desk) bell() {
	if d.ui.interactive {
		fmt.Fprint(d.ui.out, "\a") // a terminal that is gone ends the reading too
	}
}

// redraw has the prompt say what there is, when that has changed.
func (d *desk) redraw() {
	if d.ui.prompt == nil {
		return
	}
	if text := d.summary(); text != d.prompt {
		d.prompt = text
		d.ui.prompt(text)
	}
}

// summary is the prompt: the status, each chat with its marks, who is typing.
func (d *desk) summary() string {
	text := d.a.Snapshot().Status.Name
	if next := d.a.Snapshot().NextStatus; next != nil {
		text += ", next " + next.Name
	}
	typing := ""
	for _, c := range d.chats {
		mark := fmt.Sprintf("%d %s", c.number, customerOf(c.contact))
		if left, ok := d.a.Remaining(c.contact); ok {
			mark += fmt.Sprintf(" %s %ds", stateWords[c.contact.State], int(left.Seconds()))
		} else if !connected(c) {
			mark += " " + stateWords[c.contact.State]
		}
		if c.unread > 0 {
			mark += fmt.Sprintf(" (%d)", c.unread)
		}
		if c == d.view {
			mark = "[" + mark + "]"
		}
		text += " | " + mark
		if time.Since(c.typed) < typingFor {
			typing += " " + customerOf(c.contact) + " is typing"
		}
	}
	return plain(text + typing + "> ")
}

// stateWords are the states of contacts in the prompt.
var stateWords = map[agent.AgentContactState]string{
	agent.AgentContactStateCONNECTING: "rings", agent.AgentContactStateCONNECTED: "", agent.AgentContactStateENDED: "ended",
	agent.AgentContactStateMISSED: "missed", agent.AgentContactStateREJECTED: "rejected", agent.AgentContactStateERROR: "failed",
}

// tick keeps count-downs going.
func (d *desk) tick(ctx context.Context) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		d.mu.Lock()
		d.redraw()
		d.mu.Unlock()
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
	}
}

// open is how many chats are in hand.
func (d *desk) open() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.chats)
}

// typing tells the customer in view that the agent is typing.
func (d *desk) typing() {
	d.mu.Lock()
	c := d.view
	on := c != nil && connected(c)
	d.mu.Unlock()
	if on {
		_ = d.a.Typing(d.ctx, c.id) // losing it does no harm
	}
}

// await waits until something is so, which is asked behind each event. The caller does not hold mu. It reports whether it came
// to be before the agent left.
func (d *desk) await(ctx context.Context, so func() bool) bool {
	for {
		d.mu.Lock()
		is, changed := so(), d.changed
		d.mu.Unlock()
		if is {
			return true
		}
		select {
		case <-changed:
		case <-d.a.Done():
			return false
		case <-ctx.Done():
			return false
		}
	}
}
