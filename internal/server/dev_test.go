package server_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// now asks the developer API for the time.
func now(t *testing.T, r reply) time.Time {
	t.Helper()
	var out struct{ Now string }
	if err := json.Unmarshal([]byte(r.body), &out); err != nil || r.status != 200 {
		t.Fatalf("/dev/clock = %d %s, %v", r.status, r.body, err)
	}
	at, err := time.Parse(center.TimeLayout, out.Now)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestDevClock moves the time of a whole server.
func TestDevClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t)
		start := now(t, call(t, s, "GET", "/dev/clock", ""))
		if got := now(t, call(t, s, "POST", "/dev/clock", `{"Freeze":true}`)); !got.Equal(start) {
			t.Errorf("frozen at %s; want %s", got, start)
		}
		time.Sleep(time.Hour)
		if got := now(t, call(t, s, "GET", "/dev/clock", "")); !got.Equal(start) {
			t.Errorf("after a frozen hour it is %s; want %s", got, start)
		}
		if got := now(t, call(t, s, "POST", "/dev/clock", `{"Advance":"90s"}`)); !got.Equal(start.Add(90 * time.Second)) {
			t.Errorf("advanced to %s", got)
		}
		call(t, s, "POST", "/dev/clock", `{"Freeze":false}`)
		time.Sleep(time.Minute)
		if got := now(t, call(t, s, "GET", "/dev/clock", "")); !got.Equal(start.Add(150 * time.Second)) {
			t.Errorf("running on it is %s; want %s", got, start.Add(150*time.Second))
		}
		c := s.Chat(t)
		socket := c.Socket()
		call(t, s, "POST", "/dev/clock", `{"Advance":"1d1h"}`)
		for it := socket.Next(); *it.ContentType != center.EventEnded; it = socket.Next() {
			continue // the chat has lasted its 25 hours
		}
		for body, want := range map[string]string{
			`{"Advance":"-5m"}`: "does not go back", `{"Advance":"soon"}`: "want a duration", `{`: "want JSON", `[]`: "want JSON",
			`{"Advance":"9999999999h"}`: "want a duration", `{"Advnace":"5m"}`: "Advnace",
		} {
			if r := call(t, s, "POST", "/dev/clock", body); r.status != 400 || r.code(t) != "ValidationException" || !strings.Contains(r.body, want) {
				t.Errorf("POST /dev/clock %s = %d %s", body, r.status, r.body)
			}
		}
	})
}

// TestDevFaults lets operations fail as told, so often and no more.
func TestDevFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t)
		c := s.Chat(t)
		set := func(faults string) {
			t.Helper()
			if r := call(t, s, "POST", "/dev/faults", faults); r.status != 200 {
				t.Fatalf("POST /dev/faults %s = %d %s", faults, r.status, r.body)
			}
		}
		set(`[{"Operation":"SendMessage","Status":503,"Count":2,"After":"7s"}]`)
		for range 2 {
			r := call(t, s, "POST", "/participant/message", `{"ContentType":"text/plain","Content":"x"}`, "X-Amz-Bearer", c.Bearer)
			if r.status != 503 || r.code(t) != "InternalServerException" {
				t.Errorf("a fault is answered %d %s", r.status, r.body)
			}
			at, err := http.ParseTime(r.header.Get("Retry-After"))
			if wait := time.Until(at); err != nil || wait < 5*time.Second || wait > 8*time.Second {
				t.Errorf("Retry-After is %q, in %s; want a date in 7 s", r.header.Get("Retry-After"), wait)
			}
			if ms := r.header.Get("X-Amz-Retry-After"); ms != "7000" {
				t.Errorf("x-amz-retry-after is %q; want 7000 ms", ms)
			}
		}
		c.Send("the third is taken")

		set(`[{"Operation":"SendMessage","Status":429,"Count":1,"After":"250ms"},{"Operation":"SendMessage","Status":429,"Count":1}]`)
		for _, ms := range []string{"250", ""} { // a fault that asks for nothing says nothing
			r := call(t, s, "POST", "/participant/message", `{"ContentType":"text/plain","Content":"x"}`, "X-Amz-Bearer", c.Bearer)
			if got := r.header.Get("X-Amz-Retry-After"); r.status != 429 || got != ms || (r.header.Get("Retry-After") != "") != (ms != "") {
				t.Errorf("a fault is answered %d, %v; want 429 and %q ms", r.status, r.header, ms)
			}
		}
		set(`[{"Status":429},{"Operation":"SendMessage","Status":500}]`)
		_, err := c.TrySend(t.Context(), "x")
		servertest.Refused(t, "the first fault of every operation", err, "ThrottlingException", 429)
		set(`[{"Operation":"GetTranscript","Status":400},{"Operation":"SendMessage","Status":403,"Code":"TeapotException"}]`)
		_, err = c.TrySend(t.Context(), "x")
		servertest.Refused(t, "a fault with a code", err, "TeapotException", 403)
		set(`[{"Operation":"SendMessage","Delay":"1m"}]`) // the longest
		began := time.Now()
		s.HTTP.Timeout = 0
		c.Send("slow")
		if took := time.Since(began); took < time.Minute || took > 61*time.Second {
			t.Errorf("a delayed message took %s", took)
		}
		set(`[]`)
		c.Send("quick")
		for bad, want := range map[string]string{
			`{}`: "the body has the wrong type, object", `[{"Status":200}]`: "Status: want", `[{"Status":99}]`: "Status: want", `[{"Delay":"2h"}]`: "want a duration",
			`[{"Delay":"-1s"}]`: "want a duration", `[{"After":"x"}]`: "want a duration", `[{"Status":500,"Count":-1}]`: "Count",
			`[` + strings.Repeat(`{},`, 100) + `{}]`: "at most 100", `[{"Operation":"` + strings.Repeat("x", 70_000) + `"}]`: "want a JSON list",
			`[{"Operation":"SendMessage","Sttaus":500}]`: `there is no member \"Sttaus\"`, `[{"Status":503,"After":250}]`: "After has the wrong type, number", `[{"Operation":"SendMessage","Count":1}]`: "a Status, a Delay or both",
			`[{"Operation":"sendMessage","Status":500}]`: `no operation \"sendMessage\"`,
		} {
			if r := call(t, s, "POST", "/dev/faults", bad); r.status != 400 || r.code(t) != "ValidationException" || !strings.Contains(r.body, want) {
				t.Errorf("POST /dev/faults %.50s = %d %s; want something about %s", bad, r.status, r.body, want)
			}
		}
	})
}

// TestDebugReason tells developers, and nobody else, why a request was refused.
func TestDebugReason(t *testing.T) {
	const header = "X-Parley-Debug-Reason"
	s := servertest.Start(t)
	c := s.Chat(t)
	ask := func(s *servertest.Server, bearer string) reply {
		return call(t, s, "POST", "/participant/message", `{"ContentType":"text/plain","Content":"x"}`, "X-Amz-Bearer", bearer, "Origin", "https://shop.example")
	}
	for bearer, want := range map[string]string{"": "no X-Amz-Bearer", c.Token: "participant", "junk": "token"} {
		r := ask(s, bearer)
		if got := r.header.Get(header); !strings.Contains(got, want) || len(got) > 600 {
			t.Errorf("refused because %q; want something about %q", got, want)
		}
		if !strings.Contains(r.header.Get("Access-Control-Expose-Headers"), "x-parley-debug-reason") || strings.Contains(r.body, "no X-Amz-Bearer") {
			t.Errorf("the reason is for pages to read, in the header only: %v %s", r.header, r.body)
		}
	}
	if r := call(t, s, "PUT", "/contact/chat", `{"InstanceId":"`+strings.Repeat("x\\n", 5000)+`"}`); len(r.header.Get(header)) > 600 || r.header.Get(header) == "" {
		t.Errorf("a long reason is %q", r.header.Get(header))
	}
	if r := ask(s, c.Bearer); r.status != 200 || r.header.Get(header) != "" {
		t.Errorf("a good answer has a reason: %d %v", r.status, r.header)
	}
	if r := call(t, s, "POST", "/contact/stop", `{"InstanceId":"`+s.Instance(t)+`","ContactId":"`+c.Contact+`"}`); r.status != 200 {
		t.Fatalf("StopContact: %d %s", r.status, r.body)
	}
	for _, path := range []string{"/participant/message", "/participant/transcript"} {
		r := call(t, s, "POST", path, `{"ContentType":"text/plain","Content":"x"}`, "X-Amz-Bearer", c.Bearer)
		if got := r.header.Get(header); r.status != 403 || got != "the chat has ended: API, contact "+c.Contact {
			t.Errorf("%s after StopContact: %d, because %q", path, r.status, got)
		}
	}
	other := func(s *servertest.Server, path string) reply {
		return call(t, s, "GET", path, "", "Origin", "https://shop.example", "Connection", "Upgrade", "Upgrade", "websocket",
			"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	}
	public := servertest.Start(t, servertest.Production(t.TempDir()))
	for path, want := range map[string]string{
		"/ws": "no socket token", "/ws?token=" + c.Bearer: "a connection token was given where a socket token is required",
		"/files/" + c.Bearer: "a connection token was given where a download token is required",
	} {
		r := other(s, path)
		if got := r.header.Get(header); r.status != 403 || !strings.Contains(got, want) || !strings.Contains(r.header.Get("Access-Control-Expose-Headers"), "x-parley-debug-reason") {
			t.Errorf("%.20s: %d, because %q; want 403 and %q", path, r.status, got, want)
		}
		if r := other(public, path); r.status != 403 || r.header.Get(header) != "" {
			t.Errorf("%.20s outside development mode: %d %v", path, r.status, r.header)
		}
	}
	for _, bearer := range []string{"", "junk", c.Bearer} {
		if r := ask(public, bearer); r.status != 403 || r.header.Get(header) != "" {
			t.Errorf("outside development mode: %d %v", r.status, r.header)
		}
	}
	if r := call(t, public, "GET", "/instance", ""); r.status != 403 || r.header.Get(header) != "" {
		t.Errorf("outside development mode: %d %v", r.status, r.header)
	}
}

// TestVisitorsOfDev: the log names the origin of a page elsewhere that uses /dev, whichever
// part of it, and nobody who uses the APIs.
func TestVisitorsOfDev(t *testing.T) {
	for _, c := range []struct {
		method, path string
		warns        bool
	}{
		{"GET", "/dev/clock", true}, {"POST", "/dev/clock", true}, {"GET", "/dev/faults", true}, {"POST", "/dev/faults", true},
		{"GET", "/dev/flowlogs?instance=none", true}, {"GET", "/readyz", false}, {"GET", "/", false}, {"GET", "/instance", false},
	} {
		var log strings.Builder
		s := servertest.Start(t, func(cfg *server.Config) {
			cfg.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		})
		ctx, cancel := context.WithCancel(t.Context()) // of logs that are followed
		r := newRequest(t, s.URL+c.path).WithContext(ctx)
		r.Method = c.method
		r.Header.Set("Origin", "https://shop.example")
		if res, err := s.HTTP.Do(r); err != nil {
			t.Errorf("%s %s: %v", c.method, c.path, err)
		} else {
			res.Body.Close()
		}
		cancel()
		s.Stop()
		if warned := strings.Contains(log.String(), "https://shop.example"); warned != c.warns {
			t.Errorf("%s %s of another origin logs %q; want a warning: %v", c.method, c.path, &log, c.warns)
		}
	}
}
