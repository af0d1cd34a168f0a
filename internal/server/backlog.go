package server

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"parley.example/parley/internal/disk"
	"parley.example/parley/internal/store"
)

const (
	// backlogShare is which part of the time may go into counting: what took 1 ms is
	// counted again after 100.
	backlogShare = 100
	backlogEvery = time.Second            // but not more often than this
	backlogWait  = 200 * time.Millisecond // how long the one who asks waits for fresh figures
)

// figures are what has to be counted to be known. Bytes are those of the data
// directory; without one they are 0.
type figures struct {
	store.Backlog
	database, files, flowLogs int64 // bytes
	free                      int64 // bytes that the disk still takes
}

// backlog counts for /metrics. Counting is done when somebody asks, on a goroutine of its own, and
// the more seldom the longer it takes: a scrape never waits long for a large directory, but gets
// the former figures.
type backlog struct {
	count func(context.Context) figures
	wake  chan struct{} // has room for one

	mu     sync.Mutex // guards what follows
	last   figures
	next   time.Time     // before which last is good enough
	coming chan struct{} // closed when the figures that were asked for are there; nil when none are
}

func newBacklog(count func(context.Context) figures) *backlog {
	return &backlog{count: count, wake: make(chan struct{}, 1)}
}

// get returns figures that are fresh, or the last ones if it would take long.
func (b *backlog) get() figures {
	b.mu.Lock()
	if b.coming == nil && time.Now().After(b.next) {
		b.coming = make(chan struct{})
		b.wake <- struct{}{}
	}
	coming := b.coming
	b.mu.Unlock()
	if coming != nil {
		patience := time.NewTimer(backlogWait)
		defer patience.Stop()
		select {
		case <-coming:
		case <-patience.C:
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// run counts whenever somebody asks, until ctx ends.
func (b *backlog) run(ctx context.Context) {
	for {
		select {
		case <-b.wake:
		case <-ctx.Done():
			return
		}
		began := time.Now()
		found := b.count(ctx)
		b.mu.Lock()
		b.last, b.next = found, began.Add(max(backlogEvery, backlogShare*time.Since(began)))
		close(b.coming)
		b.coming = nil
		b.mu.Unlock()
	}
}

// count finds the figures. What cannot be read is 0.
func (s *Server) count(ctx context.Context) (f figures) {
	f.Backlog, _ = s.store.Backlog(ctx) // a database that fails is told by parley_writes_failing
	if s.Data != "" {
		f.database = bytesOf(filepath.Join(s.Data, "parley.db")) + bytesOf(filepath.Join(s.Data, "parley.db-wal"))
		f.free, _ = disk.Free(s.Data)
	}
	if s.Data != "" && s.Files == "" {
		f.files = bytesBelow(ctx, filepath.Join(s.Data, "files"))
	}
	if dir := s.flowLogDir(); dir != "" {
		f.flowLogs = bytesBelow(ctx, dir)
	}
	return f
}

func bytesOf(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// bytesBelow adds up the files below a directory.
func bytesBelow(ctx context.Context, dir string) (sum int64) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error { // the only error is that of ctx
		if err == nil && entry.Type().IsRegular() {
			if info, err := entry.Info(); err == nil {
				sum += info.Size()
			}
		}
		return ctx.Err()
	})
	return sum
}
