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

// RetryConfig sets up the retry modes of the AWS SDKs.
type RetryConfig struct {
	Mode           RetryMode      // "" means RetryStandard
	MaxAttempts    int            // including the first; 0 means 3, 1 no retries
	InitialBackoff time.Duration  // the longest first wait; 0 means 1 s
	MaxBackoff     time.Duration  // no wait is longer; 0 means 20 s
	Quota          *Quota         // may be shared; nil means a new one
	Rand           func() float64 // uniform in [0, 1); nil means math/rand

	// Now is the time for dates in Retry-After and for the rates of RetryAdaptive; nil means that of
	// the [Config] it is part of, or time.Now.
	Now func() time.Time
}

// StandardRetry is the standard retry mode of the AWS SDKs. Transient failures (no connection, no
// answer, an incomplete answer, status 500, 502, 503 and 504) and throttled calls are retried, up to
// MaxAttempts attempts in all, as long as the [Quota] lasts. The wait before attempt n+1 is random
// between 0 and InitialBackoff × 2ⁿ⁻¹, at most MaxBackoff.
//
// The header x-amz-retry-after of a service sets the wait, and causes a retry. A Retry-After, which
// proxies send, only sets the wait of what is retried anyway. Both are bounded by MaxBackoff and use
// the quota.
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
	if cfg.MaxAttempts == 0 {
		cfg.MaxAttempts = 3
	}
	if cfg.InitialBackoff == 0 {
		cfg.InitialBackoff = time.Second
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

// What a retry takes from the quota.
const (
	retryCost     = 5
	transientCost = 10
)

// Retry implements [RetryPolicy].
func (s *StandardRetry) Retry(n int, err *Error) Decision {
	after, asked := err.retryAfter()
	class := err.class()
	if n >= s.cfg.MaxAttempts || class == final && !asked {
		return Decision{}
	}
	cost := retryCost
	if class == transient {
		cost = transientCost
	}
	if !s.cfg.Quota.take(cost) {
		return Decision{}
	}
	if !asked {
		if after = err.retryHint(s.cfg.Now()); after == 0 {
			after = s.backoff(n)
		}
	}
	return Decision{Retry: true, After: min(after, s.cfg.MaxBackoff), Cost: cost}
}

// backoff is the wait after the n-th attempt.
func (s *StandardRetry) backoff(n int) time.Duration {
	wait := s.cfg.Rand() * float64(s.cfg.InitialBackoff) * math.Pow(2, float64(n-1))
	return time.Duration(min(wait, float64(s.cfg.MaxBackoff)))
}

// Succeeded returns to the quota what the last retry took; a first attempt returns 1.
func (s *StandardRetry) Succeeded(cost int) { s.cfg.Quota.give(max(1, cost)) }

// quotaSize is the size of a full quota.
const quotaSize = 500

// Quota bounds the retries of the calls that share it, so that a service that is down is not flooded
// with them. A retry takes 5 of its 500 tokens, or 10 after a transient error; if there are not enough
// the error is returned at once. It may be used by many goroutines at once.
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
