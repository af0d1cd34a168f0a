package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
	"parley.example/parley/internal/socket/sockettest"
)

// demoSession is what CreateSession takes of the demo agent.
const demoSession = `{"InstanceId":"` + catalog.DemoInstance + `","UserName":"` + catalog.DemoUserName + `","Password":"` + catalog.DemoPassword + `"}`

// here are the headers of a page of the server; others go over them.
func here(headers ...string) []string {
	return append([]string{"Content-Type", "application/json", "Sec-Fetch-Site", "same-origin"}, headers...)
}

// enter signs the demo agent in by a cookie, and returns it as requests carry it, and all of it.
func enter(t *testing.T, s *servertest.Server, headers ...string) (pair, whole string) {
	t.Helper()
	r := call(t, s, "POST", "/agent/session", demoSession, here(headers...)...)
	if r.status != 200 {
		t.Fatalf("CreateSession: %d %s", r.status, r.body)
	}
	if strings.Contains(r.body, "Token") || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("CreateSession answers %s, Cache-Control %q; want no token, and nothing kept", r.body, r.header.Get("Cache-Control"))
	}
	return cookie(t, r)
}

// TestSessionOfACookie: a page signs in, works and signs out without ever having a token.
func TestSessionOfACookie(t *testing.T) {
	s := servertest.Start(t)
	pair, whole := enter(t, s)
	for _, want := range []string{"parley-session=", "; Path=/;", "; HttpOnly", "; SameSite=Strict", "; Max-Age=43"} { // nearly 43,200 seconds
		if !strings.Contains(whole, want) {
			t.Errorf("the cookie has no %q: %s", want, strings.Replace(whole, pair, "…", 1))
		}
	}
	if strings.Contains(whole, "Secure") {
		t.Error("over plain HTTP the cookie is Secure: no browser would send it")
	}
	var who agent.GetSessionResponse
	r := call(t, s, "GET", "/agent/session", "", here("Cookie", pair)...)
	if err := json.Unmarshal([]byte(r.body), &who); err != nil || r.status != 200 || who.User == nil || who.User.UserName != catalog.DemoUserName ||
		who.InstanceId != catalog.DemoInstance || who.UserId != catalog.DemoAgent || !who.Expiry.After(s.Clock().Now()) {
		t.Errorf("GetSession: %d %s", r.status, r.body)
	}
	if r := call(t, s, "GET", "/agent", "", here("Cookie", pair)...); r.status != 200 || !strings.Contains(r.body, `"UserName":"demo-agent"`) || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("GetAgent by the cookie: %d %.300s", r.status, r.body)
	}

	// The stream is opened by its URL, as ever; the cookie opens none.
	var at agent.CreateStreamResponse
	r = call(t, s, "POST", "/agent/stream", "{}", here("Cookie", pair)...)
	if err := json.Unmarshal([]byte(r.body), &at); err != nil || r.status != 200 {
		t.Fatalf("CreateStream by the cookie: %d %s", r.status, r.body)
	}
	stream := servertest.Open(t, at.Url)
	stream.Write(`{"Type":"START"}`)
	sockettest.Eventually(t, "a snapshot", func() bool {
		got := stream.Received()
		return len(got) > 0 && strings.Contains(got[0], `"SNAPSHOT"`)
	})
	if r := call(t, s, "GET", "/agent/ws", "", "Cookie", pair, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="); r.status == 101 || r.status == 200 {
		t.Errorf("the cookie alone opens a stream: %d", r.status)
	}

	// A token in the header counts before the cookie.
	boss := s.SignIn(t, catalog.DemoSupervisor, catalog.DemoPassword)
	if r := call(t, s, "GET", "/agent/session", "", here("Cookie", pair, "X-Amz-Bearer", boss.Token)...); r.status != 200 || !strings.Contains(r.body, catalog.DemoSupervisor) {
		t.Errorf("with a token and a cookie: %d %s; want whose the token is", r.status, r.body)
	}
	if r := call(t, s, "GET", "/agent/session", "", here("Cookie", pair, "X-Amz-Bearer", "nonsense")...); r.status != 401 || r.code(t) != "UnauthorizedException" {
		t.Errorf("with a bad token and a good cookie: %d %s", r.status, r.body)
	}

	r = call(t, s, "DELETE", "/agent/session", "", here("Cookie", pair)...)
	if r.status != 200 || !strings.Contains(r.header.Get("Set-Cookie"), "parley-session=; Path=/; Max-Age=0") {
		t.Errorf("DeleteSession: %d %s, Set-Cookie %q", r.status, r.body, r.header.Get("Set-Cookie"))
	}
	if code := stream.Closed(); code != 4401 {
		t.Errorf("the stream closed with %d; want 4401", code)
	}
	for what, headers := range map[string][]string{"signed out": {"Cookie", pair}, "nobody": nil, "nonsense": {"Cookie", "parley-session=nonsense"}, "of the other page": {"Cookie", "parley-agent=" + strings.TrimPrefix(pair, "parley-session=")}} {
		if r := call(t, s, "GET", "/agent/session", "", here(headers...)...); r.status != 401 || r.code(t) != "UnauthorizedException" {
			t.Errorf("GetSession, %s: %d %s; want 401 UnauthorizedException", what, r.status, r.body)
		}
	}
}

// TestSessionOfACookieEnds: it is over after twelve hours, when all sessions of the user are, and with the user.
func TestSessionOfACookieEnds(t *testing.T) {
	s := servertest.Start(t)
	status := func(pair string) int { return call(t, s, "GET", "/agent", "", here("Cookie", pair)...).status }
	everywhere, _ := enter(t, s)
	if r := call(t, s, "POST", "/agent/sign-out", `{"Everywhere":true}`, here("Cookie", everywhere)...); r.status != 200 || status(everywhere) != 401 {
		t.Errorf("SignOut everywhere: %d %s; then %d", r.status, r.body, status(everywhere))
	}
	expired, _ := enter(t, s)
	advance(t, s, "12h")
	if got := status(expired); got != 401 {
		t.Errorf("after twelve hours: %d", got)
	}
	deleted, _ := enter(t, s)
	if got := status(deleted); got != 200 {
		t.Errorf("a new session: %d", got)
	}
	if _, err := s.Connect.DeleteUser(t.Context(), &connect.DeleteUserRequest{InstanceId: s.Instance(t), UserId: catalog.DemoAgent}); err != nil {
		t.Fatal(err)
	}
	if got := status(deleted); got != 401 {
		t.Errorf("of a user who is deleted: %d", got)
	}
}

// TestSessionOfACookieIsForOwnPages: no page of another origin signs in by a cookie, works by one, or reads what one answers.
func TestSessionOfACookieIsForOwnPages(t *testing.T) {
	s := servertest.Start(t)
	approve(t, s, crm) // whoever may embed the agent's page may do no more here
	pair, _ := enter(t, s)
	requests := []struct{ method, path, body string }{
		{"POST", "/agent/session", demoSession}, {"GET", "/agent/session", ""}, {"DELETE", "/agent/session", ""}, {"GET", "/agent", ""}, {"POST", "/agent/broadcast", `{"Content":"hi"}`},
	}
	for _, c := range []struct {
		what    string
		headers []string
		passes  bool
	}{
		{"a page of another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", crm}, false},
		{"a page at another port", []string{"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"}, false},
		{"a link elsewhere", []string{"Sec-Fetch-Site", "cross-site"}, false},
		{"an old browser elsewhere", []string{"Sec-Fetch-Site", "", "Origin", crm}, false},
		{"a file", []string{"Sec-Fetch-Site", "", "Origin", "null"}, false},
		{"an old browser, here", []string{"Sec-Fetch-Site", "", "Origin", s.URL}, true},
		{"no browser", []string{"Sec-Fetch-Site", ""}, true},
		{"here", []string{"Origin", s.URL}, true},
	} {
		for _, in := range requests {
			headers := here(append([]string{"Cookie", pair}, c.headers...)...)
			if in.method == "DELETE" && c.passes {
				continue // the others go on with the session
			}
			r := call(t, s, in.method, in.path, in.body, headers...)
			if c.passes && r.status != 200 || !c.passes && (r.status != 403 || r.code(t) != "AccessDeniedException" || r.header.Get("Set-Cookie") != "") {
				t.Errorf("%s, %s %s: %d %s", c.what, in.method, in.path, r.status, r.body)
			}
			for name := range r.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s, %s %s: the answer has %s", c.what, in.method, in.path, name)
				}
			}
		}
	}
	for name := range call(t, s, "OPTIONS", "/agent", "", "Origin", crm, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "x-amz-bearer").header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("a preflight is answered with %s", name)
		}
	}
	if r := call(t, s, "POST", "/agent/session", demoSession, here("Content-Type", "text/plain")...); r.status != 415 || r.header.Get("Set-Cookie") != "" {
		t.Errorf("a form signs in: %d %s", r.status, r.body)
	}
	if r := call(t, s, "POST", "/agent/session", `{"InstanceId":"`+strings.Repeat("x", 2<<20)+`"}`, here()...); r.status != 400 || r.code(t) != "ValidationException" {
		t.Errorf("far too much: %d %.200s", r.status, r.body)
	}
}

// TestSessionOfACookieIsRefusedAsSignInIs: the same words for all that is wrong, and the same bound of attempts.
func TestSessionOfACookieIsRefusedAsSignInIs(t *testing.T) {
	s := servertest.Start(t)
	wrong := `{"InstanceId":"` + catalog.DemoInstance + `","UserName":"demo-agent-2","Password":"Wrong-1-wrong"}`
	first := call(t, s, "POST", "/agent/session", wrong, here()...)
	if r := call(t, s, "POST", "/agent/sign-in", wrong, here()...); first.status != 401 || r.status != 401 || r.body != first.body {
		t.Errorf("a wrong password: %d %s; SignIn says %d %s", first.status, first.body, r.status, r.body)
	}
	throttled := 0
	for range 12 {
		if r := call(t, s, "POST", "/agent/session", wrong, here()...); r.status == 429 && r.code(t) == "ThrottlingException" {
			throttled++
		}
	}
	if throttled != 4 { // of ten attempts two have been made
		t.Errorf("of twelve more attempts %d are throttled; want 4", throttled)
	}
}

// TestSessionOfACookieBehindAProxy: where clients reach the server by https the cookie is bound to the host, and an old browser's origin is that of
// the public URL, whatever the proxy makes of the host.
func TestSessionOfACookieBehindAProxy(t *testing.T) {
	for what, option := range map[string]func(*server.Config){
		"a public URL":    func(c *server.Config) { c.PublicURL = "https://chat.example/parley" },
		"a trusted proxy": func(c *server.Config) { c.TrustedProxies = []string{"127.0.0.1"} },
	} {
		s := servertest.Start(t, option)
		s.URL = "http://" + s.Addr // where the proxy reaches it
		through := []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Host", "chat.example", "X-Forwarded-Proto", "https"}
		pair, whole := enter(t, s, through...)
		if !strings.HasPrefix(whole, "__Host-parley-session=") || !strings.Contains(whole, "; Path=/;") || !strings.Contains(whole, "; Secure") || strings.Contains(whole, "Domain") {
			t.Errorf("%s: the cookie is %s", what, strings.Replace(whole, pair, "…", 1))
		}
		for origin, want := range map[string]int{"https://chat.example": 200, "https://chat.example.org": 403} {
			if r := call(t, s, "GET", "/agent", "", append(through, "Cookie", pair, "Origin", origin)...); r.status != want {
				t.Errorf("%s: an old browser at %s: %d %.200s; want %d", what, origin, r.status, r.body, want)
			}
		}
		plain := strings.TrimPrefix(pair, "__Host-")
		if r := call(t, s, "GET", "/agent", "", append(through, "Cookie", plain, "Sec-Fetch-Site", "same-origin")...); r.status != 401 {
			t.Errorf("%s: a cookie that a plain connection may have set: %d %.200s", what, r.status, r.body)
		}
	}
}
