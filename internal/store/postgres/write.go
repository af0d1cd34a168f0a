package postgres

import (
	"encoding/json"
	"maps"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
)

// writes is what the changes of a group write besides chats, agents and counters, row by row: what is said of one row twice is folded into what was said last.
type writes struct {
	changed    bool // there is something to be written
	onces      []onceRow
	answers    map[string]onceRow
	items      []itemRow
	long       []int64 // chats that have become long
	tokens     []tokenRow
	receipts   map[receiptKey]*receiptTimes
	contacts   map[center.ContactID]contactRow
	deliveries []store.Delivery
	tallies    []store.Tally
	uploads    map[string]*store.Upload // nil for one that is settled
}

type onceRow struct {
	store.Once
	chat center.ContactID
}

type itemRow struct {
	*center.Item
	chat       int64
	contact    *string
	attachment *string
	size       *int64
}

type tokenRow struct {
	chat int64
	*center.Item
}

type receiptKey struct {
	chat            int64
	item, recipient string
}

type receiptTimes struct{ delivered, read *int64 }

type contactRow struct {
	*center.Contact
	record string
}

// change collects what a change of a chat writes. ch is the chat after it.
func (w *writes) change(c *store.Change, ch *chat) error {
	w.changed = w.changed || c.State != nil || c.Once != nil || c.Erase != nil ||
		len(c.Items)+len(c.Receipts)+len(c.Contacts)+len(c.Answers)+len(c.Deliveries)+len(c.Tallies)+len(c.Uploads)+len(c.Settled) > 0
	if c.Once != nil {
		w.onces = append(w.onces, onceRow{*c.Once, c.Chat})
	}
	for _, a := range c.Answers {
		put(&w.answers, a.Key, onceRow{a, c.Chat})
	}
	if err := w.addItems(c, ch); err != nil {
		return err
	}
	for i := range c.Receipts {
		r := &c.Receipts[i]
		key := receiptKey{ch.n, pack(string(r.Item)), pack(string(r.Recipient))}
		times := w.receipts[key]
		if times == nil {
			times = &receiptTimes{}
			put(&w.receipts, key, times)
		}
		if times.delivered == nil {
			times.delivered = millis(r.Delivered)
		}
		if times.read == nil {
			times.read = millis(r.Read)
		}
	}
	for i := range c.Contacts {
		record, err := json.Marshal(&c.Contacts[i])
		if err != nil {
			return err
		}
		put(&w.contacts, c.Contacts[i].ID, contactRow{&c.Contacts[i], packJSON(record)})
	}
	w.deliveries = append(w.deliveries, c.Deliveries...)
	w.tallies = append(w.tallies, c.Tallies...)
	for i := range c.Uploads {
		put(&w.uploads, c.Uploads[i].ID, &c.Uploads[i])
	}
	for _, id := range c.Settled {
		put(&w.uploads, id, nil)
	}
	return nil
}

func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}

func (w *writes) addItems(c *store.Change, ch *chat) error {
	for i := range c.Items {
		row := itemRow{Item: &c.Items[i], chat: ch.n}
		var err error
		if row.attachment, err = optionalJSON(row.Attachment, row.Attachment == nil); err != nil {
			return err
		}
		if i == len(c.Items)-1 {
			row.size = &c.Size
		}
		if row.Contact != c.Chat {
			row.contact = optional(row.Contact)
		}
		w.items = append(w.items, row)
	}
	if len(c.Items) == 0 || ch.last <= store.RecentItems {
		return nil
	}
	// Of a chat that is short no tokens are kept; when it has become long, those of all its items are.
	if c.Items[0].Seq <= store.RecentItems+1 {
		w.long = append(w.long, ch.n)
		return nil
	}
	for i := range c.Items {
		if it := &c.Items[i]; it.ClientToken != "" && it.Participant != "" {
			w.tokens = append(w.tokens, tokenRow{ch.n, it})
		}
	}
	return nil
}

const (
	insertOnce = `INSERT INTO once (key, answer, at, shard, chat) SELECT key, answer, at, shard, chat
		FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::bigint[], $5::text[]) AS u (key, answer, at, shard, chat) ORDER BY key`
	upsertOnce  = insertOnce + ` ON CONFLICT (key) DO UPDATE SET answer = excluded.answer, at = excluded.at`
	insertItems = `INSERT INTO items (chat, seq, id, contact, time, type, content_type, content, participant, display_name, role, visibility, attachment, processing, client_token, size)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
			$12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[])`
	rememberAll = `INSERT INTO tokens (chat, token, participant, file, seq) SELECT chat, client_token, participant, type = 'ATTACHMENT', seq FROM items
		WHERE chat = ANY($1) AND client_token IS NOT NULL AND participant IS NOT NULL ORDER BY chat, seq ON CONFLICT DO NOTHING`
	remember = `INSERT INTO tokens (chat, token, participant, file, seq) SELECT chat, token, participant, file, seq
		FROM unnest($1::bigint[], $2::text[], $3::text[], $4::boolean[], $5::bigint[]) AS u (chat, token, participant, file, seq) ORDER BY chat, seq ON CONFLICT DO NOTHING`
	mergeReceipts = `INSERT INTO receipts (chat, item, recipient, delivered, read) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
		ON CONFLICT (chat, item, recipient) DO UPDATE SET delivered = coalesce(receipts.delivered, excluded.delivered), read = coalesce(receipts.read, excluded.read)`
	upsertContacts = `INSERT INTO contacts (id, chat, instance, related, initiated, disconnected, enqueued, agent_connected, agent, queue, method, record)
		SELECT id, chat, instance, related, initiated, disconnected, enqueued, agent_connected, agent, queue, method, record
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[])
			AS u (id, chat, instance, related, initiated, disconnected, enqueued, agent_connected, agent, queue, method, record) ORDER BY id
		ON CONFLICT (id) DO UPDATE SET chat = excluded.chat, instance = excluded.instance, related = excluded.related, initiated = excluded.initiated,
			disconnected = excluded.disconnected, enqueued = excluded.enqueued, agent_connected = excluded.agent_connected, agent = excluded.agent, queue = excluded.queue, method = excluded.method, record = excluded.record`
	// A contact that is over is to be indexed, unless it is, or its transcript is being erased.
	endedContacts = `INSERT INTO said_due (contact) SELECT k.n FROM contacts AS k WHERE k.id = ANY($1) AND NOT EXISTS (SELECT 1 FROM said_docs WHERE contact = k.n)
		AND NOT EXISTS (SELECT 1 FROM chats AS c JOIN remains AS m ON m.number = c.n WHERE c.id = k.chat) ON CONFLICT DO NOTHING`
	oldAttributes = "DELETE FROM contact_attributes WHERE contact IN (SELECT n FROM contacts WHERE id = ANY($1))"
	newAttributes = `INSERT INTO contact_attributes (instance, name, value, initiated, contact) SELECT k.instance, u.name, u.value, k.initiated, k.n
		FROM unnest($1::text[], $2::text[], $3::text[]) AS u (id, name, value) JOIN contacts AS k ON k.id = u.id ON CONFLICT DO NOTHING`
	insertTallies  = "INSERT INTO tallies (instance, body) SELECT instance, body FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS u (instance, body, place) ORDER BY place"
	upsertUploads  = `INSERT INTO uploads (id, chat, expires, shard) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) ON CONFLICT (id) DO UPDATE SET expires = excluded.expires`
	settleUploads  = "DELETE FROM uploads WHERE id = ANY($1)"
	lockStreams    = "INSERT INTO outbox_streams (stream) SELECT stream FROM unnest($1::text[]) AS u (stream) ORDER BY stream ON CONFLICT (stream) DO UPDATE SET stream = excluded.stream"
	insertDelivery = `INSERT INTO outbox (stream, chat, instance, endpoint, body, created, due, attempts, error, shard, first)
		SELECT stream, chat, instance, endpoint, body, created, due, attempts, error, shard, false
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::bigint[])
			WITH ORDINALITY AS u (stream, chat, instance, endpoint, body, created, due, attempts, error, shard, place) ORDER BY place`
	// firstSQL marks the oldest delivery of each of some streams, whose rows are locked.
	firstSQL = `UPDATE outbox SET first = true WHERE NOT first AND id IN (SELECT (SELECT min(id) FROM outbox WHERE stream = u.stream) FROM unnest($1::text[]) AS u (stream))`
)

// write queues the statements of a group, each for all rows of a table.
func (g *group) write(b *pgx.Batch) {
	g.writeChats(b)
	g.writeAgents(b)
	w := &g.out
	if len(w.onces) > 0 {
		queueOnce(b, insertOnce, w.onces)
	}
	if len(w.answers) > 0 {
		all := make([]onceRow, 0, len(w.answers))
		for _, a := range w.answers {
			all = append(all, a)
		}
		queueOnce(b, upsertOnce, all)
	}
	w.writeItems(b)
	w.writeContacts(b)
	g.writeHeld(b)
	g.writeCounters(b)
	if len(w.tallies) > 0 {
		b.Queue(insertTallies, list(w.tallies, func(t *store.Tally) string { return pack(string(t.Instance)) }), list(w.tallies, func(t *store.Tally) []byte { return filled(t.Body) }))
	}
	w.writeUploads(b)
	w.writeDeliveries(b)
}

// filled is never NULL.
func filled(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func queueOnce(b *pgx.Batch, sql string, all []onceRow) {
	b.Queue(sql, list(all, func(o *onceRow) string { return pack(o.Key) }), list(all, func(o *onceRow) []byte { return o.Answer }),
		list(all, func(o *onceRow) int64 { return o.At.UnixMilli() }), list(all, func(o *onceRow) int64 { return int64(store.ShardOf(o.Key)) }),
		list(all, func(o *onceRow) *string { return optional(o.chat) }))
}

func (w *writes) writeItems(b *pgx.Batch) {
	if all := w.items; len(all) > 0 {
		b.Queue(insertItems, list(all, func(i *itemRow) int64 { return i.chat }), list(all, func(i *itemRow) int64 { return i.Seq }), list(all, func(i *itemRow) string { return pack(string(i.ID)) }),
			list(all, func(i *itemRow) *string { return i.contact }), list(all, func(i *itemRow) int64 { return i.Time.UnixMilli() }), list(all, func(i *itemRow) string { return string(i.Type) }),
			list(all, func(i *itemRow) *string { return optional(i.ContentType) }), list(all, func(i *itemRow) *string { return optional(i.Content) }),
			list(all, func(i *itemRow) *string { return optional(i.Participant) }), list(all, func(i *itemRow) *string { return optional(i.DisplayName) }),
			list(all, func(i *itemRow) *string { return optional(i.Role) }), list(all, func(i *itemRow) *string { return optional(i.Visibility) }), list(all, func(i *itemRow) *string { return i.attachment }),
			list(all, func(i *itemRow) *string { return optional(i.Processing) }), list(all, func(i *itemRow) *string { return optional(i.ClientToken) }), list(all, func(i *itemRow) *int64 { return i.size }))
	}
	if len(w.long) > 0 {
		b.Queue(rememberAll, w.long)
	}
	if all := w.tokens; len(all) > 0 {
		b.Queue(remember, list(all, func(t *tokenRow) int64 { return t.chat }), list(all, func(t *tokenRow) string { return pack(t.ClientToken) }),
			list(all, func(t *tokenRow) string { return pack(string(t.Participant)) }), list(all, func(t *tokenRow) bool { return t.Type == center.TypeAttachment }), list(all, func(t *tokenRow) int64 { return t.Seq }))
	}
	if len(w.receipts) > 0 {
		var chats []int64
		var items, recipients []string
		var delivered, read []*int64
		for k, times := range w.receipts {
			chats, items, recipients = append(chats, k.chat), append(items, k.item), append(recipients, k.recipient)
			delivered, read = append(delivered, times.delivered), append(read, times.read)
		}
		b.Queue(mergeReceipts, chats, items, recipients, delivered, read)
	}
}

func (w *writes) writeContacts(b *pgx.Batch) {
	if len(w.contacts) == 0 {
		return
	}
	all := make([]contactRow, 0, len(w.contacts))
	var ended, of, names, values []string
	for _, c := range w.contacts {
		all = append(all, c)
		if !c.Ended() {
			continue // until then attributes change, and searches read them in the records of the chats that go on
		}
		ended = append(ended, pack(string(c.ID)))
		found := c.Attributes
		if c.CustomerID != "" {
			found = maps.Clone(found)
			if found == nil {
				found = map[string]string{}
			}
			found[store.CustomerKey] = c.CustomerID
		}
		for name, value := range found {
			if utf8.RuneCountInString(value) <= 100 {
				of, names, values = append(of, pack(string(c.ID))), append(names, pack(name)), append(values, pack(rules.Lower(value)))
			}
		}
	}
	b.Queue(upsertContacts, list(all, func(c *contactRow) string { return pack(string(c.ID)) }), list(all, func(c *contactRow) string { return pack(string(c.Chat)) }),
		list(all, func(c *contactRow) string { return pack(string(c.Instance)) }), list(all, func(c *contactRow) *string { return optional(c.Related) }),
		list(all, func(c *contactRow) int64 { return c.Initiated.UnixMilli() }), list(all, func(c *contactRow) *int64 { return millis(c.Disconnected) }),
		list(all, func(c *contactRow) *int64 { return millis(c.Enqueued) }), list(all, func(c *contactRow) *int64 { return millis(c.AgentConnected) }),
		list(all, func(c *contactRow) *string { return optional(c.Agent) }), list(all, func(c *contactRow) *string { return optional(c.Queue) }),
		list(all, func(c *contactRow) *string { return optional(c.InitiationMethod) }), list(all, func(c *contactRow) string { return c.record }))
	if len(ended) > 0 {
		b.Queue(endedContacts, ended)
		b.Queue(oldAttributes, ended)
	}
	if len(of) > 0 {
		b.Queue(newAttributes, of, names, values)
	}
}

func (w *writes) writeUploads(b *pgx.Batch) {
	var noted []store.Upload
	var settled []string
	for id, u := range w.uploads {
		if u == nil {
			settled = append(settled, pack(id))
		} else {
			noted = append(noted, *u)
		}
	}
	if len(noted) > 0 {
		b.Queue(upsertUploads, list(noted, func(u *store.Upload) string { return pack(u.ID) }), list(noted, func(u *store.Upload) string { return pack(string(u.Chat)) }),
			list(noted, func(u *store.Upload) int64 { return u.Expires.UnixMilli() }), list(noted, func(u *store.Upload) int64 { return int64(store.ShardOf(u.Chat)) }))
	}
	if len(settled) > 0 {
		b.Queue(settleUploads, settled)
	}
}

// writeDeliveries fills the outbox. In each stream the oldest delivery is marked as the first, which lets [Store.Outbox] find what may go out
// without looking at all that waits behind it.
func (w *writes) writeDeliveries(b *pgx.Batch) {
	all := w.deliveries
	if len(all) == 0 {
		return
	}
	streams := map[string]bool{}
	for i := range all {
		streams[all[i].Stream] = true
	}
	b.Queue(lockStreams, sorted(streams))
	b.Queue(insertDelivery, list(all, func(d *store.Delivery) string { return pack(d.Stream) }), list(all, func(d *store.Delivery) string { return pack(string(d.Chat)) }),
		list(all, func(d *store.Delivery) string { return pack(string(d.Instance)) }), list(all, func(d *store.Delivery) string { return pack(d.Endpoint) }),
		list(all, func(d *store.Delivery) []byte { return d.Body }), list(all, func(d *store.Delivery) *int64 { return millis(d.Created) }),
		list(all, func(d *store.Delivery) int64 { return d.Due.UnixMilli() }), list(all, func(d *store.Delivery) int64 { return int64(d.Attempts) }),
		list(all, func(d *store.Delivery) *string { return optional(d.Error) }), list(all, func(d *store.Delivery) int64 { return int64(d.Shard()) }))
	b.Queue(firstSQL, sorted(streams))
}
