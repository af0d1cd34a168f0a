package ratelimit

import (
	"testing"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
)

// TestBuckets lets the burst through, then as many as time gives, each operation on its own.
func TestBuckets(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l := &Limiter{Now: func() time.Time { return now }}
	start := &restjson.Operation{Name: "StartChatContact"}
	other := &restjson.Operation{Name: "DescribeQueue", Errors: []string{"ThrottlingException"}}
	through := func(op *restjson.Operation) (n int, code string, wait time.Duration) {
		for {
			err := l.Allow(t.Context(), op)
			if err == nil {
				n++
				continue
			}
			r := err.(*refusal)
			return n, r.ErrorCode(), r.RetryAfter()
		}
	}
	for _, c := range []struct {
		after time.Duration
		op    *restjson.Operation
		n     int
		code  string
		wait  time.Duration
	}{
		{0, start, 8, "TooManyRequestsException", 200 * time.Millisecond},
		{50 * time.Millisecond, start, 0, "TooManyRequestsException", 150 * time.Millisecond},
		{350 * time.Millisecond, start, 2, "TooManyRequestsException", 200 * time.Millisecond},
		{time.Hour, start, 8, "TooManyRequestsException", 200 * time.Millisecond},
		{-time.Hour, start, 0, "TooManyRequestsException", 200 * time.Millisecond}, // the machine's clock is set back
		{time.Second, start, 5, "TooManyRequestsException", 200 * time.Millisecond},
		{0, other, 5, "ThrottlingException", 500 * time.Millisecond},
	} {
		now = now.Add(c.after)
		n, code, wait := through(c.op)
		if n != c.n || code != c.code || wait.Round(time.Microsecond) != c.wait {
			t.Errorf("%s, %s later: %d pass, then %s for %s; want %d, %s, %s", c.op.Name, c.after, n, code, wait, c.n, c.code, c.wait)
		}
	}
}

// TestParticipantsAreThrottled holds the participant API to the exception of its model.
func TestParticipantsAreThrottled(t *testing.T) {
	for _, op := range participant.Operations {
		if !op.Declares("ThrottlingException") {
			t.Errorf("%s does not declare ThrottlingException", op.Name)
		}
	}
}
