package engine

import (
	"math"
	"sync"
	"time"

	"parley.example/parley/internal/steady"
)

// Clock is the clock of the whole server. It follows the wall clock, never back, and is
// moved by an offset that only the developer API changes; frozen, it stands still.
// The zero value is that of the system's clock.
type Clock struct {
	Steady steady.Clock

	mu      sync.Mutex // guards what follows
	offset  time.Duration
	frozen  time.Time // when not zero, the time it stands at
	changed chan struct{}
}

// Now returns the time in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if !c.frozen.IsZero() {
		return c.frozen
	}
	return c.Steady.Now().Add(c.offset)
}

// Wall returns the time of the wall clock as it is, be it set back, moved like Now. It is for
// what others have stamped by clocks of their own, such as signatures.
func (c *Clock) Wall() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen.IsZero() {
		return c.frozen
	}
	return c.Steady.Source().Add(c.offset)
}

// Advance moves the clock forward by d, frozen or not. A chat clock never goes
// back, so a negative d is taken as zero.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.offset > 0 { // which may be below zero: the clock stood still for a while
		d = min(d, math.MaxInt64-c.offset) // 292 years in all
	}
	if d > 0 {
		c.offset += d
		if !c.frozen.IsZero() {
			c.frozen = c.frozen.Add(d)
		}
		c.announce()
	}
	return c.now()
}

// Freeze stops the clock where it is, at a full millisecond, or lets it run on from there.
func (c *Clock) Freeze(stop bool) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch now := c.now(); {
	case stop:
		if c.frozen = now.Truncate(time.Millisecond); c.frozen.Before(now) { // timers have milliseconds
			c.frozen = c.frozen.Add(time.Millisecond)
		}
	case !c.frozen.IsZero():
		c.offset = c.frozen.Sub(c.Steady.Now())
		c.frozen = time.Time{}
	}
	c.announce()
	return c.now()
}

func (c *Clock) announce() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// Wait returns how long to sleep until t, at most a minute, and a channel that
// is closed when the clock is moved before that.
func (c *Clock) Wait(t time.Time) (time.Duration, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	d := time.Minute
	if c.frozen.IsZero() && !t.IsZero() {
		d = min(d, t.Sub(c.now()))
	}
	return max(d, 0), c.changed
}
