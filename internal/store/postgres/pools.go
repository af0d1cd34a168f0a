package postgres

import (
	"context"
	"sync/atomic"
	"time"
)

// Pools says what the connections of a store do.
type Pools struct {
	Used, Idle, Max int           // connections: at work, open without work, and as many as there may be
	Waits           uint64        // how often something has waited for one
	Waited          time.Duration // for how long, in all
}

// Pools returns what the connections do now. Changes are not said to wait: they wait for each other, to share a transaction.
func (s *Store) Pools() Pools {
	of := Pools{Waits: s.waits.count.Load(), Waited: time.Duration(s.waits.took.Load())}
	for _, p := range []interface {
		AcquiredConns() int32
		IdleConns() int32
		MaxConns() int32
	}{s.pool.Stat(), s.commits.Stat()} {
		of.Used += int(p.AcquiredConns())
		of.Idle += int(p.IdleConns())
		of.Max += int(p.MaxConns())
	}
	return of
}

// waits counts who had to wait for a connection. There is one for each who is let through to the pool, but while connections are made, or made again.
type waits struct {
	count atomic.Uint64
	took  atomic.Int64 // nanoseconds
}

func (w *waits) begin() time.Time {
	w.count.Add(1)
	return time.Now()
}

func (w *waits) end(began time.Time) { w.took.Add(int64(time.Since(began))) }

// readers lets through as many as there are connections to read with.
type readers struct {
	*waits
	room chan struct{}
}

// enter waits until there is a connection to read with.
func (r *readers) enter(ctx context.Context) error {
	select {
	case r.room <- struct{}{}:
		return nil
	default:
	}
	defer r.end(r.begin())
	select {
	case r.room <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *readers) leave() { <-r.room }
