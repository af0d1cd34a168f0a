package server_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestCloudLimits keeps to the rates of the cloud: at first as many at once
// as are allowed, then none, then some again as time passes. What of one
// operation is refused does not count against another.
func TestCloudLimits(t *testing.T) {
	s := servertest.Start(t, func(c *server.Config) { c.CloudLimits = true })
	s.Clock().Freeze(true)
	in := s.Request(t)
	for n := range 8 {
		if _, err := s.Connect.StartChatContact(t.Context(), in); err != nil {
			t.Fatalf("chat %d: %v", n+1, err)
		}
	}
	_, err := s.Connect.StartChatContact(t.Context(), in)
	servertest.Refused(t, "the ninth chat at once", err, "TooManyRequestsException", 429)
	s.Clock().Advance(400 * time.Millisecond) // at 5 a second
	for range 2 {
		if _, err := s.Connect.StartChatContact(t.Context(), in); err != nil {
			t.Fatalf("after a while: %v", err)
		}
	}
	_, err = s.Connect.StartChatContact(t.Context(), in)
	servertest.Refused(t, "the third after a while", err, "TooManyRequestsException", 429)

	s.Clock().Advance(time.Minute)
	c := s.Chat(t)
	for range 15 {
		c.Send("quick")
	}
	_, err = c.TrySend(t.Context(), "too quick")
	servertest.Refused(t, "the sixteenth message at once", err, "ThrottlingException", 429)
	if _, err := s.Participant.SendEvent(t.Context(), &participant.SendEventRequest{ConnectionToken: c.Bearer,
		ContentType: "application/vnd.amazonaws.connect.event.typing"}); err != nil {
		t.Errorf("another operation meanwhile: %v", err)
	}
	describe := func() error {
		_, err := s.Connect.DescribeQueue(t.Context(), &connect.DescribeQueueRequest{InstanceId: s.Instance(t), QueueId: "33333333-3333-4333-8333-333333333333"})
		return err
	}
	for range 5 {
		if err := describe(); err != nil {
			t.Fatalf("DescribeQueue: %v", err)
		}
	}
	servertest.Refused(t, "the sixth of another operation", describe(), "ThrottlingException", 429)
}

// TestThrottledClientsAreToldWhen reads the raw answers of what throttles: until when to wait stands in
// both headers that clients read, for pages of another origin too.
func TestThrottledClientsAreToldWhen(t *testing.T) {
	s := servertest.Start(t, func(c *server.Config) { c.CloudLimits, c.MaxActiveChats = true, 1 })
	s.Clock().Freeze(true)
	c := s.Chat(t)
	start := `{"InstanceId":"` + s.Instance(t) + `","ContactFlowId":"` + s.Request(t).ContactFlowId + `","ParticipantDetails":{"DisplayName":"Ana"}}`
	send := `{"ContentType":"text/plain","Content":"x"}`
	for _, of := range []struct {
		name, method, path, body string
		code, ms                 string
	}{
		{"a message over the rate, ten a second", "POST", "/participant/message", send, "ThrottlingException", "100"},
		{"a list over the rate, two a second", "GET", "/queues-summary/" + s.Instance(t), "", "ThrottlingException", "500"},
		{"a chat over the quota", "PUT", "/contact/chat", start, "LimitExceededException", "1000"},
	} {
		var r reply
		for range 20 {
			if r = call(t, s, of.method, of.path, of.body, "X-Amz-Bearer", c.Bearer, "Origin", "https://shop.example"); r.status != 200 {
				break
			}
		}
		at, err := http.ParseTime(r.header.Get("Retry-After"))
		if ms := r.header.Get("X-Amz-Retry-After"); r.status != 429 || r.code(t) != of.code || ms != of.ms || err != nil || time.Until(at) > 3*time.Second {
			t.Errorf("%s: %d %s; x-amz-retry-after %q, Retry-After %q; want 429 %s and %s ms", of.name, r.status, r.body, ms, r.header.Get("Retry-After"), of.code, of.ms)
		}
		if exposed := r.header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, ", retry-after, x-amz-retry-after,") {
			t.Errorf("%s: a page sees only %s", of.name, exposed)
		}
	}
}

// TestQuota holds an instance to its number of active chats, exactly, also
// when chats are started all at once.
func TestQuota(t *testing.T) {
	const most = 5
	s := servertest.Start(t, func(c *server.Config) { c.MaxActiveChats = most })
	in := s.Request(t)
	var begun, refused atomic.Int64
	var starters sync.WaitGroup
	for range 8 {
		starters.Go(func() {
			for range 4 {
				req := *in
				_, err := s.Connect.StartChatContact(t.Context(), &req)
				if err == nil {
					begun.Add(1)
					continue
				}
				if e, ok := err.(*connect.LimitExceededException); ok && e.HTTPStatus() == 429 {
					refused.Add(1)
				} else {
					t.Errorf("StartChatContact = %v; want LimitExceededException", err)
				}
			}
		})
	}
	starters.Wait()
	if begun.Load() != most || refused.Load() != 32-most {
		t.Fatalf("%d chats began and %d were refused; want %d and %d", begun.Load(), refused.Load(), most, 32-most)
	}
	if got := metric(t, s, "parley_active_chats"); got != most {
		t.Errorf("parley_active_chats is %v; want %d", got, most)
	}
	// Nobody connects: after five minutes the chats are over, and others may begin.
	s.Clock().Advance(6 * time.Minute)
	eventually(t, "the chats that nobody came to end", func() bool { return metric(t, s, "parley_active_chats") == 0 })
	s.Chat(t).Send("room again")
}
