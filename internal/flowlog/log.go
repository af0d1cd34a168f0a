package flowlog

import (
	"cmp"
	"context"
	"log/slog"
	"sync"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// Bounds of what waits to be written.
const (
	maxQueued = 8192     // entries
	maxWeight = 16 << 20 // bytes of their texts, roughly
)

// Log records what flows did. Add and Follow may be called by many goroutines; Run
// does the work.
type Log struct {
	// Dir is where each instance has its file, named by its id; "" writes none.
	Dir string
	// MaxBytes bounds the files of an instance together; 0 means 64 MiB.
	MaxBytes int64
	// Name returns the ARN of a flow, or of a module, and its name, which may be "".
	Name func(ctx context.Context, instance center.InstanceID, id center.FlowID, module bool) (arn, name string)
	// Hide are additional names of secrets, besides password, token and the like.
	// Case and separators do not matter; a name that contains one is redacted, for
	// one of four letters or fewer only if it is a whole word of the name.
	Hide []string
	// Log is the server's log, and Level the level of records there, which have no
	// parameters. Important ones (an unknown action, a flow that does not end) are
	// warnings.
	Log   *slog.Logger
	Level slog.Level

	hidden names
	setup  sync.Once
	wake   chan struct{}
	erase  chan *erasure
	files  files
	tails  tails

	// Run's own.
	failing bool // the last write to a file failed
	written bool // one has succeeded since the last flush

	mu      sync.Mutex // guards what follows
	queue   []batch
	entries int
	weight  int
	lost    int    // since Run last reported
	total   uint64 // lost ever
}

// batch has the entries of one commit.
type batch struct {
	instance center.InstanceID
	contact  center.ContactID
	entries  []machine.LogEntry
	weight   int
}

func (l *Log) init() {
	l.setup.Do(func() {
		l.wake, l.erase = make(chan struct{}, 1), make(chan *erasure)
		l.hidden = append(l.hidden, secretNames...)
		for _, name := range l.Hide {
			if name = squeeze(name); name != "" {
				l.hidden = append(l.hidden, name)
			}
		}
		if l.Log == nil {
			l.Log = slog.New(slog.DiscardHandler)
		}
		if l.MaxBytes <= 0 {
			l.MaxBytes = 64 << 20
		}
		l.files = files{dir: l.Dir, max: l.MaxBytes / keptFiles}
	})
}

// Add adds the entries of one commit, which must not be changed any more. It does
// not block and does no I/O; entries that do not fit are dropped and counted.
func (l *Log) Add(instance center.InstanceID, c *center.Contact, entries []machine.LogEntry) {
	l.init()
	if len(entries) == 0 {
		return
	}
	b := batch{instance: instance, contact: c.ID, entries: entries, weight: weigh(entries)}
	l.mu.Lock()
	if l.entries+len(entries) > maxQueued || l.weight+b.weight > maxWeight {
		l.lost += len(entries)
		l.total += uint64(len(entries))
		l.mu.Unlock()
		return
	}
	l.queue = append(l.queue, b)
	l.entries += len(entries)
	l.weight += b.weight
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// weigh estimates the bytes of entries.
func weigh(entries []machine.LogEntry) int {
	n := 0
	for i := range entries {
		e := &entries[i]
		n += 256 + len(e.External) + len(e.Problem)
		for key, v := range e.Parameters {
			n += len(key) + weighValue(v)
		}
	}
	return n
}

func weighValue(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case map[string]any:
		n := 0
		for key, member := range v {
			n += len(key) + weighValue(member)
		}
		return n
	case []any:
		n := 0
		for _, member := range v {
			n += weighValue(member)
		}
		return n
	}
	return 16
}

// Lost returns how many entries were dropped since the start.
func (l *Log) Lost() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// Run writes until ctx ends, then what is still queued, and closes the files. It
// is called once.
func (l *Log) Run(ctx context.Context) {
	l.init()
	defer l.files.close()
	for {
		select {
		case <-l.wake:
			l.drain(ctx)
		case e := <-l.erase:
			l.carryOut(ctx, e)
		case <-ctx.Done():
			// Entries that were committed before the end are written; names may be missing.
			l.drain(context.WithoutCancel(ctx))
			l.tails.end()
			return
		}
	}
}

// drain writes what is queued.
func (l *Log) drain(ctx context.Context) {
	for {
		l.mu.Lock()
		queue, lost := l.queue, l.lost
		l.queue, l.entries, l.weight, l.lost = nil, 0, 0, 0
		l.mu.Unlock()
		if lost > 0 {
			l.Log.WarnContext(ctx, "flow log entries were dropped: they came faster than they could be written", "entries", lost)
		}
		if len(queue) == 0 {
			l.flush(ctx)
			return
		}
		for i := range queue {
			l.write(ctx, &queue[i])
		}
	}
}

// flush flushes the files.
func (l *Log) flush(ctx context.Context) {
	switch err := l.files.flush(); {
	case err != nil:
		l.failed(ctx, err)
	case l.failing && l.written:
		l.failing = false
		l.Log.InfoContext(ctx, "flow logs can be written again")
	}
	l.written = false
}

// failed records a failure of the disk, and logs the first in a row.
func (l *Log) failed(ctx context.Context, err error) {
	l.written = false
	if !l.failing {
		l.failing = true
		l.Log.ErrorContext(ctx, "cannot write flow logs", "err", err)
	}
}

// write converts a batch into records and writes them.
func (l *Log) write(ctx context.Context, b *batch) {
	var last flowKey
	var arn, name string
	for i := range b.entries {
		e := &b.entries[i]
		if key := (flowKey{e.Flow, e.Module}); key != last || arn == "" {
			last = key
			arn, name = string(e.Flow), ""
			if l.Name != nil {
				arn, name = l.Name(ctx, b.instance, e.Flow, e.Module)
			}
		}
		contact := cmp.Or(e.Contact, b.contact)
		r := newRecord(contact, arn, name, e, l.hidden)
		l.report(ctx, &r, e)
		if !e.Logging {
			continue
		}
		line := r.line()
		l.tails.send(&Line{Instance: b.instance, Contact: contact, Flow: e.Flow, Text: line[:len(line)-1]})
		if l.Dir == "" {
			continue
		}
		if err := l.files.write(string(b.instance), line); err != nil {
			l.failed(ctx, err)
		} else {
			l.written = true
		}
	}
}

// flowKey distinguishes flows and modules.
type flowKey struct {
	id     center.FlowID
	module bool
}

// report writes a record to the server's log, without parameters and answers:
// they may be the customer's data, and that log is for operators.
func (l *Log) report(ctx context.Context, r *Record, e *machine.LogEntry) {
	level := l.Level
	if e.Always {
		level = slog.LevelWarn
	}
	if !e.Logging && !e.Always || !l.Log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs, slog.String("contact", r.ContactID), slog.String("flow", string(e.Flow)))
	if r.FlowName != "" {
		attrs = append(attrs, slog.String("name", r.FlowName))
	}
	attrs = append(attrs, slog.String("action", e.Action), slog.String("type", e.Type))
	if r.Results != "" {
		attrs = append(attrs, slog.String("result", r.Results))
	}
	if e.Problem != "" {
		attrs = append(attrs, slog.String("problem", truncate(e.Problem)))
	}
	l.Log.LogAttrs(ctx, level, "flow", attrs...)
}
