package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/routing"
	"parley.example/parley/internal/store"
)

// chatState is a chat in memory. The chat is immutable; the tail belongs to the
// entry, and grows with it.
type chatState struct {
	chat *contact.Chat
	tail transcript.Tail
	// records is the version since which no change, as far as this entry knows, touched
	// the record of a contact that has ended: who read one with it or later knows it.
	records int64
}

type chatEntry = entry[center.ContactID, chatState]

// newChats returns the runner of chats.
func (e *Engine) newChats() *runner[center.ContactID, chatState] {
	r := &runner[center.ContactID, chatState]{load: e.loadChat, recovered: e.recovered, asks: func(err error) bool {
		_, asks := errors.AsType[*contact.Need](err)
		return asks
	}}
	r.entries.max = e.Hot
	if e.Shared {
		r.unchanged = e.unchanged
		r.entries.subscribe = func(h *chatEntry) func() {
			s := &bus.Subscription{Subject: bus.Chat(h.id), Receive: func(m bus.Message) {
				if m.Origin != e.Node {
					h.reload.Store(true)
				}
			}}
			e.Bus.Subscribe(s)
			return func() { e.Bus.Unsubscribe(s) }
		}
	}
	return r
}

// maxFollow is how many items are read to go on with what is known of a transcript. Beyond, little of it is of use.
const maxFollow = 128

// loadChat reads the head of a chat: the time does not depend on the length of
// its transcript. With what was known of it before, it reads what was said since.
func (e *Engine) loadChat(ctx context.Context, id center.ContactID, was *chatState) (s chatState, version int64, err error) {
	head, err := e.Store.Chat(ctx, id)
	if err != nil {
		return s, 0, err
	}
	if s.chat, err = contact.DecodeChat(head.State); err != nil {
		return s, 0, err
	}
	s.tail, s.records = transcript.TailAt(head.LastSeq, head.LastTime, head.LastID, head.Size), head.Version
	if was != nil && was.tail.Seq <= head.LastSeq && head.LastSeq-was.tail.Seq <= maxFollow {
		tail, err := follow(ctx, e.Store, id, was.tail, head.LastSeq)
		if err != nil {
			return s, 0, err
		}
		if tail.ID == head.LastID && tail.Size == head.Size {
			s.tail = tail
		}
	}
	return s, head.Version, nil
}

// follow adds to a tail what was said since, up to an item.
func follow(ctx context.Context, s store.Store, id center.ContactID, tail transcript.Tail, last int64) (transcript.Tail, error) {
	if tail.Seq < last {
		items, err := s.Items(ctx, store.ItemQuery{Chat: id, From: tail.Seq + 1, To: last})
		if err != nil {
			return tail, err
		}
		tail.Observe(items)
	}
	return tail, nil
}

// backfill reads the end of the transcript for rules that need it.
func backfill(ctx context.Context, s store.Store, h *chatEntry) error {
	var items []center.Item
	last := h.state.tail.Missing()
	for from := max(1, last-transcript.TailSize+1); from <= last; from = items[len(items)-1].Seq + 1 {
		page, err := s.Items(ctx, store.ItemQuery{Chat: h.id, From: from, To: last})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		items = append(items, page...)
	}
	h.state.tail.Backfill(items)
	return nil
}

// lookBack reads what a decision needs of the transcript, which stays as it is
// until the decision is made: the entry is locked.
func lookBack(ctx context.Context, s store.Store, h *chatEntry, need *contact.Need, env *contact.Env) error {
	if need.Tail {
		return backfill(ctx, s, h)
	}
	if need.Kept != "" {
		answer, err := s.Replayed(ctx, keptKey(h.id, need.Kept))
		if err != nil && center.ReasonOf(err) != center.NotFound {
			return err
		}
		env.Kept = map[string]*contact.Reply{need.Kept: nil}
		if err == nil {
			r := &contact.Reply{}
			env.Kept[need.Kept] = r
			return json.Unmarshal(answer, r)
		}
		return nil
	}
	return lookUp(ctx, s, h.id, need.Token, env)
}

// lookUp reads what was sent with a ClientToken before what the tail knows.
func lookUp(ctx context.Context, s store.Store, chat center.ContactID, token transcript.Token, env *contact.Env) error {
	sent, err := s.Sent(ctx, chat, store.SentQuery{Participant: token.Participant, ClientToken: token.Text, Attachment: token.File})
	if err != nil && center.ReasonOf(err) != center.NotFound {
		return err
	}
	env.Sent = map[transcript.Token]transcript.Sent{token: {ID: sent.ID, Time: sent.Time}}
	return nil
}

// keptKey is where an answer is kept that has left the state of a chat.
func keptKey(chat center.ContactID, key string) string { return string(chat) + "/" + key }

// The tail reaches back at least to the items of which the store keeps the ClientTokens.
// For as many items more, what was looked up of ClientTokens before holds.
const lookedUp = transcript.TailSize - store.RecentItems
const _ = uint(lookedUp)

// unchanged reports whether a chat is still at the version at which it was read.
func (e *Engine) unchanged(ctx context.Context, was seen[center.ContactID, chatState]) (bool, error) {
	versions, err := e.Store.Versions(ctx, []center.ContactID{was.entry.id})
	return len(versions) == 1 && versions[0].Version == was.version, err
}

// attempt is the environment of one attempt to decide a command. It is decided
// again after a conflict, and when the decision needs to know more.
type attempt struct {
	env       *contact.Env
	recordsAt int64 // the version of the chat with which Env.Records was read
	sentAt    int64 // the last item when Env.Sent was asked for, which is to be done without holding up the chat; 0 before
}

// decideChat decides a command to a chat. made becomes the change.
func (e *Engine) decideChat(ctx context.Context, h *chatEntry, cmd contact.Command, with *attempt, made *contact.Change) (write, error) {
	chat := h.state.chat
	if err := e.Catalog.Prepare(ctx, chat.Instance, chat.Run, chat.Whisper); err != nil {
		return nil, err
	}
	if with.recordsAt < h.state.records {
		with.env.Records = nil
	}
	if h.state.tail.Seq-with.sentAt > lookedUp {
		with.env.Sent = nil
	}
	change, err := contact.Decide(chat, &h.state.tail, cmd, with.env)
	for range 3 { // one for each thing to look back at
		need, ok := errors.AsType[*contact.Need](err)
		if !ok || !need.Tail && need.Token == (transcript.Token{}) && need.Kept == "" {
			break
		}
		if need.Token != (transcript.Token{}) && !need.Tail && with.sentAt == 0 {
			with.sentAt = h.state.tail.Seq
			break
		}
		if err := lookBack(ctx, e.Store, h, need, with.env); err != nil {
			return nil, err
		}
		change, err = contact.Decide(chat, &h.state.tail, cmd, with.env)
	}
	if err != nil {
		return nil, err
	}
	if *made = change; !change.Stored() {
		return nil, nil
	}
	desks, err := desksOf(ctx, e, h.id, chat.Instance, made.Work)
	if err != nil {
		return nil, err
	}
	return e.writeChat(h, made, nil, told{with.env.Now, desks})
}

// again returns the environment for deciding a failed command again. An error is
// one that deciding again does not help against.
func (e *Engine) again(ctx context.Context, chat center.ContactID, with *attempt, err error) (*attempt, error) {
	next := &attempt{env: e.env(), recordsAt: with.recordsAt, sentAt: with.sentAt}
	next.env.Sent = with.env.Sent
	next.env.Full, next.env.QueueStatus, next.env.Records, next.env.Contents = with.env.Full, with.env.QueueStatus, with.env.Records, with.env.Contents
	if errors.Is(err, store.ErrConflict) {
		return next, nil
	}
	if need, ok := errors.AsType[*contact.Need](err); ok {
		return next, e.learn(ctx, chat, next, need)
	}
	if over, ok := errors.AsType[*store.QuotaError](err); ok {
		queue := center.QueueID(over.Counter.Key)
		if err := refusedByHands(over.Counter); err != nil {
			return nil, err
		}
		if over.Counter.Type == store.CountQueued && !slices.Contains(next.env.Full, queue) {
			next.env.Full = append(slices.Clone(next.env.Full), queue)
			return next, nil
		}
	}
	return nil, failedOr(e, chat, err)
}

// learn looks up what a decision needs. The chat is not locked meanwhile.
func (e *Engine) learn(ctx context.Context, chat center.ContactID, with *attempt, need *contact.Need) error {
	if need.Token != (transcript.Token{}) { // of items that are durable: the runner has waited for them
		return lookUp(ctx, e.Store, chat, need.Token, with.env)
	}
	state, version, err := e.chats.read(ctx, chat)
	if err != nil {
		return err
	}
	if need.Record != "" {
		// Read after the version: a change in between changes the version.
		for record, err := range e.Store.Contacts(ctx, store.ContactQuery{IDs: []center.ContactID{need.Record}}) {
			with.env.Records, with.recordsAt = map[center.ContactID]center.Contact{need.Record: record}, version
			return err
		}
		return center.Missing("contact", string(need.Record))
	}
	if need.Content.Hash != "" {
		return readContent(ctx, e.Catalog, state.chat.Instance, with.env, need.Content)
	}
	status, err := e.Store.QueueStatus(ctx, store.QueueQuery{
		Instance: state.chat.Instance, Except: chat,
		QueueEntry: store.QueueEntry{Queue: need.Queue, Priority: need.Priority, Rank: need.Rank, Since: need.Since},
	})
	if err != nil {
		return err
	}
	with.env.QueueStatus = maps.Clone(with.env.QueueStatus)
	if with.env.QueueStatus == nil {
		with.env.QueueStatus = map[center.QueueID]contact.QueueStatus{}
	}
	seen := contact.QueueStatus{Others: status.Others, Oldest: status.Oldest, Ahead: status.Ahead}
	if e.Staff != nil {
		staff, err := e.Staff.Staffing(ctx, state.chat.Instance, need.Queue)
		if err != nil {
			return err
		}
		seen.Agents = staff.Staffing
		waiting := status.Others
		if !need.Since.IsZero() {
			waiting++ // the chat waits there itself
		}
		seen.Wait, seen.OwnWait = staff.EstimatedWait(waiting), staff.EstimatedWait(status.Ahead)
	}
	with.env.QueueStatus[need.Queue] = seen
	return nil
}

// readContent has a content brought into memory. One that is gone, or not a flow
// any more, is a problem of the flow that leads to it, not of the chat.
func readContent(ctx context.Context, c Catalog, instance center.InstanceID, env *contact.Env, key contact.ContentKey) error {
	err := c.Prepare(ctx, instance, &machine.Run{Flow: key.Flow, Hash: key.Hash})
	if err == nil {
		_, err = c.Content(key.Flow, key.Hash)
	}
	if reason := center.ReasonOf(err); err != nil && reason != center.NotFound && reason != center.InvalidFlow {
		return err
	}
	env.Contents = maps.Clone(env.Contents)
	if env.Contents == nil {
		env.Contents = map[contact.ContentKey]error{}
	}
	env.Contents[key] = err
	return nil
}

// searchable returns the records that a change writes, with the attributes and the agents by which they are to be
// found. That of the current contact is written anew when the chat's attributes or criteria change.
func searchable(was *contact.Chat, change *contact.Change) []center.Contact {
	n, list := change.Chat, change.Contacts
	if n == nil || change.Forgotten != nil || n.Gone&center.PartContacts != 0 {
		return list
	}
	list = slices.Clone(list)
	written := slices.ContainsFunc(list, func(c center.Contact) bool { return c.ID == n.Latest.ID })
	if !written && was != nil && (!maps.Equal(was.Attributes, n.Attributes) || !slices.EqualFunc(was.Criteria, n.Criteria, sameCriterion)) {
		list = append(list, n.Latest)
	}
	for i := range list {
		switch c := &list[i]; {
		case c.ID == n.Latest.ID:
			c.Attributes, c.Sought = n.Attributes, sought(n.Criteria)
		case was != nil && c.ID == was.Latest.ID:
			c.Attributes, c.Sought = was.Attributes, sought(was.Criteria)
		}
	}
	return list
}

func sameCriterion(a, b flow.Criterion) bool { return bytes.Equal(a.Expression, b.Expression) }

// sought returns the agents whom routing criteria name, each once.
func sought(steps []flow.Criterion) (users []center.UserID) {
	for _, s := range steps {
		if e, err := routing.Compile(s.Expression); err == nil {
			users = append(users, e.Names()...)
		}
	}
	slices.Sort(users)
	return slices.Compact(users)
}

// writeChat applies a change to the entry, for the commands that follow, and
// returns how to write it. The entry is locked.
func (e *Engine) writeChat(h *chatEntry, change *contact.Change, once *store.Once, of told) (write, error) {
	head, err := e.head(change)
	if err != nil {
		return nil, err
	}
	sc := &store.Change{
		Chat: h.id, Items: change.Items, After: h.state.tail.ID, Receipts: change.Receipts, Contacts: searchable(h.state.chat, change), Once: once,
		Version: h.version, // also of a message, which leaves the state as it is: what becomes of it depends on that
	}
	if h.version == 0 && change.Chat != nil {
		sc.Within = change.Chat.Instance
	}
	h.state.tail.Observe(change.Items)
	sc.Size = h.state.tail.Size
	if change.Chat != nil {
		sc.Next = nextVersion(h.version)
		sc.State = head
		var before []center.Attachment
		if h.state.chat != nil {
			before = h.state.chat.Attachments
		}
		noteUploads(sc, before, change.Chat.Attachments)
		addRecords(e, sc, h.state.chat, change, of)
		h.state.chat, h.version = change.Chat, sc.Next
		if slices.ContainsFunc(change.Contacts, func(c center.Contact) bool { return c.ID != change.Chat.Latest.ID }) {
			h.state.records = sc.Next
		}
	}
	if k := change.Kept; k != nil {
		answer, err := json.Marshal(k.Reply)
		if err != nil {
			panic("engine: a reply does not encode: " + err.Error()) // only strings and times
		}
		sc.Answers = []store.Once{{Key: keptKey(h.id, k.Key), Answer: answer, At: e.Clock.Now()}}
	}
	instance := h.state.chat.Instance
	if f := change.Forgotten; f != nil {
		sc.Erase = &store.Remove{Parts: f.Parts, Files: f.Files, Contacts: chainOf(change.Chat)}
	}
	sc.Quotas = e.quotas(instance, change)
	now := e.Clock.Now()
	for _, s := range change.Streamed {
		sc.Deliveries = append(sc.Deliveries, store.Delivery{
			Stream: s.Stream.ID, Chat: h.id, Instance: instance, Endpoint: s.Stream.Endpoint,
			Body: e.Streams.Body(instance, s), Created: now, Due: now,
		})
	}
	done := &Commit{
		Chat: h.id, Instance: instance, Contact: h.state.chat.Current(), Version: sc.Next, Seq: h.state.tail.Seq, Change: change,
	}
	if sc.State != nil {
		done.Due = sc.State.Due
	}
	return func(report func(error)) {
		e.Store.Submit(sc, e.waking(len(sc.Deliveries), func(err error) {
			if err == nil {
				e.notify(done)
			}
			report(err)
		}))
	}, nil
}

// head returns the store's form of a chat's new state, nil when there is none.
func (e *Engine) head(change *contact.Change) (*store.Head, error) {
	chat := change.Chat
	if chat == nil {
		return nil, nil
	}
	state := chat.Encode()
	if n := len(state); n > contact.MaxState {
		return nil, center.Errorf(center.QuotaExceeded, "the state of the chat would have %d bytes; it may have %d", n, contact.MaxState)
	}
	head := &store.Head{
		Instance: chat.Instance, State: state, Due: wholeMillis(change.Due),
		Workers: chat.Workers(), Active: !chat.Ended,
	}
	kept := chat.Kept()
	head.Kept, head.Ended, head.Expires = kept.Parts, kept.Ended, kept.Expires
	for i := range chat.Work {
		head.Held = append(head.Held, store.Holding{User: chat.Work[i].User, Since: chat.Work[i].Since, Work: string(chat.Work[i].State)})
	}
	if queue, priority, rank, ok := chat.Rank(); ok {
		head.Queued = &store.QueueEntry{Queue: queue, Priority: priority, Rank: rank, Since: chat.Queue.Since}
	}
	return head, nil
}

// quotas returns the counters that a change moves.
func (e *Engine) quotas(instance center.InstanceID, change *contact.Change) (quotas []store.Quota) {
	if change.Active != 0 {
		limit := int64(-1)
		if change.Active > 0 {
			limit = e.MaxActive
		}
		quotas = append(quotas, store.Quota{Counter: store.ActiveChats(instance), Delta: int64(change.Active), Limit: limit})
	}
	for _, m := range change.Queues {
		quotas = append(quotas, store.Quota{Counter: store.QueuedChats(instance, m.Queue), Delta: m.Delta, Limit: m.Limit})
	}
	return append(quotas, handsOf(instance, change.Work, change.Ask)...)
}

// wholeMillis rounds a time up to the store's precision. Rounded down, a timer
// would be fired early, each time at the cost of a commit, until the rest of the
// millisecond has passed.
func wholeMillis(t time.Time) time.Time {
	if whole := t.Truncate(time.Millisecond); whole.Before(t) {
		return whole.Add(time.Millisecond)
	}
	return t
}

// nextVersion returns a version after v, and greater, that no other node picks:
// it counts in the upper half, and the lower half is random.
func nextVersion(v int64) int64 { return (v>>32+1)<<32 | int64(random.Uint32()) }
