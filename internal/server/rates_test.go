package server_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth/authtest"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// rates is an option: it sets the rates.
func rates(set map[string]string) func(*server.Config) {
	return func(c *server.Config) { c.Rates = set }
}

// from gives the server a request that comes from an address, without a network in between.
func from(t testing.TB, s *servertest.Server, address, method, path, body string, headers ...string) reply {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	r.RemoteAddr = address
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return handled(s, r)
}

func handled(s *servertest.Server, r *http.Request) reply {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

// wantThrottled fails unless an answer refuses a request over a rate, and says when to try again.
func wantThrottled(t testing.TB, what string, r reply, code, setting string) {
	t.Helper()
	if r.status != 429 || r.code(t) != code || r.header.Get("Retry-After") == "" || r.header.Get("X-Amz-Retry-After") == "" {
		t.Errorf("%s: %d %s, %v; want 429 %s with the time to try again", what, r.status, r.body, r.header, code)
	}
	if why := r.header.Get("X-Parley-Debug-Reason"); setting != "" && !strings.HasSuffix(why, "the setting is --rate "+setting) {
		t.Errorf("%s: the reason is %q; want it to name --rate %s", what, why, setting)
	}
}

const message = `{"ContentType":"text/plain","Content":"x"}`

// TestOneParticipantFloods lets a participant send, and read, as fast as it can: exactly as much of it passes as its
// rate allows, and whatever others do in the meantime succeeds.
func TestOneParticipantFloods(t *testing.T) {
	s := servertest.Start(t, servertest.Quietly(t), rates(map[string]string{"participant": "20:100"}))
	s.Clock().Freeze(true)
	flooder, reader, other := s.Chat(t), s.Chat(t), settle(t, s)
	bot := reader.Bot("helper") // another participant of the reader's chat
	s.Clock().Advance(time.Minute)
	var sent, read, refused atomic.Int64
	count := func(passed *atomic.Int64, err error) {
		if e, ok := errors.AsType[*participant.ThrottlingException](err); ok && e.HTTPStatus() == 429 {
			refused.Add(1)
		} else if err == nil {
			passed.Add(1)
		} else {
			t.Error(err)
		}
	}
	flood := func() {
		var floods sync.WaitGroup
		for range 8 {
			floods.Go(func() {
				for range 40 {
					_, err := flooder.TrySend(t.Context(), "flood")
					count(&sent, err)
				}
			})
			floods.Go(func() {
				for range 20 {
					_, err := s.Participant.GetTranscript(t.Context(), &participant.GetTranscriptRequest{ConnectionToken: reader.Bearer})
					count(&read, err)
				}
			})
		}
		for range 20 {
			other.undisturbed()
		}
		floods.Wait()
	}
	flood()
	bot.Send("not I") // who shares a chat with one who floods has a rate of its own
	if sent.Load() != 100 || read.Load() != 50 || refused.Load() != 320-100+160-50 {
		t.Errorf("%d messages and %d pages passed, %d requests were refused; want 100, 50 and the rest", sent.Load(), read.Load(), refused.Load())
	}
	s.Clock().Advance(3 * time.Second)
	flood()
	if sent.Load() != 100+60 || read.Load() != 50+30 {
		t.Errorf("three seconds later %d messages and %d pages have passed; want 60 and 30 more", sent.Load(), read.Load())
	}
	if got := metric(t, s, `parley_rate_refused_total{limit="participant"}`); int64(got) != refused.Load() {
		t.Errorf("the metric has %v refusals; there were %d", got, refused.Load())
	}
	wantThrottled(t, "a message", call(t, s, "POST", "/participant/message", message, "X-Amz-Bearer", flooder.Bearer), "ThrottlingException", "participant=20:100")
}

// TestOneAddressFloods holds addresses to a rate each, whoever calls from there: the participant API, files and sockets.
func TestOneAddressFloods(t *testing.T) {
	s := servertest.Start(t, servertest.Quietly(t), rates(map[string]string{"address": "5:10"}))
	s.Clock().Freeze(true)
	c := s.Chat(t)
	for _, o := range []struct{ name, method, path, body string }{
		{"messages", "POST", "/participant/message", message}, {"files", "GET", "/files/x", ""}, {"sockets", "GET", "/ws?token=x", ""},
	} {
		s.Clock().Advance(time.Minute)
		for n := range 12 {
			for _, address := range []string{"192.0.2.7:1", "[2001:db8:1:2::3]:1", "[2001:db8:1:2:ffff::]:2"} {
				r := from(t, s, address, o.method, o.path, o.body, "X-Amz-Bearer", c.Bearer)
				over := n >= 10 || n >= 5 && strings.HasPrefix(address, "[") // the last two are of one network
				if over != (r.status == 429) {
					t.Errorf("%s: request %d from %s is answered %d; want 429: %v", o.name, n+1, address, r.status, over)
				}
				if over {
					wantThrottled(t, o.name, r, "ThrottlingException", "address=5:10")
				}
			}
		}
		if r := from(t, s, "[2001:db8:1:3::3]:1", o.method, o.path, o.body, "X-Amz-Bearer", c.Bearer); r.status == 429 {
			t.Errorf("%s: the neighbouring network is refused", o.name)
		}
	}
}

// TestGuessingIsSlow tries bad credentials from one address, of both APIs and of sockets: after a few nobody listens to
// that address any more, for as long as its rate says, and nobody else notices.
func TestGuessingIsSlow(t *testing.T) {
	s := servertest.Start(t, servertest.Production(t.TempDir()), servertest.Quietly(t), rates(map[string]string{"address": "10:50"}))
	sign := func(address, secret string) *http.Request {
		r := httptest.NewRequestWithContext(t.Context(), "GET", s.URL+"/instance", nil)
		r.RemoteAddr = address
		if err := (authtest.Signer{ID: s.Key.ID, Secret: secret}).Sign(r, nil, s.Clock().Now()); err != nil {
			t.Fatal(err)
		}
		return r
	}
	s.Clock().Freeze(true)
	for name, guess := range map[string]struct {
		tries   int // that are looked at: each counts for 10, and at the participant API for one besides
		attempt func(address string) reply
		right   func(address string) reply
		code    string
	}{
		"signatures": {5, func(a string) reply { return handled(s, sign(a, "wrong")) }, func(a string) reply { return handled(s, sign(a, s.Key.Secret)) }, "TooManyRequestsException"},
		"signatures of erasures": {5, func(a string) reply {
			r := sign(a, "wrong")
			r.URL.Path, r.RequestURI = "/parley/erasures", "/parley/erasures"
			return handled(s, r)
		}, nil, "ThrottlingException"},
		"tokens": {5, func(a string) reply {
			return from(t, s, a, "POST", "/participant/message", message, "X-Amz-Bearer", "QUJD")
		}, nil, "ThrottlingException"},
		"sockets": {5, func(a string) reply {
			return from(t, s, a, "GET", "/ws?token=x", "", "Connection", "upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
		}, nil, "ThrottlingException"},
	} {
		s.Clock().Advance(time.Minute)
		const guesser, neighbour = "192.0.2.1:1", "192.0.2.2:1"
		looked := 0
		for range 30 {
			if r := guess.attempt(guesser); r.status == 403 {
				looked++
			} else {
				wantThrottled(t, name, r, guess.code, "")
			}
		}
		if looked != guess.tries {
			t.Errorf("%s: %d guesses were looked at; want %d", name, looked, guess.tries)
		}
		if r := guess.attempt(neighbour); r.status != 403 {
			t.Errorf("%s: the neighbour is answered %d; want 403", name, r.status)
		}
		looked = 0
		for range 100 { // in ten seconds
			s.Clock().Advance(100 * time.Millisecond)
			if guess.attempt(guesser).status == 403 {
				looked++
			}
		}
		if looked < 8 || looked > 11 {
			t.Errorf("%s: in ten seconds %d guesses more were looked at; want about one a second", name, looked)
		}
		if guess.right == nil {
			continue
		}
		if r := guess.right(guesser); r.status != 429 {
			t.Errorf("%s: the right one after the wrong ones is answered %d; want 429", name, r.status)
		}
		if r := guess.right(neighbour); r.status != 200 {
			t.Errorf("%s: the neighbour's right one is answered %d %s", name, r.status, r.body)
		}
		s.Clock().Advance(time.Minute)
		if r := guess.right(guesser); r.status != 200 {
			t.Errorf("%s: a minute later the right one is answered %d", name, r.status)
		}
	}
}

// TestOneInstanceFloods holds instances to a rate each, whichever of the APIs is called: what one does takes nothing
// from another.
func TestOneInstanceFloods(t *testing.T) {
	s := servertest.Start(t, servertest.Quietly(t), rates(map[string]string{"instance": "5:40"}))
	s.Clock().Freeze(true)
	made, err := s.Connect.CreateInstance(t.Context(), &connect.CreateInstanceRequest{IdentityManagementType: connect.DirectoryTypeSAML,
		InboundCallsEnabled: true, OutboundCallsEnabled: true, InstanceAlias: new("second")})
	if err != nil {
		t.Fatal(err)
	}
	busy, quiet := s.Chat(t), *made.Id
	s.Clock().Advance(time.Minute)
	list := func(instance string) reply {
		return call(t, s, "GET", "/contact-flows-summary/"+instance, "")
	}
	for n := range 45 {
		var r reply
		if n%2 == 0 {
			r = call(t, s, "POST", "/participant/message", message, "X-Amz-Bearer", busy.Bearer)
		} else {
			r = list(s.Instance(t))
		}
		if (n >= 40) != (r.status == 429) {
			t.Errorf("request %d is answered %d %s", n+1, r.status, r.body)
		}
	}
	wantThrottled(t, "a message", call(t, s, "POST", "/participant/message", message, "X-Amz-Bearer", busy.Bearer), "ThrottlingException", "instance=5:40")
	wantThrottled(t, "a list by ARN", list("arn:aws:connect:us-east-1:123456789012:instance%2F"+s.Instance(t)), "ThrottlingException", "instance=5:40")
	for range 40 {
		if r := list(quiet); r.status != 200 {
			t.Fatalf("the other instance: %d %s", r.status, r.body)
		}
	}
}

// TestRatesThatAreSet says which rates there are.
func TestRatesThatAreSet(t *testing.T) {
	for _, c := range []struct {
		name   string
		dev    bool
		set    map[string]string
		status []int // of the 3rd, the 150th and the 1,500th request of one participant at once
		err    string
	}{
		{name: "outside development mode a participant has 100 at once", status: []int{403, 429, 429}},
		{name: "in development mode there are none", dev: true, status: []int{403, 403, 403}},
		{name: "none", set: map[string]string{"all": "off"}, status: []int{403, 403, 403}},
		{name: "one that is off", set: map[string]string{"address": "off"}, status: []int{403, 403, 403}},
		{name: "one that is set", dev: true, set: map[string]string{"address": "1000:1"}, status: []int{429, 429, 429}},
		{name: "only one", set: map[string]string{"all": "off", "address": "1:11"}, status: []int{429, 429, 429}},
		{name: "an unknown kind", set: map[string]string{"adress": "5:5"}, err: `rate "adress" is not known; there are participant, address, instance and all`},
		{name: "no rate", set: map[string]string{"address": "much"}, err: `rate address: "much" is not a rate like 20:100, which is 20 requests a second and 100 at once; off is no limit`},
		{name: "a rate of all", set: map[string]string{"all": "5:5"}, err: "rate all=5:5: rates are set one by one; all of them can only be off"},
	} {
		cfg := server.Config{Dev: c.dev, Data: t.TempDir(), Rates: c.set}
		if err := cfg.Check(); (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("%s: %v; want %q", c.name, err, c.err)
		}
		if c.err != "" {
			continue
		}
		s := servertest.Start(t, servertest.Quietly(t), func(to *server.Config) { to.Dev, to.Data, to.Rates = cfg.Dev, cfg.Data, c.set })
		s.Clock().Freeze(true)
		for i, n := range []int{3, 150, 1500} {
			s.Clock().Advance(time.Hour)
			var r reply
			for range n {
				r = from(t, s, "192.0.2.1:1", "POST", "/participant/message", message, "X-Amz-Bearer", "QUJD")
			}
			if r.status != c.status[i] {
				t.Errorf("%s: request %d is answered %d; want %d", c.name, n, r.status, c.status[i])
			}
		}
	}
}

// BenchmarkRefused sends messages of a participant who is within the rate, and of one who is over it, without a network.
func BenchmarkRefused(b *testing.B) {
	for _, c := range []struct {
		name, rate string
		status     int
	}{{"served", "1000000:10000000", 200}, {"refused", "0.01:1", 429}} {
		b.Run(c.name, func(b *testing.B) {
			s := servertest.Start(b, servertest.Quietly(b), func(to *server.Config) { to.Data = b.TempDir() }, rates(map[string]string{"participant": c.rate, "address": "1000000:10000000"}))
			chat := s.Chat(b)
			from(b, s, "192.0.2.1:1", "POST", "/participant/message", message, "X-Amz-Bearer", chat.Bearer)
			b.ReportAllocs()
			for b.Loop() {
				if r := from(b, s, "192.0.2.1:1", "POST", "/participant/message", message, "X-Amz-Bearer", chat.Bearer); r.status != c.status {
					b.Fatalf("%d %s", r.status, r.body)
				}
			}
		})
	}
}
