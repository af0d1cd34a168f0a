package stream_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/bustest"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/frames"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/lease"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/stream"
)

// member is a node of the storm: an engine with its leases, and a hub.
type member struct {
	name   string
	engine *enginetest.Engine
	hub    *stream.Hub
	link   *bustest.Link
	leases *lease.Holder
	cut    *cut
	stop   context.CancelFunc
	done   sync.WaitGroup
	dead   atomic.Bool
}

// cut is the way to the store's leases, which may be cut.
type cut struct {
	store.Store
	off atomic.Bool
}

var (
	errCut  = errors.New("no way to the store")
	errDisk = errors.New("the disk is full")
)

func (c *cut) Claim(ctx context.Context, node string, now time.Time, ttl time.Duration, names ...string) ([]store.Lease, error) {
	if c.off.Load() {
		return nil, errCut
	}
	return c.Store.Claim(ctx, node, now, ttl, names...)
}

func (c *cut) Release(ctx context.Context, node string, names ...string) error {
	if c.off.Load() {
		return errCut
	}
	return c.Store.Release(ctx, node, names...)
}

func (c *cut) Leases(ctx context.Context, prefix string) ([]store.Lease, error) {
	if c.off.Load() {
		return nil, errCut
	}
	return c.Store.Leases(ctx, prefix)
}

// far is a node's own way to the store, which takes its time: changes arrive in the order of
// Submit, some time after it, and versions are known some time after they were read. Chats
// and items are read while a chat is locked, where virtual time cannot pass.
type far struct {
	store.Store
	storm   *storm
	changes chan func()
}

func (s *storm) far() *far {
	f := &far{Store: s.store, storm: s, changes: make(chan func(), 1000)}
	go func() {
		for {
			select {
			case submit := <-f.changes:
				f.wait()
				submit()
			case <-s.Context().Done():
				return
			}
		}
	}()
	return f
}

func (f *far) wait() { time.Sleep(time.Duration(f.storm.n(int(f.storm.lag)))) }

func (f *far) Submit(c *store.Change, done func(error)) {
	f.changes <- func() {
		if f.storm.failing.Load() && f.storm.n(50) == 0 {
			c = &store.Change{Chat: c.Chat, Version: -1} // refused in its turn
			refused := done
			done = func(error) { refused(errDisk) }
		}
		f.Store.Submit(c, done)
	}
}

func (f *far) Versions(ctx context.Context, chats []center.ContactID) ([]store.ChatVersion, error) {
	defer f.wait()
	return f.Store.Versions(ctx, chats)
}

// join starts a node.
func (s *storm) join(name string) *member {
	m := &member{name: name, link: &bustest.Link{Bus: &s.bus}, cut: &cut{Store: s.store}}
	m.leases = &lease.Holder{Store: m.cut, Node: name, Log: enginetest.NoLog}
	m.engine = enginetest.Start(s, enginetest.Options{
		Store: s.far(), Catalog: s.catalog, Link: m.link, Node: name, Shared: true, Leases: m.leases,
		Hot: 64, MaxActive: quota, Invoke: s.invoke,
	})
	m.leases.Changed = m.engine.Rebalance
	m.hub = &stream.Hub{Bus: m.link, Open: open, Source: source{m}, Log: enginetest.NoLog, Shared: true}
	ctx, stop := context.WithCancel(s.Context())
	m.stop = stop
	m.done.Go(func() { m.leases.Run(ctx) })
	return m
}

// leave stops a node; one that dies gives nothing back, and cuts its sockets off.
func (m *member) leave(dies bool) {
	m.dead.Store(true)
	m.cut.off.Store(dies)
	ctx, cancel := context.WithCancel(context.Background())
	if dies {
		cancel()
	}
	defer cancel()
	m.hub.Shutdown(ctx) // the error says that sockets were cut off
	m.engine.Close()
	m.stop()
	m.done.Wait()
}

// invoke is a function that takes its time, and sometimes fails or does not answer. It
// answers as a message processor, too.
func (s *storm) invoke(ctx context.Context, _ machine.Invoke, event []byte) (json.RawMessage, error) {
	takes := time.Duration(s.n(2500)) * time.Millisecond
	if s.n(20) == 0 {
		takes = time.Hour
	}
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.n(10) == 0 {
		return nil, errors.New("the function fails")
	}
	var in struct{ ChatContent struct{ Content string } }
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, err
	}
	return json.RawMessage(`{"it":"fine","status":"PROCESSED","result":{"processedChatContent":{"content":"` + in.ChatContent.Content + `!"}}}`), nil
}

// open reads a socket's URL, which says chat and participant in plain.
func open(r *http.Request) (stream.Ticket, error) {
	chat, participant, ok := strings.Cut(r.URL.Query().Get("token"), "/")
	if !ok {
		return stream.Ticket{}, errors.New("no token")
	}
	return stream.Ticket{Subject: bus.Chat(center.ContactID(chat)), Participant: center.ParticipantID(participant)}, nil
}

// source is what the hub of a node asks, as the server answers it.
type source struct{ *member }

var _ stream.Source = source{}

func (m source) Attend(ctx context.Context, t stream.Ticket) (a stream.Attendance, err error) {
	chat, _ := t.Subject.Chat()
	state, last, err := m.engine.Position(ctx, chat)
	if err != nil {
		return a, err
	}
	p, err := state.Recipient(t.Participant)
	if err != nil {
		return a, err
	}
	a.Role = p.Role
	switch {
	case p.Joined.IsZero():
		a.Owed, a.Last = last+1, last
	case p.Owed > 0: // whenever its ticket was made
		a.Owed, a.Last = p.Owed, last
	}
	return a, nil
}

func (m source) Connected(ctx context.Context, subject bus.Subject, participant center.ParticipantID) error {
	chat, _ := subject.Chat()
	_, err := m.engine.Do(ctx, chat, contact.Connect{Participant: participant, Socket: true})
	return err
}

func (m source) Repair(ctx context.Context, subject bus.Subject, from int64) ([]bus.Event, error) {
	chat, _ := subject.Chat()
	items, err := m.engine.Store.Items(ctx, store.ItemQuery{Chat: chat, From: from, Limit: 20})
	if err != nil {
		return nil, err
	}
	state, err := stored(ctx, m.engine.Store, chat)
	if err != nil {
		return nil, err
	}
	return frames.Again(state, items), nil
}

func (m source) Positions(ctx context.Context, subjects []bus.Subject) (map[bus.Subject]int64, error) {
	var ids []center.ContactID
	for _, subject := range subjects {
		chat, _ := subject.Chat()
		ids = append(ids, chat)
	}
	versions, err := m.engine.Store.Versions(ctx, ids)
	positions := map[bus.Subject]int64{}
	for _, v := range versions {
		positions[bus.Chat(v.Chat)] = v.LastSeq
	}
	return positions, err
}

// stored returns the state that the store has of a chat.
func stored(ctx context.Context, s store.Store, chat center.ContactID) (*contact.Chat, error) {
	head, err := s.Chat(ctx, chat)
	if err != nil {
		return nil, err
	}
	return contact.DecodeChat(head.State)
}

// fault returns what a link may do to messages.
func (s *storm) fault() bustest.Fault {
	return [...]bustest.Fault{nil, nil, bustest.Lose, bustest.Double, bustest.LoseEvery(2 + s.n(3)), bustest.Reorder(2 + s.n(3))}[s.n(6)]
}

var _ testing.TB = (*storm)(nil)
