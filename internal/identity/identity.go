// Package identity knows whether somebody is who they say: it hashes
// passwords ([Hasher]) and checks those of users who sign in ([Checker]).
//
// Of a password there is nothing but its hash: no error, log or result has it. What
// a check takes, in time and memory, does not tell whether the user exists, and how often one may
// guess is bounded, for a user and for an address. Nothing here blocks for longer than it takes to
// get a place at the hasher, of which too many waiters are refused. Start reading at [Checker.Check].
package identity

import (
	"context"
	"fmt"
	"sync"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/ratelimit"
)

// How often one may try: a user ten times, then once in ten seconds, from all addresses together, and as often again from each
// from where he has signed in before, so that strangers who guess do not keep him out; an address, behind which
// may be a whole company that begins its day, six hundred times, then ten times a second. A wrong password
// counts for ten at its address.
var (
	byUser    = ratelimit.Rate{PerSecond: 0.1, Burst: 10}
	byAddress = ratelimit.Rate{PerSecond: 10, Burst: 600}
)

const wrongCost = 10

// How many users and addresses are told apart, of 16 bytes each.
const (
	rateUsers     = 1 << 15
	rateAddresses = 1 << 14
	maxKnown      = 1 << 15 // users at their addresses
)

// Lookup returns the user of an instance who has a username, and the hash of the password, "" for
// who has none. NotFound when there is no such user or instance.
type Lookup func(ctx context.Context, instance center.InstanceID, username string) (center.UserID, string, error)

// Checker checks passwords of users. [NewChecker] makes it; it may be used by many goroutines.
type Checker struct {
	lookup    Lookup
	hasher    *Hasher
	now       func() time.Time
	users     *ratelimit.Table
	addresses *ratelimit.Table

	mu    sync.Mutex      // guards known
	known map[uint64]bool // users at addresses from where they have signed in since the server has started, by their keys in users
}

// NewChecker returns a checker of the users that lookup knows.
func NewChecker(lookup Lookup, h *Hasher, now func() time.Time) *Checker {
	return &Checker{lookup: lookup, hasher: h, now: now, users: ratelimit.NewTable(byUser, rateUsers), addresses: ratelimit.NewTable(byAddress, rateAddresses), known: map[uint64]bool{}}
}

// caller is the key of who makes an attempt: a user, or a user at an address that is known.
func (c *Checker) caller(a Attempt) uint64 {
	at := c.place(a)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[at] {
		return at
	}
	return c.users.Key(string(a.Instance), a.Username)
}

func (c *Checker) place(a Attempt) uint64 {
	return c.users.Key(string(a.Instance), a.Username, a.Address)
}

// know notes that a user has signed in at an address. When there are too many, some other is forgotten.
func (c *Checker) know(a Attempt) {
	at := c.place(a)
	c.mu.Lock()
	defer c.mu.Unlock()
	for other := range c.known {
		if len(c.known) < maxKnown || c.known[at] {
			break
		}
		delete(c.known, other)
	}
	c.known[at] = true
}

// Attempt is one attempt to sign in.
type Attempt struct {
	Instance center.InstanceID
	Username string
	Password string
	Address  string // where it comes from: IPv4, or the /64 network of IPv6
}

// String leaves the password out.
func (a Attempt) String() string {
	return fmt.Sprintf("%s of instance %s from %s", a.Username, a.Instance, a.Address)
}

// GoString is [Attempt.String]: no verb of a format shows a password.
func (a Attempt) GoString() string { return a.String() }

// Signed is the result of an attempt that was right.
type Signed struct {
	User center.UserID
	// Outdated says that the hash was made with other parameters than new ones are: whoever has the
	// password at hand may keep a new one.
	Outdated bool
}

// Throttled is the error of who has tried too often. The next attempt is looked at after a while.
type Throttled struct{ After time.Duration }

func (t *Throttled) Error() string { return "too many attempts to sign in; try again" }

// RetryAfter is how long that takes.
func (t *Throttled) RetryAfter() time.Duration { return t.After }

// Check returns who has a username and password. Errors: Denied, in the same words and after the same
// time, when there is no such user, the user has no password, or it is another one; a *[Throttled], without
// having looked, when the user or the address has tried too often; Unavailable when too many are checked at once; those of
// the store. Every attempt counts, also one that is right, so that none is free while others are looked at.
func (c *Checker) Check(ctx context.Context, a Attempt) (Signed, error) {
	now := c.now()
	address := c.addresses.Key(a.Address)
	if wait := c.addresses.Take(address, 1, now); wait > 0 {
		return Signed{}, &Throttled{wait}
	}
	if wait := c.users.Take(c.caller(a), 1, now); wait > 0 {
		return Signed{}, &Throttled{wait}
	}
	user, hash, err := c.lookup(ctx, a.Instance, a.Username)
	if center.ReasonOf(err) == center.NotFound {
		user, hash, err = "", "", nil
	}
	if err != nil {
		return Signed{}, err
	}
	ok, outdated, err := c.hasher.Verify(ctx, hash, a.Password)
	if err != nil {
		return Signed{}, fmt.Errorf("check the password of user %q: %w", user, err)
	}
	if !ok {
		c.addresses.Charge(address, wrongCost-1, now)
		return Signed{}, center.Errorf(center.Denied, "the username or the password is wrong")
	}
	c.know(a)
	return Signed{User: user, Outdated: outdated}, nil
}
