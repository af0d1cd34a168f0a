package move

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/blob"
)

// scope is what is moved: an instance, or some of its chats.
type scope struct {
	instance string
	chats    []string
	secrets  bool
}

func scopeOf(h *Header) scope { return scope{h.Instance, h.Contacts, h.Secrets} }

func (s scope) has(k *kind) bool {
	return (len(s.chats) == 0 || !k.whole) && (k.name != secretKind || s.secrets)
}

// maxContacts bounds an export of contacts: they are named in one statement.
const maxContacts = 1000

// Options say what is exported.
type Options struct {
	Instance string   // its id or alias; may be empty with Contacts
	Contacts []string // of chats that are over; none for the whole instance
	Files    blob.Store
	Secrets  bool   // access keys and the secrets of tokens as well, sealed as they are
	Parley   string // the release of this program
	Now      time.Time
	Progress func(Progress)
}

// Progress says how far something has come, in bytes of the file.
type Progress struct {
	Doing       string
	Done, Total int64 // Total is 0 where it is not known
}

// Exported is what an export has written.
type Exported struct {
	Header  Header
	Trailer Trailer
	Bytes   int64
	Missing []string // attachments whose file is not there
}

// Export writes an instance, or contacts, as they are at one instant. Files come after the rows, without holding up the database: a file that has been erased since
// then is left out and named.
func Export(ctx context.Context, d *Database, w io.Writer, o Options) (_ *Exported, err error) {
	e := &exporting{Database: d, Options: o, sink: newSink(w)}
	if o.Files != nil {
		if e.wanted, err = newSpool(); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, e.wanted.close()) }()
	}
	live, err := newSpool() // what is live comes after the files
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, live.close()) }()
	if err := e.rows(ctx, live); err != nil {
		return nil, err
	}
	out := &Exported{Header: e.header}
	if out.Missing, err = e.files(ctx); err != nil {
		return nil, err
	}
	if err := live.each(func(kind string, line []byte) error { return e.sink.line(kind, line) }); err != nil {
		return nil, err
	}
	if out.Trailer, err = e.sink.finish(); err != nil {
		return nil, err
	}
	out.Bytes = e.sink.bytes
	return out, nil
}

// exporting is one export under way.
type exporting struct {
	*Database
	Options
	sink   *sink
	scope  scope
	header Header
	wanted *spool // the attachments that are to be copied; nil when none are
}

// rows writes the lines that are rows of the database, in one transaction: those of live kinds to a spool.
func (e *exporting) rows(ctx context.Context, live *spool) (err error) {
	if err := e.begin(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.end(ctx, false)) }()
	if e.scope, err = e.find(ctx, e.Instance, e.Contacts); err != nil {
		return err
	}
	if e.scope.secrets = e.Secrets; e.Secrets {
		if err := e.sealed(ctx); err != nil {
			return err
		}
	}
	e.header = Header{Kind: headerKind, Format: Format, Parley: e.Parley, Store: e.store, StoreFormat: e.format, Data: e.id, Taken: e.Now.UTC().Truncate(time.Millisecond),
		Instance: e.scope.instance, Contacts: e.scope.chats, Files: e.wanted != nil, Secrets: e.Secrets}
	if err := e.sink.object(headerKind, e.header); err != nil {
		return err
	}
	for i := range kinds {
		k := &kinds[i]
		if !e.scope.has(k) {
			continue
		}
		put := e.sink.line
		if k.live {
			put = live.put
		}
		if err := e.dump(ctx, k, e.scope, e.wanted, func(line []byte) error {
			if e.Progress != nil {
				e.Progress(Progress{Doing: k.name, Done: e.sink.bytes})
			}
			return put(k.name, line)
		}); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return nil
}

// sealed refuses to export secrets that are in clear.
func (e *exporting) sealed(ctx context.Context) error {
	if len(e.scope.chats) > 0 {
		return errors.New("secrets go with an instance, not with contacts")
	}
	row, err := e.first(ctx, oneText, "SELECT id FROM resources WHERE kind = 'setting' AND id = 'clear-secrets'")
	if err == nil && row != nil {
		err = errors.New("there are secrets in clear, of an earlier release: start this release on the data once, which seals them")
	}
	return err
}

// dump calls put with the lines of a kind, each valid until put returns, and notes the attachments of chats in wanted unless that is nil.
func (d *Database) dump(ctx context.Context, k *kind, s scope, wanted *spool, put func(line []byte) error) error {
	sql, args, forms := d.reading(k, s)
	start := `{"kind":"` + k.name + `"`
	var line []byte
	return d.query(ctx, func(v []any) (err error) {
		line = append(line[:0], start...)
		for i := range k.members {
			if line, err = appendMember(line, &k.members[i], v[i]); err != nil {
				return err
			}
		}
		if k.name == "chat" && wanted != nil {
			if err := wanted.attachments(v[0], v[len(v)-1]); err != nil {
				return err
			}
		}
		line = append(line, '}', '\n')
		return put(line)
	}, forms, sql, args...)
}

var oneText = []form{text}

// find resolves what is to be exported.
func (d *Database) find(ctx context.Context, instance string, contacts []string) (s scope, err error) {
	s.instance = instance
	if instance != "" {
		row, err := d.first(ctx, oneText, "SELECT id FROM resources WHERE kind = 'instance' AND id = ?", instance)
		if err == nil && row == nil {
			row, err = d.first(ctx, oneText, "SELECT r.id FROM resources AS s JOIN resources AS r ON r.kind = 'instance' AND s.body = '\"' || r.id || '\"' WHERE s.kind = 'setting' AND s.id = ?",
				"instance-alias/"+strings.ToLower(instance))
		}
		if err != nil {
			return s, err
		}
		if row == nil {
			return s, fmt.Errorf("there is no instance %s: name one by its id or its alias", instance)
		}
		s.instance, _ = row[0].(string)
	}
	if len(contacts) > maxContacts {
		return s, fmt.Errorf("%d contacts are too many for one file; %d fit, or export the instance", len(contacts), maxContacts)
	}
	for _, id := range contacts {
		if err := d.choose(ctx, &s, id); err != nil {
			return s, err
		}
	}
	row, err := d.first(ctx, oneText, "SELECT id FROM erasures WHERE instance = ? AND finished IS NULL", s.instance)
	if err == nil && row != nil {
		err = fmt.Errorf("erasure %s is under way: a copy that is made now would have what is being erased. Wait until it has finished: parley erase --receipt %[1]s shows that", row[0])
	}
	return s, err
}

// choose adds the chat of a contact to what is exported. It must be over.
func (d *Database) choose(ctx context.Context, s *scope, contact string) error {
	row, err := d.first(ctx, []form{text, text, flag, text}, `SELECT c.id, c.instance, c.active, (SELECT h.work FROM holdings AS h WHERE h.chat = c.n LIMIT 1)
		FROM contacts AS k JOIN chats AS c ON c.id = k.chat WHERE k.id = ?`, contact)
	if err != nil {
		return err
	}
	if row == nil {
		return fmt.Errorf("there is no contact %s", contact)
	}
	chat, _ := row[0].(string)
	instance, _ := row[1].(string)
	switch {
	case s.instance != "" && s.instance != instance:
		return fmt.Errorf("contact %s belongs to instance %s, not %s", contact, instance, s.instance)
	case row[2] == true:
		return fmt.Errorf("contact %s goes on: export it when it is over, or the whole instance", contact)
	case row[3] != nil:
		return fmt.Errorf("an agent still has contact %s in hand: export it when it is closed, or the whole instance", contact)
	}
	s.instance = instance
	if slices.Contains(s.chats, chat) {
		return nil
	}
	s.chats = append(s.chats, chat)
	return nil
}
