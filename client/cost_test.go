package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// pushed is a frame of the socket as a server sends it for a message.
func pushed(n int, text string) []byte {
	return fmt.Appendf(nil, `{"topic":"aws/chat","contentType":"application/json","content":"{\"AbsoluteTime\":\"2026-01-05T09:15:02.117Z\",`+
		`\"ContactId\":\"c0ffee00-0000-4000-8000-000000000001\",\"Content\":\"%s\",\"ContentType\":\"text/plain\",\"DisplayName\":\"Ana\",`+
		`\"Id\":\"c0ffee00-0000-4000-8000-%012d\",\"InitialContactId\":\"c0ffee00-0000-4000-8000-000000000001\",`+
		`\"ParticipantId\":\"c0ffee00-0000-4000-8000-000000000002\",\"ParticipantRole\":\"CUSTOMER\",\"Type\":\"MESSAGE\"}"}`, text, n)
}

// TestFrame: what a session delivers of what a socket receives.
func TestFrame(t *testing.T) {
	var got []string
	r := &reader{caller: &caller{ctx: t.Context()}, ctx: t.Context(), hand: func(i *Item) error {
		got = append(got, i.Text()+"/"+i.InitialContactID)
		return nil
	}}
	for i, text := range []string{
		string(pushed(1, "one")),
		string(pushed(1, "one")), // again
		`{"content":"{\"Id\":\"2\",\"Content\":\"tw\u006f\"}","topic":"aws/chat"}`,
		` { "topic" : "aws/chat" , "content" : "{ \"Id\" : \"3\" }" , "more" : [1] } `,
		`{"topic":"aws/chat","content":{"Id":"4"}}`, // no text
		`{"topic":"aws/chat"}`,
		`{"topic":"aws/chat","content":null}`,
		`{"topic":"aws/chat","content":"{"}`,
		`{"topic":"aws/chat","content":"{\"Id\":\"5\"}"`,
		`{"topic":"aws/other","content":"{\"Id\":\"6\"}"}`,
		`{"topic":["aws/chat"],"content":"{\"Id\":\"7\"}"}`,
		`"aws/chat"`, `null`, `[]`, ``, `pong`,
	} {
		if beat, err := r.frame([]byte(text)); beat || err != nil {
			t.Errorf("%d: %s: beat %v, %v", i, text, beat, err)
		}
	}
	if want := "one/c0ffee00-0000-4000-8000-000000000001 two/ /"; strings.Join(got, " ") != want {
		t.Errorf("delivered: %q; want %q", strings.Join(got, " "), want)
	}
	for _, text := range []string{`{"topic":"aws/heartbeat"}`, `{"topic":"aws/heartbeat","content":{"x":1}}`, `{"content":[],"topic":"aws/heartbeat"}`} {
		if beat, err := r.frame([]byte(text)); !beat || err != nil {
			t.Errorf("%s: beat %v, %v", text, beat, err)
		}
	}
}

// BenchmarkFrame is what a session does for an item that is pushed.
func BenchmarkFrame(b *testing.B) {
	n := 0
	s := &Session{ctx: b.Context(), cfg: SessionConfig{OnItem: func(*Item) { n++ }}}
	r := &reader{caller: &caller{ctx: b.Context()}, ctx: b.Context(), hand: s.hand}
	text := pushed(0, strings.Repeat("x", 200))
	id := strings.Index(string(text), "-000000000000") + 1
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		for k, at := i, id+11; at >= id; k, at = k/10, at-1 { // another one each time
			text[at] = byte('0' + k%10)
		}
		if _, err := r.frame(text); err != nil || n != i+1 {
			b.Fatalf("%d items of %d, %v", n, i+1, err)
		}
	}
}

// atOnce is a Connector that answers every SendMessage.
type atOnce struct{}

func (atOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	const answer = `{"AbsoluteTime":"2026-01-05T09:15:02.117Z","Id":"c0ffee00-0000-4000-8000-000000000001"}`
	return &http.Response{
		StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(answer)), ContentLength: int64(len(answer)), Request: r,
	}, nil
}

// BenchmarkSend is what a session adds to a round trip.
func BenchmarkSend(b *testing.B) {
	c, err := New(Config{Region: "us-east-1", Endpoint: "http://parley.test", Connector: atOnce{}})
	if err != nil {
		b.Fatal(err)
	}
	s := &Session{c: c}
	calls, hangUp := context.WithCancel(b.Context())
	defer hangUp()
	ctx, cancel := context.WithCancel(calls)
	defer cancel()
	s.caller.init(c, SessionConfig{SendTimeout: time.Minute}, ctx, calls)
	s.caller.use(strings.Repeat("t", 150))
	text := strings.Repeat("x", 200)
	b.Run("session", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Send(b.Context(), text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("call", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Participant.SendMessage().ConnectionToken(s.caller.current()).ContentType(PlainText).Content(text).Send(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
