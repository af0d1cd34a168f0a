package ratelimit

import (
	"fmt"
	"hash/maphash"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Rate is how fast requests may come: so many a second on average, and a burst of
// so many at once.
type Rate struct{ PerSecond, Burst float64 }

// String returns the rate as [ParseRate] reads it.
func (r Rate) String() string {
	number := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
	return number(r.PerSecond) + ":" + number(r.Burst)
}

// The bounds of what a rate may be.
const (
	leastRate = 0.01
	mostRate  = 1e6
)

// ParseRate reads a rate: PERSECOND:BURST, or PERSECOND alone for a burst of five
// seconds' requests.
func ParseRate(text string) (Rate, error) {
	perSecond, burst, both := strings.Cut(text, ":")
	r := Rate{}
	var err, err2 error
	r.PerSecond, err = strconv.ParseFloat(perSecond, 64)
	if r.Burst = max(1, 5*r.PerSecond); both {
		r.Burst, err2 = strconv.ParseFloat(burst, 64)
	}
	if err != nil || err2 != nil || !(r.PerSecond >= leastRate && r.PerSecond <= mostRate && r.Burst >= 1 && r.Burst <= 10*mostRate) {
		return Rate{}, fmt.Errorf("%q is not a rate like 20:100, which is 20 requests a second and 100 at once", text)
	}
	return r, nil
}

// How a table is divided. A lookup reads the slots of one set, which are two lines
// of the processor's cache.
const (
	tableShards = 64
	tableWays   = 8
)

// Table holds each of many callers to one rate, in memory that is taken once. It
// may be used by many goroutines, which rarely wait for each other. [NewTable] makes it.
//
// A caller is a key, of which there may be more than slots. One that has none
// gets the slot that is fullest among a few, as it is: who comes new after a
// flood of others has at least what the least busy of them has left. So neither a flood of
// new keys, nor coming back later, gives anybody more requests than the rate.
type Table struct {
	rate   Rate
	each   int64 // nanoseconds until there is room for another request
	depth  int64 // nanoseconds until an empty bucket is full
	seed   maphash.Seed
	shards [tableShards]tableShard
}

type tableShard struct {
	mu    sync.Mutex // guards slots
	slots []slot
	_     [32]byte // another shard's lock is on another line of the cache
}

// slot is a caller's bucket: it is full from a time on, and the further that is ahead the
// emptier it is. The zero slot is nobody's.
type slot struct {
	key  uint64
	full int64 // nanoseconds since 1970
}

// NewTable returns a table for at least so many callers at once, of 16 bytes each.
func NewTable(r Rate, callers int) *Table {
	sets := 1 // of each shard; a power of two
	for sets*tableShards*tableWays < callers {
		sets *= 2
	}
	t := &Table{rate: r, each: max(1, int64(float64(time.Second)/r.PerSecond)), seed: maphash.MakeSeed()}
	t.depth = int64(r.Burst * float64(t.each))
	for i := range t.shards {
		t.shards[i].slots = make([]slot, sets*tableWays)
	}
	return t
}

// Key returns the key of the caller with a name of one or more parts. It is the table's own:
// nobody outside knows which callers share a set.
func (t *Table) Key(parts ...string) uint64 {
	var h maphash.Hash
	h.SetSeed(t.seed)
	for _, p := range parts {
		h.WriteString(p)
		h.WriteByte(0)
	}
	return h.Sum64()
}

// Take takes cost requests from a caller's bucket, or none when it does not hold them:
// wait is then how long it takes until it does, else 0. A cost of more than the
// burst is the burst.
func (t *Table) Take(key uint64, cost float64, now time.Time) (wait time.Duration) {
	return t.use(key, cost, now, func(s *slot, next, most int64) time.Duration {
		if next > most {
			return time.Duration(next - most)
		}
		*s = slot{key, next}
		return 0
	})
}

// Charge takes cost requests from a caller's bucket, also when it does not hold them: what is
// missing, up to a burst, has to come before anything can be taken again.
func (t *Table) Charge(key uint64, cost float64, now time.Time) {
	t.use(key, cost, now, func(s *slot, next, _ int64) time.Duration {
		*s = slot{key, next}
		return 0
	})
}

// Wait is how long it takes until a caller's bucket holds a request, which is not taken; 0 when it does.
func (t *Table) Wait(key uint64, now time.Time) time.Duration {
	return t.use(key, 1, now, func(_ *slot, next, most int64) time.Duration { return time.Duration(max(0, next-most)) })
}

// use calls f with the slot of a caller, when its bucket would be full after cost more
// requests, and when it may be at most. Nobody owes more than a burst, also when the clock is set back.
func (t *Table) use(key uint64, cost float64, now time.Time, f func(s *slot, next, most int64) time.Duration) time.Duration {
	sh := &t.shards[key%tableShards]
	sets := uint64(len(sh.slots) / tableWays)
	first := key / tableShards % sets * tableWays
	n := now.UnixNano()
	sh.mu.Lock()
	defer sh.mu.Unlock()
	set := sh.slots[first : first+tableWays]
	s := &set[0]
	for i := range set {
		if set[i].key == key {
			s = &set[i]
			break
		}
		if set[i].full < s.full {
			s = &set[i]
		}
	}
	most := n + t.depth
	s.full = min(s.full, most+t.depth)
	next := max(s.full, n) + int64(math.Min(cost, t.rate.Burst)*float64(t.each))
	return f(s, next, most)
}
