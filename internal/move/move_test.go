package move

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/blob/dir"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/postgres"
	"parley.example/parley/internal/store/postgres/pgtest"
	"parley.example/parley/internal/store/sqlite"
	"parley.example/parley/internal/store/storetest/kit"
)

// postgresServer is the PostgreSQL of these tests. What it writes need not last.
var postgresServer *pgtest.Server

const template = "parley_template"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if postgresServer, err = pgtest.New(pgtest.Options{}); err == nil {
		defer postgresServer.Close()
		err = prepare()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func prepare() error {
	ctx := context.Background()
	if err := postgresServer.Exec(ctx, "postgres", "CREATE DATABASE "+template); err != nil {
		return err
	}
	s, err := postgres.Open(ctx, postgres.Options{URL: postgresServer.URL(template)})
	if err != nil {
		return err
	}
	return s.Close()
}

// place is a database of one of the two stores, with its attachments.
type place struct {
	read, write func(ctx context.Context) (*Database, error)
	open        func(ctx context.Context) (store.Store, error)
	files       blob.Store
}

func filesIn(t *testing.T, path string) blob.Store {
	t.Helper()
	files, err := dir.Open(filepath.Join(path, "files"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	return files
}

func embedded(t *testing.T) *place {
	path := t.TempDir()
	return &place{
		read: func(ctx context.Context) (*Database, error) { return OpenData(ctx, path) },
		write: func(ctx context.Context) (*Database, error) {
			return OpenDataToWrite(ctx, path, "test", slog.New(slog.DiscardHandler))
		},
		open:  func(ctx context.Context) (store.Store, error) { return sqlite.Open(ctx, sqlite.Options{Dir: path}) },
		files: filesIn(t, path),
	}
}

func distributed(t *testing.T) *place {
	url := postgresServer.URL(postgresServer.Recycled(t, template))
	return &place{
		read: func(ctx context.Context) (*Database, error) { return OpenServer(ctx, url) },
		write: func(ctx context.Context) (*Database, error) {
			return OpenServerToWrite(ctx, url, slog.New(slog.DiscardHandler))
		},
		open:  func(ctx context.Context) (store.Store, error) { return postgres.Open(ctx, postgres.Options{URL: url}) },
		files: filesIn(t, t.TempDir()),
	}
}

// stores calls test for each of the stores.
func stores(t *testing.T, test func(t *testing.T, p *place)) {
	t.Run("sqlite", func(t *testing.T) { test(t, embedded(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, distributed(t)) })
}

func (p *place) reading(t *testing.T) *Database {
	t.Helper()
	return opened(t, p.read)
}

func opened(t *testing.T, open func(context.Context) (*Database, error)) *Database {
	t.Helper()
	d, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// export exports from a place.
func (p *place) export(t *testing.T, contacts ...string) []byte {
	t.Helper()
	d, err := p.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var b bytes.Buffer
	out, err := Export(t.Context(), d, &b, Options{Instance: string(kit.Instance), Contacts: contacts, Files: p.files, Parley: "test", Now: kit.Epoch})
	if err != nil {
		t.Fatalf("Export: %v", err)
	}
	if len(out.Missing) > 0 || out.Trailer.Lines != int64(bytes.Count(b.Bytes(), []byte("\n")))-1 {
		t.Errorf("an export of %d lines says %+v", bytes.Count(b.Bytes(), []byte("\n")), out)
	}
	return b.Bytes()
}

// imports imports into a place.
func (p *place) imports(t *testing.T, file []byte) (*Imported, error) {
	t.Helper()
	return p.importing(t.Context(), file, Target{Files: p.files})
}

func (p *place) importing(ctx context.Context, file []byte, to Target) (*Imported, error) {
	d, err := p.write(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return Import(ctx, d, bytes.NewReader(file), to)
}

// inner is a file without what says where and when it was made.
func inner(file []byte) []byte {
	lines := bytes.SplitAfter(file, []byte("\n"))
	return bytes.Join(lines[1:len(lines)-2], nil)
}

// fill puts an instance with something of everything into a place, and one more beside it.
func (p *place) fill(t *testing.T) (over center.ContactID) {
	t.Helper()
	s, err := p.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e := &kit.Env{Store: s, Second: s}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	resource := func(instance center.InstanceID, kind center.Kind, id, name, body string) center.Resource {
		return center.Resource{Instance: instance, Kind: kind, ID: id, Name: name, Created: kit.Epoch, Updated: kit.At(3), Body: []byte(body), Tags: map[string]string{"team": "a\u0000<b>"}}
	}
	for _, i := range []center.InstanceID{kit.Instance, kit.Elsewhere} {
		_, err = s.WriteResources(ctx, store.ResourceWrite{Put: []center.Resource{
			resource(i, center.KindInstance, string(i), "name", `{"id":"`+string(i)+`"}`), {Kind: center.KindSetting, ID: "instance-alias/a" + string(i[:1]), Body: []byte(`"` + string(i) + `"`)},
			resource(i, center.KindQueue, "queue-"+string(i), "Sales \u2028 & <more>", `{"a":"\u0000\\u0000"}`), resource(i, center.KindPassword, "user-"+string(i), "", `"$argon2id$…"`),
		}})
		must(err)
	}
	_, err = s.WriteResources(ctx, store.ResourceWrite{Put: []center.Resource{resource("", center.KindAccessKey, "AKIA1", "", `"secret"`)}})
	must(err)

	// A chat that goes on: in a queue, with a timer and an effect, in somebody's hands.
	user := kit.NewUser()
	held := []store.Holding{{User: user, Since: kit.At(5), Work: "CONNECTED"}}
	attachment := center.Attachment{ID: "a1b2", Name: "größe.txt", Size: 500_000, Status: center.AttachmentApproved}
	on := kit.NewID()
	c := kit.ChatChange(on, `{"attachments":[{"id":"a1b2","status":"APPROVED"},{"id":"late","status":""}],"text":"a<b>&\u2028"}`)
	c.Next = 7<<32 | 5
	c.Items = kit.Items(on, 1, 3)
	c.Items[1].Content, c.Items[1].ClientToken = "NUL \x00, \xff, \"quoted\" \\ \u2028 <b> \ufdd0", "token"
	c.Items[2].Attachment, c.Items[2].Type, c.Items[2].Visibility, c.Items[2].Processing = &attachment, center.TypeAttachment, "AGENT", "REJECTED"
	c.Size = 900
	c.Receipts = []center.Receipt{{Chat: on, Item: c.Items[0].ID, Recipient: kit.Agent, Delivered: kit.At(2), Read: kit.At(3)}}
	c.State.Due, c.State.Workers, c.State.Held = kit.At(60), []string{"node-1", "node-2"}, held
	c.State.Queued = &store.QueueEntry{Queue: "queue", Priority: 5, Rank: kit.At(-9), Since: kit.At(1)}
	c.Once = &store.Once{Key: "start/" + string(on), Answer: []byte("no JSON\xff"), At: kit.Epoch}
	c.Answers = []store.Once{{Key: "kept", Answer: []byte(`{"a":1}`), At: kit.At(1)}}
	c.Uploads = []store.Upload{{ID: "late", Chat: on, Expires: kit.At(99)}}
	c.Tallies = []store.Tally{{Instance: kit.Instance, Body: []byte(`{"c":1}`)}, {Instance: kit.Elsewhere, Body: []byte("x")}}
	c.Quotas = []store.Quota{{Counter: store.ActiveChats(kit.Instance), Delta: 1, Limit: 10}, {Counter: store.Slots(kit.Instance, user, "CHAT"), Delta: 1, Limit: -1}, {Counter: store.Barred(kit.Instance, user), Delta: 2, Limit: -1}}
	for i := range 5 {
		c.Deliveries = append(c.Deliveries, store.Delivery{Stream: fmt.Sprint("s", i%2), Chat: on, Instance: kit.Instance, Endpoint: "arn:sns", Body: []byte(`{"n":1}`), Created: kit.At(i), Due: kit.At(i), Attempts: i, Error: "why"})
	}
	e.Must(t, c)
	dead, err := s.Outbox(ctx, store.AllShards, kit.At(100), 10)
	must(err)
	e.MustKeep(t, &store.Chores{Dead: dead[:1]})

	over = e.Ended(t, func(c *store.Change) {
		c.Contacts[0].Attributes = map[string]string{"Tier": "GOLD Ä", "long": strings.Repeat("x", 101)}
		c.Contacts[0].Disconnected, c.Contacts[0].Related, c.Contacts[0].Agent, c.Contacts[0].Queue = kit.At(10), on, user, "queue"
		c.Contacts[0].Enqueued, c.Contacts[0].AgentConnected = kit.At(1), kit.At(2)
		c.State.Expires = kit.At(1000)
		for i := range c.Deliveries {
			c.Deliveries[i].Instance = kit.Instance
		}
	})
	// Chats of which something has been erased, and one of another instance.
	gone := e.Ended(t)
	e.Must(t, &store.Change{Chat: gone, Version: 1, Erase: &store.Remove{Parts: center.AllParts}})
	part := e.Ended(t)
	e.Must(t, &store.Change{Chat: part, Version: 1, State: &store.Head{Instance: kit.Instance, State: []byte("{}"), Kept: center.PartContacts, Ended: kit.At(10)},
		Erase: &store.Remove{Parts: center.PartTranscript}})
	elsewhere := kit.ChatChange(kit.NewID(), "{}")
	elsewhere.State.Instance, elsewhere.Contacts[0].Instance = kit.Elsewhere, kit.Elsewhere
	e.Must(t, elsewhere)

	agent := kit.AgentChange(user, 0, `{"status":"available"}`)
	agent.Next, agent.State.Due = 3<<32, kit.At(30)
	agent.Deliveries = []store.Delivery{{Stream: "agent", Instance: kit.Instance, Endpoint: "arn:agent", Body: []byte("{}"), Due: kit.At(1)}}
	e.MustAgent(t, agent)
	must(s.KeepFacts(ctx, &store.Counting{
		Facts:  []store.Fact{{Instance: kit.Instance, Kind: "contact", ID: string(over), Quarter: 900_000, Body: []byte(`{"x":1}`)}, {Instance: kit.Instance, Kind: "span", ID: "s", Quarter: 1_800_000, Body: []byte("\x00\x01")}},
		Agents: []store.AgentTime{{Instance: kit.Instance, User: user, Since: 5, Idle: true, Body: []byte("{}")}},
	}))
	must(s.PutErasure(ctx, store.Erasure{ID: store.NewErasureID(kit.Epoch), Instance: kit.Instance, By: store.ByCustomer, Key: "AKIA1", Asked: kit.Epoch}, nil))
	for more := true; more; {
		more, err = s.EraseRows(ctx, 100)
		must(err)
	}
	_, err = s.FinishErasures(ctx, kit.At(50))
	must(err)

	// What is erased, and has not been deleted yet.
	left := e.Ended(t, func(c *store.Change) { c.Items[0].Content, c.Contacts[0].Name = "said in private", "known in private" })
	e.Must(t, &store.Change{Chat: left, Version: 1, State: &store.Head{Instance: kit.Instance, State: []byte("{}"), Kept: center.PartAttachments, Ended: kit.At(10)},
		Erase: &store.Remove{Parts: center.PartTranscript | center.PartContacts}})

	must(p.files.Put(ctx, "attachments/"+string(on)+"/a1b2", bytes.NewReader(bytes.Repeat([]byte("0123456789"), 50_000)), 500_000))
	return over
}

// fillLong is fill, and a transcript that is long enough for its tokens to have rows.
func (p *place) fillLong(t *testing.T) (over center.ContactID) {
	t.Helper()
	over = p.fill(t)
	s, err := p.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id := kit.NewID()
	c := kit.ChatChange(id, "no JSON")
	c.Items = kit.Items(id, 1, 1030)
	c.Items[3].ClientToken, c.Items[1027].ClientToken = "early", "late"
	(&kit.Env{Store: s}).Must(t, c)
	return over
}

// TestRoundTrip: from one store to the other and back there is not a byte that differs, and everything is in it.
func TestRoundTrip(t *testing.T) {
	first := embedded(t)
	first.fillLong(t)
	at := inner(first.export(t))
	file := first.export(t)
	for n, p := range []*place{distributed(t), embedded(t), distributed(t)} {
		if _, err := p.imports(t, file); err != nil {
			t.Fatalf("import %d: %v", n, err)
		}
		file = p.export(t)
		if got := inner(file); !bytes.Equal(got, at) {
			t.Fatalf("export %d differs:\n%s\nwant\n%s", n, diff(got, at), diff(at, got))
		}
	}
	for _, k := range order {
		if !bytes.Contains(at, []byte(`{"kind":"`+k+`"`)) && !slices.Contains([]string{"erased-contact", "erased-count", secretKind}, k) {
			t.Errorf("there is no line of the kind %s: the test moves too little", k)
		}
	}
	for _, secret := range []string{"secret", "access-key", string(kit.Elsewhere), "in private"} {
		if bytes.Contains(at, []byte(secret)) {
			t.Errorf("the file has %q in it", secret)
		}
	}
}

// diff returns the lines of a that b does not have.
func diff(a, b []byte) string {
	var out []string
	for line := range strings.SplitSeq(string(a), "\n") {
		if !strings.Contains(string(b), line) {
			out = append(out, line[:min(len(line), 400)])
		}
	}
	return strings.Join(out, "\n")
}

// TestStoreKnowsWhatWasMoved: a store finds in what was imported what it would have written itself: by indexes, timers, workers, tokens, attributes, counters.
func TestStoreKnowsWhatWasMoved(t *testing.T) {
	first := embedded(t)
	over := first.fillLong(t)
	file := first.export(t)
	stores(t, func(t *testing.T, p *place) {
		if _, err := p.imports(t, file); err != nil {
			t.Fatal(err)
		}
		s, err := p.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx := t.Context()
		due, _, err := s.Due(ctx, store.AllShards, kit.At(61), 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("Due = %v, %v", due, err)
		}
		on := due[0]
		for id, err := range s.Orphans(ctx, store.AllShards, []string{"node-9"}) {
			if err != nil || id != on {
				t.Errorf("Orphans has %s, %v; want %s", id, err, on)
			}
			due = nil
		}
		if due != nil {
			t.Error("no chat is found whose effects are under way on nodes that are gone")
		}
		e := &kit.Env{Store: s, Second: s}
		if h := e.HeadOf(t, on); h.Version != 7<<32|5 || h.LastSeq != 3 || h.Size != 900 || len(h.Workers) != 2 || h.Queued == nil {
			t.Errorf("the chat that goes on has the head %+v", h)
		}
		e.Must(t, &store.Change{Chat: on, Version: 7<<32 | 5, Items: kit.Items(on, 4, 1)})
		for want, c := range map[int64]store.Counter{2: store.ActiveChats(kit.Instance)} {
			if n := e.Value(t, c); n != want {
				t.Errorf("%s = %d; want %d", c, n, want)
			}
		}
		hands := 0
		for h, err := range s.Held(ctx, kit.Instance, "") {
			if hands++; err != nil || h.Chat != on {
				t.Errorf("Held has %+v, %v", h, err)
			}
			if n := e.Value(t, store.Slots(kit.Instance, h.User, "CHAT")); n != 1 {
				t.Errorf("the agent has %d slots in use; want 1", n)
			}
			if agents, _, err := s.DueAgents(ctx, store.AllShards, kit.At(31), 10); err != nil || !slices.Equal(agents, []center.UserID{h.User}) {
				t.Errorf("DueAgents = %v, %v", agents, err)
			}
		}
		if hands != 1 {
			t.Errorf("%d chats are in hand; want 1", hands)
		}
		e.Must(t, kit.StateChange(on, 7<<32|5, "{}")) // of a chat that nobody has in hand any more
		for h, err := range s.Held(ctx, kit.Instance, "") {
			t.Errorf("Held has %+v, %v after the chat was let go", h, err)
		}
		var long center.ContactID
		for w, err := range s.Contacts(ctx, store.ContactQuery{Instance: kit.Instance}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.HeadOf(t, w.Chat).LastSeq == 1030 {
				long = w.Chat
			}
		}
		for _, token := range []string{"early", "late"} {
			if _, err := s.Sent(ctx, long, store.SentQuery{Participant: kit.Customer, ClientToken: token}); err != nil {
				t.Errorf("Sent(%q): %v", token, err)
			}
		}
		found, err := s.SearchContacts(ctx, store.ContactSearch{Instance: kit.Instance, Range: store.TimeRange{Of: store.TimeInitiated, From: kit.At(-100), To: kit.At(100)}, Sort: store.ContactSort{Time: store.TimeInitiated},
			Limit: 10, Attributes: store.Conditions{All: []store.KeyValues{{Key: "Tier", Values: []string{"gold Ä"}}}}})
		if err != nil || len(found) != 1 || found[0].ID != over {
			t.Errorf("a search by an attribute finds %v, %v", found, err)
		}
		if n, err := s.IndexTranscripts(ctx, 100); err != nil || n == 0 {
			t.Errorf("%d transcripts are indexed, %v", n, err)
		}
		search := store.ContactSearch{Instance: kit.Instance, Range: store.TimeRange{Of: store.TimeInitiated, From: kit.At(-100), To: kit.At(100)}, Sort: store.ContactSort{Time: store.TimeInitiated}, Limit: 10,
			Said: []store.Said{{Role: center.RoleCustomer, Texts: []string{"message 3"}}}}
		if found, err := s.SearchContacts(ctx, search); err != nil || !slices.ContainsFunc(found, func(f store.FoundContact) bool { return f.ID == over }) {
			t.Errorf("a search by what was said finds %v, %v", found, err)
		}
		waiting, err := s.Outbox(ctx, store.AllShards, kit.At(100), 100)
		if err != nil || len(waiting) != 8 {
			t.Errorf("%d deliveries are due, %v; want 8", len(waiting), err)
		}
		letters, err := s.DeadLetters(ctx, store.DeadQuery{})
		if err != nil || len(letters) != 1 || letters[0].Stream != "s0" {
			t.Errorf("the dead letters are %+v, %v", letters, err)
		}
		e.MustKeep(t, &store.Chores{Replayed: []store.Delivery{{ID: letters[0].ID, Due: kit.At(1), Created: kit.At(1)}}})
		if all, err := s.Outbox(ctx, store.AllShards, kit.At(100), 100); err != nil || !firstOf(all, "s0", letters[0].ID) {
			t.Errorf("the dead letter is not the first of its stream again: %+v, %v", all, err)
		}
		if stale, err := s.Stale(ctx, time.UnixMilli(1e9), 10); err != nil || len(stale) != 2 {
			t.Errorf("the quarters that are to be rolled up are %v, %v", stale, err)
		}
		if n, err := s.Revision(ctx, kit.Instance); err != nil || n == 0 {
			t.Errorf("the revision is %d, %v", n, err)
		}
	})
}

func firstOf(all []store.Delivery, stream string, id int64) bool {
	for _, d := range all {
		if d.Stream == stream {
			return d.ID == id
		}
	}
	return false
}

var (
	tableName  = regexp.MustCompile(`(\w+) AS (\w+)`)
	columnName = regexp.MustCompile(`\b([a-z]+)\.(\w+)`)
	unionTable = regexp.MustCompile(`FROM (\w+)`)
)

// moved are the columns that the table of kinds reads.
func moved(d dialect) map[string]bool {
	all := map[string]bool{}
	for i := range kinds {
		k := &kinds[i]
		tables := map[string][]string{}
		for _, m := range tableName.FindAllStringSubmatch(k.from, -1) {
			tables[m[2]] = append(tables[m[2]], m[1])
		}
		for _, m := range unionTable.FindAllStringSubmatch(k.from, -1) {
			tables["a"] = append(tables["a"], m[1])
		}
		for _, m := range k.members {
			for _, c := range columnName.FindAllStringSubmatch(d.sql(m.from), -1) {
				for _, table := range tables[c[1]] {
					all[table+"."+c[2]] = true
				}
			}
		}
	}
	return all
}

// TestEveryColumn: whoever adds a column says whether it is moved, in the table of kinds or in that of what is derived.
func TestEveryColumn(t *testing.T) {
	used := map[string]bool{}
	stores(t, func(t *testing.T, p *place) {
		s, err := p.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		d := p.reading(t)
		sql := "SELECT m.name || '.' || p.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS p WHERE m.type = 'table'"
		if d.pg {
			sql = "SELECT c.table_name || '.' || c.column_name FROM information_schema.columns AS c JOIN information_schema.tables AS t USING (table_schema, table_name) WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'"
		}
		if err := d.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer d.end(t.Context(), false)
		moved, n := moved(d.dialect), 0
		if err := d.query(t.Context(), func(v []any) error {
			n++
			column := v[0].(string)
			table, _, _ := strings.Cut(column, ".")
			_, one := derived[column]
			_, all := derived[table+".*"]
			used[column], used[table+".*"] = true, true
			if !moved[column] && !one && !all {
				t.Errorf("column %s is neither moved nor derived: put it into kinds or derived in kinds.go, and into docs/moving.md", column)
			}
			return nil
		}, oneText, sql); err != nil {
			t.Fatal(err)
		}
		if n < 100 {
			t.Errorf("the schema has %d columns", n)
		}
	})
	for name := range derived {
		if !used[name] {
			t.Errorf("derived names %s, which no store has", name)
		}
	}
}

// TestPage: the page that describes the format has every kind with its members, in their order.
func TestPage(t *testing.T) {
	b, err := os.ReadFile("../../docs/moving.md")
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, name := range order {
		row := "| `" + name + "` | "
		i := strings.Index(string(b), row)
		if i < at {
			t.Errorf("docs/moving.md has the kind %s at %d, not behind those before it", name, i)
			continue
		}
		at = i
		line, _, _ := strings.Cut(string(b[i:]), "\n")
		k := kindOf(name)
		if k == nil || slices.Equal(k.members, resourceMembers) && name != "resource" {
			continue
		}
		var members []string
		for _, m := range k.members {
			s := "`" + m.name + "`"
			if m.form == doc || m.form == body {
				s += `\*`
			}
			members = append(members, s)
		}
		if want := " | " + strings.Join(members, ", ") + " |"; !strings.HasSuffix(line, want) {
			t.Errorf("docs/moving.md says of the kind %s\n%s\nwant at its end\n%s", name, line, want)
		}
	}
}
