package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// TestViews fills a store and reads the reporting views as a reporting tool would.
func TestViews(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	id, second := newID(), newID()
	c := newChat(id, start)
	c.Contacts[0].Next, c.Contacts[0].Disconnected, c.Contacts[0].DisconnectReason = second, start.Add(1500e6), center.ReasonAgent
	c.Contacts[0].Tags = map[string]string{"team": "a"}
	c.Contacts = append(c.Contacts, center.Contact{ID: second, Chat: id, Instance: instance, Previous: id, InitiationMethod: center.MethodTransfer, Initiated: start.Add(2e9)})
	c.Items = []center.Item{item(id, 1, start.Add(1e6)), item(id, 2, start.Add(2e6)), item(id, 3, start.Add(3e6))}
	c.Items[1].Role, c.Items[1].Contact, c.Items[1].Visibility = center.RoleAgent, second, center.VisibleAgent
	c.Items[2].Type, c.Items[2].Attachment = center.TypeAttachment, &center.Attachment{Name: "a.png", Size: 9}
	c.Receipts = []center.Receipt{{Chat: id, Item: c.Items[0].ID, Recipient: "99999999-2222-4333-8444-555555555555", Read: start}}
	c.Deliveries = []store.Delivery{{Stream: "s", Chat: id, Instance: instance, Endpoint: "e", Created: start, Due: start}, {Stream: "t", Chat: id, Due: start}}
	c.State.Held = []store.Holding{{User: "u", Since: start, Work: "talks"}}
	if err := submit(s, c); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	s.SubmitAgent(&store.AgentChange{User: "u", State: &store.AgentHead{Instance: instance, Online: true, Due: start},
		Deliveries: []store.Delivery{{Stream: "u", Instance: instance, Endpoint: "e", Due: start}}}, func(err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := s.Keep(t.Context(), &store.Chores{Dead: []store.Delivery{{ID: 2, Attempts: 3, Error: "gone"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteResources(t.Context(), store.ResourceWrite{Put: []center.Resource{
		{Instance: instance, Kind: center.KindQueue, ID: "q", Name: "Sales", Created: start},
		{Kind: center.KindAccessKey, ID: "k", Body: []byte(`"secret"`)}}}); err != nil {
		t.Fatal(err)
	}
	db := reporting(t, dir)
	first, other := string(id), string(second)
	for query, want := range map[string][][]any{
		"SELECT contact_id, initial_contact_id, previous_contact_id, next_contact_id, initiation_method, initiated_at, disconnected_at, disconnect_reason, tags FROM report_contacts ORDER BY initiated_at": {
			{first, first, nil, other, "API", "2026-03-01T09:00:00.000Z", "2026-03-01T09:00:01.500Z", "AGENT_DISCONNECT", `{"team":"a"}`},
			{other, first, first, nil, "TRANSFER", "2026-03-01T09:00:02.000Z", nil, nil, nil}},
		"SELECT contact_id, position, item_id, sent_at, content, participant_id, participant_role, visible_to, attachment_name, attachment_bytes FROM report_transcripts ORDER BY position": {
			{first, int64(1), string(c.Items[0].ID), "2026-03-01T09:00:00.001Z", "Hello", "99999999-2222-4333-8444-555555555555", "CUSTOMER", "ALL", nil, nil},
			{other, int64(2), string(c.Items[1].ID), "2026-03-01T09:00:00.002Z", "Hello", "99999999-2222-4333-8444-555555555555", "AGENT", "AGENT", nil, nil},
			{first, int64(3), string(c.Items[2].ID), "2026-03-01T09:00:00.003Z", "Hello", "99999999-2222-4333-8444-555555555555", "CUSTOMER", "ALL", "a.png", int64(9)}},
		"SELECT item_id, recipient_id, delivered_at, read_at FROM report_receipts": {
			{string(c.Items[0].ID), "99999999-2222-4333-8444-555555555555", nil, "2026-03-01T09:00:00.000Z"}},
		"SELECT * FROM report_agents":       {{string(instance), "u", int64(1), "2026-03-01T09:00:00.000Z"}},
		"SELECT * FROM report_held_chats":   {{string(instance), "u", first, "2026-03-01T09:00:00.000Z", "talks"}},
		"SELECT * FROM report_active_chats": {{string(instance), int64(1)}},
		"SELECT contact_id, customer_messages, agent_messages, automated_messages, attachments, first_item_at, last_item_at FROM report_message_counts ORDER BY first_item_at": {
			{first, int64(1), int64(0), int64(0), int64(1), "2026-03-01T09:00:00.001Z", "2026-03-01T09:00:00.003Z"},
			{other, int64(0), int64(1), int64(0), int64(0), "2026-03-01T09:00:00.002Z", "2026-03-01T09:00:00.002Z"}},
		"SELECT delivery_id, status, initial_contact_id, created_at, next_attempt_at, attempts, last_error FROM report_deliveries ORDER BY 1": {
			{int64(1), "waiting", first, "2026-03-01T09:00:00.000Z", "2026-03-01T09:00:00.000Z", int64(0), nil},
			{int64(2), "dead", first, nil, nil, int64(3), "gone"},
			{int64(3), "waiting", nil, nil, "2026-03-01T09:00:00.000Z", int64(0), nil}},
		"SELECT kind, resource_id, name, version, created_at, updated_at FROM report_resources": {
			{"queue", "q", "Sales", int64(1), "2026-03-01T09:00:00.000Z", nil}},
	} {
		if got := rows(t, db, query); !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngives %v\nwant  %v", query, got, want)
		}
	}
}

// TestDatabasePage keeps docs/database.md and the schema together: the page
// names every table, and every view with its columns.
func TestDatabasePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "database.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	open(t, dir)
	db := reporting(t, dir)
	things := rows(t, db, "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'")
	if len(things) < 10 {
		t.Fatalf("the schema has only %v", things)
	}
	for _, thing := range things {
		kind, name := thing[0].(string), thing[1].(string)
		_, section, found := strings.Cut(string(page), "`"+name+"`")
		if !found {
			t.Errorf("docs/database.md does not name the %s %s", kind, name)
			continue
		}
		if kind == "table" {
			continue
		}
		section, _, _ = strings.Cut(section, "\n#")
		for _, column := range rows(t, db, "SELECT name FROM pragma_table_info(?)", name) {
			if !strings.Contains(section, "`"+column[0].(string)+"`") {
				t.Errorf("docs/database.md does not name the column %s.%s", name, column[0])
			}
		}
	}
}

// TestBackup takes the backup that docs/database.md shows, while the store is in use.
func TestBackup(t *testing.T) {
	dir, target := t.TempDir(), t.TempDir()
	s := open(t, dir)
	id := newID()
	c := newChat(id, start)
	c.Items = []center.Item{item(id, 1, start)}
	if err := submit(s, c); err != nil {
		t.Fatal(err)
	}
	if _, err := reporting(t, dir).Exec("VACUUM INTO ?", filepath.Join(target, "parley.db")); err != nil {
		t.Fatal(err)
	}
	restored := open(t, target)
	defer restored.Close()
	if h, err := restored.Chat(t.Context(), id); err != nil || h.LastSeq != 1 {
		t.Errorf("the backup has the head %+v, %v", h, err)
	}
	if err := submit(restored, &store.Change{Chat: id, Items: []center.Item{item(id, 2, start)}}); err != nil {
		t.Errorf("the backup does not go on: %v", err)
	}
}

// reporting opens the database as a reporting tool does.
func reporting(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "parley.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func rows(t *testing.T, db *sql.DB, query string, args ...any) (all [][]any) {
	t.Helper()
	rs, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rs.Close()
	columns, err := rs.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rs.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rs.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rs.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
