package lease

import "time"

// clock is what a node knows of the store's clock: what it showed, somewhere between a question and its answer.
type clock struct {
	at              time.Time // zero while it is not known
	asked, answered time.Time // by the monotonic clock of this process
	shown           time.Time // by shown and since, time goes on evenly
	since           time.Time
}

// latest and earliest return between which times the store's clock is.
func (c *clock) latest() time.Time { return c.at.Add(time.Since(c.asked)) }

func (c *clock) earliest() time.Time { return c.at.Add(time.Since(c.answered)) }

// time returns what the store's clock shows, about.
func (c *clock) time() time.Time {
	if c.at.IsZero() {
		return time.Now()
	}
	return c.shown.Add(time.Since(c.since))
}

// set takes over an answer. What time returns changes only if it cannot be right: answers are as exact as the way to
// the store is short, which is sometimes long.
func (c *clock) set(at, asked, answered time.Time) {
	first := c.at.IsZero()
	c.at, c.asked, c.answered = at, asked, answered
	passed := answered.Sub(asked)
	if at := c.shown.Add(asked.Sub(c.since)); first || at.Add(passed).Before(c.at) || at.After(c.at) {
		c.shown, c.since = c.at.Add(passed/2), answered
	}
}
