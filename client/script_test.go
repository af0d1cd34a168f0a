package client_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/client"
)

// script is a Connector that answers from a list, the last answer again and again, and keeps what
// it was sent.
type script struct {
	answers []answer

	mu    sync.Mutex // guards what follows
	sent  []*http.Request
	body  []string
	times []time.Time
}

// answer is one response, or what stands in its place.
type answer struct {
	status int
	header []string // name, value, name, value
	body   string
	err    error         // no response
	broken error         // the body ends with it
	after  time.Duration // how long it takes
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	s.mu.Lock()
	a := s.answers[min(len(s.sent), len(s.answers)-1)]
	s.sent, s.body, s.times = append(s.sent, r), append(s.body, string(body)), append(s.times, time.Now())
	s.mu.Unlock()
	if a.after > 0 {
		t := time.NewTimer(a.after)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if a.err != nil {
		return nil, a.err
	}
	res := &http.Response{StatusCode: a.status, Header: http.Header{}, Request: r, ContentLength: -1}
	for i := 0; i+1 < len(a.header); i += 2 {
		res.Header.Set(a.header[i], a.header[i+1])
	}
	res.Body = io.NopCloser(io.MultiReader(strings.NewReader(a.body), failing{a.broken}))
	return res, nil
}

// failing is a reader that fails, or is at its end.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// waits are the times between the attempts.
func (s *script) waits() []time.Duration {
	var list []time.Duration
	for i := 1; i < len(s.times); i++ {
		list = append(list, s.times[i].Sub(s.times[i-1]))
	}
	return list
}

// refusal is an error response as the service writes it.
func refusal(status int, code string, header ...string) answer {
	return answer{
		status: status, body: `{"message":"because"}`,
		header: append([]string{"X-Amzn-Errortype", code, "X-Amzn-Requestid", "r-" + strconv.Itoa(status)}, header...),
	}
}

var (
	started     = answer{status: 200, body: `{"ContactId":"c-1","ParticipantId":"p-1","ParticipantToken":"t-1"}`}
	unavailable = answer{status: 503}
	reset       = answer{err: &brokenConnection{}}
)

// brokenConnection is an error of a connection, as far down as errors go.
type brokenConnection struct{}

func (*brokenConnection) Error() string { return "the line broke" }
func (*brokenConnection) Unwrap() error { return io.ErrUnexpectedEOF }

// newClient returns a client of a script, whose waits are as long as they can be.
func newClient(t testing.TB, s *script, change func(*client.Config)) *client.Client {
	t.Helper()
	cfg := client.Config{Endpoint: "http://chat.test", Connector: s, RetryConfig: client.RetryConfig{Rand: func() float64 { return 1 }}}
	if change != nil {
		change(&cfg)
	}
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// asError is the package's own error in err.
func asError(t *testing.T, err error) *client.Error {
	t.Helper()
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		t.Fatalf("%v is no *client.Error", err)
	}
	return e
}

// member is the text of one member of a JSON body.
func member(body, name string) string {
	_, rest, ok := bytes.Cut([]byte(body), []byte(`"`+name+`":"`))
	if !ok {
		return ""
	}
	text, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(text)
}
