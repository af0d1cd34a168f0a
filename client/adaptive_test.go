package client_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"parley.example/parley/client"
)

// newAdaptive returns an adaptive policy in a bubble's time.
func newAdaptive(t *testing.T) *client.AdaptiveRetry {
	t.Helper()
	a, err := client.NewAdaptiveRetry(client.RetryConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// throttlingError is the failure of an attempt that was throttled.
var throttlingError = &client.Error{
	Kind: client.ServiceError, Err: throttledCode{}, Response: &client.Response{StatusCode: 429, Header: http.Header{}},
}

type throttledCode struct{}

func (throttledCode) Error() string        { return "slow down" }
func (throttledCode) ErrorCode() string    { return "ThrottlingException" }
func (throttledCode) ErrorMessage() string { return "slow down" }
func (throttledCode) HTTPStatus() int      { return 429 }

// TestAdaptiveRates goes through the sequence by which the adaptive mode is defined: an answer every
// 200 ms, two of which throttle.
func TestAdaptiveRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAdaptive(t)
		for n, c := range []struct {
			throttled      bool
			measured, rate float64
		}{
			{measured: 0, rate: 0.5},
			{measured: 0, rate: 0.5},
			{measured: 4.8, rate: 0.5},
			{measured: 4.8, rate: 0.5},
			{measured: 4.16, rate: 0.5},
			{measured: 4.16, rate: 0.6912},
			{measured: 4.16, rate: 1.0976},
			{measured: 5.632, rate: 1.6384},
			{measured: 5.632, rate: 2.3328},
			{throttled: true, measured: 4.3264, rate: 3.02848},
			{measured: 4.3264, rate: 3.4866391734702598},
			{measured: 4.3264, rate: 3.8218744160402554},
			{measured: 5.66528, rate: 4.053385727709987},
			{measured: 5.66528, rate: 4.200373108479455},
			{measured: 4.333056, rate: 4.282036558348658},
			{throttled: true, measured: 4.333056, rate: 2.99742559084406},
			{measured: 4.333056, rate: 3.4522263943863463},
		} {
			pass(200 * time.Millisecond)
			if c.throttled {
				a.Answered(throttlingError)
			} else {
				a.Answered(nil)
			}
			if measured, rate := client.Rates(a); math.Abs(measured-c.measured) > 1e-9 || math.Abs(rate-c.rate) > 1e-9 {
				t.Errorf("after %d answers: measured %v, limit %v; want %v, %v", n+1, measured, rate, c.measured, c.rate)
			}
		}
	})
}

// TestAdaptiveLikeTheSDK makes the same random attempts by this package and by aws-sdk-go-v2: each lets
// them go when the other does.
func TestAdaptiveLikeTheSDK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chance := rand.New(rand.NewPCG(7, 8))
		ours, theirs := newAdaptive(t), retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) { o.FailOnNoAttemptTokens = true })
		held, went := 0, 0
		for n := range 20_000 {
			pass(time.Duration(chance.Float64() * float64(400*time.Millisecond)))
			answered, err := theirs.GetAttemptToken(t.Context())
			wait := ours.Admit()
			if (wait == 0) != (err == nil) {
				t.Fatalf("attempt %d: this package waits %v, the SDK says %v", n, wait, err)
			}
			if err != nil {
				held++
				if wait > 2*time.Second {
					t.Fatalf("attempt %d waits %v", n, wait)
				}
				continue
			}
			went++
			switch {
			case chance.IntN(30) == 0:
				ours.Answered(throttlingError)
				_ = answered(throttledCode{}) // it returns nil always
			case chance.IntN(10) == 0:
				ours.Answered(&client.Error{Kind: client.DispatchFailure, Dispatch: client.DispatchIO, Err: context.Canceled})
				_ = answered(errors.New("reset"))
			default:
				ours.Answered(nil)
				_ = answered(nil)
			}
		}
		if held < 100 || went < 1000 {
			t.Errorf("%d attempts went, %d were held back; want both", went, held)
		}
	})
}

// limitedService answers as a service does that takes so many requests a second.
type limitedService struct {
	perSecond int

	mu               sync.Mutex // guards what follows
	second           time.Time
	taken            int
	served, refused  int
	refusedLate      int // in the second half
	begun            time.Time
	countRefusalsFor time.Duration
}

func (l *limitedService) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now().Truncate(time.Second)
	if now != l.second {
		l.second, l.taken = now, 0
	}
	if l.taken++; l.taken > l.perSecond {
		if l.refused++; time.Since(l.begun) > l.countRefusalsFor/2 {
			l.refusedLate++
		}
		return canned(r, 429, "ThrottlingException"), nil
	}
	l.served++
	res := canned(r, 200, "")
	res.Body = http.NoBody
	return res, nil
}

// TestAdaptiveMode lets twenty callers loose on a service that takes ten calls a second. In the
// adaptive mode the client learns to ask about as often; in the standard mode it goes on being refused.
func TestAdaptiveMode(t *testing.T) {
	const span = 2 * time.Minute
	run := func(t *testing.T, mode client.RetryMode) (service *limitedService, failed int64) {
		synctest.Test(t, func(t *testing.T) {
			service = &limitedService{perSecond: 10, begun: time.Now(), countRefusalsFor: span}
			c, err := client.New(client.Config{Endpoint: "http://chat.test", Connector: service, RetryConfig: client.RetryConfig{Mode: mode}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), span)
			defer cancel()
			var callers sync.WaitGroup
			var failures atomic.Int64
			for range 20 {
				callers.Go(func() {
					for ctx.Err() == nil {
						if _, err := c.Participant.SendMessage().ConnectionToken("t").Send(ctx); err != nil && ctx.Err() == nil {
							failures.Add(1)
						}
						pass(50 * time.Millisecond)
					}
				})
			}
			callers.Wait()
			failed = failures.Load()
		})
		return service, failed
	}
	standard, lost := run(t, client.RetryStandard)
	adaptive, kept := run(t, client.RetryAdaptive)
	t.Logf("standard: %d served, %d refused, %d calls failed; adaptive: %d, %d (%d of them late), %d",
		standard.served, standard.refused, lost, adaptive.served, adaptive.refused, adaptive.refusedLate, kept)
	if adaptive.refused*5 > standard.refused || kept*5 > lost || adaptive.served < 600 {
		t.Error("the adaptive mode does not adapt")
	}
}

// TestPacedAttempts: the limits of time end the waiting for a turn, and nothing is sent then.
func TestPacedAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connector := &script{answers: []answer{refusal(429, "ThrottlingException")}}
		c := newClient(t, connector, func(cfg *client.Config) {
			cfg.RetryConfig = client.RetryConfig{Mode: client.RetryAdaptive, MaxAttempts: 1}
			cfg.Timeout = 300 * time.Millisecond
		})
		clone, err := c.With(func(cfg *client.Config) { cfg.UserAgent = "clone" })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.StartChatContact().Send(t.Context()); asError(t, err).Kind != client.ServiceError {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = clone.StartChatContact().Send(t.Context()) // which shares the rate
		e := asError(t, err)
		if took := time.Since(began); e.Kind != client.Timeout || e.Attempts != 0 || took != 300*time.Millisecond || len(connector.sent) != 1 ||
			!strings.Contains(err.Error(), "300ms; the last attempt: not sent, because the service is throttling") {
			t.Errorf("%v: %v after %v, %d requests sent", e.Kind, err, took, len(connector.sent))
		}
		if _, err := c.Participant.SendMessage().Send(t.Context()); asError(t, err).Kind != client.ServiceError {
			t.Errorf("the participant service has the same rate: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.StartChatContact().Send(ctx); asError(t, err).Dispatch != client.DispatchUser {
			t.Errorf("given up while held back: %v", err)
		}
		pass(2 * time.Second) // one attempt in two seconds is always let go
		if _, err := c.StartChatContact().Send(t.Context()); asError(t, err).Kind != client.ServiceError || len(connector.sent) != 3 {
			t.Errorf("two seconds later: %v, %d requests", err, len(connector.sent))
		}
	})
	for mode, want := range map[client.RetryMode]string{"": "", "standard": "", "adaptive": "", "legacy": `unknown mode "legacy"; the modes are standard and adaptive`} {
		_, err := client.New(client.Config{Endpoint: "http://chat.test", RetryConfig: client.RetryConfig{Mode: mode}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("mode %q: %v; want %q", mode, err, want)
		}
	}
	if _, err := client.NewAdaptiveRetry(client.RetryConfig{MaxAttempts: -1}); err == nil {
		t.Error("a negative number of attempts was accepted")
	}
}
