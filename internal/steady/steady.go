// Package steady has a clock that follows the wall clock and never goes back: what was
// to happen in five minutes happens in about five minutes, also when somebody, or NTP, sets the
// wall clock an hour back meanwhile.
//
// # How
//
// While the wall clock runs on, or jumps ahead, the clock shows its time. When the wall
// clock falls behind, the clock goes on by the monotonic time, a sixteenth slower, until
// the wall clock has caught up: after an hour's step, in 16 hours, in which timers are late by
// a sixteenth of their length at most. It is neither stopped, which would hold up every
// timer, nor left ahead for ever.
//
// A new process begins with the wall clock: it does not know what an earlier one showed.
package steady

import (
	"sync"
	"time"
)

// slower is the part of the time that a clock which is ahead gives back.
const slower = 16

// Clock is such a clock. The zero value is ready; many goroutines may use it.
type Clock struct {
	// Wall is the clock that is followed: time.Now when nil. Set it before use.
	Wall func() time.Time

	mu   sync.Mutex // guards what follows
	last time.Time  // what was shown last
	at   time.Time  // when that was, by the monotonic clock
}

// Source returns the time of the clock that is followed, in UTC, without a monotonic reading.
func (c *Clock) Source() time.Time { return c.source(time.Now()) }

func (c *Clock) source(system time.Time) time.Time {
	if c.Wall != nil {
		system = c.Wall()
	}
	return system.UTC().Round(0)
}

// Now returns the time in UTC, without a monotonic reading.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := time.Now()
	wall := c.source(at)
	if !c.at.IsZero() {
		elapsed := at.Sub(c.at)
		if ahead := c.last.Add(elapsed).Sub(wall); ahead > 0 {
			wall = c.last.Add(elapsed - min(elapsed/slower, ahead))
		}
	}
	c.last, c.at = wall, at
	return wall
}
