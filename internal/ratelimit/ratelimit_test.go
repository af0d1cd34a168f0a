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
	through := func(op *restjson.Operation) (n int, code string) {
		for {
			err := l.Allow(t.Context(), op)
			if err == nil {
				n++
				continue
			}
			return n, err.(*restjson.APIError).Code
		}
	}
	for _, c := range []struct {
		after time.Duration
		op    *restjson.Operation
		n     int
		code  string
	}{
		{0, start, 8, "TooManyRequestsException"},
		{400 * time.Millisecond, start, 2, "TooManyRequestsException"},
		{time.Hour, start, 8, "TooManyRequestsException"},
		{0, other, 5, "ThrottlingException"},
	} {
		now = now.Add(c.after)
		if n, code := through(c.op); n != c.n || code != c.code {
			t.Errorf("%s, %s later: %d pass, then %s; want %d and %s", c.op.Name, c.after, n, code, c.n, c.code)
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
