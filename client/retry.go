package client

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// RetryPolicy decides whether a failed attempt is retried. One policy serves all calls of a client,
// concurrently.
type RetryPolicy interface {
	// Retry judges the failure of a call's n-th attempt; the first is 1.
	Retry(n int, err *Error) Decision

	// Succeeded is called after an attempt that succeeded, with the Cost of that retry, 0 for a first
	// attempt.
	Succeeded(cost int)
}

// Decision is a decision of a [RetryPolicy].
type Decision struct {
	Retry bool          // retry
	After time.Duration // wait this long before
	Cost  int           // passed to Succeeded if the retry succeeds
}

// NoRetry is the [RetryPolicy] of a single attempt.
type NoRetry struct{}

// Retry allows no other attempt.
func (NoRetry) Retry(int, *Error) Decision { return Decision{} }

// Succeeded does nothing.
func (NoRetry) Succeeded(int) {}

// RetryMode names a retry policy of the AWS SDKs.
type RetryMode string

// The modes of AWS_RETRY_MODE and of a profile's retry_mode.
const (
	RetryStandard RetryMode = "standard" // [StandardRetry]
	RetryAdaptive RetryMode = "adaptive" // [AdaptiveRetry]
)

// RetryBehavior is a generation of the numbers of [StandardRetry]: how long it waits, and what a
// retry takes from the [Quota].
type RetryBehavior string

// The generations, by the numbers that AWS gives them. What the SDKs in use do by default was read
// and measured in November 2026: aws-sdk-go-v2 1.48.0 and @aws-sdk/client-connect 3.1136.0 agree on
// 2.1; botocore 1.43 has 2.0 unless AWS_NEW_RETRIES_2026 is set.
//
//	              first wait, at most   cost             the service's wish
//	                    throttled            throttled
//	RetryBehavior21   50 ms     1 s       14     5        from the own wait to 5 s more
//	RetryBehavior20     1 s     1 s       10     5        instead of the own wait, up to MaxBackoff
const (
	RetryBehavior21 RetryBehavior = "2.1"
	RetryBehavior20 RetryBehavior = "2.0"
)

// RetryConfig sets up the retry modes of the AWS SDKs.
type RetryConfig struct {
	Mode        RetryMode     // "" means RetryStandard
	Behavior    RetryBehavior // "" means RetryBehavior21
	MaxAttempts int           // including the first; 0 means 3, 1 no retries

	// InitialBackoff is the longest first wait; 0 means that of Behavior. With RetryBehavior21 it does
	// not apply to throttled calls: their first wait is up to 1 s, as in the SDKs.
	InitialBackoff time.Duration
	MaxBackoff     time.Duration  // no wait is longer, but for the wish of the service; 0 means 20 s
	Quota          *Quota         // may be shared; nil means a new one
	Rand           func() float64 // uniform in [0, 1); nil means math/rand

	// Now is the time for dates in Retry-After and for the rates of RetryAdaptive; nil means that of
	// the [Config] it is part of, or time.Now.
	Now func() time.Time
}

// StandardRetry is the standard retry mode of the AWS SDKs. Transient failures (no connection, no
// answer, an incomplete answer, status 500, 502, 503 and 504) and throttled calls (every 429, and
// the throttling codes) are retried, up to MaxAttempts attempts in all, as long as the [Quota] lasts.
// The wait before attempt n+1 is random between 0 and 2ⁿ⁻¹ times the longest first wait, which is 50 ms
// or, for a throttled call, 1 s; at most MaxBackoff.
//
// A service that is to be asked later says so in x-amz-retry-after, in milliseconds, or in
// Retry-After. The client then waits as long as it says, but not less than it would have waited
// anyway, and at most 5 s more. Neither header causes a retry by itself.
//
// [RetryBehavior20] has the numbers that were usual before.
type StandardRetry struct {
	cfg RetryConfig
}

var _ RetryPolicy = (*StandardRetry)(nil)

// newRetry returns the policy of cfg.Mode.
func newRetry(cfg RetryConfig) (RetryPolicy, error) {
	switch cfg.Mode {
	case RetryStandard, "":
		return NewStandardRetry(cfg)
	case RetryAdaptive:
		return NewAdaptiveRetry(cfg)
	}
	return nil, fmt.Errorf("retry: unknown mode %q; the modes are %s and %s", cfg.Mode, RetryStandard, RetryAdaptive)
}

// NewStandardRetry fills in the defaults of cfg and refuses negative values.
func NewStandardRetry(cfg RetryConfig) (*StandardRetry, error) {
	if cfg.MaxAttempts < 0 || cfg.InitialBackoff < 0 || cfg.MaxBackoff < 0 {
		return nil, errors.New("retry: attempts and waits must not be negative")
	}
	if cfg.Behavior == "" {
		cfg.Behavior = RetryBehavior21
	}
	if _, ok := terms[cfg.Behavior]; !ok {
		return nil, fmt.Errorf("retry: unknown behavior %q; the behaviors are %s and %s", cfg.Behavior, RetryBehavior21, RetryBehavior20)
	}
	if cfg.MaxAttempts == 0 {
		cfg.MaxAttempts = 3
	}
	if cfg.MaxBackoff == 0 {
		cfg.MaxBackoff = 20 * time.Second
	}
	if cfg.Quota == nil {
		cfg.Quota = NewQuota()
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &StandardRetry{cfg}, nil
}

// term is how a class of failures is retried.
type term struct {
	first time.Duration // the longest first wait
	fixed bool          // InitialBackoff does not change it
	cost  int           // what a retry takes from the quota
}

// terms are the numbers of the behaviors.
var terms = map[RetryBehavior]map[class]term{
	RetryBehavior21: {transient: {first: 50 * time.Millisecond, cost: 14}, throttling: {first: time.Second, fixed: true, cost: 5}},
	RetryBehavior20: {transient: {first: time.Second, cost: 10}, throttling: {first: time.Second, cost: 5}},
}

// longestWish is by how much a service can prolong a wait, with RetryBehavior21.
const longestWish = 5 * time.Second

// Retry implements [RetryPolicy].
func (s *StandardRetry) Retry(n int, err *Error) Decision {
	term, retried := terms[s.cfg.Behavior][err.class()]
	if n >= s.cfg.MaxAttempts || !retried || !s.cfg.Quota.take(term.cost) {
		return Decision{}
	}
	return Decision{Retry: true, After: s.wait(n, term, err), Cost: term.cost}
}

// wait is the wait after the n-th attempt.
func (s *StandardRetry) wait(n int, term term, err *Error) time.Duration {
	first := term.first
	if s.cfg.InitialBackoff > 0 && !term.fixed {
		first = s.cfg.InitialBackoff
	}
	longest, most := float64(first)*math.Pow(2, float64(n-1)), float64(s.cfg.MaxBackoff)
	wish, wished := err.retryAfter(s.cfg.Now())
	if s.cfg.Behavior == RetryBehavior20 {
		if wished {
			return min(wish, s.cfg.MaxBackoff)
		}
		return time.Duration(min(s.cfg.Rand()*longest, most))
	}
	own := time.Duration(s.cfg.Rand() * min(longest, most))
	if wished {
		return min(max(wish, own), own+longestWish)
	}
	return own
}

// Succeeded returns to the quota what the last retry took; a first attempt returns 1.
func (s *StandardRetry) Succeeded(cost int) { s.cfg.Quota.give(max(1, cost)) }

// quotaSize is the size of a full quota.
const quotaSize = 500

// Quota bounds the retries of the calls that share it, so that a service that is down is not flooded
// with them. A retry takes 14 of its 500 tokens, or 5 when the call was throttled; if there are not
// enough the error is returned at once. It may be used by many goroutines at once.
type Quota struct {
	mu    sync.Mutex // guards spent
	spent int
}

// NewQuota returns a full quota.
func NewQuota() *Quota { return &Quota{} }

// Available returns how many tokens are left.
func (q *Quota) Available() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return quotaSize - q.spent
}

func (q *Quota) take(n int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.spent+n > quotaSize {
		return false
	}
	q.spent += n
	return true
}

func (q *Quota) give(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.spent = max(0, q.spent-n)
}
