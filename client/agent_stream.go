package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/restjson"
	"parley.example/parley/client/internal/wire"
)

var agentHeartbeat = string(restjson.Marshal(&agent.ClientFrame{Type: agent.FrameHeartbeat}))

// beating sends a heartbeat, or aborts a dead connection.
func beating(l *link) func(*wire.Socket) {
	return func(sock *wire.Socket) {
		if sock != nil && (l.dead() || sock.Text(agentHeartbeat) != nil) {
			sock.Abort()
		}
	}
}

// feed is how far an agent has received the chats in hand. One goroutine uses it.
type feed struct {
	positions []position
}

// position is how far a chat was received.
type position struct {
	agent.Seen
	participant string    // the agent's; "" until it is known
	from        time.Time // when the agent accepted it; what was before is not of this feed
}

func (f *feed) init(earlier []agent.Seen) {
	for _, e := range earlier {
		f.positions = append(f.positions, position{Seen: e})
	}
}

// of returns the position of a chat, nil when there is none.
func (f *feed) of(chat string) *position {
	i := slices.IndexFunc(f.positions, func(p position) bool { return p.InitialContactId == chat })
	if i < 0 {
		return nil
	}
	return &f.positions[i]
}

// follow has positions of the chats that were accepted, and of no others, and reports whether there are more.
func (f *feed) follow(s *agent.AgentSnapshot) (more bool) {
	f.positions = slices.DeleteFunc(f.positions, func(p position) bool {
		c := contactOf(s, p.InitialContactId)
		return c == nil || p.participant != "" && c.ParticipantId != p.participant
	})
	for i := range s.Contacts {
		c := &s.Contacts[i]
		if c.Accepted == nil {
			continue
		}
		p := f.of(c.InitialContactId)
		if p == nil {
			f.positions = append(f.positions, position{Seen: agent.Seen{InitialContactId: c.InitialContactId}})
			p, more = &f.positions[len(f.positions)-1], true
		}
		p.participant, p.from = c.ParticipantId, *c.Accepted
	}
	return more
}

// first reports whether an item is new, and notes that it was received.
func (f *feed) first(chat string, sequence int64, item *Item) bool {
	if sequence == 0 {
		return true
	}
	p := f.of(chat)
	if p == nil { // its contact has been cleared
		f.positions = append(f.positions, position{Seen: agent.Seen{InitialContactId: chat}})
		p = &f.positions[len(f.positions)-1]
	}
	if sequence <= p.Sequence {
		return false
	}
	p.Sequence = sequence
	at, err := time.Parse(time.RFC3339Nano, deref(item.AbsoluteTime))
	return err != nil || !at.Before(p.from.Truncate(time.Millisecond))
}

// seen is what the server is told when the stream begins.
func (f *feed) seen() []agent.Seen {
	list := make([]agent.Seen, 0, len(f.positions))
	for _, p := range f.positions {
		list = append(list, p.Seen)
	}
	return list[max(0, len(list)-agent.MaxSeen):]
}

// open opens a stream behind what was received, and returns the snapshot that it begins with. ctx bounds it.
func (a *Agent) open(ctx context.Context) (sock *wire.Socket, first *agent.AgentSnapshot, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, openLimit, errSlowOpen)
	defer cancel()
	defer context.AfterFunc(a.ctx, cancel)()
	for range openTries {
		sock, first, err = begin(ctx, a)
		if err != nil {
			return nil, nil, err
		}
		if !a.feed.follow(first) {
			break
		}
		// A chat was accepted that the server was not told of: it would send what comes, and not what has been said since the
		// acceptance.
		sock.Abort()
		sock = nil
	}
	if sock == nil {
		return nil, nil, errors.New("chats are accepted faster than a stream can be opened")
	}
	a.link.received()
	return sock, first, nil
}

// openTries is how often a stream is opened anew because chats have been accepted meanwhile.
const openTries = 5

// versionOf is the version of a snapshot; 0 before there is one.
func versionOf(s *agent.AgentSnapshot) int64 {
	if s == nil {
		return 0
	}
	return s.Version
}

// begin opens a stream and returns the snapshot that comes first.
func begin(ctx context.Context, a *Agent) (sock *wire.Socket, first *agent.AgentSnapshot, err error) {
	out, err := a.calls.CreateStream().SessionToken(a.token).Send(ctx)
	if err != nil {
		return nil, nil, err
	}
	sock, err = wire.Dial(ctx, a.c.cfg.Connector, out.Url, a.c.service[agentService].agent)
	if err != nil {
		return nil, nil, fmt.Errorf("open the stream: %w", err)
	}
	defer context.AfterFunc(ctx, sock.Abort)()
	err = sock.Text(string(restjson.Marshal(&agent.ClientFrame{Type: agent.FrameStart, Seen: a.feed.seen(), Version: versionOf(a.Snapshot())})))
	for err == nil && first == nil {
		var text []byte
		if text, err = sock.Read(); err == nil {
			var f agent.Frame
			if restjson.Unmarshal(text, &f) == nil {
				first = f.Snapshot
			}
		}
	}
	if err != nil {
		sock.Abort()
		return nil, nil, fmt.Errorf("begin the stream: %w", errors.Join(over(sock), err, context.Cause(ctx)))
	}
	return sock, first, nil
}

// The codes with which the server closes a stream that is not to be opened again.
const (
	closedOver    = 4401
	closedTooMany = 4429
)

// over returns why a stream must not be opened again; nil when it may.
func over(sock *wire.Socket) error {
	switch sock.Reason {
	case closedOver:
		return ErrSignedOut
	case closedTooMany:
		return ErrReplaced
	}
	return nil
}

// run reads until the agent is over.
func (a *Agent) run(first *agent.AgentSnapshot) {
	a.tell(nil, first)
	a.err = a.attend()
	a.link.stop()
	a.hangUp()
	a.mu.Lock()
	a.state = Closed
	chats := a.chats
	a.chats = nil
	a.mu.Unlock()
	for _, c := range chats {
		_ = c.session.Close() // it has nothing that could fail
	}
	close(a.done) // before events: readers call Err when they end
	close(a.events)
}

// attend reads streams, one after the other, and returns why there is to be no other.
func (a *Agent) attend() error {
	var away absence
	for {
		sock := a.link.attached()
		err := a.receive(sock, &away)
		sock.Abort()
		a.link.attach(nil)
		if a.ctx.Err() != nil {
			return ErrClosed
		}
		if final := over(sock); final != nil {
			return final
		}
		a.mu.Lock()
		a.state = Reconnecting
		a.mu.Unlock()
		a.hand(&AgentEvent{Kind: StreamLost, Snapshot: a.Snapshot()})
		if err := a.reconnect(err, &away); err != nil {
			return err
		}
	}
}

// reconnect opens another stream, with a pause before each attempt. lost is why the last one ended.
func (a *Agent) reconnect(lost error, away *absence) error {
	away.since = time.Now()
	refused := 0
	for err := lost; ; away.tries++ {
		if time.Since(away.since) > a.cfg.GiveUp {
			return fmt.Errorf("could not reconnect within %v: %w", a.cfg.GiveUp, err)
		}
		if !sleep(a.ctx, backoff(away.tries)) {
			return ErrClosed
		}
		var sock *wire.Socket
		var first *agent.AgentSnapshot
		sock, first, err = a.open(a.ctx)
		_, out := errors.AsType[*agent.UnauthorizedException](err)
		switch {
		case a.ctx.Err() != nil:
			if sock != nil {
				sock.Abort()
			}
			return ErrClosed
		case err == nil:
			away.tries++
			a.link.attach(sock)
			if a.ctx.Err() != nil { // Close has not seen it
				sock.Abort()
			}
			before := a.Snapshot()
			a.keep(first)
			a.hand(&AgentEvent{Kind: StreamRestored, Snapshot: first})
			a.tell(before, first)
			return nil
		case out, errors.Is(err, ErrSignedOut):
			return ErrSignedOut
		case errors.Is(err, ErrReplaced):
			return ErrReplaced
		case refusal(err) != nil: // which a proxy in between may do in the server's name
			if refused++; refused == refusalsMeant {
				return err
			}
		default:
			refused = 0
		}
	}
}

// receive reads what happens until the stream ends.
func (a *Agent) receive(sock *wire.Socket, away *absence) error {
	var early []arrival // items that wait for a snapshot
	for {
		if err := sock.Wait(); err != nil {
			return err
		}
		text, err := sock.Read()
		if err != nil {
			return err
		}
		if a.ctx.Err() != nil { // what is not given to the program has not been received
			return ErrClosed
		}
		a.link.received()
		var f agent.Frame
		if restjson.Unmarshal(text, &f) != nil {
			continue // what cannot be read is of a later server
		}
		switch f.Type {
		case agent.FrameHeartbeat:
			away.tries = 0 // it lasts
		case agent.FrameSnapshot:
			before := a.Snapshot()
			if f.Snapshot == nil || f.Snapshot.Version <= before.Version {
				continue
			}
			a.feed.follow(f.Snapshot)
			a.keep(f.Snapshot)
			a.tell(before, f.Snapshot)
			early = a.items(early, false)
		case agent.FrameBroadcast:
			a.hand(&AgentEvent{Kind: BroadcastReceived, Snapshot: a.Snapshot(), Text: f.Content})
		case agent.FrameItem:
			var p push
			if restjson.Unmarshal(f.Frame, &p) != nil || p.item == nil {
				continue
			}
			if early = a.items(append(early, arrival{f.InitialContactId, f.Sequence, p.item}), true); len(early) > maxEarly {
				return errTooEarly // they come again, on the next stream
			}
		}
	}
}

// arrival is an item that has come.
type arrival struct {
	chat     string
	sequence int64
	item     *Item
}

// maxEarly bounds the items that wait for the snapshot in which their contact was accepted: on a slow connection the server sends
// snapshots behind the items that wait.
const maxEarly = 4096

var errTooEarly = fmt.Errorf("more than %d items came before the snapshot they belong to", maxEarly)

// items delivers items, unless they were delivered before, and returns those that have to wait: their contact still rings, or
// is not known yet. Of one that is not in hand, a snapshot that has come since says that it will not be.
func (a *Agent) items(all []arrival, unknownWait bool) (early []arrival) {
	s := a.Snapshot()
	for _, i := range all {
		c := contactOf(s, i.chat)
		if c == nil && unknownWait || c != nil && c.Accepted == nil {
			early = append(early, i)
			continue
		}
		if !a.feed.first(i.chat, i.sequence, i.item) {
			continue
		}
		given := a.hand(&AgentEvent{Kind: ItemReceived, Snapshot: s, Contact: c, Item: i.item, Sequence: i.sequence})
		if i.sequence > 0 && given {
			seen := a.feed.seen()
			a.mu.Lock()
			a.seen = seen
			a.mu.Unlock()
		}
	}
	return early
}

// keep makes a snapshot that has come the one that is shown, and ends the calls of chats that are not in hand any more.
func (a *Agent) keep(s *agent.AgentSnapshot) {
	seen := a.feed.seen()
	var gone []*chatInHand
	a.hear(s.Time)
	a.mu.Lock()
	before := a.snapshot
	a.state, a.snapshot, a.seen = Connected, s, seen
	if before != nil {
		if before.ConfigurationTag != s.ConfigurationTag {
			a.statuses = nil
		}
		for i := range before.Contacts {
			c := &before.Contacts[i]
			if held := a.chats[c.InitialContactId]; held != nil && held.participant == c.ParticipantId && hold(s, c) == nil {
				gone = append(gone, held)
				delete(a.chats, c.InitialContactId)
			}
		}
	}
	a.mu.Unlock()
	for _, c := range gone {
		_ = c.session.Close() // it has nothing that could fail
	}
}

// tell delivers what has changed between two snapshots.
func (a *Agent) tell(before, after *agent.AgentSnapshot) {
	for _, e := range changes(before, after) {
		a.hand(e)
	}
}

// hand gives an event to the program, which may block, and reports whether the program has it: once the agent is closed
// it gets no more.
func (a *Agent) hand(e *AgentEvent) bool {
	if a.ctx.Err() != nil {
		return false
	}
	defer a.link.pause()()
	if a.cfg.OnEvent != nil {
		a.cfg.OnEvent(e)
		return true
	}
	select {
	case a.events <- e:
		return true
	case <-a.ctx.Done():
		return false
	}
}
