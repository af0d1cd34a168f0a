package sqlite

import (
	"encoding/json"
	"fmt"
	"strings"
	"unique"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
	"parley.example/parley/internal/store/sqlite/factsql"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// apply judges a change and, unless it is refused, writes it. A change that
// is refused has written nothing; one that ends with err may have written a
// part, and what the writer has cached is as it was before.
//
// Unless it is sure, a change that begins a chat is believed that there is none
// with the id: the index stands behind it, and its error leads to another
// attempt that looks.
func (w *writer) apply(c *store.Change, sure bool) (refused, err error) {
	if refused := rules.CheckChange(c); refused != nil {
		return refused, nil
	}
	if c.Within != "" {
		if exists, err := w.exists(c.Within); err != nil {
			return nil, err
		} else if !exists {
			return store.ErrNoInstance, nil
		}
	}
	var ch *chat
	if c.Chat != "" {
		begins := c.State != nil && c.Version == 0
		if ch, err = w.chat(c.Chat, sure || !begins); err != nil {
			return nil, err
		}
		refused = judge(c, ch)
	}
	if over, err := w.over(c.Quotas); err != nil {
		return nil, err
	} else if over != nil && refused == nil {
		refused = over
	}
	// A request made again gets its first answer, whatever has happened since.
	if replayed, err := w.once(c, refused == nil); err != nil {
		return nil, err
	} else if replayed {
		refused = store.ErrReplay
	}
	if refused != nil {
		return refused, nil
	}

	next, err := w.writeHead(c, ch)
	if err != nil {
		return nil, err
	}
	if err := w.writeItems(c, next); err != nil {
		return nil, err
	}
	for i := range c.Answers {
		a := &c.Answers[i]
		if _, err := w.conn.Exec(`INSERT INTO once (key, answer, at, chat) VALUES (?, ?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET answer = excluded.answer, at = excluded.at`, a.Key, a.Answer, a.At.UnixMilli(), sqlconn.PackID(c.Chat)); err != nil {
			return nil, err
		}
	}
	for i := range c.Contacts {
		if err := w.writeContact(&c.Contacts[i]); err != nil {
			return nil, err
		}
	}
	if err := w.writeDeliveries(c.Deliveries); err != nil {
		return nil, err
	}
	if err := factsql.Leave(w.conn.Conn, c.Tallies); err != nil {
		return nil, err
	}
	if err := w.writeUploads(c); err != nil {
		return nil, err
	}
	if err := w.erase(c, ch); err != nil {
		return nil, err
	}
	switch {
	case c.Erase != nil && c.Erase.Parts == center.AllParts:
		w.chats.drop(c.Chat)
	case ch != nil:
		*ch = next
	case c.Chat != "":
		w.chats.put(c.Chat, &next)
	}
	return nil, w.moveAll(c.Quotas)
}

// exists reports whether an instance exists. That it does is cached: asking costs a tenth of what a chat does to begin.
func (w *writer) exists(instance center.InstanceID) (bool, error) {
	if _, ok := w.instances.get(instance); ok {
		return true, nil
	}
	r, err := w.conn.First("SELECT 1 FROM resources WHERE kind = ? AND id = ?", string(center.KindInstance), string(instance))
	if err != nil || r == nil {
		return false, err
	}
	w.instances.put(instance, struct{}{})
	return true, nil
}

// judge compares a change with the chat it was decided on, nil when that does not exist.
func judge(c *store.Change, ch *chat) error {
	var last int64
	switch {
	case ch == nil && (c.State == nil || c.Version != 0):
		return store.ErrConflict
	case ch != nil && (c.State != nil || c.Version != 0) && c.Version != ch.version:
		return store.ErrConflict
	case ch != nil:
		last = ch.last
		if len(c.Items) > 0 && c.After != "" && markOf(c.After) != ch.lastID {
			return store.ErrConflict
		}
	}
	for i := range c.Items {
		if c.Items[i].Seq != last+int64(i)+1 {
			return store.ErrConflict
		}
	}
	return nil
}

// once uses up the key of a change when use is set, and reports whether it had been used before.
func (w *writer) once(c *store.Change, use bool) (replayed bool, err error) {
	o := c.Once
	if o == nil {
		return false, nil
	}
	if !use {
		r, err := w.conn.First("SELECT 1 FROM once WHERE key = ?", o.Key)
		return r != nil, err
	}
	res, err := w.conn.Exec("INSERT INTO once (key, answer, at, chat) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
		o.Key, o.Answer, o.At.UnixMilli(), sqlconn.PackID(c.Chat))
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 0, err
}

// writeHead writes the chat's row when the change has a state, and returns
// what will be known of the chat after the change.
func (w *writer) writeHead(c *store.Change, ch *chat) (next chat, err error) {
	if ch != nil {
		next = *ch
	}
	if n := len(c.Items); n > 0 {
		next.last, next.lastID = c.Items[n-1].Seq, markOf(c.Items[n-1].ID)
	}
	s := c.State
	if s == nil {
		return next, nil
	}
	if next.version = c.Next; next.version == 0 {
		next.version = c.Version + 1
	}
	next.held = holdingsOf(s.Held)
	next.facts = facts{instance: unique.Make(s.Instance), workers: unique.Make(strings.Join(s.Workers, " ")), active: s.Active, held: len(next.held) > 0}
	if !s.Due.IsZero() {
		next.facts.due = s.Due.UnixMilli()
	}
	next.facts.kept = s.Kept
	if !s.Ended.IsZero() {
		next.facts.ended = s.Ended.UnixMilli()
	}
	if !s.Expires.IsZero() {
		next.facts.expires = s.Expires.UnixMilli()
	}
	var queue, priority, rank, since any
	if e := s.Queued; e != nil {
		next.facts.queue, next.facts.priority, next.facts.rank, next.facts.since = e.Queue, e.Priority, e.Rank.UnixMilli(), e.Since.UnixMilli()
		queue, priority, rank, since = string(e.Queue), e.Priority, next.facts.rank, next.facts.since
	}
	switch {
	case ch == nil:
		if next.n, err = w.nextNumber(); err != nil {
			return next, err
		}
		_, err = w.conn.Exec(`INSERT INTO chats (n, id, version, state, instance, due, workers, active, queue, priority, rank, since, kept, ended, expires, held)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			next.n, string(c.Chat), next.version, s.State, string(s.Instance), sqlconn.Millis(s.Due), sqlconn.Text(next.facts.workers.Value()), sqlconn.Flag(s.Active), queue, priority, rank, since,
			int64(s.Kept), sqlconn.Millis(s.Ended), sqlconn.Millis(s.Expires), sqlconn.OrNull(next.facts.held))
	case next.facts == ch.facts:
		// Without the columns that indexes hang on the indexes need no look.
		_, err = w.conn.Exec("UPDATE chats SET version = ?, state = ? WHERE n = ?", next.version, s.State, ch.n)
	default:
		_, err = w.conn.Exec(`UPDATE chats SET version = ?, state = ?, instance = ?, due = ?, workers = ?, active = ?,
			queue = ?, priority = ?, rank = ?, since = ?, kept = ?, ended = ?, expires = ?, held = ? WHERE n = ?`,
			next.version, s.State, string(s.Instance), sqlconn.Millis(s.Due), sqlconn.Text(next.facts.workers.Value()), sqlconn.Flag(s.Active), queue, priority, rank, since,
			int64(s.Kept), sqlconn.Millis(s.Ended), sqlconn.Millis(s.Expires), sqlconn.OrNull(next.facts.held), ch.n)
	}
	if err == nil {
		err = w.writeHeld(ch, &next)
	}
	return next, err
}

func (w *writer) writeItems(c *store.Change, ch chat) error {
	for i := range c.Items {
		it := &c.Items[i]
		attachment, err := optionalJSON(it.Attachment, it.Attachment == nil)
		if err != nil {
			return err
		}
		var size any
		if i == len(c.Items)-1 {
			size = c.Size
		}
		contact := sqlconn.Text(it.Contact)
		if it.Contact == c.Chat {
			contact = nil
		}
		if _, err := w.conn.Exec(`INSERT INTO items (chat, seq, id, contact, time, type, content_type, content,
			participant, display_name, role, visibility, attachment, processing, client_token, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			ch.n, it.Seq, sqlconn.PackID(it.ID), contact, it.Time.UnixMilli(), string(it.Type), sqlconn.Text(it.ContentType), sqlconn.Text(it.Content),
			sqlconn.PackID(it.Participant), sqlconn.Text(it.DisplayName), sqlconn.Text(it.Role), sqlconn.Text(it.Visibility), attachment, sqlconn.Text(it.Processing), sqlconn.PackID(it.ClientToken), size); err != nil {
			return fmt.Errorf("item %d: %w", it.Seq, err)
		}
	}
	if err := w.writeTokens(c.Items, ch); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	for i := range c.Receipts {
		r := &c.Receipts[i]
		if _, err := w.conn.Exec(`INSERT INTO receipts (chat, item, recipient, delivered, read) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET delivered = coalesce(delivered, excluded.delivered), read = coalesce(read, excluded.read)`,
			ch.n, sqlconn.PackID(r.Item), sqlconn.PackID(r.Recipient), sqlconn.Millis(r.Delivered), sqlconn.Millis(r.Read)); err != nil {
			return fmt.Errorf("receipt: %w", err)
		}
	}
	return nil
}

// writeContact writes a record, and what it is found by. Attributes have rows of their own once the contact is over: until
// then they change, and searches read them in the records of the chats that go on.
func (w *writer) writeContact(c *center.Contact) error {
	record, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if _, err := w.conn.Exec(`INSERT INTO contacts (id, chat, instance, related, initiated, record, disconnected, enqueued, agent_connected, agent, queue, method) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET chat = excluded.chat, instance = excluded.instance, related = excluded.related,
			initiated = excluded.initiated, record = excluded.record, disconnected = excluded.disconnected, enqueued = excluded.enqueued,
			agent_connected = excluded.agent_connected, agent = excluded.agent, queue = excluded.queue, method = excluded.method`,
		string(c.ID), string(c.Chat), string(c.Instance), sqlconn.Text(c.Related), c.Initiated.UnixMilli(), string(record),
		sqlconn.Millis(c.Disconnected), sqlconn.Millis(c.Enqueued), sqlconn.Millis(c.AgentConnected), sqlconn.Text(c.Agent), sqlconn.Text(c.Queue),
		sqlconn.Text(c.InitiationMethod)); err != nil {
		return fmt.Errorf("contact: %w", err)
	}
	if !c.Ended() {
		return nil
	}
	if _, err := w.conn.Exec(endedSQL, string(c.ID)); err != nil {
		return fmt.Errorf("said: %w", err)
	}
	if _, err := w.conn.Exec(`DELETE FROM contact_attributes AS x WHERE contact = (SELECT n FROM contacts WHERE id = ?) AND NOT EXISTS (
		SELECT 1 FROM contacts AS k, json_each(k.record, '$.attributes') AS a WHERE k.n = x.contact AND k.instance = x.instance AND k.initiated = x.initiated
		AND a.key = x.name AND lower(a.value) = x.value) AND NOT (x.name = ? AND x.value = lower(?))`, string(c.ID), store.CustomerKey, c.CustomerID); err != nil {
		return fmt.Errorf("attributes: %w", err)
	}
	if c.CustomerID != "" {
		if _, err := w.conn.Exec(`INSERT OR IGNORE INTO contact_attributes (instance, name, value, initiated, contact)
			SELECT k.instance, ?, lower(?), k.initiated, k.n FROM contacts AS k WHERE k.id = ? AND length(?) <= 100`, store.CustomerKey, c.CustomerID, string(c.ID), c.CustomerID); err != nil {
			return fmt.Errorf("customer: %w", err)
		}
	}
	if len(c.Attributes) == 0 {
		return nil
	}
	if _, err := w.conn.Exec(`INSERT OR IGNORE INTO contact_attributes (instance, name, value, initiated, contact)
		SELECT k.instance, a.key, lower(a.value), k.initiated, k.n FROM contacts AS k, json_each(k.record, '$.attributes') AS a WHERE k.id = ? AND length(a.value) <= 100`,
		string(c.ID)); err != nil {
		return fmt.Errorf("attributes: %w", err)
	}
	return nil
}

// writeDeliveries fills the outbox. In each stream the oldest delivery is
// marked as the first, which lets [Store.Outbox] find what may go out
// without looking at all that waits behind it.
func (w *writer) writeDeliveries(deliveries []store.Delivery) error {
	for i := range deliveries {
		d := &deliveries[i]
		if _, err := w.conn.Exec(`INSERT INTO outbox (stream, chat, instance, endpoint, body, created, due, attempts, error, first)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NOT EXISTS (SELECT 1 FROM outbox WHERE stream = ?))`,
			d.Stream, string(d.Chat), string(d.Instance), d.Endpoint, d.Body, sqlconn.Millis(d.Created), d.Due.UnixMilli(),
			int64(d.Attempts), sqlconn.Text(d.Error), d.Stream); err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
	}
	return nil
}

// writeUploads notes the uploads of a change and removes the notes of those that it settles.
func (w *writer) writeUploads(c *store.Change) error {
	for i := range c.Uploads {
		u := &c.Uploads[i]
		if _, err := w.conn.Exec(`INSERT INTO uploads (id, chat, expires) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET expires = excluded.expires`, u.ID, string(u.Chat), u.Expires.UnixMilli()); err != nil {
			return fmt.Errorf("upload: %w", err)
		}
	}
	return w.conn.settle(c.Settled)
}

// optionalJSON gives NULL for what is absent.
func optionalJSON(v any, absent bool) (any, error) {
	if absent {
		return nil, nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}
