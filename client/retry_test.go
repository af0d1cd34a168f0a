package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
)

const (
	s  = time.Second
	ms = time.Millisecond
)

// retrying is a call that fails, again and again or until it succeeds: what is answered, how long
// the client waits, and what is left of a quota.
type retrying struct {
	answers  []answer
	config   client.RetryConfig
	spend    int // of the quota, before
	waits    []time.Duration
	left     int
	attempts int
	kind     client.Kind // of the error; 0 for success
}

// The failures that most cases are about.
var (
	throttled = refusal(429, "LimitExceededException")
	failed    = refusal(500, "InternalServiceException")
)

// TestStandardRetries goes through what the SDKs in use do by default, as far as they agree: read in
// aws-sdk-go-v2 1.48.0 and @aws-sdk/client-connect 3.1136.0, and measured with both, 2026-11.
func TestStandardRetries(t *testing.T) {
	for name, c := range map[string]retrying{
		"success at once":               {answers: []answer{started}, spend: 10, left: 491, attempts: 1},
		"a full quota stays full":       {answers: []answer{started}, left: 500, attempts: 1},
		"two failures then success":     {answers: []answer{throttled, throttled, started}, waits: []time.Duration{s, 2 * s}, left: 495, attempts: 3},
		"two transient then success":    {answers: []answer{failed, failed, started}, waits: []time.Duration{50 * ms, 100 * ms}, left: 486, attempts: 3},
		"throttled, transient, success": {answers: []answer{throttled, failed, started}, waits: []time.Duration{s, 100 * ms}, left: 495, attempts: 3},
		"transient, throttled, success": {answers: []answer{failed, throttled, started}, waits: []time.Duration{50 * ms, 2 * s}, left: 486, attempts: 3},
		"three failures":                {answers: []answer{throttled}, waits: []time.Duration{s, 2 * s}, left: 490, attempts: 3, kind: client.ServiceError},
		"three transient failures":      {answers: []answer{failed}, waits: []time.Duration{50 * ms, 100 * ms}, left: 472, attempts: 3, kind: client.ServiceError},
		"a quota of 5 lets one through": {answers: []answer{throttled}, spend: 495, waits: []time.Duration{s}, left: 0, attempts: 2, kind: client.ServiceError},
		"a quota of 13 for a transient": {answers: []answer{failed}, spend: 487, left: 13, attempts: 1, kind: client.ServiceError},
		"a quota of 14 for a transient": {answers: []answer{failed}, spend: 486, waits: []time.Duration{50 * ms}, left: 0, attempts: 2, kind: client.ServiceError},
		"an empty quota":                {answers: []answer{throttled}, spend: 500, left: 0, attempts: 1, kind: client.ServiceError},
		"five attempts": {
			answers: []answer{throttled}, config: client.RetryConfig{MaxAttempts: 5},
			waits: []time.Duration{s, 2 * s, 4 * s, 8 * s}, left: 480, attempts: 5, kind: client.ServiceError,
		},
		"a maximum backoff": {
			answers: []answer{throttled}, config: client.RetryConfig{MaxAttempts: 5, MaxBackoff: 3 * s},
			waits: []time.Duration{s, 2 * s, 3 * s, 3 * s}, left: 480, attempts: 5, kind: client.ServiceError,
		},
		"the cap is put before chance": {
			answers: []answer{throttled}, config: client.RetryConfig{MaxAttempts: 5, MaxBackoff: 3 * s, Rand: func() float64 { return 0.5 }},
			waits: []time.Duration{s / 2, s, 3 * s / 2, 3 * s / 2}, left: 480, attempts: 5, kind: client.ServiceError,
		},
		"another first wait": {
			answers: []answer{failed}, config: client.RetryConfig{InitialBackoff: 25 * ms},
			waits: []time.Duration{25 * ms, 50 * ms}, left: 472, attempts: 3, kind: client.ServiceError,
		},
		"a throttled call waits a second all the same": {
			answers: []answer{throttled}, config: client.RetryConfig{InitialBackoff: 25 * ms},
			waits: []time.Duration{s, 2 * s}, left: 490, attempts: 3, kind: client.ServiceError,
		},
		"20 s at most": {
			answers: []answer{throttled}, config: client.RetryConfig{MaxAttempts: 7},
			waits: []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 20 * s}, left: 470, attempts: 7, kind: client.ServiceError,
		},
		"no retries":          {answers: []answer{throttled}, config: client.RetryConfig{MaxAttempts: 1}, left: 500, attempts: 1, kind: client.ServiceError},
		"not after a 400":     {answers: []answer{refusal(400, "InvalidRequestException")}, left: 500, attempts: 1, kind: client.ServiceError},
		"not after a 402":     {answers: []answer{refusal(402, "ServiceQuotaExceededException")}, left: 500, attempts: 1, kind: client.ServiceError},
		"not after a 404":     {answers: []answer{refusal(404, "ResourceNotFoundException")}, left: 500, attempts: 1, kind: client.ServiceError},
		"not after a 501":     {answers: []answer{refusal(501, "NotImplementedException")}, left: 500, attempts: 1, kind: client.ServiceError},
		"every 429 throttles": {answers: []answer{refusal(429, "TooTiredException"), started}, waits: []time.Duration{s}, left: 500, attempts: 2},
		"a proxy's 429":       {answers: []answer{{status: 429, body: "<html>"}}, waits: []time.Duration{s, 2 * s}, left: 490, attempts: 3, kind: client.ServiceError},
		"503 without a body":  {answers: []answer{unavailable, started}, waits: []time.Duration{50 * ms}, left: 500, attempts: 2},
		"a proxy's page":      {answers: []answer{{status: 502, body: "<html>"}, started}, waits: []time.Duration{50 * ms}, left: 500, attempts: 2},
		"a closed connection": {answers: []answer{reset, started}, waits: []time.Duration{50 * ms}, left: 500, attempts: 2},
		"half an answer":      {answers: []answer{{status: 200, body: `{"ContactId":"c-0"`, broken: io.ErrUnexpectedEOF}, started}, waits: []time.Duration{50 * ms}, left: 500, attempts: 2},
		"no JSON":             {answers: []answer{{status: 200, body: `<html>`}, started}, waits: []time.Duration{50 * ms}, left: 500, attempts: 2},
		"a 400 that names throttling": {
			answers: []answer{refusal(400, "ThrottlingException"), started}, waits: []time.Duration{s}, left: 500, attempts: 2,
		},
		"a 400 that names a time-out": {
			answers: []answer{refusal(400, "RequestTimeout")}, waits: []time.Duration{50 * ms, 100 * ms}, left: 472, attempts: 3, kind: client.ServiceError,
		},
		"throttling before the status": {
			answers: []answer{refusal(503, "SlowDown")}, waits: []time.Duration{s, 2 * s}, left: 490, attempts: 3, kind: client.ServiceError,
		},
		"x-amz-retry-after": {
			answers: []answer{refusal(429, "LimitExceededException", "X-Amz-Retry-After", "1500"), started},
			waits:   []time.Duration{1500 * ms}, left: 500, attempts: 2,
		},
		"x-amz-retry-after shortens nothing": {
			answers: []answer{refusal(429, "LimitExceededException", "X-Amz-Retry-After", "10")},
			waits:   []time.Duration{s, 2 * s}, left: 490, attempts: 3, kind: client.ServiceError,
		},
		"x-amz-retry-after adds 5 s at most": {
			answers: []answer{refusal(429, "LimitExceededException", "X-Amz-Retry-After", "30000"), refusal(503, "x", "X-Amz-Retry-After", "3600000"), started},
			waits:   []time.Duration{6 * s, 5100 * ms}, left: 495, attempts: 3,
		},
		"x-amz-retry-after on top of the longest wait": {
			answers: []answer{refusal(429, "LimitExceededException", "X-Amz-Retry-After", "30000"), started}, config: client.RetryConfig{MaxBackoff: s / 2},
			waits: []time.Duration{5500 * ms}, left: 500, attempts: 2,
		},
		"x-amz-retry-after without measure": {
			answers: []answer{refusal(503, "x", "X-Amz-Retry-After", "18446744073709551615"), started}, waits: []time.Duration{5050 * ms}, left: 500, attempts: 2,
		},
		"x-amz-retry-after makes nothing retryable": {
			answers: []answer{refusal(400, "InvalidRequestException", "X-Amz-Retry-After", "10")}, left: 500, attempts: 1, kind: client.ServiceError,
		},
		"x-amz-retry-after on half an answer": {
			answers: []answer{{status: 200, body: "{", header: []string{"X-Amz-Retry-After", "250"}}, started}, waits: []time.Duration{s / 4}, left: 500, attempts: 2,
		},
		"x-amz-retry-after that is no number": {
			answers: []answer{refusal(429, "LimitExceededException", "X-Amz-Retry-After", "soon"), started}, waits: []time.Duration{s}, left: 500, attempts: 2,
		},
		"x-amz-retry-after below nothing": {
			answers: []answer{refusal(429, "LimitExceededException", "X-Amz-Retry-After", "-5"), started}, waits: []time.Duration{s}, left: 500, attempts: 2,
		},
		"x-amz-retry-after before Retry-After": {
			answers: []answer{refusal(429, "LimitExceededException", "Retry-After", "4", "X-Amz-Retry-After", "3000"), started}, waits: []time.Duration{3 * s}, left: 500, attempts: 2,
		},
		"Retry-After of a proxy": {
			answers: []answer{refusal(503, "x", "Retry-After", "3"), started}, waits: []time.Duration{3 * s}, left: 500, attempts: 2,
		},
		"Retry-After as a time": {
			answers: []answer{refusal(503, "x", "Retry-After", "Sat, 01 Jan 2000 00:00:04 GMT"), started}, waits: []time.Duration{4 * s}, left: 500, attempts: 2,
		},
		"Retry-After adds 5 s at most": {
			answers: []answer{refusal(503, "x", "Retry-After", "60"), started}, waits: []time.Duration{5050 * ms}, left: 500, attempts: 2,
		},
		"Retry-After without measure": {
			answers: []answer{refusal(503, "x", "Retry-After", "9999999999"), started}, waits: []time.Duration{5050 * ms}, left: 500, attempts: 2,
		},
		"x-amz-retry-after beyond all numbers": {
			answers: []answer{refusal(503, "x", "X-Amz-Retry-After", "99999999999999999999"), started}, waits: []time.Duration{5050 * ms}, left: 500, attempts: 2,
		},
		"Retry-After on a 400": {answers: []answer{refusal(400, "x", "Retry-After", "7")}, left: 500, attempts: 1, kind: client.ServiceError},
	} {
		t.Run(name, c.test)
	}
}

// TestRetryBehavior20 goes through the numbers that were usual before, and that botocore 1.43 still
// has by default (2026-11): a second for every first wait, 10 tokens for a transient failure, and a
// wish of the service instead of the own wait.
func TestRetryBehavior20(t *testing.T) {
	for name, c := range map[string]retrying{
		"two failures then success":    {answers: []answer{throttled, throttled, started}, waits: []time.Duration{s, 2 * s}, left: 495, attempts: 3},
		"three transient failures":     {answers: []answer{failed}, waits: []time.Duration{s, 2 * s}, left: 480, attempts: 3, kind: client.ServiceError},
		"a quota of 5 for a transient": {answers: []answer{failed}, spend: 495, left: 5, attempts: 1, kind: client.ServiceError},
		"the cap is on the product": {
			answers: []answer{throttled}, config: client.RetryConfig{MaxAttempts: 5, MaxBackoff: 3 * s, Rand: func() float64 { return 0.5 }},
			waits: []time.Duration{s / 2, s, 2 * s, 3 * s}, left: 480, attempts: 5, kind: client.ServiceError,
		},
		"another first wait, throttled or not": {
			answers: []answer{throttled, failed}, config: client.RetryConfig{InitialBackoff: 100 * ms},
			waits: []time.Duration{s / 10, s / 5}, left: 485, attempts: 3, kind: client.ServiceError,
		},
		"a wish shortens the wait": {
			answers: []answer{refusal(429, "LimitExceededException", "X-Amz-Retry-After", "10"), started}, waits: []time.Duration{10 * ms}, left: 500, attempts: 2,
		},
		"a wish is held to the longest wait": {
			answers: []answer{refusal(503, "x", "X-Amz-Retry-After", "3600000"), started}, waits: []time.Duration{20 * s}, left: 500, attempts: 2,
		},
		"Retry-After of a proxy": {
			answers: []answer{refusal(503, "x", "Retry-After", "7"), started}, waits: []time.Duration{7 * s}, left: 500, attempts: 2,
		},
		"what is retried is the same": {answers: []answer{refusal(429, "TooTiredException"), started}, waits: []time.Duration{s}, left: 500, attempts: 2},
		"and what is not":             {answers: []answer{refusal(400, "x", "X-Amz-Retry-After", "7")}, left: 500, attempts: 1, kind: client.ServiceError},
	} {
		c.config.Behavior = client.RetryBehavior20
		t.Run(name, c.test)
	}
	if _, err := client.NewStandardRetry(client.RetryConfig{Behavior: "3"}); err == nil || err.Error() != `retry: unknown behavior "3"; the behaviors are 2.1 and 2.0` {
		t.Errorf("an unknown behavior: %v", err)
	}
}

func (c retrying) test(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connector := &script{answers: c.answers}
		quota := client.NewQuota()
		client.Spend(quota, c.spend)
		api := newClient(t, connector, func(cfg *client.Config) {
			if c.config.Rand == nil {
				c.config.Rand = cfg.RetryConfig.Rand
			}
			cfg.RetryConfig, cfg.RetryConfig.Quota = c.config, quota
		})
		out, err := api.StartChatContact().InstanceID("i").Send(t.Context())
		if got := connector.waits(); !slices.Equal(got, c.waits) || len(connector.sent) != c.attempts {
			t.Errorf("%d attempts with waits of %v; want %d with %v", len(connector.sent), got, c.attempts, c.waits)
		}
		if got := quota.Available(); got != c.left {
			t.Errorf("%d tokens are left; want %d", got, c.left)
		}
		if c.kind == 0 {
			if err != nil || out.ContactId == nil || *out.ContactId != "c-1" {
				t.Errorf("Send = %+v, %v; want the contact c-1", out, err)
			}
			return
		}
		if e := asError(t, err); e.Kind != c.kind || e.Attempts != c.attempts {
			t.Errorf("%v: %v with %d attempts; want %v with %d", e, e.Kind, e.Attempts, c.kind, c.attempts)
		}
		tokens := map[string]bool{}
		for _, body := range connector.body {
			tokens[member(body, "ClientToken")] = true
		}
		if len(tokens) != 1 || tokens[""] {
			t.Errorf("the attempts carried the tokens %v; want one", tokens)
		}
	})
}

// TestQuotaRunsDry: on one client that meets nothing but 503, 17 calls have three attempts each, the
// 18th has two, the 19th one; a service that comes back lets the quota grow again.
func TestQuotaRunsDry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connector := &script{answers: []answer{unavailable}}
		c := newClient(t, connector, nil)
		for n := range 19 {
			before := len(connector.sent)
			if _, err := c.StartChatContact().Send(t.Context()); err == nil {
				t.Fatal("a 503 is no success")
			}
			want := min(3, 19-n)
			if got := len(connector.sent) - before; got != want {
				t.Fatalf("call %d had %d attempts; want %d", n+1, got, want)
			}
		}
		clone, err := c.With(func(cfg *client.Config) { cfg.UserAgent = "clone" })
		if err != nil {
			t.Fatal(err)
		}
		before := len(connector.sent)
		if _, err = clone.StartChatContact().Send(t.Context()); len(connector.sent) != before+1 {
			t.Fatalf("the clone has a quota of its own: %v", err)
		}
		if _, err = clone.Participant.SendMessage().Send(t.Context()); len(connector.sent) != before+4 {
			t.Fatalf("the participant service shares the quota: %v", err)
		}
		connector.answers = []answer{started}
		for range 10 {
			if _, err := c.StartChatContact().Send(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		connector.answers = []answer{unavailable}
		before = len(connector.sent)
		if _, err = c.StartChatContact().Send(t.Context()); len(connector.sent) != before+2 {
			t.Fatalf("ten successes gave back %d retries; want 1: %v", len(connector.sent)-before-1, err)
		}
	})
}

// TestWhatIsRetried asks each failure of the way, not of the service, what it is.
func TestWhatIsRetried(t *testing.T) {
	dialing := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for name, c := range map[string]struct {
		answer   answer
		kind     client.Kind
		dispatch client.Dispatch
		attempts int
	}{
		"refused":            {answer{err: dialing}, client.DispatchFailure, client.DispatchIO, 3},
		"reset":              {answer{err: syscall.ECONNRESET}, client.DispatchFailure, client.DispatchIO, 3},
		"closed":             {answer{err: io.EOF}, client.DispatchFailure, client.DispatchIO, 3},
		"cut short":          {answer{err: io.ErrUnexpectedEOF}, client.DispatchFailure, client.DispatchIO, 3},
		"no such host":       {answer{err: &net.DNSError{IsNotFound: true}}, client.DispatchFailure, client.DispatchIO, 3},
		"connect timed out":  {answer{err: &net.OpError{Op: "dial", Err: timedOut{}}}, client.DispatchFailure, client.DispatchTimeout, 3},
		"a rest that ended":  {answer{err: errors.New("http: server closed idle connection")}, client.DispatchFailure, client.DispatchIO, 3},
		"HTTP/2 goes away":   {answer{err: errors.New("http2: server sent GOAWAY and closed the connection; LastStreamID=1")}, client.DispatchFailure, client.DispatchIO, 3},
		"HTTP/2 is lost":     {answer{err: errors.New("http2: client connection lost")}, client.DispatchFailure, client.DispatchIO, 3},
		"HTTP/2 declines":    {answer{err: errors.New("http2: request header list larger than peer's advertised limit")}, client.DispatchFailure, client.DispatchOther, 1},
		"certificate":        {answer{err: errors.New("x509: unknown authority")}, client.DispatchFailure, client.DispatchOther, 1},
		"given up elsewhere": {answer{err: context.Canceled}, client.DispatchFailure, client.DispatchUser, 1},
		"body broke":         {answer{status: 200, broken: syscall.ECONNRESET}, client.ResponseError, 0, 3},
		"nonsense":           {answer{status: 200, body: "[]"}, client.ResponseError, 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				connector := &script{answers: []answer{c.answer}}
				_, err := newClient(t, connector, nil).DescribeQueue().InstanceID("i").QueueID("q").Send(t.Context())
				e := asError(t, err)
				if e.Kind != c.kind || e.Dispatch != c.dispatch || e.Attempts != c.attempts || len(connector.sent) != c.attempts {
					t.Errorf("%v: %v, %v, %d attempts; want %v, %v, %d", e, e.Kind, e.Dispatch, e.Attempts, c.kind, c.dispatch, c.attempts)
				}
				if e.Retryable() != (c.attempts > 1) || e.Throttled() {
					t.Errorf("Retryable %v, Throttled %v", e.Retryable(), e.Throttled())
				}
				if c.answer.err != nil && !errors.Is(err, c.answer.err) {
					t.Errorf("%v hides its cause", err)
				}
			})
		})
	}
}

// TestBrokenStreams: a server of HTTP/2, or what stands before it, resets a request in the midst of it.
func TestBrokenStreams(t *testing.T) {
	var asked atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "{}")
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	c, err := client.New(client.Config{Region: "us-east-1", Endpoint: srv.URL, Connector: srv.Client().Transport,
		RetryConfig: client.RetryConfig{Rand: func() float64 { return 0 }}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ListInstances().Send(t.Context()); err != nil || asked.Load() != 2 {
		t.Errorf("%v after %d requests; want the second to succeed", err, asked.Load())
	}
}

type timedOut struct{}

func (timedOut) Error() string   { return "i/o timeout" }
func (timedOut) Timeout() bool   { return true }
func (timedOut) Temporary() bool { return true }

// TestTimeLimits holds the two limits to what the SDK does with them, and the context to both.
func TestTimeLimits(t *testing.T) {
	slow := answer{status: 200, after: time.Hour}
	for name, c := range map[string]struct {
		answers  []answer
		config   func(*client.Config)
		ctx      func(context.Context) (context.Context, context.CancelFunc)
		took     time.Duration
		attempts int
		kind     client.Kind
		text     string
	}{
		"an attempt": {
			answers: []answer{slow}, config: func(c *client.Config) { c.AttemptTimeout = 4 * s },
			took: 4*s + 1*s + 4*s + 2*s + 4*s, attempts: 3, kind: client.Timeout,
			text: "connect StartChatContact: timeout: API call (single attempt) timeout occurred after 4s after 3 attempts",
		},
		"an attempt, then success": {
			answers: []answer{slow, started}, config: func(c *client.Config) { c.AttemptTimeout = 4 * s }, took: 5 * s, attempts: 2,
		},
		"the call in an attempt": {
			answers: []answer{slow}, config: func(c *client.Config) { c.Timeout = 3 * s },
			took: 3 * s, attempts: 1, kind: client.Timeout,
			text: "connect StartChatContact: timeout: API call (all attempts including retries) timeout occurred after 3s",
		},
		"the call in a wait": {
			answers: []answer{unavailable}, config: func(c *client.Config) { c.Timeout = 2500 * time.Millisecond },
			took: 2500 * time.Millisecond, attempts: 2, kind: client.Timeout,
			text: "connect StartChatContact: timeout: API call (all attempts including retries) timeout occurred after 2.5s; the last attempt: 503 (status 503) after 2 attempts",
		},
		"both": {
			answers: []answer{slow}, config: func(c *client.Config) { c.AttemptTimeout, c.Timeout = 4*s, 6*s },
			took: 6 * s, attempts: 2, kind: client.Timeout,
			text: "connect StartChatContact: timeout: API call (all attempts including retries) timeout occurred after 6s after 2 attempts",
		},
		"the caller's deadline": {
			answers: []answer{slow}, ctx: func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, s) },
			took: s, attempts: 1, kind: client.Timeout, text: "connect StartChatContact: timeout: context deadline exceeded",
		},
		"the caller's deadline in a wait": {
			answers: []answer{unavailable},
			ctx:     func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, s/2) },
			took:    s / 2, attempts: 1, kind: client.Timeout,
			text: "connect StartChatContact: timeout: context deadline exceeded; the last attempt: 503 (status 503)",
		},
		"given up in an attempt": {
			answers: []answer{slow}, ctx: cancelAfter(s), took: s, attempts: 1, kind: client.DispatchFailure,
			text: "connect StartChatContact: dispatch failure (user): context canceled",
		},
		"given up in a wait": {
			answers: []answer{unavailable}, ctx: cancelAfter(s / 2), took: s / 2, attempts: 1, kind: client.DispatchFailure,
			text: "connect StartChatContact: dispatch failure (user): context canceled; the last attempt: 503 (status 503)",
		},
		"given up before": {
			answers: []answer{started}, ctx: func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				return ctx, cancel
			}, kind: client.DispatchFailure, text: "connect StartChatContact: dispatch failure (user): context canceled",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				connector := &script{answers: c.answers}
				api := newClient(t, connector, func(cfg *client.Config) {
					cfg.RetryConfig.InitialBackoff = s
					if c.config != nil {
						c.config(cfg)
					}
				})
				ctx := t.Context()
				if c.ctx != nil {
					var cancel context.CancelFunc
					ctx, cancel = c.ctx(ctx)
					defer cancel()
				}
				begin := time.Now()
				_, err := api.StartChatContact().Send(ctx)
				if took := time.Since(begin); took != c.took || len(connector.sent) != c.attempts {
					t.Errorf("it took %v and %d attempts; want %v and %d", took, len(connector.sent), c.took, c.attempts)
				}
				if c.kind == 0 {
					if err != nil {
						t.Errorf("Send = %v", err)
					}
					return
				}
				e := asError(t, err)
				if e.Kind != c.kind || err.Error() != c.text {
					t.Errorf("%v: %v\nwant %v: %s", e.Kind, err, c.kind, c.text)
				}
				if c.kind == client.Timeout && !(e.Timeout() && errors.Is(err, context.DeadlineExceeded)) {
					t.Errorf("%v is not known as a time-out", err)
				}
				if e.Kind == client.DispatchFailure && !errors.Is(err, context.Canceled) {
					t.Errorf("%v is not known as given up", err)
				}
			})
		})
	}
}

func cancelAfter(d time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(d, cancel)
		return ctx, cancel
	}
}

// stubborn is a retry policy of somebody's own.
type stubborn struct{ asked, succeeded atomic.Int32 }

func (p *stubborn) Retry(n int, err *client.Error) client.Decision {
	p.asked.Add(1)
	return client.Decision{Retry: n < 10, After: time.Minute, Cost: n}
}

func (p *stubborn) Succeeded(cost int) { p.succeeded.Store(int32(cost)) }

func TestCustomPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := refusal(400, "InvalidRequestException")
		connector := &script{answers: []answer{bad, bad, bad, bad, started}}
		policy := &stubborn{}
		c := newClient(t, connector, func(cfg *client.Config) { cfg.Retry = policy })
		if _, err := c.StartChatContact().Send(t.Context()); err != nil {
			t.Fatal(err)
		}
		if policy.asked.Load() != 4 || policy.succeeded.Load() != 4 || connector.times[4].Sub(connector.times[0]) != 4*time.Minute {
			t.Errorf("asked %d times, told of %d, waits %v", policy.asked.Load(), policy.succeeded.Load(), connector.waits())
		}
		connector.answers, connector.sent = []answer{bad}, nil
		once := newClient(t, connector, func(cfg *client.Config) { cfg.Retry = client.NoRetry{} })
		_, err := once.StartChatContact().Send(t.Context())
		if _, ok := errors.AsType[*connect.InvalidRequestException](err); !ok || len(connector.sent) != 1 {
			t.Errorf("%v after %d attempts", err, len(connector.sent))
		}
	})
	if _, err := client.NewStandardRetry(client.RetryConfig{MaxAttempts: -1}); err == nil {
		t.Error("a negative number of attempts was accepted")
	}
	if _, err := client.New(client.Config{Endpoint: "http://x", RetryConfig: client.RetryConfig{MaxBackoff: -1}}); err == nil {
		t.Error("a negative wait was accepted")
	}
	if d := (client.NoRetry{}).Retry(1, &client.Error{Kind: client.ServiceError, Response: &client.Response{StatusCode: http.StatusServiceUnavailable}}); d.Retry {
		t.Error("NoRetry retries")
	}
}
