// Package desk is an agent's work on a screen of lines: what happens, as package client tells of it, and the commands with which
// it is answered ([CommandHelp]). It reads and writes nothing itself: see [Screen]. Start reading at [Desk.Event] and [Desk.Obey].
package desk

import (
	"cmp"
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
	agents "parley.example/parley/internal/agent"
)

// Screen is where a desk shows what happens.
type Screen interface {
	// Interactive reports whether somebody sits there: what is not in view is held back then, and there is a prompt.
	Interactive() bool
	Print(text string)  // one line or more
	Prompt(text string) // of an interactive one: what stands in front of the line that is being written
	Ring()              // of an interactive one

	// Expect notes that a text is on the screen already, as it was written, times times; Expected reports whether an item is one of
	// those, once for each.
	Expect(text string, times int)
	Expected(it *client.Item) bool
	Shown(it *client.Item) string // what is to be shown of an item, nothing of what is Expected
	Line(it *client.Item) string  // what is shown of an item

	Reason(err error) error   // the part of an error that matters to who sits there
	Failed(err error)         // shows what could not be done
	Skip(lines <-chan string) // shows the lines that will not be obeyed any more
}

// Desk is what an agent's terminal shows: the chats in hand side by side, one of them in view. Events and commands come from
// two goroutines.
type Desk struct {
	ctx   context.Context
	ui    Screen
	a     *client.Agent
	ready chan struct{} // closed when a is there

	mu       sync.Mutex           // guards what follows
	first    *agent.AgentSnapshot // what there was at the beginning; nil before the first event
	begun    bool                 // all that there was at the beginning has been shown
	own      string               // the status that was asked for here, by its name, id or ARN; "" when another has come since
	upcoming string               // the name of the next status that was shown; "" when there is none
	told     bool                 // the status has been shown
	chats    []*deskChat
	view     *deskChat // nil when there is none
	listed   []agent.WaitingContact
	shown    lists
	prompt   string
	changed  chan struct{} // closed, and another made, whenever something happens
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
	asked   string          // the connection that an /invite or a /transfer has made last; "" for none, and when it was taken back
}

// Bounds of what is shown.
const (
	maxHeld   = 200             // lines of a chat that is not in view; the oldest give way
	maxBefore = 30              // items of the transcript from before the agent came
	typingFor = 5 * time.Second // after a typing event
)

// New returns a desk that shows nothing before Begin. Events that come earlier wait for it, or for the end of ctx.
func New(ctx context.Context, ui Screen) *Desk {
	return &Desk{ctx: ctx, ui: ui, ready: make(chan struct{}), changed: make(chan struct{})}
}

// Begin lets events be shown. own is the status that was asked for already, by its name, id or ARN: then what it was before is not
// shown. It is "" for none.
func (d *Desk) Begin(a *client.Agent, own string) {
	d.a, d.own = a, own
	user := a.User()
	d.ui.Print(fmt.Sprintf("-- signed in as %s (%s); /help lists what can be done", user.UserName, user.DisplayName))
	close(d.ready)
}

// Begun waits until all that there was at the beginning has been shown, and reports whether it was before the agent left.
func (d *Desk) Begun(ctx context.Context) bool {
	return d.await(ctx, func() bool { return d.begun })
}

// Event shows an event.
func (d *Desk) Event(e *client.AgentEvent) {
	select {
	case <-d.ready:
	case <-d.ctx.Done():
		return
	}
	var past []*client.Item
	var unread error
	if (e.Kind == client.ContactAccepted || e.Kind == client.ContactMonitored) && e.Contact.State == agent.AgentContactStateCONNECTED {
		past, unread = d.a.Transcript(d.ctx, e.Contact.ContactId)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.first == nil {
		d.first = e.Snapshot
	}
	switch c := d.of(e.Contact); e.Kind {
	case client.ContactOffered:
		d.say(c, "-- rings: "+d.described(c))
		d.bell()
	case client.ContactAccepted:
		if d.view == nil || !connected(d.view) || !d.ui.Interactive() {
			d.look(c)
		}
		what := "-- accepted: "
		if e.Snapshot == d.first {
			what = "-- in hand since before: "
		}
		d.say(c, what+customerOf(c.contact))
		d.remember(c, past, unread)
	case client.ContactMonitored:
		if d.view == nil || !connected(d.view) || !d.ui.Interactive() {
			d.look(c)
		}
		d.say(c, "-- you monitor "+watched(c.contact)+": nobody sees you before you /barge in; /end leaves")
		d.remember(c, past, unread)
	case client.ContactMissed, client.ContactRejected, client.ContactFailed:
		d.say(c, "-- "+untaken(c.contact)+": nothing else is offered before you /clear it")
	case client.ContactEnded:
		text := "-- over for you: /clear it when you have done what is left to do"
		if left, ok := d.a.Remaining(c.contact); ok {
			text += fmt.Sprintf(", within %v", left.Round(time.Second))
		}
		d.say(c, text)
	case client.ContactCleared:
		if supervised(c.contact) != nil {
			d.say(c, "-- you do not monitor "+watched(c.contact)+" any more")
		} else {
			d.say(c, "-- cleared: "+customerOf(c.contact))
		}
		d.forget(c)
	case client.ItemReceived:
		d.item(c, e.Item)
	case client.StatusChanged, client.NextStatusSet, client.NextStatusCleared:
		d.shift(e)
		d.begun = true // the status is what a first snapshot ends with
	case client.SettingsChanged:
		d.ui.Print("-- an administrator has set you up otherwise")
	case client.BroadcastReceived:
		d.ui.Print("-- broadcast: " + e.Text)
	case client.StreamLost:
		d.ui.Print("-- connection lost, reconnecting")
	case client.StreamRestored:
		d.ui.Print("-- connected")
	}
	d.redraw()
	close(d.changed)
	d.changed = make(chan struct{})
}

// untaken says what has become of a contact that rang and was not accepted.
func untaken(c *agent.AgentContact) string {
	switch {
	case c.State == agent.AgentContactStateMISSED:
		return "missed"
	case c.State == agent.AgentContactStateERROR:
		return "failed"
	case c.ChatEnded:
		return "the customer has left"
	}
	return "rejected"
}

// of returns the chat of a contact, with what it is now; nil for no contact. The caller holds mu, as for all below.
func (d *Desk) of(c *agent.AgentContact) *deskChat {
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
func (d *Desk) forget(c *deskChat) {
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
func (d *Desk) look(c *deskChat) {
	d.view, c.unread = c, 0
	for _, line := range c.held {
		d.ui.Print(line)
	}
	c.held = nil
}

// say prints a line of a chat, whether it is in view or not.
func (d *Desk) say(c *deskChat, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		d.ui.Print(fmt.Sprintf("[%d] %s", c.number, line))
	}
}

// item shows an item of a chat: at once when it is in view, or when lines go to a pipe.
func (d *Desk) item(c *deskChat, it *client.Item) {
	if c == nil {
		return // it has been cleared since
	}
	if id := it.ID(); id != "" && c.before[id] {
		delete(c.before, id)
		d.ui.Expected(it)
		return
	}
	text := cmp.Or(d.ui.Shown(it), outcomes[it.Event()])
	if text == "" {
		return
	}
	if it.Event() == client.EventTyping && d.ui.Interactive() {
		c.typed = time.Now() // the prompt says so
		return
	}
	c.typed = time.Time{}
	other := it.ParticipantId == nil || *it.ParticipantId != c.contact.ParticipantId
	if other && it.Type != participant.ChatItemTypeEVENT {
		c.heard++
	}
	if c == d.view || !d.ui.Interactive() {
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
func (d *Desk) remember(c *deskChat, past []*client.Item, err error) {
	if err != nil {
		d.say(c, "-- what was said before cannot be read: "+d.ui.Reason(err).Error())
		return
	}
	c.before = make(map[string]bool, len(past))
	if more := len(past) - maxBefore; more > 0 {
		d.say(c, fmt.Sprintf("-- %s before this: /transcript shows them", count(more, "item")))
	}
	for i, it := range past {
		c.before[it.ID()] = true
		if text := d.ui.Shown(it); text != "" && i >= len(past)-maxBefore {
			d.say(c, text)
		}
	}
}

// shift shows that the status has become another, or will. Where that was not asked for here it says who else may have.
func (d *Desk) shift(e *client.AgentEvent) {
	now, next := e.Snapshot.Status, e.Snapshot.NextStatus
	first := e.Snapshot == d.first
	if first && d.own != "" { // it is about to be another
		if e.Kind == client.NextStatusSet {
			d.upcoming = next.Name
		}
		return
	}
	switch e.Kind {
	case client.StatusChanged:
		text := "-- you are " + now.Name
		if !first && now.Name != d.upcoming && !is(now, d.own) {
			d.own = ""
			text += " now" + byOthers
			if now.Type == agent.AgentStatusTypeOFFLINE {
				text += ", or you were away for too long"
			}
		}
		d.told, d.upcoming = true, ""
		d.ui.Print(text)
	case client.NextStatusSet:
		text := "-- you will be " + next.Name + " when nothing is in hand any more"
		if !first && !is(next, d.own) {
			d.own = ""
			text += byOthers
		}
		d.upcoming = next.Name
		d.ui.Print(text)
	case client.NextStatusCleared:
		switch {
		case d.upcoming == "": // it has come
		case d.told:
			d.ui.Print("-- you stay " + now.Name)
		default:
			d.ui.Print("-- you are " + now.Name)
		}
		d.told, d.upcoming = true, ""
	}
}

// byOthers says who may have set a status that was not asked for here: the server does not tell.
const byOthers = ": a supervisor has set that, or another window of yours"

// is reports whether a status is the one that was asked for by its name, id or ARN.
func is(s *agent.CurrentStatus, ref string) bool {
	return ref != "" && (strings.EqualFold(s.Name, ref) || s.Id == ref || s.Arn == ref)
}

// described is who rings, from where and until when.
func (d *Desk) described(c *deskChat) string {
	k := c.contact
	var b strings.Builder
	b.WriteString(customerOf(k))
	if k.Queue != nil && k.Queue.Name != nil {
		b.WriteString(" from " + *k.Queue.Name)
	}
	if left, ok := d.a.Remaining(k); ok && rings(c) {
		fmt.Fprintf(&b, ", %v to /accept or /reject", left.Round(time.Second))
	}
	for _, name := range slices.Sorted(maps.Keys(k.Attributes)) {
		fmt.Fprintf(&b, "\n     %s = %s", name, k.Attributes[name])
	}
	return b.String()
}

// who says in words whose a connection is.
var who = map[agent.ConnectionType]string{
	agent.ConnectionTypeAGENT: "agent", agent.ConnectionTypeINBOUND: "customer", agent.ConnectionTypeOUTBOUND: "agent",
	agent.ConnectionTypeMONITORING: "supervisor", agent.ConnectionTypeOTHER: "bot",
}

// present says in words whose a connection of a chat is, and whether he is there, which is not known of others when it
// is over for the agent.
func present(c *deskChat, k *agent.Connection) string {
	text := who[k.ConnectionType]
	if k.ConnectionType == agent.ConnectionTypeOUTBOUND && k.UserId == nil {
		text = "a transfer to"
	}
	if k.DisplayName != nil {
		text += " " + *k.DisplayName
	}
	if k.Own {
		text += " (you)"
	}
	switch {
	case k.Own && over(c) && c.contact.Accepted == nil:
		return text + ", who did not take it"
	case over(c) && !k.Own && !c.contact.ChatEnded:
		return text
	case k.State == agent.ConnectionStateCONNECTING && k.UserId != nil:
		return text + ", with whom it rings"
	case k.State == agent.ConnectionStateDISCONNECTED:
		return text + ", who is not in the chat"
	}
	text += ", " + strings.ToLower(strings.ReplaceAll(string(k.State), "_", " "))
	if k.Monitoring != nil && k.Monitoring.AgentName != nil {
		text += " of " + *k.Monitoring.AgentName
	}
	return text
}

// count is a number of things in words: 1 item, 2 items.
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// customerOf is the name of a contact's customer.
func customerOf(c *agent.AgentContact) string {
	for i := range c.Connections {
		if k := &c.Connections[i]; k.ConnectionType == agent.ConnectionTypeINBOUND && k.DisplayName != nil {
			return *k.DisplayName
		}
	}
	return "a customer"
}

func connected(c *deskChat) bool { return c.contact.State == agent.AgentContactStateCONNECTED }

func rings(c *deskChat) bool { return c.contact.State == agent.AgentContactStateCONNECTING }

// bell rings the terminal's.
func (d *Desk) bell() {
	if d.ui.Interactive() {
		d.ui.Ring()
	}
}

// redraw has the prompt say what there is, when that has changed.
func (d *Desk) redraw() {
	if !d.ui.Interactive() {
		return
	}
	if text := d.summary(); text != d.prompt {
		d.prompt = text
		d.ui.Prompt(text)
	}
}

// summary is the prompt: the status, each chat with its marks, who is typing.
func (d *Desk) summary() string {
	var text, typing strings.Builder
	text.WriteString(d.a.Snapshot().Status.Name)
	if next := d.a.Snapshot().NextStatus; next != nil {
		text.WriteString(", next " + next.Name)
	}
	for _, c := range d.chats {
		mark := fmt.Sprintf("%d %s", c.number, customerOf(c.contact))
		if left, ok := d.a.Remaining(c.contact); ok {
			mark += fmt.Sprintf(" %s %ds", stateWords[c.contact.State], int(left.Seconds()))
		} else if !connected(c) {
			mark += " " + stateWords[c.contact.State]
		}
		if m := supervised(c.contact); m != nil {
			mark += " " + modes[m.MonitorMode]
		}
		if c.unread > 0 {
			mark += fmt.Sprintf(" (%d)", c.unread)
		}
		if c == d.view {
			mark = "[" + mark + "]"
		}
		text.WriteString(" | " + mark)
		if time.Since(c.typed) < typingFor {
			typing.WriteString(" " + customerOf(c.contact) + " is typing")
		}
	}
	return text.String() + typing.String() + "> "
}

// stateWords are the states of contacts in the prompt.
var stateWords = map[agent.AgentContactState]string{
	agent.AgentContactStateCONNECTING: "rings", agent.AgentContactStateCONNECTED: "", agent.AgentContactStateENDED: "ended",
	agent.AgentContactStateMISSED: "missed", agent.AgentContactStateREJECTED: "rejected", agent.AgentContactStateERROR: "failed",
}

// statement is the state of a contact in a sentence.
func statement(c *deskChat) string {
	switch c.contact.State {
	case agent.AgentContactStateCONNECTING:
		return "rings"
	case agent.AgentContactStateCONNECTED:
		if m := supervised(c.contact); m != nil {
			return "is " + modes[m.MonitorMode]
		}
		return "is connected"
	case agent.AgentContactStateENDED:
		return "has ended"
	case agent.AgentContactStateERROR:
		return "has failed"
	}
	return "was " + stateWords[c.contact.State]
}

// modes are how chats are monitored, in the prompt.
var modes = map[agent.MonitorCapability]string{agent.MonitorCapabilitySILENT_MONITOR: "monitored", agent.MonitorCapabilityBARGE: "barged in on"}

// Tick keeps count-downs going.
func (d *Desk) Tick(ctx context.Context) {
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

// Left says what becomes of the chats in hand when the agent leaves, "" when there are none.
func (d *Desk) Left() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var talks, ring, done int
	for _, c := range d.chats {
		switch {
		case connected(c):
			talks++
		case rings(c):
			ring++
		default:
			done++
		}
	}
	var parts []string
	of := func(n int, one, more string) {
		if n == 1 {
			parts = append(parts, "1 chat "+one)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d chats %s", n, more))
		}
	}
	minutes := int(agents.LongGrace.Minutes())
	of(talks, fmt.Sprintf("stays yours for %d minutes: sign in again to go on, or it is taken from you", minutes),
		fmt.Sprintf("stay yours for %d minutes: sign in again to go on, or they are taken from you", minutes))
	of(ring, "rings, and will be missed", "ring, and will be missed")
	of(done, "is over and not cleared", "are over and not cleared")
	return strings.Join(parts, "; ")
}

// Typing tells the customer in view that the agent is typing.
func (d *Desk) Typing() {
	d.mu.Lock()
	c := d.view
	on := c != nil && connected(c) && !watches(c)
	d.mu.Unlock()
	if on {
		_ = d.a.Typing(d.ctx, c.id) // losing it does no harm
	}
}

// await waits until something is so, which is asked behind each event. The caller does not hold mu. It reports whether it came
// to be before the agent left.
func (d *Desk) await(ctx context.Context, so func() bool) bool {
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
