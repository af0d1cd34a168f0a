package ratelimit

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/restjson"
)

// TestLimit refuses as the model says, explains it to developers, and tells the log once a second.
func TestLimit(t *testing.T) {
	var log strings.Builder
	l := NewLimit("address", Rate{2, 1}, 10, slog.New(slog.NewTextHandler(&log, nil)))
	modelled, other := &restjson.Operation{Name: "SendMessage", Errors: []string{"ThrottlingException"}}, &restjson.Operation{Name: "StartChatContact"}
	if err := l.Allow(modelled, 1, began, "192.0.2.1"); err != nil {
		t.Fatalf("the first request: %v", err)
	}
	for op, code := range map[*restjson.Operation]string{modelled: "ThrottlingException", other: "TooManyRequestsException", nil: "ThrottlingException"} {
		for name, err := range map[string]error{"a request": l.Allow(op, 1, began, "192.0.2.1"), "a look": l.Check(op, began, "192.0.2.1")} {
			over, ok := err.(*Over)
			if !ok {
				t.Fatalf("%s: %v; want an *Over", name, err)
			}
			if over.ErrorCode() != code || over.HTTPStatus() != 429 || over.RetryAfter() != 500*time.Millisecond || over.ErrorMessage() != "too many requests from one address; try again" {
				t.Errorf("%s: %s, %d, after %s: %q", name, over.ErrorCode(), over.HTTPStatus(), over.RetryAfter(), over.ErrorMessage())
			}
			if why := "one address may make 2 requests a second, 1 at once; the setting is --rate address=2:1"; !strings.HasSuffix(over.Error(), why) {
				t.Errorf("%s: %v does not end in %q", name, over, why)
			}
		}
	}
	if err := l.Check(modelled, began, "192.0.2.2"); err != nil {
		t.Errorf("another address: %v", err)
	}
	l.Penalize(1, began, "192.0.2.2")
	if err := l.Check(modelled, began.Add(time.Second/4), "192.0.2.2"); err == nil {
		t.Error("who was penalized is not refused")
	}
	if n := strings.Count(log.String(), "requests over a rate are refused"); n != 1 || l.Refused() != 7 {
		t.Errorf("%d refusals, which the log tells of in %d lines; want 7 and one:\n%s", l.Refused(), n, &log)
	}
	if l.Check(nil, began.Add(time.Second/4), "192.0.2.2"); l.Check(nil, began.Add(5*time.Second/4), "192.0.2.1") != nil {
		t.Error("after its time a request is refused")
	}
	var none *Limit
	if err := none.Allow(modelled, 1, began, "x"); err != nil || none.Refused() != 0 {
		t.Errorf("no limit refuses: %v", err)
	}
}
