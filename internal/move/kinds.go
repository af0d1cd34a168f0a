package move

import (
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
)

// kind is a kind of line: what is read for it, and what is written.
//
// SQL is that of both stores, but for words in braces: {chats} and {instance} are the conditions of what is exported, {user} is the column with
// the id of a user, {cross} is a join that keeps the order of its tables, {true} a flag that is set.
type kind struct {
	name    string
	from    string // FROM, with the tables by their short names
	where   string
	order   string
	into    string // the table; "" when write does it all
	members []member
	// shard is the member whose shard a column has on PostgreSQL; "" for none.
	shard string
	// inside says that there is a column with the instance.
	inside bool
	// rule is what else is written for a line, after it; nil for nothing.
	rule func(ctx context.Context, w *writing, v []any) error
	// live kinds make the instance one that servers work on: they are written last, together.
	live bool
	// whole kinds are of an instance as a whole, and not in the export of contacts.
	whole bool
}

// ofChat is the chat that a row hangs on, by its number.
func ofChat(column string) member {
	return member{name: "chat", form: text, from: "c.id", to: column, with: "(SELECT n FROM chats WHERE id = ?)"}
}

// unless leaves out rows that are to be deleted: of chats of which a part has been erased.
func unless(part center.Part) string {
	return " AND NOT EXISTS (SELECT 1 FROM remains AS m WHERE m.number = c.n AND (m.parts & " + string(rune('0'+part)) + ") <> 0)"
}

const secretKind = "secret"

const resourceOrder = "r.kind, r.id"

var resourceMembers = []member{
	{"type", text, "r.kind", "kind", ""}, {"id", text, "r.id", "id", ""}, {"instance", text, "nullif(r.instance, '')", "instance", "coalesce(?, '')"},
	{"name", text, "nullif(r.name, '')", "name", "coalesce(?, '')"}, {"version", whole, "r.version", "version", ""},
	{"created", whole, "r.created", "created", ""}, {"updated", whole, "r.updated", "updated", ""},
	{"body", doc, "r.body", "body", ""}, {"tags", doc, "r.tags", "tags", ""},
}

// kinds are all kinds of lines with rows behind them, in the order of a file.
var kinds = []kind{
	{
		// Everything that an administrator sets up. Access keys and the secret of tokens belong to no instance.
		name: "resource", from: "resources AS r", where: "r.instance = {id} AND r.kind <> 'instance'", order: resourceOrder, into: "resources", members: resourceMembers, whole: true,
	},
	{
		name: "chat", from: "chats AS c", where: "{chats}", order: "c.id", into: "chats", inside: true, shard: "id",
		members: []member{
			{"id", text, "c.id", "id", ""}, {"version", whole, "c.version", "version", ""}, {"active", flag, "c.active", "active", ""},
			{"queue", text, "c.queue", "queue", ""}, {"priority", whole, "c.priority", "priority", ""}, {"rank", whole, "c.rank", "rank", ""}, {"since", whole, "c.since", "since", ""},
			{"kept", whole, "nullif(c.kept, 0)", "kept", "coalesce(?, 0)"}, {"ended", whole, "c.ended", "ended", ""}, {"state", body, "c.state", "state", ""},
		},
	},
	{
		name: "item", from: "chats AS c {cross} JOIN items AS i ON i.chat = c.n", where: "{chats}" + unless(center.PartTranscript), order: "c.id, i.seq", into: "items",
		members: []member{
			ofChat("chat"), {"seq", whole, "i.seq", "seq", ""}, {"id", ident, "i.id", "id", ""}, {"contact", text, "i.contact", "contact", ""},
			{"time", whole, "i.time", "time", ""}, {"type", text, "i.type", "type", ""}, {"contentType", text, "i.content_type", "content_type", ""}, {"content", text, "i.content", "content", ""},
			{"participant", ident, "i.participant", "participant", ""}, {"displayName", text, "i.display_name", "display_name", ""}, {"role", text, "i.role", "role", ""},
			{"visibility", text, "i.visibility", "visibility", ""}, {"attachment", doc, "i.attachment", "attachment", ""}, {"processing", text, "i.processing", "processing", ""},
			{"clientToken", ident, "i.client_token", "client_token", ""}, {"size", whole, "i.size", "size", ""},
		},
		rule: remember,
	},
	{
		name: "receipt", from: "chats AS c {cross} JOIN receipts AS r ON r.chat = c.n", where: "{chats}" + unless(center.PartTranscript), order: "c.id, r.item, r.recipient", into: "receipts",
		members: []member{
			ofChat("chat"), {"item", ident, "r.item", "item", ""}, {"recipient", ident, "r.recipient", "recipient", ""},
			{"delivered", whole, "r.delivered", "delivered", ""}, {"read", whole, "r.read", "read", ""},
		},
	},
	{
		name: "contact", from: "chats AS c {cross} JOIN contacts AS k ON k.chat = c.id", where: "{chats}" + unless(center.PartContacts), order: "c.id, k.id", into: "contacts", inside: true,
		members: []member{
			{"chat", text, "k.chat", "chat", ""}, {"id", text, "k.id", "id", ""}, {"related", text, "k.related", "related", ""}, {"method", text, "k.method", "method", ""},
			{"initiated", whole, "k.initiated", "initiated", ""}, {"enqueued", whole, "k.enqueued", "enqueued", ""}, {"agentConnected", whole, "k.agent_connected", "agent_connected", ""},
			{"disconnected", whole, "k.disconnected", "disconnected", ""}, {"agent", text, "k.agent", "agent", ""}, {"queue", text, "k.queue", "queue", ""}, {"record", doc, "k.record", "record", ""},
		},
		rule: index,
	},
	{
		name: "answer", from: "chats AS c {cross} JOIN once AS o ON {answered}", where: "{chats}", order: "c.id, o.key", into: "once", shard: "key", whole: true,
		members: []member{
			{"chat", ident, "c.id", "chat", ""}, {"key", text, "o.key", "key", ""}, {"at", whole, "o.at", "at", ""}, {"answer", body, "o.answer", "answer", ""},
		},
	},
	{
		name: "agent", from: "agents AS a", where: "{instance}", order: "a.{user}", into: "agents", inside: true, shard: "user", whole: true,
		members: []member{
			{"user", text, "a.{user}", "{user}", ""}, {"version", whole, "a.version", "version", ""}, {"online", flag, "a.online", "online", ""}, {"state", body, "a.state", "state", ""},
		},
	},
	{
		name: "fact", from: "facts AS a", where: "{instance}", order: "a.kind, a.quarter, a.id", into: "facts", inside: true, whole: true,
		members: []member{
			{"type", text, "a.kind", "kind", ""}, {"quarter", whole, "a.quarter", "quarter", ""}, {"id", text, "a.id", "id", ""}, {"body", body, "a.body", "body", ""},
		},
	},
	{
		name: "erasure", from: "erasures AS a", where: "{instance} AND a.finished IS NOT NULL", order: "a.id", into: "erasures", inside: true, whole: true,
		members: []member{
			{"id", text, "a.id", "id", ""}, {"selected", text, "a.selected", "selected", ""}, {"key", text, "a.key", "key", ""},
			{"asked", whole, "a.asked", "asked", ""}, {"finished", whole, "a.finished", "finished", ""},
		},
	},
	{
		name: "erased-contact", from: "erasures AS a JOIN erased_contacts AS e ON e.erasure = a.id", where: "{instance} AND a.finished IS NOT NULL", order: "a.id, e.contact", into: "erased_contacts", whole: true,
		members: []member{{"erasure", text, "e.erasure", "erasure", ""}, {"contact", text, "e.contact", "contact", ""}},
	},
	{
		name: "erased-count", from: "erasures AS a JOIN erased_counts AS e ON e.erasure = a.id", where: "{instance} AND a.finished IS NOT NULL", order: "a.id, e.kind", into: "erased_counts", whole: true,
		members: []member{{"erasure", text, "e.erasure", "erasure", ""}, {"type", text, "e.kind", "kind", ""}, {"count", whole, "e.count", "count", ""}},
	},

	// From here on what servers work on.
	{
		name: "hand", from: "holdings AS a JOIN chats AS c ON c.n = a.chat", where: "{instance}", order: "a.{user}, a.since, c.id, a.work", into: "holdings", inside: true, live: true, whole: true,
		members: []member{
			{"user", text, "a.{user}", "{user}", ""}, {"since", whole, "a.since", "since", ""}, ofChat("chat"), {"work", text, "a.work", "work", ""},
		},
		rule: func(ctx context.Context, w *writing, v []any) error {
			if w.pg {
				return nil
			}
			return w.exec(ctx, "UPDATE chats SET held = 1 WHERE id = ?", v[2])
		},
	},
	{
		name: "counter", from: "counters AS a", where: "a.value <> 0 AND a.name LIKE '%/' || {id} || '/%' AND a.name NOT LIKE 'active-chats/%' AND a.name NOT LIKE 'queued/%'", order: "a.name", live: true, whole: true,
		members: []member{{"name", text, "a.name", "", ""}, {"value", whole, "a.value", "", ""}},
		rule: func(ctx context.Context, w *writing, v []any) error {
			if w.pg {
				return w.exec(ctx, "INSERT INTO counters (name, value, kept) VALUES (?, ?, true)", v...)
			}
			return w.exec(ctx, "INSERT INTO counters (name, value) VALUES (?, ?)", v...)
		},
	},
	{
		name: "agent-time", from: "agent_times AS a", where: "{instance}", order: "a.{user}", into: "agent_times", inside: true, live: true, whole: true,
		members: []member{
			{"user", text, "a.{user}", "{user}", ""}, {"version", whole, "a.version", "version", ""}, {"since", whole, "a.since", "since", ""}, {"idle", flag, "a.idle", "idle", ""}, {"body", body, "a.body", "body", ""},
		},
	},
	{
		name: "tally", from: "tallies AS a", where: "{instance}", order: "a.n", into: "tallies", inside: true, live: true, whole: true,
		members: []member{{"body", body, "a.body", "body", ""}},
	},
	{
		// Waiting and dead deliveries, in the order in which they were put there: a dead letter that is replayed takes its old place in its stream.
		name: "delivery", live: true, whole: true, order: "a.id",
		where: "{instance} AND NOT EXISTS (SELECT 1 FROM remains AS m WHERE m.chat = a.chat AND (m.parts & 1) <> 0)", // copies of a transcript go with it
		from: `(SELECT id, stream, chat, instance, endpoint, body, created, due, attempts, error, {false} AS dead FROM outbox
			UNION ALL SELECT id, stream, chat, instance, endpoint, body, created, NULL, attempts, error, {true} FROM dead_letters) AS a`,
		members: []member{
			{"stream", text, "a.stream", "", ""}, {"chat", text, "a.chat", "", ""}, {"endpoint", text, "a.endpoint", "", ""},
			{"body", body, "a.body", "", ""}, {"created", whole, "a.created", "", ""}, {"attempts", whole, "a.attempts", "", ""}, {"error", text, "a.error", "", ""},
			{"due", whole, "a.due", "", ""}, {"dead", flag, "a.dead", "", ""},
		},
		rule: deliver,
	},
	{
		name: "upload", from: "chats AS c {cross} JOIN uploads AS u ON u.chat = c.id", where: "{chats}" + unless(center.PartAttachments), order: "c.id, u.id", into: "uploads", shard: "chat", live: true, whole: true,
		members: []member{{"chat", text, "u.chat", "chat", ""}, {"id", text, "u.id", "id", ""}, {"expires", whole, "u.expires", "expires", ""}},
	},
	{
		name: "timer", from: "chats AS c", where: "{chats} AND (c.due IS NOT NULL OR c.workers IS NOT NULL OR c.expires IS NOT NULL)", order: "c.id", live: true,
		members: []member{{"chat", text, "c.id", "", ""}, {"due", whole, "c.due", "", ""}, {"workers", text, "c.workers", "", ""}, {"expires", whole, "c.expires", "", ""}},
		rule: func(ctx context.Context, w *writing, v []any) error {
			return w.exec(ctx, "UPDATE chats SET due = ?, workers = ?, expires = ? WHERE id = ?", v[1], v[2], v[3], v[0])
		},
	},
	{
		name: "agent-timer", from: "agents AS a", where: "{instance} AND a.due IS NOT NULL", order: "a.{user}", live: true, whole: true,
		members: []member{{"user", text, "a.{user}", "", ""}, {"due", whole, "a.due", "", ""}},
		rule: func(ctx context.Context, w *writing, v []any) error {
			return w.exec(ctx, "UPDATE agents SET due = ? WHERE {user} = ?", v[1], v[0])
		},
	},
	{
		// Access keys and the secrets that seal tokens, sealed as they lie by the secret file. They belong to no instance.
		name: secretKind, from: "resources AS r", where: "(r.kind = 'access-key' OR r.kind = 'setting' AND r.id = 'token-secret')", order: resourceOrder, into: "resources", members: resourceMembers, live: true, whole: true,
	},
	{
		// The instance, and the row that claims its alias.
		name: "instance", from: "resources AS r", where: "(r.kind = 'instance' AND r.id = {id} OR r.kind = 'setting' AND r.id LIKE 'instance-alias/%' AND r.body = '\"' || {id} || '\"')",
		order: resourceOrder, into: "resources", members: resourceMembers, live: true, whole: true,
	},
}

// derived are the columns, or with a dot and a star the tables, that are not moved, and why.
var derived = map[string]string{
	"chats.n":               "given out by the store",
	"chats.shard":           "of the id",
	"chats.held":            "whether there are holdings",
	"items.chat":            "the chat's number, moved as its id",
	"receipts.chat":         "the chat's number, moved as its id",
	"holdings.chat":         "the chat's number, moved as its id",
	"once.chat":             "moved as the id of the chat",
	"contacts.n":            "given out by the store",
	"contact_attributes.*":  "of the records",
	"said.*":                "made of transcripts, while the server runs",
	"said_docs.*":           "made of transcripts, while the server runs",
	"said_instances.*":      "given out by the store",
	"said_due.*":            "every contact that is over is to be indexed",
	"tokens.*":              "of the items of chats that have many",
	"counters.kept":         "counters that count chats are not moved: they are counted anew",
	"once.n":                "given out by the store",
	"once.shard":            "of the key",
	"outbox.id":             "given out by the store, in the order of lines",
	"outbox.first":          "of the order in the stream",
	"outbox.shard":          "of chat or stream",
	"outbox_streams.*":      "one for each stream",
	"dead_letters.id":       "given out by the store, in the order of lines",
	"dead_letters.shard":    "of chat or stream",
	"uploads.shard":         "of the chat",
	"agents.n":              "given out by the store",
	"agents.shard":          "of the user",
	"tallies.n":             "given out by the store, in the order of lines",
	"fact_quarters.*":       "the quarters of facts, all to be rolled up again",
	"rollups.*":             "made of facts",
	"revisions.*":           "goes up with every write",
	"leases.*":              "of nodes, and they expire",
	"commits.*":             "of the store's own transactions",
	"identity.*":            "of the database",
	"traces.*":              "of the database's files",
	"remains.*":             "what is erased is not moved",
	"erasures.upto":         "of a deleted instance, which is not moved",
	"erasures.last_agent":   "of a deleted instance, which is not moved",
	"erasure_chats.*":       "of erasures under way: an instance that has one is not exported",
	"parley_format.*":       "of the database",
	"contacts.instance":     "in the header",
	"agent_times.instance":  "in the header",
	"chats.instance":        "in the header",
	"agents.instance":       "in the header",
	"holdings.instance":     "in the header",
	"tallies.instance":      "in the header",
	"facts.instance":        "in the header",
	"erasures.instance":     "in the header",
	"outbox.instance":       "in the header",
	"dead_letters.instance": "in the header",
	"sqlite_sequence.*":     "given out by the store",
	"said_config.*":         "of the index",
	"said_content.*":        "of the index",
	"said_data.*":           "of the index",
	"said_idx.*":            "of the index",
}

// sql fills in what differs between the stores.
func (d dialect) sql(s string) string {
	words := []string{"{user}", "user", "{cross}", "CROSS", "{true}", "1", "{false}", "0",
		"{answered}", "o.chat IN (unhex(replace(c.id, '-', '')), c.id)"} // where a UUID is packed
	if d.pg {
		words = []string{"{user}", "member", "{cross}", "", "{true}", "true", "{false}", "false", "{answered}", "o.chat = c.id"}
	}
	return strings.NewReplacer(words...).Replace(s)
}

// dialect tells the stores apart.
type dialect struct{ pg bool }

// manyItems is the length from which on a transcript's ClientTokens have rows: see the tokens of the stores.
const manyItems = store.RecentItems + 1

// remember keeps the ClientTokens of a chat that has many items, when the first of those comes that are too many, and from then on.
func remember(ctx context.Context, w *writing, v []any) error {
	seq, _ := v[1].(int64)
	if seq < manyItems || seq > manyItems && (v[14] == nil || v[8] == nil) {
		return nil
	}
	which := "i.seq = ?"
	if seq == manyItems {
		which = "i.seq <= ?"
	}
	return w.exec(ctx, `INSERT INTO tokens (chat, token, participant, file, seq)
		SELECT i.chat, i.client_token, i.participant, i.type = 'ATTACHMENT', i.seq FROM items AS i
		WHERE i.chat = (SELECT n FROM chats WHERE id = ?) AND `+which+` AND i.client_token IS NOT NULL AND i.participant IS NOT NULL ORDER BY i.seq ON CONFLICT DO NOTHING`, v[0], seq)
}

// index keeps what a contact that is over is found by.
func index(ctx context.Context, w *writing, v []any) error {
	if v[7] == nil { // it goes on
		return nil
	}
	if err := w.exec(ctx, "INSERT INTO said_due (contact) SELECT n FROM contacts WHERE id = ?", v[1]); err != nil {
		return err
	}
	var c struct{ Attributes map[string]string }
	if record, _ := v[10].(string); json.Unmarshal([]byte(record), &c) != nil {
		return nil // nobody finds by attributes what has none that can be read
	}
	for name, value := range c.Attributes {
		if utf8.RuneCountInString(value) > 100 {
			continue // no search can name it
		}
		if err := w.exec(ctx, "INSERT INTO contact_attributes (instance, name, value, initiated, contact) SELECT ?, ?, ?, initiated, n FROM contacts WHERE id = ? ON CONFLICT DO NOTHING",
			w.instance, name, rules.Lower(value), v[1]); err != nil {
			return err
		}
	}
	return nil
}

// deliver puts a delivery into the outbox, or among the dead letters, under the next number.
func deliver(ctx context.Context, w *writing, v []any) error {
	d := store.Delivery{}
	d.Stream, _ = v[0].(string)
	chat, _ := v[1].(string)
	d.Chat = center.ContactID(chat)
	row := []any{d.Stream, chat, w.instance, v[2], v[3], v[4], v[7], v[5], v[6]}
	if v[8] == true {
		row[6] = int64(0)
	}
	dead := `INSERT INTO dead_letters (id, stream, chat, instance, endpoint, body, created, attempts, error) SELECT id, stream, chat, instance, endpoint, body, created, attempts, error
		FROM outbox WHERE id = (SELECT max(id) FROM outbox)`
	if w.pg {
		row = append(row, int64(d.Shard()))
		if err := w.exec(ctx, "INSERT INTO outbox (stream, chat, instance, endpoint, body, created, due, attempts, error, shard, first) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, false)", row...); err != nil {
			return err
		}
		dead = `INSERT INTO dead_letters (id, stream, chat, instance, endpoint, body, created, attempts, error, shard) SELECT id, stream, chat, instance, endpoint, body, created, attempts, error, shard
			FROM outbox WHERE id = currval(pg_get_serial_sequence('outbox', 'id'))`
	} else if err := w.exec(ctx, "INSERT INTO outbox (stream, chat, instance, endpoint, body, created, due, attempts, error, first) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", row...); err != nil {
		return err
	}
	if v[8] != true {
		return nil // which is the first of its stream is known when all are there
	}
	if err := w.exec(ctx, dead); err != nil {
		return err
	}
	if w.pg {
		return w.exec(ctx, "DELETE FROM outbox WHERE id = currval(pg_get_serial_sequence('outbox', 'id'))")
	}
	return w.exec(ctx, "DELETE FROM outbox WHERE id = (SELECT max(id) FROM outbox)")
}
