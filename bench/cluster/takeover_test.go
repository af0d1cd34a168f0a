package cluster

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// takeovers measures, from outside, how long it takes until other nodes do what a node did that was killed, frozen, or told to stop: from then until a
// delivery of one of its shards comes from the node that has the shard since.
type takeovers struct {
	mu       sync.Mutex // guards what follows
	watching map[*takeover]bool
	all      []*takeover
	wg       sync.WaitGroup
}

// takeover is one of them.
type takeover struct {
	what  string
	began time.Time
	had   [64]string // who had the shards before

	of       string // the node; "" while it is there
	taken    [64]time.Duration
	first    time.Duration // until all its shards
	last     time.Duration
	delivery time.Duration // 0 for none
}

const (
	watchEvery = 10 * time.Millisecond
	watchFor   = 15 * time.Second // a takeover that has not ended by then is not one
)

// seen notes a delivery of a chat.
func (o *takeovers) seen(contact string) {
	shard, now := store.ShardOf(center.ContactID(contact)), time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	for t := range o.watching {
		if at := now.Sub(t.began); t.delivery == 0 && t.taken[shard] > 0 && at >= t.taken[shard] {
			t.delivery = at
		}
	}
}

// watch begins to measure what happens to a node from now on; what is about to be done to it.
func (o *takeovers) watch(ctx context.Context, database, what string) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	t := &takeover{what: what}
	if _, t.had, err = leases(ctx, conn); err != nil {
		return err
	}
	t.began = time.Now()
	o.mu.Lock()
	if o.watching == nil {
		o.watching = map[*takeover]bool{}
	}
	o.watching[t], o.all = true, append(o.all, t)
	o.mu.Unlock()
	o.wg.Go(func() {
		defer conn.Close(context.WithoutCancel(ctx))
		for over := false; !over && time.Since(t.began) < watchFor && ctx.Err() == nil; {
			time.Sleep(watchEvery)
			alive, has, err := leases(ctx, conn)
			if err != nil {
				break // PostgreSQL is harmed meanwhile
			}
			over = o.compare(t, alive, has)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.watching, t)
	})
	return nil
}

// leases reads which nodes have a share of the work, and who has which shard.
func leases(ctx context.Context, conn *pgx.Conn) (alive map[string]bool, has [64]string, err error) {
	rows, err := conn.Query(ctx, "SELECT name, node FROM leases WHERE node <> '' AND expires > extract(epoch FROM clock_timestamp()) * 1000")
	if err != nil {
		return nil, has, err
	}
	defer rows.Close()
	alive = map[string]bool{}
	for rows.Next() {
		var name, node string
		if err := rows.Scan(&name, &node); err != nil {
			return nil, has, err
		}
		if id, ok := strings.CutPrefix(name, "node/"); ok {
			alive[id] = true
		} else if text, ok := strings.CutPrefix(name, "shard/"); ok {
			if n, err := strconv.Atoi(text); err == nil && n < len(has) {
				has[n] = node
			}
		}
	}
	return alive, has, rows.Err()
}

// compare notes which shards of the node that is gone others have now. It reports whether they have all, and have delivered something.
func (o *takeovers) compare(t *takeover, alive map[string]bool, has [64]string) (over bool) {
	at := time.Since(t.began)
	o.mu.Lock()
	defer o.mu.Unlock()
	left := 0
	for n, was := range t.had {
		switch {
		case was == "" || alive[was] || t.of != "" && was != t.of:
			continue
		case t.taken[n] > 0:
		case has[n] != "" && has[n] != was:
			t.of, t.taken[n], t.last = was, at, at
			if t.first == 0 {
				t.first = at
			}
		default:
			left++
		}
	}
	return t.of != "" && left == 0 && t.delivery > 0
}

// report waits until all is measured, and writes a line for each.
func (o *takeovers) report(out io.Writer) {
	o.wg.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range o.all {
		switch {
		case t.of == "":
			fmt.Fprintf(out, "takeover: %s: others have taken nothing over\n", t.what)
		case t.delivery == 0:
			fmt.Fprintf(out, "takeover: %s: others had the shards after %.2f to %.2f s; there was nothing to deliver\n", t.what, t.first.Seconds(), t.last.Seconds())
		default:
			fmt.Fprintf(out, "takeover: %s: others had the shards after %.2f to %.2f s, and delivered for them after %.2f s\n", t.what, t.first.Seconds(), t.last.Seconds(), t.delivery.Seconds())
		}
	}
}
