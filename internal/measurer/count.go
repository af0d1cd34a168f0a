package measurer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/measure"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/store"
)

// Store is what a measurer needs of a store.
type Store interface {
	store.FactKeeper
	Contacts(ctx context.Context, q store.ContactQuery) iter.Seq2[center.Contact, error]
	Items(ctx context.Context, q store.ItemQuery) ([]center.Item, error)
}

// Measurer counts. Its methods may be called by many goroutines. Make it with [New].
type Measurer struct {
	Catalog *catalog.Catalog
	Store   Store
	Clock   *engine.Clock
	Log     *slog.Logger

	counting chan struct{} // has room for the one who counts
	woken    chan struct{} // something has been left to count
}

// New returns a measurer.
func New(c *catalog.Catalog, s Store, clock *engine.Clock, log *slog.Logger) *Measurer {
	return &Measurer{Catalog: c, Store: s, Clock: clock, Log: log, counting: make(chan struct{}, 1), woken: make(chan struct{}, 1)}
}

const (
	batch    = 500 // tallies that are counted in one transaction
	attempts = 10  // how often what another node has counted meanwhile is looked at again
)

// Committed implements engine.Observer.
func (m *Measurer) Committed(c *engine.Commit) {
	if len(c.Change.Work) > 0 || len(c.Change.Contacts) > 0 {
		m.wake()
	}
}

// AgentCommitted implements engine.AgentObserver.
func (m *Measurer) AgentCommitted(*engine.AgentCommit) { m.wake() }

func (m *Measurer) wake() {
	select {
	case m.woken <- struct{}{}:
	default:
	}
}

// alone waits until nobody else counts, as long as ctx lasts. done has to be called.
func (m *Measurer) alone(ctx context.Context) (done func(), err error) {
	select {
	case m.counting <- struct{}{}:
		return func() { <-m.counting }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// CatchUp counts what has been left to count by commits before it is called.
func (m *Measurer) CatchUp(ctx context.Context) error {
	done, err := m.alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	for conflicts := 0; ; {
		n, err := m.count(ctx)
		switch {
		case errors.Is(err, store.ErrConflict) && conflicts < attempts:
			conflicts++
		case err != nil:
			return fmt.Errorf("count for historical metrics: %w", err)
		case n < batch:
			return nil
		}
	}
}

// count counts some tallies, and returns how many there were.
func (m *Measurer) count(ctx context.Context) (n int, err error) {
	tallies, err := m.Store.Tallies(ctx, batch)
	if err != nil || len(tallies) == 0 {
		return 0, err
	}
	b := &counted{m: m, agents: map[center.UserID]*running{}}
	var moved []center.UserID
	read := make([]measure.Tally, len(tallies))
	for i := range tallies {
		b.out.Done = append(b.out.Done, tallies[i].ID)
		if read[i], err = measure.DecodeTally(tallies[i].Body); err != nil {
			// It will not get better by itself; what comes after it has to be counted.
			m.Log.ErrorContext(ctx, "something cannot be counted for metrics", "instance", tallies[i].Instance, "err", err)
			read[i] = measure.Tally{}
		}
		if move := read[i].Move; move != nil && !slices.Contains(moved, move.User) {
			moved = append(moved, move.User)
		}
	}
	if err := b.load(ctx, moved); err != nil {
		return 0, err
	}
	for i := range tallies {
		if err := b.add(ctx, tallies[i].Instance, &read[i]); err != nil {
			return 0, err
		}
	}
	return len(tallies), b.keep(ctx)
}

// running is an agent whose time is being counted.
type running struct {
	*measure.Agent
	row store.AgentTime // as loaded
}

// counted is what one transaction writes.
type counted struct {
	m      *Measurer
	agents map[center.UserID]*running
	out    store.Counting
}

func (b *counted) load(ctx context.Context, users []center.UserID) error {
	rows, err := b.m.Store.AgentTimes(ctx, users)
	if err != nil {
		return err
	}
	return b.take(rows)
}

func (b *counted) take(rows []store.AgentTime) error {
	for _, row := range rows {
		a, err := measure.DecodeAgent(row.Body)
		if err != nil {
			return err
		}
		b.agents[row.User] = &running{a, row}
	}
	return nil
}

// add counts a tally of an instance; one that does not exist any more has no metrics.
func (b *counted) add(ctx context.Context, instance center.InstanceID, t *measure.Tally) error {
	snap, err := b.m.snapshot(ctx, instance)
	if err != nil || snap == nil {
		return err
	}
	switch {
	case t.Move != nil:
		a := b.agents[t.Move.User]
		if a == nil {
			a = &running{&measure.Agent{User: t.Move.User}, store.AgentTime{Instance: instance, User: t.Move.User}}
			b.agents[t.Move.User] = a
		}
		b.facts(instance, a.Apply(t.Move, settingOf(snap, t.Move.User)))
	case t.Contact != nil:
		c, err := b.m.complete(ctx, t.Contact)
		if err != nil || c == nil {
			return err
		}
		talk, err := b.m.talk(ctx, c)
		if err != nil {
			return err
		}
		c.Fill(talk, settingOf(snap, c.Agent))
		b.facts(instance, []measure.Fact{{Contact: c}})
	}
	return nil
}

// facts adds facts to what is written.
func (b *counted) facts(instance center.InstanceID, facts []measure.Fact) {
	for i := range facts {
		f := &facts[i]
		body := f.Encode()
		for _, quarter := range f.Quarters() {
			b.out.Facts = append(b.out.Facts, store.Fact{Instance: instance, Kind: string(f.Kind()), ID: f.ID(), Quarter: quarter, Body: body})
		}
	}
}

// keep writes it all.
func (b *counted) keep(ctx context.Context) error {
	for _, a := range b.agents {
		row := a.row
		row.Since, row.Idle, row.Body = a.Since, a.Idle(), a.Encode()
		b.out.Agents = append(b.out.Agents, row)
	}
	return b.m.Store.KeepFacts(ctx, &b.out)
}

// snapshot returns what has been set up for an instance, nil for one that does not exist any more.
func (m *Measurer) snapshot(ctx context.Context, instance center.InstanceID) (*catalog.Snapshot, error) {
	snap, err := m.Catalog.SnapshotWith(ctx, center.KindUser, string(instance))
	if err != nil && center.ReasonOf(err) == center.NotFound {
		return nil, nil
	}
	return snap, err
}

// settingOf returns what has been set up for an agent. Of one who does not exist nothing is known.
func settingOf(snap *catalog.Snapshot, id center.UserID) (s measure.Setting) {
	u, err := catalog.Get[*catalog.User](snap, id)
	if err != nil {
		return s
	}
	s.Profile = u.RoutingProfile
	if g, err := catalog.Get[*catalog.Group](snap, u.Group); err == nil {
		for _, above := range catalog.Path(snap, g) {
			if above != nil {
				s.Groups = append(s.Groups, above.ID)
			}
		}
	}
	return s
}

// complete returns the fact of a contact whose record may be in the store alone; nil when it has been erased, or goes on after all.
func (m *Measurer) complete(ctx context.Context, c *measure.Contact) (*measure.Contact, error) {
	if !c.Bare() {
		return c, nil
	}
	for r, err := range m.Store.Contacts(ctx, store.ContactQuery{IDs: []center.ContactID{c.ID}}) {
		if err != nil || !r.Ended() {
			return nil, err
		}
		return new(measure.OfRecord(&r)), nil
	}
	return nil, nil
}

// talk sums up what was said in a contact. What has been erased was not said.
func (m *Measurer) talk(ctx context.Context, c *measure.Contact) (t measure.Talk, err error) {
	var items []center.Item
	for from := int64(1); ; {
		page, err := m.Store.Items(ctx, store.ItemQuery{Chat: c.Chat, Contact: c.ID, From: from})
		if err != nil && center.ReasonOf(err) == center.NotFound {
			return t, nil
		}
		if err != nil {
			return t, err
		}
		if len(page) == 0 {
			break
		}
		items = append(items, page...)
		from = page[len(page)-1].Seq + 1
	}
	k := record.ChatMetrics(&center.Contact{ID: c.ID, Disconnected: time.UnixMilli(c.End)}, items)
	whole := k.ChatContactMetrics
	t.Messages, t.Bot = int64(*whole.TotalMessages), int64(*whole.TotalBotMessages)
	t.Close, t.FirstResponse = whole.ConversationCloseTimeInMillis, whole.AgentFirstResponseTimeInMillis
	if at := whole.AgentFirstResponseTimestamp; at != nil {
		t.FirstAt = at.UnixMilli()
	}
	if p := k.AgentMetrics; p != nil {
		t.Agent = measure.Side{Sent: int64(*p.MessagesSent), Length: int64(*p.MessageLengthInChars), Responses: int64(*p.NumResponses), Waited: *p.TotalResponseTimeInMillis}
	}
	if p := k.CustomerMetrics; p != nil {
		t.Customer = measure.Side{Sent: int64(*p.MessagesSent), Length: int64(*p.MessageLengthInChars), Responses: int64(*p.NumResponses), Waited: *p.TotalResponseTimeInMillis}
	}
	return t, nil
}
