package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/postgres"
	"parley.example/parley/internal/store/storetest/kit"
)

// TestViews fills a store and reads the reporting views as a reporting tool would.
func TestViews(t *testing.T) {
	database := server.Database(t, template)
	s := &kit.Env{Store: open(t, postgres.Options{URL: server.URL(database)})}
	id, second := kit.NewID(), kit.NewID()
	c := kit.ChatChange(id, "x")
	c.Contacts[0].Next, c.Contacts[0].Disconnected, c.Contacts[0].DisconnectReason = second, kit.Epoch.Add(1500*time.Millisecond), center.ReasonAgent
	c.Contacts[0].Tags, c.Contacts[0].Name = map[string]string{"team": "a"}, "nul \x00"
	c.Contacts = append(c.Contacts, kit.Contact(second, id, kit.At(2)))
	c.Items = kit.Items(id, 1, 3)
	c.Items[1].Role, c.Items[1].Contact, c.Items[1].Visibility = center.RoleAgent, second, center.VisibleAgent
	c.Items[2].Type, c.Items[2].Attachment = center.TypeAttachment, &center.Attachment{Name: "a.png", Size: 9}
	c.Receipts = []center.Receipt{{Chat: id, Item: c.Items[0].ID, Recipient: kit.Agent, Read: kit.Epoch}}
	c.Deliveries = []store.Delivery{{Stream: "s", Chat: id, Instance: kit.Instance, Endpoint: "e", Created: kit.Epoch, Due: kit.Epoch}, {Stream: "t", Chat: id, Due: kit.Epoch}}
	c.State.Held = []store.Holding{{User: "u", Since: kit.Epoch, Work: "talks"}}
	s.Must(t, c)
	agent := kit.AgentChange("u", 0, "x")
	agent.State.Due = kit.Epoch
	s.MustAgent(t, agent)
	s.MustKeep(t, &store.Chores{Dead: []store.Delivery{{ID: 2, Attempts: 3, Error: "gone"}}})
	if _, err := s.WriteResources(t.Context(), store.ResourceWrite{Put: []center.Resource{
		{Instance: kit.Instance, Kind: center.KindQueue, ID: "q", Name: "Sales", Created: kit.Epoch}, {Kind: center.KindAccessKey, ID: "k", Body: []byte(`"secret"`)}}}); err != nil {
		t.Fatal(err)
	}
	const epoch = "2026-03-01T09:00:00.123Z"
	for query, want := range map[string]string{
		"SELECT contact_id, next_contact_id, initiation_method, initiated_at, disconnected_at, disconnect_reason, tags FROM report_contacts ORDER BY initiated_at": fmt.Sprintf(
			"[[%s %s API %s 2026-03-01T09:00:01.623Z AGENT_DISCONNECT map[team:a]] [%s <nil> API 2026-03-01T09:00:02.123Z <nil> <nil> <nil>]]", id, second, epoch, second),
		"SELECT contact_id, position, sent_at, content, participant_role, visible_to, attachment_name, attachment_bytes FROM report_transcripts ORDER BY position": fmt.Sprintf(
			"[[%s 1 2026-03-01T09:00:01.123Z message 1 CUSTOMER ALL <nil> <nil>] [%s 2 2026-03-01T09:00:02.123Z message 2 AGENT AGENT <nil> <nil>] [%s 3 2026-03-01T09:00:03.123Z message 3 CUSTOMER ALL a.png 9]]", id, second, id),
		"SELECT item_id, delivered_at, read_at FROM report_receipts":                                     fmt.Sprintf("[[%s <nil> %s]]", c.Items[0].ID, epoch),
		"SELECT agent_id, online, next_timer_at FROM report_agents":                                      fmt.Sprintf("[[u 1 %s]]", epoch),
		"SELECT agent_id, initial_contact_id, since, work FROM report_held_chats":                        fmt.Sprintf("[[u %s %s talks]]", id, epoch),
		"SELECT * FROM report_active_chats":                                                              fmt.Sprintf("[[%s 1]]", kit.Instance),
		"SELECT customer_messages, agent_messages, attachments FROM report_message_counts ORDER BY 1":    "[[0 1 0] [1 0 1]]",
		"SELECT delivery_id, status, created_at, attempts, last_error FROM report_deliveries ORDER BY 1": fmt.Sprintf("[[1 waiting %s 0 <nil>] [2 dead <nil> 3 gone]]", epoch),
		"SELECT kind, resource_id, name, version, created_at, updated_at FROM report_resources":          fmt.Sprintf("[[queue q Sales 1 %s <nil>]]", epoch),
		"SELECT * FROM report_waiting_chats":                                                             "[]",
	} {
		if got := fmt.Sprint(rows(t, database, query)); got != want {
			t.Errorf("%s\ngives %s\nwant  %s", query, got, want)
		}
	}
}

// TestViewsAreDocumented: the views and their columns are those of the embedded store, which docs/database.md names.
func TestViewsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "database.md"))
	if err != nil {
		t.Fatal(err)
	}
	views := rows(t, template, "SELECT table_name, column_name FROM information_schema.columns WHERE table_name LIKE 'report_%'")
	if len(views) < 60 {
		t.Fatalf("the views have only %v", views)
	}
	for _, v := range views {
		_, section, found := strings.Cut(string(page), "### `"+v[0].(string)+"`")
		section, _, _ = strings.Cut(section, "\n#")
		if !found || !strings.Contains(section, "`"+v[1].(string)+"`") {
			t.Errorf("docs/database.md does not name %s.%s", v[0], v[1])
		}
	}
}
