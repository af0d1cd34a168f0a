package move

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"parley.example/parley/internal/blob"
)

// Target says where a file is written to.
type Target struct {
	Files    blob.Store // for attachments; nil only for a file that has none
	Progress func(Progress)

	batch int // lines of a batch, for tests; 0 for as many as is good
}

// Imported is what an import has done.
type Imported struct {
	*Checked
	Resumed bool // it went on where an earlier one had stopped
	Already bool // there was nothing to do
}

const (
	batchLines = 2000
	batchBytes = 4 << 20
)

// state is the note of an import, a row of its own among the settings: how many lines of which file have been written. It stays, for those who ask again.
type state struct {
	SHA256 string `json:"sha256"`
	Lines  int64  `json:"lines"`
	Done   bool   `json:"done,omitempty"`
}

// importing is one import under way.
type importing struct {
	writing
	Target
	file  *Checked
	scope scope
	size  int64
	note  state
	noted bool // there is a row of it
}

// Import writes a file into a database that does not have its instance; a file of contacts, into one that has the instance and not their chats. Nothing is written of a
// file that is damaged. Of an instance no server sees anything until all of it has been written, read back and compared.
func Import(ctx context.Context, d *Database, r io.ReadSeeker, t Target) (*Imported, error) {
	i := &importing{Target: t}
	var err error
	if i.size, err = r.Seek(0, io.SeekEnd); err != nil {
		return nil, err
	}
	if i.file, err = checked(r, i.report("reading")); err != nil {
		return nil, err
	}
	h := &i.file.Header
	i.writing = writing{Database: d, instance: h.Instance, texts: map[string]string{}}
	i.scope = scopeOf(h)
	if _, has := i.file.Trailer.Kinds[fileKind]; has && t.Files == nil {
		return nil, errors.New("the file has attachments: say where they go")
	}
	out := &Imported{Checked: i.file}
	if err := i.in(ctx, i.prepare); err != nil {
		return nil, err
	}
	if out.Already = i.note.Done; out.Already {
		return out, nil
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	src := newSource(r)
	if len(h.Contacts) > 0 {
		return out, i.contacts(ctx, src)
	}
	out.Resumed = i.note.Lines > 0
	if err := i.staged(ctx, src); err != nil {
		return nil, err
	}
	if err := i.in(ctx, func(ctx context.Context) error { return i.compare(ctx, false) }); err != nil {
		return nil, err
	}
	return out, i.in(ctx, func(ctx context.Context) error { return i.revive(ctx, src) })
}

// Verify compares a database with a file, and returns what is wrong. It is of use until the instance is worked on.
func Verify(ctx context.Context, d *Database, r io.ReadSeeker, t Target) (_ *Checked, wrong []string, err error) {
	i := &importing{Target: t, writing: writing{Database: d}}
	if i.size, err = r.Seek(0, io.SeekEnd); err != nil {
		return nil, nil, err
	}
	if i.file, err = checked(r, i.report("reading")); err != nil {
		return nil, nil, err
	}
	i.scope = scopeOf(&i.file.Header)
	err = i.in(ctx, func(ctx context.Context) error {
		got, err := i.sums(ctx, func(*kind) bool { return true }, t.Files != nil)
		wrong = differences(i.file.Trailer.Kinds, got, func(kind string) bool { return kind != fileKind || t.Files != nil })
		return err
	})
	return i.file, wrong, err
}

func checked(r io.ReadSeeker, report func(int64)) (*Checked, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return Check(r, report)
}

func (i *importing) report(doing string) func(int64) {
	return func(done int64) {
		if i.Progress != nil {
			i.Progress(Progress{Doing: doing, Done: done, Total: i.size})
		}
	}
}

// in does something in a transaction, which is undone when it fails.
func (i *importing) in(ctx context.Context, do func(context.Context) error) error {
	if err := i.begin(ctx); err != nil {
		return err
	}
	if err := do(ctx); err != nil {
		return errors.Join(err, i.end(ctx, false))
	}
	return i.end(ctx, true)
}

func (i *importing) noteID() string { return "import/" + i.instance }

// prepare finds out what is there.
func (i *importing) prepare(ctx context.Context) error {
	there, err := i.first(ctx, oneText, "SELECT id FROM resources WHERE kind = 'instance' AND id = ?", i.instance)
	if err != nil {
		return err
	}
	if len(i.scope.chats) > 0 {
		if there == nil {
			return fmt.Errorf("the contacts belong to instance %s, which is not there: import it first", i.instance)
		}
		return i.free(ctx)
	}
	row, err := i.first(ctx, []form{doc}, "SELECT body FROM resources WHERE kind = 'setting' AND id = ?", i.noteID())
	if err != nil {
		return err
	}
	same := false
	if i.noted = row != nil; i.noted {
		text, _ := row[0].(string)
		if err := json.Unmarshal([]byte(text), &i.note); err != nil {
			return fmt.Errorf("the note of an import, setting %s, cannot be read: %w", i.noteID(), err)
		}
		same = i.note.SHA256 == i.file.Trailer.SHA256
	}
	switch {
	case there != nil && same && i.note.Done:
		return nil
	case there != nil:
		return fmt.Errorf("instance %s is there already. An import makes an instance and changes none: choose an empty database, or delete the instance first (DeleteInstance) and wait for its erasure", i.instance)
	case i.noted && !i.note.Done && !same:
		return fmt.Errorf("instance %s is being imported from another file, of which %d lines are there: go on with that file, or choose an empty database", i.instance, i.note.Lines)
	case i.note.Done:
		i.note = state{} // it was imported, and deleted since
	}
	i.note.SHA256 = i.file.Trailer.SHA256
	for _, id := range i.file.claims {
		if row, err := i.first(ctx, oneText, "SELECT id FROM resources WHERE kind = 'setting' AND id = ?", id); err != nil {
			return err
		} else if row != nil {
			return fmt.Errorf("another instance has the alias %s: delete it first, or choose an empty database", strings.TrimPrefix(id, "instance-alias/"))
		}
	}
	if i.scope.secrets {
		if row, err := i.first(ctx, oneText, "SELECT id FROM resources WHERE kind = 'access-key' OR kind = 'setting' AND id = 'token-secret'"); err != nil {
			return err
		} else if row != nil {
			return errors.New("the file has access keys and the secrets of tokens, and so has the database: choose one that no server has run on, or export without them")
		}
	}
	row, err = i.first(ctx, oneText, "SELECT id FROM erasures WHERE instance = ? AND finished IS NULL", i.instance)
	if err == nil && row != nil {
		err = fmt.Errorf("erasure %s, of what the instance had here before, is under way: wait until it has finished", row[0])
	}
	return err
}

// free reports whether the chats of a file of contacts are not there.
func (i *importing) free(ctx context.Context) error {
	for _, chat := range i.scope.chats {
		row, err := i.first(ctx, oneText, "SELECT id FROM chats WHERE id = ?", chat)
		if err != nil {
			return err
		}
		if row != nil {
			return fmt.Errorf("contact %s is there already: an import makes contacts and changes none", chat)
		}
	}
	return nil
}

// lines reads what src has from where it is on, and puts it, until stop says that a line belongs to what comes later. between is called
// with the number of lines and bytes since it last returned true, between two lines.
func (i *importing) lines(ctx context.Context, src *source, doing string, last int64, between func(lines, bytes int64) (bool, error)) error {
	report := i.report(doing)
	lines, from := int64(0), src.offset
	for src.number < last {
		line, err := src.next()
		if err != nil {
			return err
		}
		if src.number > 1 && src.number > i.note.Lines { // the first is the header
			if err := i.line(ctx, src, line); err != nil {
				return err
			}
			lines++
		}
		if between == nil {
			continue
		}
		fresh, err := between(lines, src.offset-from)
		if err != nil {
			return err
		}
		if fresh {
			lines, from = 0, src.offset
			report(src.offset)
		}
	}
	return ctx.Err()
}

// line writes a line.
func (i *importing) line(ctx context.Context, src *source, line []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		return src.bad("is no JSON object: %v", err)
	}
	name := string(bytes.Trim(members["kind"], `"`))
	if name == fileKind {
		p, err := readPiece(line)
		if err != nil || p.At != 0 {
			return src.bad("is not the first piece of an attachment")
		}
		if err := i.Files.Put(ctx, fileKey(p.Chat, p.ID), &joined{src: src, now: p}, p.Size); err != nil {
			return fmt.Errorf("attachment %s of chat %s: %w", p.ID, p.Chat, err)
		}
		return nil
	}
	k := kindOf(name)
	if k == nil || !i.scope.has(k) {
		return src.bad("is of the kind %.40q, which does not belong there", name)
	}
	values := make([]any, len(k.members))
	for n := range k.members {
		v, err := valueOf(members, &k.members[n])
		if err != nil {
			return src.bad("%v", err)
		}
		values[n] = v
	}
	if err := i.put(ctx, k, values); err != nil {
		return fmt.Errorf("line %d, or one shortly before it, could not be written (%s): %w", src.number, name, err)
	}
	return nil
}

func kindOf(name string) *kind {
	for n := range kinds {
		if kinds[n].name == name {
			return &kinds[n]
		}
	}
	return nil
}

// staged writes what no server sees yet, in batches.
func (i *importing) staged(ctx context.Context, src *source) error {
	most := int64(batchLines)
	if i.batch > 0 {
		most = int64(i.batch)
	}
	if err := i.begin(ctx); err != nil {
		return err
	}
	err := i.lines(ctx, src, "writing", i.file.before, func(lines, bytes int64) (bool, error) {
		if lines < most && bytes < batchBytes || lines == 0 {
			return false, nil
		}
		if err := i.keep(ctx, src.number); err != nil {
			return false, err
		}
		if err := i.end(ctx, true); err != nil {
			return false, err
		}
		return true, errors.Join(i.begin(ctx), ctx.Err())
	})
	if err == nil {
		err = i.keep(ctx, i.file.before)
	}
	if err != nil {
		return errors.Join(err, i.end(ctx, false))
	}
	return i.end(ctx, true)
}

// keep notes how many lines have been written. Of two imports at once one fails, by the rows that the other has written.
func (i *importing) keep(ctx context.Context, lines int64) error {
	next := i.note
	next.Lines = max(lines, i.note.Lines)
	if err := i.write(ctx, next); err != nil {
		return err
	}
	i.note = next
	return nil
}

func (i *importing) write(ctx context.Context, next state) error {
	b, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if !i.noted {
		i.noted = true
		_, err := i.change(ctx, "INSERT INTO resources (kind, id, instance, name, version, body) VALUES ('setting', ?, '', '', 1, ?)", i.noteID(), docText(b))
		return err
	}
	n, err := i.change(ctx, "UPDATE resources SET version = version + 1, body = ? WHERE kind = 'setting' AND id = ?", docText(b), i.noteID())
	if err == nil && n != 1 {
		err = errors.New("the import was discarded meanwhile")
	}
	return err
}

// revive writes what makes the instance live, compares it and lets servers see it, in one transaction.
func (i *importing) revive(ctx context.Context, src *source) error {
	if err := i.lines(ctx, src, "reviving", i.file.Trailer.Lines, nil); err != nil {
		return err
	}
	first := "UPDATE outbox SET first = {true} WHERE id IN (SELECT min(id) FROM outbox WHERE instance = ? GROUP BY stream)"
	steps := []string{first, "INSERT INTO fact_quarters (instance, quarter, version, rolled) SELECT instance, quarter, 1, 0 FROM facts WHERE instance = ? GROUP BY instance, quarter"}
	if i.pg {
		steps = append(steps, "INSERT INTO outbox_streams (stream) SELECT DISTINCT stream FROM outbox WHERE instance = ? ON CONFLICT DO NOTHING")
	}
	for _, sql := range steps {
		if err := i.exec(ctx, sql, i.instance); err != nil {
			return err
		}
	}
	for _, of := range []string{i.instance, ""} {
		if err := i.exec(ctx, "INSERT INTO revisions (instance, revision) VALUES (?, 1) ON CONFLICT (instance) DO UPDATE SET revision = revisions.revision + 1", of); err != nil {
			return err
		}
	}
	if err := i.compare(ctx, true); err != nil {
		return err
	}
	done := i.note
	done.Done = true
	return i.write(ctx, done)
}

// contacts writes a file of contacts, in one transaction.
func (i *importing) contacts(ctx context.Context, src *source) error {
	return i.in(ctx, func(ctx context.Context) error {
		if err := i.lines(ctx, src, "writing", i.file.Trailer.Lines, func(int64, int64) (bool, error) { return true, ctx.Err() }); err != nil {
			return err
		}
		return errors.Join(i.compare(ctx, false), i.compare(ctx, true))
	})
}

// compare reads back what was written, either what is live or the rest, and compares it with the trailer.
func (i *importing) compare(ctx context.Context, live bool) error {
	of := func(k *kind) bool { return k.live == live }
	got, err := i.sums(ctx, of, !live)
	if err != nil {
		return err
	}
	wrong := differences(i.file.Trailer.Kinds, got, func(name string) bool {
		if name == fileKind {
			return !live
		}
		return of(kindOf(name))
	})
	if len(wrong) > 0 {
		return fmt.Errorf("what was written is not what the file says, and the instance stays unseen: %s", strings.Join(wrong, "; "))
	}
	return nil
}

// sums adds up the lines that the database would have in a file.
func (i *importing) sums(ctx context.Context, of func(*kind) bool, files bool) (_ map[string]Sum, err error) {
	s := newSink(nil)
	wanted, err := newSpool()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, wanted.close()) }()
	report := i.report("comparing")
	for n := range kinds {
		k := &kinds[n]
		if !of(k) || !i.scope.has(k) {
			continue
		}
		if err := i.dump(ctx, k, i.scope, wanted, func(line []byte) error {
			err := s.line(k.name, line)
			report(s.bytes)
			return err
		}); err != nil {
			return nil, fmt.Errorf("%s: %w", k.name, err)
		}
	}
	if !files || !i.file.Header.Files || i.Files == nil {
		return s.sums(), nil
	}
	err = wanted.each(func(chat string, name []byte) error {
		_, err := pieces(ctx, i.Files, chat, strings.TrimPrefix(string(name), unsure), func(line []byte) error {
			err := s.line(fileKind, line)
			report(s.bytes)
			return err
		})
		return err
	})
	return s.sums(), err
}
