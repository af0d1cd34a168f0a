package durable

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/participant"
	"parley.example/parley/client"
)

// desk is an agent at work: one goroutine keeps a stream open, which tells what is in hand, another does something about it.
type desk struct {
	player
	user, password string
	streams        int // that were opened

	mu       sync.Mutex // guards what follows
	token    string     // of the session; "" to sign in
	snapshot *agent.AgentSnapshot
	newest   int64            // the version of the last snapshot of this stream
	all      []*held          // in the order in which they rang
	now      map[string]*held // those of the snapshot, by participant
	doubtful map[string]bool  // chats whose acceptance may have been for a ring that is not known
}

// held is a hold while it is played.
type held struct {
	Hold
	contact string // as the agent's API names it
	bearer  string // of the agent in the chat
	plan    int    // what the agent is going to do about it; drawn when it rings
	left    int    // messages that are still to be sent
}

func (d *desk) init() { d.now, d.doubtful = map[string]*held{}, map[string]bool{} }

// work plays until no more chats come and nothing is in hand.
func (d *desk) work(ctx context.Context, enough, left <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	var attending sync.WaitGroup
	attending.Go(func() { d.attend(ctx) })
	defer attending.Wait()
	defer cancel()
	var late <-chan time.Time
	for ctx.Err() == nil && !d.load.Faulty() {
		d.act(ctx, closed(enough))
		d.pause(ctx)
		if !closed(left) {
			continue
		}
		if s := d.seen(); s != nil && len(s.Contacts) == 0 && d.empty(ctx) {
			return
		}
		if late == nil {
			late = time.After(patience)
		}
		select {
		case <-late:
			d.load.fault("agent %s: something is still in hand", d.name)
		default:
		}
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// empty asks the server whether nothing is in hand.
func (d *desk) empty(ctx context.Context) bool {
	s, err := d.ask(ctx)
	return err == nil && len(s.Contacts) == 0
}

// ask reads what the server says is in hand. The agent must have signed in.
func (d *desk) ask(ctx context.Context) (*agent.AgentSnapshot, error) {
	out, err := d.load.client.Agents.GetAgent().SessionToken(d.session()).Send(ctx)
	if err != nil {
		return nil, err
	}
	return out.Snapshot, nil
}

func (d *desk) session() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.token
}

func (d *desk) keep(token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.token = token
}

func (d *desk) seen() *agent.AgentSnapshot {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.snapshot
}

// attend keeps a stream open until ctx ends. A stream that is lost is replaced at once: who reconnects politely would be
// away for most of the short lives of the server.
func (d *desk) attend(ctx context.Context) {
	var seen []agent.Seen
	for ctx.Err() == nil && !d.load.Faulty() {
		lost := make(chan struct{})
		d.begin()
		end := sync.OnceFunc(func() { close(lost) })
		cfg := client.AgentConfig{Token: d.session(), Seen: seen, OnEvent: func(e *client.AgentEvent) {
			if e.Kind == client.StreamLost {
				end()
				return
			}
			d.note(e)
		}}
		if cfg.Token == "" {
			cfg.InstanceID, cfg.UserName, cfg.Password = d.load.instance, d.name, d.password
		}
		a, err := d.load.client.SignIn(ctx, cfg)
		switch status := statusOf(err); {
		case err == nil:
		case status >= 400 && status < 500 && status != http.StatusTooManyRequests:
			d.load.fault("agent %s cannot sign in, or is not signed in any more: %v", d.name, err)
			return
		default:
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Millisecond):
			}
			continue
		}
		d.streams++
		d.keep(a.Token())
		select {
		case <-lost:
		case <-ctx.Done():
		}
		_ = a.Close()                                                // it has nothing that could fail
		if seen = a.Seen(); rand.IntN(25) == 0 && ctx.Err() == nil { // chance may be another for each run of a seed here: so is when streams are lost
			d.signOut(ctx, a.Token())
		}
	}
}

// signOut ends the session, which leaves in hand what is.
func (d *desk) signOut(ctx context.Context, token string) {
	err := d.load.call(ctx, func(ctx context.Context) error {
		d.keep("") // nobody is to look with a session that is over
		_, err := d.load.client.Agents.SignOut().SessionToken(token).Send(ctx)
		return err
	})
	if status := statusOf(err); status >= 400 && status < 500 {
		d.load.fault("agent %s cannot sign out: %v", d.name, err)
	}
}

// begin notes that the next snapshot is that of another program, which knows of none before.
func (d *desk) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.newest = 0
}

// note keeps what a stream has told.
func (d *desk) note(e *client.AgentEvent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := e.Snapshot; s != d.snapshot {
		if s.Version < d.newest {
			d.load.fault("agent %s: snapshot %d came after %d", d.name, s.Version, d.newest)
		}
		d.snapshot, d.newest = s, s.Version
		d.hands(s)
	}
	if e.Kind != client.ItemReceived || !e.Item.Stored() {
		return
	}
	for _, h := range slices.Backward(d.all) {
		if h.contact == *e.Item.ContactId {
			h.Heard = append(h.Heard, flatten(&e.Item.Item))
			return
		}
	}
	d.load.fault("agent %s has received %v of contact %s, which has never been in hand", d.name, flatten(&e.Item.Item), *e.Item.ContactId)
}

// hands notes what a snapshot says is in hand, which is never more than the agent has slots.
func (d *desk) hands(s *agent.AgentSnapshot) {
	if len(s.Contacts) > slots {
		d.load.fault("agent %s has %d contacts in hand, and %d slots", d.name, len(s.Contacts), slots)
	}
	there := map[string]bool{}
	for i := range s.Contacts {
		c := &s.Contacts[i]
		there[c.ParticipantId] = true
		h := d.now[c.ParticipantId]
		if h == nil {
			if i := slices.IndexFunc(d.all, func(h *held) bool { return h.Participant == c.ParticipantId }); i >= 0 {
				h = d.all[i] // it has come back, which the check does not like
			} else {
				h = &held{Hold: Hold{Agent: d.name, Chat: c.InitialContactId, Participant: c.ParticipantId, Set: map[string]string{}, Unsure: map[string]string{}}, contact: c.ContactId}
				d.all = append(d.all, h)
			}
			d.now[c.ParticipantId] = h
		}
		h.see(string(c.State))
	}
	for p, h := range d.now {
		if !there[p] {
			h.see(gone)
			delete(d.now, p)
		}
	}
}

// act does something about one of the contacts in hand, or about the agent's status.
func (d *desk) act(ctx context.Context, hurry bool) {
	s := d.seen()
	if s == nil || d.session() == "" {
		return
	}
	if s.Status.Type != agent.AgentStatusTypeROUTABLE && s.NextStatus == nil || s.NextStatus != nil && d.rand.IntN(4) == 0 {
		d.status(ctx, "Available")
	} else if d.rand.IntN(50) == 0 && !hurry {
		d.status(ctx, "Offline")
	}
	if len(s.Contacts) == 0 {
		return
	}
	c := &s.Contacts[d.rand.IntN(len(s.Contacts))]
	d.mu.Lock()
	h := d.now[c.ParticipantId]
	d.mu.Unlock()
	if h == nil {
		return // a newer snapshot does not have it
	}
	if h.plan == 0 {
		h.plan, h.left = 1+d.rand.IntN(100), 1+d.rand.IntN(5)
	}
	switch c.State {
	case agent.AgentContactStateCONNECTING:
		switch {
		case h.plan <= 75 || hurry:
			d.accept(ctx, h)
		case h.plan <= 90:
			fate, _ := d.attempt(ctx, false, func(ctx context.Context) error {
				_, err := d.load.client.Agents.RejectContact().SessionToken(d.session()).ContactID(h.contact).Send(ctx)
				return err
			})
			h.Rejected = h.Rejected || fate == Acknowledged
		} // the others are missed
	case agent.AgentContactStateCONNECTED:
		d.talk(ctx, h)
	default:
		d.clear(ctx, h)
	}
}

func (d *desk) status(ctx context.Context, name string) {
	var settings *agent.GetAgentResponse
	if err := d.load.call(ctx, func(ctx context.Context) (err error) {
		settings, err = d.load.client.Agents.GetAgent().SessionToken(d.session()).Send(ctx)
		return err
	}); err != nil {
		return // the next time
	}
	for _, s := range settings.Configuration.Statuses {
		if s.Name == name {
			d.attempt(ctx, true, func(ctx context.Context) error {
				_, err := d.load.client.Agents.PutAgentStatus().SessionToken(d.session()).AgentStatusID(s.Id).Send(ctx)
				return err
			})
		}
	}
}

// accept accepts a ring, which may be another one of the same chat by then.
func (d *desk) accept(ctx context.Context, h *held) {
	h.Answered = true
	participant := ""
	fate, _ := d.attempt(ctx, true, func(ctx context.Context) error {
		out, err := d.load.client.Agents.AcceptContact().SessionToken(d.session()).ContactID(h.contact).Send(ctx)
		if err == nil {
			participant = out.ParticipantId
		}
		return err
	})
	switch {
	case fate == Acknowledged && participant == h.Participant:
		h.Accepted = true
	case fate != Refused:
		d.mu.Lock()
		d.doubtful[h.Chat] = true
		d.mu.Unlock()
	}
}

// talk says something in a chat, and leaves it in the end.
func (d *desk) talk(ctx context.Context, h *held) {
	if h.bearer == "" {
		d.join(ctx, h)
		return
	}
	if h.left--; h.left > 0 {
		if d.rand.IntN(4) == 0 {
			d.attribute(ctx, h)
			return
		}
		h.Deeds = append(h.Deeds, d.say(ctx, h.Chat, "AGENT", h.bearer))
		return
	}
	if h.plan%2 == 0 && !d.complete(h) {
		return
	}
	calls := d.load.client.Agents
	d.attempt(ctx, true, func(ctx context.Context) (err error) {
		if h.plan%3 == 0 {
			_, err = calls.EndContact().SessionToken(d.session()).ContactID(h.contact).Send(ctx)
		} else {
			_, err = calls.LeaveContact().SessionToken(d.session()).ContactID(h.contact).Send(ctx)
		}
		return err
	})
}

// complete reports whether streams have delivered what the agent has said, and been told it is there, last.
func (d *desk) complete(h *held) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, deed := range slices.Backward(h.Deeds) {
		if deed.Fate == Acknowledged {
			return slices.ContainsFunc(h.Heard, func(it Item) bool { return it.ID == deed.ID })
		}
	}
	return true
}

// join has the agent's side of a chat call the participant API.
func (d *desk) join(ctx context.Context, h *held) {
	d.attempt(ctx, true, func(ctx context.Context) error {
		out, err := d.load.client.Agents.CreateChatToken().SessionToken(d.session()).ContactID(h.contact).Send(ctx)
		if err != nil {
			return err
		}
		if out.ParticipantId != h.Participant {
			return nil // it was cleared, and rang again
		}
		conn, err := d.load.client.Participant.CreateParticipantConnection().ParticipantToken(out.ParticipantToken).ConnectParticipant(true).
			Type(participant.ConnectionTypeCONNECTION_CREDENTIALS).Send(ctx)
		if err == nil {
			h.bearer = *conn.ConnectionCredentials.ConnectionToken
		}
		return err
	})
}

// attribute sets an attribute that nobody else sets.
func (d *desk) attribute(ctx context.Context, h *held) {
	d.said++
	key, value := "of "+h.Participant, fmt.Sprint(d.said)
	fate, _ := d.attempt(ctx, false, func(ctx context.Context) error {
		_, err := d.load.client.Agents.UpdateContactAttributes().SessionToken(d.session()).ContactID(h.contact).Attribute(key, value).Send(ctx)
		return err
	})
	switch fate {
	case Acknowledged:
		h.Set[key] = value
		delete(h.Unsure, key)
	case Unknown:
		h.Unsure[key] = value
	}
}

// clear takes what is over out of the agent's hands, sometimes through an administrator.
func (d *desk) clear(ctx context.Context, h *held) {
	d.attempt(ctx, true, func(ctx context.Context) (err error) {
		if h.plan%5 == 0 {
			_, err = d.load.client.DismissUserContact().InstanceID(d.load.instance).UserID(d.user).ContactID(h.contact).Send(ctx)
		} else {
			_, err = d.load.client.Agents.ClearContact().SessionToken(d.session()).ContactID(h.contact).Send(ctx)
		}
		return err
	})
}
