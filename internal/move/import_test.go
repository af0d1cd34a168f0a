package move

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

// TestDamageIsRefused: of a file that is not whole nothing is written, and the line is named.
func TestDamageIsRefused(t *testing.T) {
	from := embedded(t)
	from.fill(t)
	file := from.export(t)
	lines := bytes.SplitAfter(file, []byte("\n"))
	lines = lines[:len(lines)-1]
	join := func(lines ...[]byte) []byte { return bytes.Join(lines, nil) }
	last := len(lines) - 1
	to := embedded(t)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":          {nil, "line 0, without a trailer"},
		"no header":        {join(lines[1:]...), "line 1 is no header"},
		"another format":   {bytes.Replace(file, []byte(`"format":1`), []byte(`"format":2`), 1), "line 1 says format 2"},
		"cut in a line":    {file[:len(file)-len(lines[last])-40], fmt.Sprintf("line %d has no end", last)},
		"cut between":      {join(lines[:last]...), fmt.Sprintf("ends with line %d, without a trailer", last)},
		"no JSON":          {join(append(append([][]byte{}, lines[:3]...), append([][]byte{[]byte("{nonsense\n")}, lines[3:]...)...)...), "line 4 is no JSON"},
		"an unknown kind":  {bytes.Replace(file, []byte(`{"kind":"chat"`), []byte(`{"kind":"chap"`), 1), `of the kind "chap"`},
		"another order":    {join(append(append([][]byte{}, lines[0], lines[last-1]), lines[1:]...)...), "line 3 is of the kind resource, which comes before instance"},
		"a changed text":   {bytes.Replace(file, []byte("message 3"), []byte("message 4"), 1), fmt.Sprintf("line %d does not belong", last+1)},
		"a line less":      {join(append(append([][]byte{}, lines[:2]...), lines[3:]...)...), "resource: 1 lines instead of 2"},
		"more behind":      {join(append(append([][]byte{}, lines...), []byte("{}\n"))...), "more follows"},
		"a changed header": {bytes.Replace(file, []byte(`"parley":"test"`), []byte(`"parley":"tess"`), 1), fmt.Sprintf("line %d does not belong", last+1)},
	} {
		if _, err := to.imports(t, c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
	d := to.reading(t)
	if _, err := Export(t.Context(), d, io.Discard, Options{Instance: string(kit.Instance)}); err == nil || !strings.Contains(err.Error(), "there is no instance") {
		t.Errorf("after files that were refused there is: %v", err)
	}
	if n := d.count(t, "chats"); n != 0 {
		t.Errorf("files that were refused have left %d chats", n)
	}
}

func (d *Database) count(t *testing.T, table string) int64 {
	t.Helper()
	if err := d.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer d.end(t.Context(), false)
	row, err := d.first(t.Context(), []form{whole}, "SELECT count(*) FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	return row[0].(int64)
}

var errKilled = errors.New("killed")

// mortal is a session that ends with a statement, or as a transaction is to be committed: before that, or late, when the answer is all that is lost.
type mortal struct {
	session
	left int
	late bool
}

func (m *mortal) dies() bool {
	m.left--
	return m.left < 0
}

func (m *mortal) exec(ctx context.Context, sql string, args ...any) error {
	if m.dies() {
		return errKilled
	}
	return m.session.exec(ctx, sql, args...)
}

func (m *mortal) end(ctx context.Context, commit bool) error {
	if !commit || !m.dies() {
		return m.session.end(ctx, commit)
	}
	m.left = 0
	return errors.Join(errKilled, m.session.end(ctx, m.late))
}

// TestImportGoesOn: an import that is killed at any of its statements goes on where it was, no server sees anything before it is complete, and what is there then is what
// the file says.
func TestImportGoesOn(t *testing.T) {
	from := embedded(t)
	from.fill(t)
	file := from.export(t)
	stores(t, func(t *testing.T, to *place) {
		killed, resumed := 0, false
		for {
			d, err := to.write(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			d.session = &mortal{session: d.session, left: 4 + 6*killed, late: killed%2 == 1}
			got, err := Import(t.Context(), d, bytes.NewReader(file), Target{Files: to.files, batch: 2})
			d.Close()
			if err == nil {
				resumed = got.Resumed || got.Already
				break
			}
			if !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			if killed++; killed > 60 {
				t.Fatal("an import that is killed does not get on")
			}
			s, err := to.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Resource(t.Context(), center.KindInstance, string(kit.Instance)); center.ReasonOf(err) != center.NotFound {
				t.Fatalf("the instance is seen before its import is complete: %v", err)
			}
			if due, _, err := s.Due(t.Context(), store.AllShards, kit.At(1e6), 10); err != nil || len(due) > 0 {
				t.Fatalf("timers of an import that is not complete are due: %v, %v", due, err)
			}
			if all, err := s.Outbox(t.Context(), store.AllShards, kit.At(1e6), 10); err != nil || len(all) > 0 {
				t.Fatalf("deliveries of an import that is not complete are due: %v, %v", all, err)
			}
			// What servers do beside it leaves it alone.
			if _, err := s.ForgetFacts(t.Context(), kit.Epoch, 100); err != nil {
				t.Fatal(err)
			}
			s.Close()
		}
		if killed < 5 || !resumed {
			t.Errorf("the import was killed %d times, and resumed: %v", killed, resumed)
		}
		if got := to.export(t); !bytes.Equal(inner(got), inner(file)) {
			t.Errorf("after an import in pieces there is something else:\n%s", diff(got, file))
		}
		again, err := to.imports(t, file)
		if err != nil || !again.Already {
			t.Errorf("the same import once more: %+v, %v; want that it is there", again, err)
		}
	})
}

// TestImportMakesAnInstance: what is there already is not changed.
func TestImportMakesAnInstance(t *testing.T) {
	from := embedded(t)
	over := from.fill(t)
	file, contacts := from.export(t), from.export(t, string(over))
	stores(t, func(t *testing.T, to *place) {
		refused := func(file []byte, want string) {
			t.Helper()
			if _, err := to.imports(t, file); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the import ends with %v; want %q", err, want)
			}
		}
		refused(contacts, "which is not there: import it first")
		s, err := to.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w := store.ResourceWrite{Put: []center.Resource{{Kind: center.KindSetting, ID: "instance-alias/a0", Body: []byte(`"another"`)}}}
		if _, err := s.WriteResources(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		refusedClosed := func() { s.Close(); refused(file, "another instance has the alias a0") }
		refusedClosed()
		if s, err = to.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = s.WriteResources(t.Context(), store.ResourceWrite{Drop: w.Put, Put: []center.Resource{{Instance: kit.Instance, Kind: center.KindInstance, ID: string(kit.Instance)}}})
		s.Close()
		if err != nil {
			t.Fatal(err)
		}
		refused(file, "is there already")

		if s, err = to.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		err = s.PutErasure(t.Context(), store.Erasure{ID: "e1", Instance: kit.Elsewhere, By: store.ByInstance, Asked: kit.Epoch}, []center.ContactID{"c"})
		s.Close()
		if err != nil {
			t.Fatal(err)
		}
		refused(resealed(t, file, func(_ string, line []byte) []byte {
			return bytes.ReplaceAll(line, []byte(kit.Instance), []byte(kit.Elsewhere))
		}), "erasure e1, of what the instance had here before, is under way")

		if _, err := to.imports(t, contacts); err != nil {
			t.Fatal(err)
		}
		if got := to.export(t, string(over)); !bytes.Equal(inner(got), inner(contacts)) {
			t.Errorf("the contact is another one:\n%s", diff(got, contacts))
		}
		refused(contacts, "contact "+string(over)+" is there already")
	})
}

// TestContactsThatGoOn: a contact that goes on belongs to its instance.
func TestContactsThatGoOn(t *testing.T) {
	from := embedded(t)
	from.fill(t)
	d := from.reading(t)
	var on string
	for line := range strings.SplitSeq(string(from.export(t)), "\n") {
		if _, rest, ok := strings.Cut(line, `{"kind":"timer","chat":"`); ok {
			if on == "" {
				on = rest[:36]
			}
		}
	}
	s, err := from.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held := (&kit.Env{Store: s}).Ended(t, func(c *store.Change) { c.State.Held = []store.Holding{{User: "u", Since: kit.Epoch, Work: "AFTER"}} })
	s.Close()
	for contact, want := range map[string]string{on: "goes on", "unknown": "there is no contact unknown", string(held): "still has contact"} {
		if _, err := Export(t.Context(), d, io.Discard, Options{Contacts: []string{contact}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the export of %s ends with %v; want %q", contact, err, want)
		}
	}
}

// TestErasureUnderWay: what somebody wanted erased is not copied meanwhile.
func TestErasureUnderWay(t *testing.T) {
	p := embedded(t)
	over := p.fill(t)
	s, err := p.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.PutErasure(t.Context(), store.Erasure{ID: "e1", Instance: kit.Instance, By: store.ByCustomer, Asked: kit.Epoch}, []center.ContactID{over}); err != nil {
		t.Fatal(err)
	}
	if _, err := Export(t.Context(), p.reading(t), io.Discard, Options{Instance: "A0"}); err == nil || !strings.Contains(err.Error(), "erasure e1 is under way") {
		t.Errorf("the export ends with %v", err)
	}
}

// TestVerify finds what is not as the file says.
func TestVerify(t *testing.T) {
	from := embedded(t)
	over := from.fill(t)
	file := from.export(t)
	stores(t, func(t *testing.T, to *place) {
		if _, err := to.imports(t, file); err != nil {
			t.Fatal(err)
		}
		verify := func() []string {
			t.Helper()
			d, err := to.read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			_, wrong, err := Verify(t.Context(), d, bytes.NewReader(file), Target{Files: to.files})
			if err != nil {
				t.Fatal(err)
			}
			return wrong
		}
		if wrong := verify(); len(wrong) > 0 {
			t.Errorf("after an import it is wrong that %q", wrong)
		}
		s, err := to.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		e := &kit.Env{Store: s, Second: s}
		e.Must(t, &store.Change{Chat: over, Items: kit.Items(over, 6, 1)})
		s.Close()
		if wrong := verify(); len(wrong) != 1 || wrong[0] != "item: 9 lines instead of 8" {
			t.Errorf("with an item more it is wrong that %q", wrong)
		}
	})
}

// pausing is a writer whose first write waits: an export stands in the middle of its transaction.
type pausing struct {
	begun chan struct{}
	goOn  chan struct{}
	to    bytes.Buffer
}

func (p *pausing) Write(b []byte) (int, error) {
	if p.begun != nil {
		close(p.begun)
		p.begun = nil
		<-p.goOn
	}
	return p.to.Write(b)
}

// TestExportIsOfOneInstant: an export of a database that is written to has what was there when it began, and holds up nobody.
func TestExportIsOfOneInstant(t *testing.T) {
	stores(t, func(t *testing.T, p *place) {
		over := p.fillLong(t)
		before := inner(p.export(t))
		s, err := p.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		w := &pausing{begun: make(chan struct{}), goOn: make(chan struct{})}
		begun, done := w.begun, make(chan error, 1)
		d := p.reading(t)
		go func() {
			_, err := Export(t.Context(), d, w, Options{Instance: string(kit.Instance), Files: p.files})
			done <- err
		}()
		<-begun
		e := &kit.Env{Store: s, Second: s}
		for i := range 20 {
			e.Must(t, &store.Change{Chat: over, Items: kit.Items(over, int64(6+i), 1)})
			e.Create(t, 2)
		}
		close(w.goOn)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got := inner(w.to.Bytes()); !bytes.Equal(got, before) {
			t.Errorf("an export has what was written while it ran:\n%s", diff(got, before))
		}
	})
}

// TestExportHoldsLittle: memory does not grow with the chats.
func TestExportHoldsLittle(t *testing.T) {
	stores(t, exportHoldsLittle)
}

func exportHoldsLittle(t *testing.T, p *place) {
	p.fill(t)
	s, err := p.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := &kit.Env{Store: s, Second: s}
	const chats, bytesEach = 400, 15_000
	pad := strings.Repeat("x", bytesEach)
	e.MustAll(t, chats, func(int) *store.Change {
		id := kit.NewID()
		c := kit.ChatChange(id, `{"pad":"`+pad+`"}`)
		c.Items = kit.Items(id, 1, 3)
		return c
	})
	s.Close()
	d := p.reading(t)
	var was, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&was)
	lines, most := 0, uint64(0)
	out, err := Export(t.Context(), d, io.Discard, Options{Instance: string(kit.Instance), Progress: func(Progress) {
		if lines++; lines%400 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
	}})
	if err != nil || out.Bytes < chats*bytesEach {
		t.Fatalf("Export = %+v, %v", out, err)
	}
	if grown := int64(most) - int64(was.HeapAlloc); grown > 2<<20 {
		t.Errorf("while %d MB were exported, memory grew by %d kB", out.Bytes>>20, grown>>10)
	}
}

// resealed is a file with other lines, whose trailer says so.
func resealed(t *testing.T, file []byte, change func(kind string, line []byte) []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	s := newSink(&b)
	lines := bytes.SplitAfter(file, []byte("\n"))
	for _, line := range lines[:len(lines)-2] {
		var of struct{ Kind string }
		if err := json.Unmarshal(line, &of); err != nil {
			t.Fatal(err)
		}
		if err := s.line(of.Kind, change(of.Kind, line)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.finish(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestImportLosesNothing: what this release does not know cannot be written, and an import that lost it is not completed. It can be discarded then, and nothing of it is left.
func TestImportLosesNothing(t *testing.T) {
	from := embedded(t)
	from.fill(t)
	file := from.export(t)
	for of, to := range map[string]func(*testing.T) *place{"item": embedded, "counter": distributed} { // before anything is live, and after
		newer := resealed(t, file, func(kind string, line []byte) []byte {
			if kind != of {
				return line
			}
			return append(bytes.TrimSuffix(line, []byte("}\n")), ",\"mood\":\"good\"}\n"...)
		})
		t.Run(of, func(t *testing.T) {
			to := to(t)
			if _, err := to.imports(t, newer); err == nil || !strings.Contains(err.Error(), "what was written is not what the file says, and the instance stays unseen: "+of+": as many lines") {
				t.Fatalf("a member that is not known: %v", err)
			}
			s, err := to.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Resource(t.Context(), center.KindInstance, string(kit.Instance)); center.ReasonOf(err) != center.NotFound {
				t.Errorf("the instance is seen: %v", err)
			}
			s.Close()
			if _, err := to.imports(t, file); err == nil || !strings.Contains(err.Error(), "is being imported from another file") {
				t.Errorf("an import of another file beside it: %v", err)
			}
			if err := to.discards(t, newer); err != nil {
				t.Fatal(err)
			}
			d := to.reading(t)
			for _, table := range []string{"chats", "items", "receipts", "tokens", "once", "contacts", "contact_attributes", "said_due", "agents", "facts", "erasures", "holdings", "outbox", "resources"} {
				if n := d.count(t, table); n != 0 {
					t.Errorf("of what was discarded there are %d %s", n, table)
				}
			}
			d.Close()
			if _, err := to.imports(t, file); err != nil {
				t.Fatal(err)
			}
			if err := to.discards(t, file); err == nil || !strings.Contains(err.Error(), "no import of instance") {
				t.Errorf("an import that is complete is discarded: %v", err)
			}
			if got := to.export(t); !bytes.Equal(inner(got), inner(file)) {
				t.Errorf("after all that there is something else:\n%s", diff(got, file))
			}
		})
	}
}

func (p *place) discards(t *testing.T, file []byte) error {
	t.Helper()
	d, err := p.write(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	_, err = Discard(t.Context(), d, bytes.NewReader(file), Target{Files: p.files})
	return err
}

// TestPiecesThatAreNotInOrder: an attachment is its pieces one after the other.
func TestPiecesThatAreNotInOrder(t *testing.T) {
	from := embedded(t)
	from.fill(t)
	var first, second []byte
	file := from.export(t)
	for line := range bytes.SplitAfterSeq(file, []byte("\n")) {
		switch {
		case !bytes.HasPrefix(line, []byte(`{"kind":"file"`)):
		case first == nil:
			first = line
		case second == nil:
			second = line
		}
	}
	twice := resealed(t, file, func(_ string, line []byte) []byte {
		if bytes.Equal(line, second) {
			return first
		}
		return line
	})
	if _, err := embedded(t).imports(t, twice); err == nil || !strings.Contains(err.Error(), "is not the next piece of attachment a1b2") {
		t.Errorf("an attachment with a piece twice: %v", err)
	}
}

// TestSecrets: they are moved when that is asked for, sealed, to where there are none.
func TestSecrets(t *testing.T) {
	setting := func(id, body string) center.Resource {
		return center.Resource{Kind: center.KindSetting, ID: id, Body: []byte(body)}
	}
	write := func(p *place, w store.ResourceWrite) {
		t.Helper()
		s, err := p.open(t.Context())
		if err == nil {
			_, err = s.WriteResources(t.Context(), w)
			s.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	from := embedded(t)
	from.fill(t)
	clear := setting("clear-secrets", "")
	write(from, store.ResourceWrite{Put: []center.Resource{setting("token-secret", `"sealed"`), clear}})
	export := func(contacts ...string) ([]byte, error) {
		var b bytes.Buffer
		_, err := Export(t.Context(), from.reading(t), &b, Options{Instance: string(kit.Instance), Contacts: contacts, Secrets: true})
		return b.Bytes(), err
	}
	if _, err := export(); err == nil || !strings.Contains(err.Error(), "there are secrets in clear") {
		t.Errorf("secrets in clear: %v", err)
	}
	write(from, store.ResourceWrite{Drop: []center.Resource{clear}})
	if _, err := export("c"); err == nil {
		t.Error("secrets are exported with contacts")
	}
	file, err := export()
	if err != nil || !bytes.Contains(file, []byte(`"secrets":true`)) || bytes.Count(file, []byte(`{"kind":"secret"`)) != 2 {
		t.Fatalf("the export is %s, %v", file, err)
	}
	stores(t, func(t *testing.T, to *place) {
		if _, err := to.imports(t, file); err != nil {
			t.Fatal(err)
		}
		s, err := to.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if r, err := s.Resource(t.Context(), center.KindAccessKey, "AKIA1"); err != nil || string(r.Body) != `"secret"` {
			t.Errorf("the key is %s, %v", r.Body, err)
		}
	})
	stores(t, func(t *testing.T, to *place) {
		write(to, store.ResourceWrite{Put: []center.Resource{setting("token-secret", `"another"`)}})
		if _, err := to.imports(t, file); err == nil || !strings.Contains(err.Error(), "and so has the database") {
			t.Errorf("the import where there are secrets: %v", err)
		}
	})
}
