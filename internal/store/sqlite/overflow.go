package sqlite

import (
	"context"
	"math"
	"time"

	"parley.example/parley/internal/store"
)

// Overflow implements [store.Store]. Counting reads the whole index of
// streams, so it is meant for now and then.
func (s *Store) Overflow(ctx context.Context, shards store.Shards, keep, limit int) (deliveries []store.Delivery, err error) {
	type excess struct {
		stream string
		n      int64
	}
	err = s.read(ctx, ourselves, func(c *conn) error {
		var full []excess
		if err := c.query(func(r row) error {
			full = append(full, excess{r.text(0), r.int(1)})
			return nil
		}, "SELECT stream, count(*) - ?1 FROM outbox GROUP BY stream HAVING count(*) > ?1 LIMIT ?2+0", int64(keep), rowsFor(shards, limit)); err != nil {
			return err
		}
		for _, e := range full {
			n := min(e.n, int64(limit-len(deliveries)))
			if n <= 0 {
				break
			}
			found, err := c.deliveries(e.stream, time.UnixMilli(math.MaxInt64), int(n))
			if err != nil {
				return err
			}
			if len(found) > 0 && shards.Has(store.ShardOf(found[0].Chat)) {
				deliveries = append(deliveries, found...)
			}
		}
		return nil
	})
	return deliveries, err
}
