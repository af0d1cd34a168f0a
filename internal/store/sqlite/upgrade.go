package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"time"

	"modernc.org/sqlite"

	"parley.example/parley/internal/disk"
)

const (
	// progressEvery is how often a long upgrade says that it goes on.
	progressEvery = 10 * time.Second
	// copyStep is how many pages are copied before the upgrade looks whether it is to stop: 4 MB.
	copyStep = 1000
)

// upgrade brings a database that has data to the newest format: it makes a copy, and
// then takes all steps in one transaction. Whenever it is interrupted, the data
// is as it was, and the next start begins again.
type upgrade struct {
	Options
	conn  *conn
	dir   *directory
	from  int64
	to    int64
	steps []step
}

func (u *upgrade) run(ctx context.Context) error {
	began := time.Now()
	size, err := u.conn.size()
	if err != nil {
		return err
	}
	u.Log.Info("the data has an older format and is upgraded; older releases will not read it", "format", u.from, "needed", u.to, "size", disk.Size(size))
	for _, s := range u.steps {
		u.Log.Info("the upgrade will change the data", "format", s.format, "does", s.does)
	}
	if free, err := u.free(2 * size); err != nil {
		u.Log.Warn("cannot tell how much space is free; the upgrade is tried", "dir", u.dir.path, "err", err)
	} else if err := enough(free, size, !u.NoUpgradeCopy); err != nil {
		return fmt.Errorf("%w (in %s)", err, u.dir.path)
	}
	if u.NoUpgradeCopy {
		u.Log.Info("no copy of the data is made before the upgrade (--no-upgrade-copy)")
	} else if err := u.copy(ctx); err != nil {
		return fmt.Errorf("copy the data before its upgrade: %w; the data is as it was: start again when that is mended, or, with a backup of your own, with --no-upgrade-copy", err)
	}
	if err := u.takeSteps(ctx); err != nil {
		return fmt.Errorf("upgrade the data from format %d to %d: %w; the upgrade was undone and the data is as it was: start again when that is mended, or go on with the release that wrote the data", u.from, u.to, err)
	}
	u.Log.Info("the data was upgraded", "format", u.to, "took_ms", time.Since(began).Milliseconds())
	return nil
}

// free returns how much space there is. What an interrupted upgrade has left of a copy is
// removed; so is a complete copy where less than wanted is free: it is made again, and what it is a
// copy of is as it was.
func (u *upgrade) free(wanted int64) (int64, error) {
	name := filepath.Join(u.dir.path, copyName(u.from))
	for _, left := range []string{name + ".tmp", name} {
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		if free, err := disk.Free(u.dir.path); err != nil || free >= wanted || u.NoUpgradeCopy {
			return free, err
		}
	}
	return disk.Free(u.dir.path)
}

// size returns how large the database is, what is in its log included.
func (c *conn) size() (int64, error) {
	pages, err := c.pragma("page_count")
	if err != nil {
		return 0, err
	}
	size, err := c.pragma("page_size")
	return pages * size, err
}

// enough refuses an upgrade that might fill the disk: besides the copy, the log of the
// transaction may become as large as the database.
func enough(free, size int64, copied bool) error {
	switch {
	case copied && free < 2*size:
		return fmt.Errorf("the upgrade of the data needs %s, half of it for a copy, and %s are free: make room, or, with a backup of your own, start with --no-upgrade-copy, which needs %s",
			disk.Size(2*size), disk.Size(free), disk.Size(size))
	case free < size:
		return fmt.Errorf("the upgrade of the data needs %s, and %s are free: make room", disk.Size(size), disk.Size(free))
	}
	return nil
}

// copy makes the copy of the data, durably and as a whole. It replaces one of the same
// format: an upgrade that was interrupted has made it, or an earlier one that was taken back.
func (u *upgrade) copy(ctx context.Context) (err error) {
	began := time.Now()
	name := filepath.Join(u.dir.path, copyName(u.from))
	f, err := os.OpenFile(name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if f != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	u.Log.Info("the data is copied before its upgrade", "copy", name)
	if err := u.copyPages(ctx, f.Name()); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := errors.Join(os.Rename(f.Name(), name), disk.SyncDir(u.dir.path)); err != nil {
		return err
	}
	f = nil
	u.Log.Info("the copy is complete", "copy", name, "took_ms", time.Since(began).Milliseconds())
	return nil
}

// copyPages copies the database into a file that is there and empty.
func (u *upgrade) copyPages(ctx context.Context, file string) error {
	// The file counts only once it has its name, so it needs neither journal nor flushes of SQLite's own.
	b, err := u.conn.raw.(interface {
		NewBackup(string) (*sqlite.Backup, error)
	}).NewBackup(fileURI(file) + "?_pragma=journal_mode(off)&_pragma=synchronous(off)")
	if err != nil {
		return err
	}
	said := time.Now()
	for more := true; more && err == nil; {
		if more, err = b.Step(copyStep); err == nil {
			err = ctx.Err()
		}
		if time.Since(said) > progressEvery {
			said = time.Now()
			u.Log.Info("the data is being copied", "percent", 100-100*b.Remaining()/max(b.PageCount(), 1))
		}
	}
	return errors.Join(err, b.Finish())
}

// takeSteps takes the steps and gives back the space that the log took.
func (u *upgrade) takeSteps(ctx context.Context) error {
	p := progress{log: u.Log, wal: filepath.Join(u.dir.path, databaseName+"-wal"), began: time.Now(), stop: make(chan struct{})}
	p.done.Go(p.run)
	err := u.conn.apply(ctx, u.steps, u.to, p.begin)
	close(p.stop)
	p.done.Wait()
	if err != nil {
		return err
	}
	if r, err := u.conn.first("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil || r.bool(0) {
		u.Log.Info("the log of the upgrade is given back later", "err", err)
	}
	return nil
}

// progress says now and then what an upgrade is doing. What it has written so far is seen by
// the length of the log: SQLite does not tell how far a statement is.
type progress struct {
	log  *slog.Logger
	wal  string
	stop chan struct{}
	done sync.WaitGroup

	mu    sync.Mutex // guards what follows
	now   step
	began time.Time
}

func (p *progress) begin(s step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now, p.began = s, time.Now()
}

func (p *progress) run() {
	t := time.NewTicker(progressEvery)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
		}
		var written int64
		if info, err := os.Stat(p.wal); err == nil {
			written = info.Size()
		}
		p.mu.Lock()
		p.log.Info("still upgrading", "to", p.now.format, "does", p.now.does, "for", time.Since(p.began).Round(time.Second), "written", disk.Size(written))
		p.mu.Unlock()
	}
}

// copyName is the name of a copy of the data in a format.
func copyName(format int64) string { return fmt.Sprintf("%s.format-%d", databaseName, format) }

// isCopy matches the names of copies, and of those that were not completed.
var isCopy = regexp.MustCompile(`^` + regexp.QuoteMeta(databaseName) + `\.format-([0-9]{1,9})(\.tmp)?$`)

// dataCopy is a copy that an upgrade has left in the directory.
type dataCopy struct {
	os.FileInfo
	format     int64
	incomplete bool
}

// copies returns the copies in the directory, oldest format first.
func (d *directory) copies() ([]dataCopy, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, err
	}
	var copies []dataCopy
	for _, e := range entries {
		m := isCopy.FindStringSubmatch(e.Name())
		if m == nil || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		format, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return nil, err
		}
		copies = append(copies, dataCopy{info, format, m[2] != ""})
	}
	return copies, nil
}

// dropCopies deletes copies that were made before a time, all for the zero time, and what an
// interrupted upgrade has left of one.
func (d *directory) dropCopies(before time.Time, log *slog.Logger) error {
	copies, err := d.copies()
	for _, c := range copies {
		if c.incomplete || before.IsZero() || c.ModTime().Before(before) {
			log.Info("a copy of the data from before an upgrade is deleted", "copy", c.Name(), "made", c.ModTime().UTC())
			err = errors.Join(err, os.Remove(filepath.Join(d.path, c.Name())))
		}
	}
	return err
}

// tellCopies says at each start which copies take space.
func (d *directory) tellCopies(log *slog.Logger) error {
	copies, err := d.copies()
	for _, c := range copies {
		if !c.incomplete {
			log.Info("a copy of the data from before an upgrade is here until it is a week old; it may be deleted earlier", "copy", filepath.Join(d.path, c.Name()), "size", disk.Size(c.Size()), "made", c.ModTime().UTC())
		}
	}
	return err
}

// tooNew refuses data of a format that this release does not read, and says what to do.
func (d *directory) tooNew(format, newest int64) error {
	by := "the release that wrote it"
	if release := d.release(format); release != "" {
		by = "Parley " + release + ", which used it last,"
	}
	back := fmt.Sprintf("restore a backup of format %d or older", newest)
	copies, err := d.copies()
	if err != nil {
		return err
	}
	for _, c := range copies {
		if !c.incomplete && c.format <= newest {
			back = fmt.Sprintf("go back to %s, a copy from before the upgrade of %s, without what was said since", c.Name(), c.ModTime().UTC().Format("2006-01-02 15:04 MST"))
		}
	}
	return fmt.Errorf("the data was written by a newer Parley: its format is %d, this release reads formats up to %d. Start %s or a later one; or %s (docs/database.md, downgrade)", format, newest, by, back)
}
