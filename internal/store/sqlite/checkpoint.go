package sqlite

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"

	"parley.example/parley/internal/store/sqlite/datadir"
)

const (
	// walPages is the length of the log, in pages of 4 kB, at which it is
	// copied back into the database file. A longer log means that a page which
	// changes often is copied once for more changes.
	walPages = 8000
	walFrame = 4096 + 24 // what a page takes in the log
	// walSlack is how many times that it may grow meanwhile before the writer waits.
	walSlack = 3
	// busyTimeout lets a process that came to look, such as a backup, finish what it does.
	busyTimeout = "PRAGMA busy_timeout = 10000"
)

// checkpointer copies the write-ahead log into the database file beside the
// writer. A log is only restarted when every page of it was copied, which
// never happens while a busy writer adds to it; so this goroutine copies
// nearly all, and the writer copies the short rest between two batches.
type checkpointer struct {
	conn   *conn
	log    *slog.Logger
	pages  int64 // walPages but in tests
	found  int64 // how long the log was at the start, in pages
	wanted chan struct{}
	copied chan struct{}
	wg     sync.WaitGroup
}

func newCheckpointer(ctx context.Context, dsn string, o Options) (*checkpointer, error) {
	c, err := connect(ctx, dsn, "busy_timeout = 0", "synchronous = full", "wal_autocheckpoint = 0", "cache_size = -1000")
	if err != nil {
		return nil, err
	}
	cp := &checkpointer{conn: c, log: o.Log, pages: cmp.Or(o.walPages, walPages), found: leftLog(o.Dir), wanted: make(chan struct{}, 1), copied: make(chan struct{}, 1)}
	cp.wg.Go(cp.run)
	return cp, nil
}

// leftLog returns about how many pages the log has that a killed server has left. Without them, servers
// that are killed early and often would let it grow for ever.
func leftLog(dir string) int64 {
	info, err := os.Stat(filepath.Join(dir, datadir.DatabaseName+"-wal"))
	if err != nil {
		return 0 // there is none, or the database will say what is wrong
	}
	return info.Size() / walFrame
}

func (cp *checkpointer) run() {
	for range cp.wanted {
		for range 3 {
			log, copied, err := cp.conn.checkpoint()
			if err != nil {
				cp.log.Warn("checkpoint failed; it will be retried", "err", err)
			}
			if err != nil || log-copied < cp.pages/50 {
				break
			}
		}
		cp.copied <- struct{}{}
	}
}

func (cp *checkpointer) close() error {
	close(cp.wanted)
	cp.wg.Wait()
	return cp.conn.Close()
}

// checkpoint copies what it can of the log without waiting for anybody. It
// returns the length of the log in pages and how many of them are copied.
func (c *conn) checkpoint() (log, copied int64, err error) {
	r, err := c.First("PRAGMA wal_checkpoint(PASSIVE)")
	if err != nil || r == nil {
		return 0, 0, err
	}
	return r.Int(1), r.Int(2), nil
}

// wal is the writer's view of the log.
type wal struct {
	*checkpointer
	length  int64 // of the log, in pages
	next    int64 // the length at which to ask for a checkpoint
	running bool
}

// grew counts the pages of a commit and asks for a checkpoint when it is time.
func (w *wal) grew(c *conn) {
	if status, ok := c.Raw.(sqlite.DBStatus); ok {
		if n, _, err := status.Status(sqlite.DBStatusCacheWrite, true); err == nil {
			w.length += int64(n)
		}
	}
	if !w.running && w.length >= w.next {
		w.running = true
		w.wanted <- struct{}{}
	}
}

// finish copies the rest of the log when the checkpointer has done its part,
// and waits for it when the log grows too long.
func (w *wal) finish(c *conn) {
	if !w.running {
		return
	}
	if w.length < w.next+walSlack*w.pages {
		select {
		case <-w.copied:
		default:
			return
		}
	} else {
		<-w.copied
	}
	w.running = false
	log, copied, err := c.checkpoint()
	if err != nil {
		w.next = w.length + w.pages // the disk refuses; try later
		return
	}
	// A reader of an old state keeps the log from being restarted even when
	// all of it is copied. Such readers pass, and the next round will do; but
	// when that went wrong before, the log is longer than it should be.
	if restarted := log == copied && log < 2*w.pages || c.restart(w.checkpointer); restarted {
		w.length, w.next = 0, w.pages
		return
	}
	w.length, w.next = log, log+w.pages
}

// restart copies the rest of the log and waits for readers of an old state,
// though not long: a report that runs for minutes must not stop the chats. It
// reports whether the log will be restarted.
func (c *conn) restart(cp *checkpointer) bool {
	done, err := c.wait(cp, "PRAGMA wal_checkpoint(RESTART)")
	return err == nil && done
}

// wait runs a checkpoint that waits for readers of an old state, though not long, and
// reports whether it was done.
func (c *conn) wait(cp *checkpointer, checkpoint string) (done bool, err error) {
	if err := c.Script("PRAGMA busy_timeout = 50"); err != nil {
		return false, err
	}
	r, err := c.First(checkpoint)
	if err := c.Script(busyTimeout); err != nil {
		cp.log.Warn("the database does not take a setting", "err", err)
	}
	return err == nil && r != nil && !r.Bool(0), err
}
