package backup

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/blob/dir"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/disk"
)

const (
	pieceBytes = 256 << 10
	// stepPieces is how many pieces one of the small transactions reads that copy ahead.
	stepPieces = 64
	// enough is how many bytes the transaction that counts may find to be new before
	// it gives up, and what is new is copied ahead.
	enough = 64 << 20
)

// Options say what is backed up, and how.
type Options struct {
	Data string // the data directory; its server may be running
	// Files is where the server keeps attachments when that is not in the data directory.
	Files blob.Lister
	// WithSecret says that the file that opens the secrets in the database is part of the backup.
	WithSecret bool
	// SecretFile is that file; parley.secret in Data when empty.
	SecretFile string
	Version    string // of this program
	Now        func() time.Time
	// Progress, when set, is called often, by one goroutine at a time.
	Progress func(Progress)
}

// Progress says how far a backup, restore or check has come.
type Progress struct {
	Doing       string // such as "database"
	Done, Total int64  // bytes; Total is 0 where it is not known
}

// Saved says what a backup has done.
type Saved struct {
	*Backup
	NewPieces Amount        // of the database, before compression
	NewFiles  Amount        // of attachments
	Locked    time.Duration // how long the log of the database could not be restarted
	Took      time.Duration
}

// saving is one backup under way. It belongs to one goroutine, but for what mu guards.
type saving struct {
	*Place
	Options
	src   *source
	have  map[sum]bool // the objects that are there or under way
	last  *Backup      // the newest that is there, nil when there is none
	saved Saved

	mu    sync.Mutex   // guards what follows while attachments are copied, and saved.NewFiles
	files map[sum]bool // the files that are there or under way
	added Amount
}

// Save takes a backup. The place must have been opened to write. When it fails, the place holds the backups
// that it held before, and pieces that the next one need not store again.
func (p *Place) Save(ctx context.Context, o Options) (_ *Saved, err error) {
	began := time.Now()
	if o.Data, err = filepath.Abs(o.Data); err != nil {
		return nil, err
	}
	src, err := openSource(ctx, o.Data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.close()) }()
	s := &saving{Place: p, Options: o, src: src, saved: Saved{Backup: &Backup{Format: format, Parley: o.Version}}}
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	if err := s.database(ctx); err != nil {
		return nil, err
	}
	if err := s.attachments(ctx); err != nil {
		return nil, err
	}
	if err := s.secret(); err != nil {
		return nil, err
	}
	if err := s.finish(ctx); err != nil {
		return nil, err
	}
	s.saved.Took = time.Since(began)
	return &s.saved, nil
}

// prepare finds out what is there.
func (s *saving) prepare(ctx context.Context) (err error) {
	ids, err := s.ids(ctx)
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		if s.last, err = s.backup(ctx, ids[len(ids)-1]); err != nil {
			return fmt.Errorf("the newest backup in %s cannot be read: %w. Move it away, or choose another place", s.where, err)
		}
	}
	if s.have, err = s.sums(ctx, objects); err != nil {
		return err
	}
	s.files, err = s.sums(ctx, files)
	return err
}

// sums lists the contents that are in a directory of the place.
func (p *Place) sums(ctx context.Context, in string) (map[sum]bool, error) {
	all := map[sum]bool{}
	err := p.store.List(ctx, in, func(f blob.Info) error {
		if s, ok := sumFrom(in, f.Key); ok {
			all[s] = true
		}
		return nil
	})
	return all, err
}

func (s *saving) progress(doing string, done, total int64) {
	if s.Progress != nil {
		s.Progress(Progress{doing, done, total})
	}
}

var errTooMuch = errors.New("too much is new")

// database stores the database as it is at one instant. Where much is new, it is copied ahead first.
func (s *saving) database(ctx context.Context) error {
	err := s.snapshot(ctx, enough)
	if errors.Is(err, errTooMuch) {
		if err := s.ahead(ctx); err != nil {
			return err
		}
		err = s.snapshot(ctx, 1<<62)
	}
	return err
}

// ahead stores what is new, in small transactions: the pieces of different instants.
func (s *saving) ahead(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(hands)
	for at, end := int64(0), int64(1); at < end; {
		var read [][]byte
		err := s.src.in(ctx, func() error {
			per := pieceBytes / s.src.state.pageSize
			for end = s.src.state.pages; at < end && len(read) < stepPieces; at += per {
				b, err := s.src.read(ctx, at, min(per, end-at), make([]byte, 0, pieceBytes))
				if err != nil {
					return err
				}
				read = append(read, b)
			}
			return nil
		})
		if err != nil {
			return errors.Join(err, g.Wait())
		}
		for _, b := range read {
			s.piece(g, ctx, b)
		}
		s.progress("copying ahead", min(at, end)*s.src.state.pageSize, s.src.state.bytes())
	}
	return g.Wait()
}

// piece stores a piece of the database, if it is new: it says so.
func (s *saving) piece(g *errgroup.Group, ctx context.Context, b []byte) (name sum, isNew bool) {
	name = sumOf(b)
	if s.have[name] {
		return name, false
	}
	s.have[name] = true
	s.saved.NewPieces.add(int64(len(b)))
	b = slices.Clone(b)
	g.Go(func() error { return s.keep(ctx, name, b) })
	return name, true
}

// keep stores an object and counts it.
func (s *saving) keep(ctx context.Context, name sum, content []byte) error {
	n, err := s.put(ctx, name, content)
	if err == nil {
		s.count(n)
	}
	return err
}

func (s *saving) count(bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.added.add(bytes)
}

// snapshot reads the whole database in one transaction and stores what is new, up to a limit.
func (s *saving) snapshot(ctx context.Context, limit int64) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(hands)
	var lists []sum
	began := time.Now()
	taken := s.Now() // before the instant of the transaction: all that was acknowledged until then is in it
	err := s.src.in(gctx, func() error {
		st := s.src.state
		if err := s.accept(st, taken); err != nil {
			return err
		}
		var list pieces
		at := int64(0)
		err := s.src.scan(gctx, func(b []byte) error {
			name, isNew := s.piece(g, gctx, b)
			if isNew {
				if limit -= int64(len(b)); limit < 0 {
					return errTooMuch
				}
			}
			at += int64(len(b))
			if list = append(list, name); len(list) == piecesInList || at == st.bytes() {
				lists = append(lists, s.list(g, gctx, list.encode()))
				list = nil
			}
			s.progress("database", at, st.bytes())
			return nil
		})
		if err != nil {
			return err
		}
		s.saved.Database = Database{Format: st.format, Bytes: st.bytes(), PageSize: st.pageSize, Lists: lists}
		return nil
	})
	s.saved.Locked = max(s.saved.Locked, time.Since(began))
	if stored := g.Wait(); stored != nil {
		return stored // the cause of err, if there is one
	}
	return err
}

// accept notes of what instant and of which data the backup is.
func (s *saving) accept(st state, taken time.Time) error {
	if s.last != nil && s.last.Data != "" && st.data != "" && st.data != s.last.Data {
		return fmt.Errorf("%s holds backups of other data (%s, this is %s): choose another place", s.where, s.last.Data, st.data)
	}
	if st.pageSize <= 0 || st.pageSize > maxPage || st.pages == 0 {
		return fmt.Errorf("%s has %d pages of %d bytes, which cannot be", databaseName, st.pages, st.pageSize)
	}
	s.saved.Data, s.saved.Taken = st.data, taken.UTC().Truncate(time.Millisecond)
	return nil
}

// list stores a list of pieces or files.
func (s *saving) list(g *errgroup.Group, ctx context.Context, content []byte) sum {
	name := sumOf(content)
	if !s.have[name] {
		s.have[name] = true
		g.Go(func() error { return s.keep(ctx, name, content) })
	}
	return name
}

// attachments stores the files that are not there yet. What the last backup knows of files that
// are still there is taken from it, in its order, so that its lists are used again.
func (s *saving) attachments(ctx context.Context) error {
	src := s.Options.Files
	if src == nil {
		store, err := dir.View(filepath.Join(s.Data, filesName))
		if errors.Is(err, fs.ErrNotExist) { // a server with its files in memory or in S3
			s.saved.Backup.Files = &Files{}
			return nil
		}
		if err != nil {
			return err
		}
		defer store.Close()
		src = store
	}
	lists, err := s.before(ctx)
	if err != nil {
		return err
	}
	known := map[string]*file{}
	for _, l := range lists {
		for i := range l {
			known[l[i].key] = &l[i]
		}
	}
	kept := map[string]bool{}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(hands)
	var fresh fileList // guarded by s.mu, and what follows too
	var done int64
	err = src.List(gctx, "", func(f blob.Info) error {
		if old := known[f.Key]; old != nil && old.size == f.Size && s.has(old.sum) {
			kept[f.Key] = true
			return nil
		}
		g.Go(func() error {
			stored, err := s.attachment(gctx, src, f.Key)
			if center.ReasonOf(err) == center.NotFound {
				return nil // deleted meanwhile
			}
			if err != nil {
				return err
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			fresh = append(fresh, stored)
			done += stored.size
			s.progress("files", done, 0)
			return nil
		})
		return nil
	})
	if stored := g.Wait(); stored != nil {
		err = stored
	}
	if err != nil {
		return fmt.Errorf("copy the attachments: %w", err)
	}
	return s.listFiles(ctx, lists, kept, fresh)
}

func (s *saving) has(f sum) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files[f]
}

// before returns the lists of files of the last backup.
func (s *saving) before(ctx context.Context) (lists []fileList, err error) {
	if s.last == nil || s.last.Files == nil {
		return nil, nil
	}
	for _, name := range s.last.Files.Lists {
		l, err := s.fileList(ctx, name)
		if _, broken := errors.AsType[*damage](err); broken {
			delete(s.have, name) // what it listed is read again
			continue
		}
		if err != nil {
			return nil, err
		}
		lists = append(lists, l)
	}
	return lists, nil
}

// listFiles stores the lists of files: those of before without what is gone, and the new files at the end.
func (s *saving) listFiles(ctx context.Context, lists []fileList, kept map[string]bool, fresh fileList) error {
	var all []fileList
	for _, l := range lists {
		var still fileList
		for _, f := range l {
			if kept[f.key] {
				still = append(still, f)
				delete(kept, f.key) // no key twice
			}
		}
		if len(still) > 0 {
			all = append(all, still)
		}
	}
	for _, f := range fresh {
		if n := len(all); n == 0 || len(all[n-1]) >= filesInList {
			all = append(all, nil)
		}
		last := &all[len(all)-1]
		*last = append(*last, f)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(hands)
	out := &Files{}
	for _, l := range all {
		for _, f := range l {
			out.add(f.size)
		}
		out.Lists = append(out.Lists, s.list(g, gctx, l.encode()))
	}
	s.saved.Backup.Files = out
	return g.Wait()
}

// attachment stores a file, unless its content is there.
func (s *saving) attachment(ctx context.Context, src blob.Store, key string) (file, error) {
	f, size, err := src.Open(ctx, key)
	if err != nil {
		return file{}, err
	}
	defer f.Close()
	name, err := sumReader(f)
	if err != nil {
		return file{}, fmt.Errorf("read %s: %w", key, err)
	}
	s.mu.Lock()
	there := s.files[name]
	s.files[name] = true
	if !there {
		s.saved.NewFiles.add(size)
	}
	s.mu.Unlock()
	if there {
		return file{name, size, key}, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return file{}, err
	}
	if err := s.store.Put(ctx, name.key(files), f, size); err != nil {
		return file{}, err
	}
	s.count(size)
	return file{name, size, key}, nil
}

// maxSecret bounds the file of the secret: it has a line of it, and comments.
const maxSecret = 4 << 10

// secret notes whether a file beside the database opens its secrets, and takes it along when that is wanted.
func (s *saving) secret() error {
	file := cmp.Or(s.SecretFile, filepath.Join(s.Data, secretName))
	text, err := disk.ReadFile(file, maxSecret)
	missing := errors.Is(err, fs.ErrNotExist)
	if missing && s.WithSecret {
		return fmt.Errorf("the secret is not in %s; --secret-file names where the server keeps it", file)
	}
	if err != nil && !missing {
		return err
	}
	s.saved.Sealed = !missing || s.saved.Database.Format >= sealedFormat
	if missing {
		return nil
	}
	if s.WithSecret {
		s.saved.Secret = text
	}
	return nil
}

// sealedFormat is the format from which on databases have sealed secrets.
const sealedFormat = 10

// finish makes the backup one: until then there are only pieces.
func (s *saving) finish(ctx context.Context) error {
	if s.last != nil && !s.saved.Taken.After(s.last.Taken) {
		// The clock was set back. Ids stay in the order in which backups were taken.
		s.saved.Taken = s.last.Taken.Add(time.Millisecond)
	}
	s.saved.ID, s.saved.Added = s.saved.Taken.Format(idLayout), s.added
	text, err := s.saved.encode()
	if err != nil {
		return err
	}
	if err := s.holding(); err != nil {
		return err
	}
	return s.store.Put(ctx, backups+"/"+s.saved.ID, bytes.NewReader(text), int64(len(text)))
}
