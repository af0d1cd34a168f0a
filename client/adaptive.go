package client

import (
	"math"
	"sync"
	"time"
)

// Pacer is a [RetryPolicy] that also decides when attempts may be made, including the first of a call.
// The client uses these methods if a policy has them.
type Pacer interface {
	RetryPolicy

	// Admit is called before each attempt and returns 0 to allow it. Otherwise it is called again after
	// the time it returns, unless the call's time limit passes before.
	Admit() time.Duration

	// Answered is called with the result of each attempt that was sent, nil for a success.
	Answered(err *Error)
}

// AdaptiveRetry is the adaptive retry mode of the AWS SDKs: [StandardRetry], and a limit on how many
// attempts per second are sent by the calls that share it. There is no limit until an answer is
// throttled. Then the rate falls to seven tenths of the measured one, and rises again with the cube of
// the time: quickly to about where it was, slowly there, quickly beyond. It never falls below one
// attempt in two seconds, nor rises above twice what is sent. Attempts above the rate wait, until the
// call's time limit.
//
// It suits programs whose calls are all subject to the same limit; calls that are throttled for
// different reasons slow each other down.
type AdaptiveRetry struct {
	StandardRetry

	mu      sync.Mutex // guards what follows; times are seconds since born
	born    time.Time  // a whole second
	limited bool       // an answer was throttled

	rate, most, tokens float64 // of the bucket: tokens a second, how many it holds at most, and now
	filled             float64 // when; negative for never

	sent     float64 // attempts since counted
	counted  float64 // half a second that measured is up to date with
	measured float64 // attempts a second, smoothed

	peak      float64 // the rate at the last throttling
	throttled float64 // when that was
}

var _ Pacer = (*AdaptiveRetry)(nil)

// What the AWS SDKs document for the adaptive mode.
const (
	minRate       = 0.5 // attempts a second
	minCapacity   = 1   // tokens
	rateFall      = 0.7 // beta
	rateScale     = 0.4
	rateSmoothing = 0.8
	measuredEvery = 0.5 // seconds
)

// NewAdaptiveRetry is like [NewStandardRetry]. Now of its configuration must return the actual time.
func NewAdaptiveRetry(cfg RetryConfig) (*AdaptiveRetry, error) {
	standard, err := NewStandardRetry(cfg)
	if err != nil {
		return nil, err
	}
	a := &AdaptiveRetry{StandardRetry: *standard, filled: -1}
	now := a.cfg.Now()
	a.born = now.Add(-now.Sub(now.Truncate(time.Second))) // keeps the monotonic clock
	a.throttled = a.now()
	return a, nil
}

// Admit implements [Pacer].
func (a *AdaptiveRetry) Admit() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.limited {
		return 0
	}
	a.fill(a.now())
	if a.tokens >= 1 {
		a.tokens--
		return 0
	}
	// Whole milliseconds, so that rounding does not leave the bucket slightly short each time.
	return time.Duration(math.Ceil((1-a.tokens)/a.rate*1000)) * time.Millisecond
}

// Answered implements [Pacer].
func (a *AdaptiveRetry) Answered(err *Error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	a.measure(now)
	var rate float64
	if err != nil && err.Throttled() {
		a.peak, a.throttled = a.measured, now
		if a.limited {
			a.peak = min(a.peak, a.rate)
		}
		a.limited = true
		rate = a.peak * rateFall
	} else {
		flat := math.Cbrt(a.peak * (1 - rateFall) / rateScale) // how long after the throttling the peak is reached
		rate = rateScale*math.Pow(now-a.throttled-flat, 3) + a.peak
	}
	a.fill(now)
	rate = min(rate, 2*a.measured)
	a.rate, a.most = max(rate, minRate), max(rate, minCapacity)
	a.tokens = min(a.tokens, a.most)
}

func (a *AdaptiveRetry) now() float64 { return a.cfg.Now().Sub(a.born).Seconds() }

// fill adds the tokens that have come in since the last time.
func (a *AdaptiveRetry) fill(now float64) {
	if a.filled >= 0 {
		a.tokens = min(a.most, a.tokens+max(0, now-a.filled)*a.rate)
	}
	a.filled = now
}

// measure counts an attempt.
func (a *AdaptiveRetry) measure(now float64) {
	a.sent++
	if at := math.Floor(now/measuredEvery) * measuredEvery; at > a.counted {
		a.measured = a.sent/(at-a.counted)*rateSmoothing + a.measured*(1-rateSmoothing)
		a.sent, a.counted = 0, at
	}
}
