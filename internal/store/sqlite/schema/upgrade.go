package schema

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"

	"parley.example/parley/internal/disk"
	"parley.example/parley/internal/store/sqlite/datadir"
	"parley.example/parley/internal/store/sqlite/sqlconn"
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
	conn  *sqlconn.Conn
	dir   *datadir.Directory
	from  int64
	to    int64
	steps []Step
}

func (u *upgrade) run(ctx context.Context) error {
	began := time.Now()
	size, err := u.conn.Size()
	if err != nil {
		return err
	}
	u.Log.Info("the data has an older format and is upgraded; older releases will not read it", "format", u.from, "needed", u.to, "size", disk.Size(size))
	for _, s := range u.steps {
		u.Log.Info("the upgrade will change the data", "format", s.Format, "does", s.Does)
	}
	if free, err := u.free(2 * size); err != nil {
		u.Log.Warn("cannot tell how much space is free; the upgrade is tried", "dir", u.dir.Path, "err", err)
	} else if err := enough(free, size, !u.NoCopy); err != nil {
		return fmt.Errorf("%w (in %s)", err, u.dir.Path)
	}
	if u.NoCopy {
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
	name := filepath.Join(u.dir.Path, datadir.CopyName(u.from))
	for _, left := range []string{name + ".tmp", name} {
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		if free, err := disk.Free(u.dir.Path); err != nil || free >= wanted || u.NoCopy {
			return free, err
		}
	}
	return disk.Free(u.dir.Path)
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
	name := filepath.Join(u.dir.Path, datadir.CopyName(u.from))
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
	if err := errors.Join(os.Rename(f.Name(), name), disk.SyncDir(u.dir.Path)); err != nil {
		return err
	}
	f = nil
	u.Log.Info("the copy is complete", "copy", name, "took_ms", time.Since(began).Milliseconds())
	return nil
}

// copyPages copies the database into a file that is there and empty.
func (u *upgrade) copyPages(ctx context.Context, file string) error {
	// The file counts only once it has its name, so it needs neither journal nor flushes of SQLite's own.
	b, err := u.conn.Raw.(interface {
		NewBackup(string) (*sqlite.Backup, error)
	}).NewBackup(sqlconn.FileURI(file) + "?_pragma=journal_mode(off)&_pragma=synchronous(off)")
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
	p := progress{log: u.Log, wal: filepath.Join(u.dir.Path, datadir.DatabaseName+"-wal"), began: time.Now(), stop: make(chan struct{})}
	p.done.Go(p.run)
	err := apply(ctx, u.conn, u.steps, u.to, p.begin)
	close(p.stop)
	p.done.Wait()
	if err != nil {
		return err
	}
	if r, err := u.conn.First("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil || r.Bool(0) {
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
	now   Step
	began time.Time
}

func (p *progress) begin(s Step) {
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
		p.log.Info("still upgrading", "to", p.now.Format, "does", p.now.Does, "for", time.Since(p.began).Round(time.Second), "written", disk.Size(written))
		p.mu.Unlock()
	}
}
