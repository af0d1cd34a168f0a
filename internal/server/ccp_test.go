package server_test

import (
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

const crm = "https://crm.example.com"

// approve lets pages of an origin embed the agent's page.
func approve(t *testing.T, s *servertest.Server, origin string) {
	t.Helper()
	if _, err := s.Connect.AssociateApprovedOrigin(t.Context(), &connect.AssociateApprovedOriginRequest{InstanceId: s.Instance(t), Origin: origin}); err != nil {
		t.Fatal(err)
	}
}

// page asks for the session of an agent's page, as the page does; headers go over what a browser sends.
func page(t *testing.T, s *servertest.Server, path string, in map[string]string, headers ...string) reply {
	t.Helper()
	if in["Instance"] == "" {
		in["Instance"] = catalog.DemoInstance
	}
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return call(t, s, "POST", path, string(body), append([]string{"Content-Type", "application/json", "Sec-Fetch-Site", "same-origin"}, headers...)...)
}

// textOf returns a text member of an answer.
func textOf(t *testing.T, r reply, name string) string {
	t.Helper()
	var out map[string]string
	if err := json.Unmarshal([]byte(r.body), &out); err != nil || out[name] == "" {
		t.Fatalf("the answer %d %s has no %s", r.status, r.body, name)
	}
	return out[name]
}

// cookie returns the cookie that an answer sets, as a request carries it, and all of it.
func cookie(t *testing.T, r reply) (pair, whole string) {
	t.Helper()
	whole = r.header.Get("Set-Cookie")
	pair, _, _ = strings.Cut(whole, ";")
	if pair == "" {
		t.Fatalf("the answer %d %s sets no cookie", r.status, r.body)
	}
	return pair, whole
}

// TestAgentPage: the page says who may embed it, and says it in a sentence to those that may not. Its files are there for ever, under names
// that change with them.
func TestAgentPage(t *testing.T) {
	s := servertest.Start(t)
	approve(t, s, "HTTPS://CRM.example.com:443")
	r := call(t, s, "GET", "/ccp-v2/", "")
	policy := r.header.Get("Content-Security-Policy")
	if r.status != 200 || !strings.HasSuffix(policy, "frame-ancestors 'self' "+crm) || r.header.Get("X-Frame-Options") != "" || r.header.Get("Cross-Origin-Opener-Policy") != "" {
		t.Errorf("the page: %d, %v", r.status, r.header)
	}
	for _, at := range regexp.MustCompile(`assets/[0-9a-f]+/[a-z.]+`).FindAllString(r.body, -1) {
		if f := call(t, s, "GET", "/ccp-v2/"+at, ""); f.status != 200 || !strings.Contains(f.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, Cache-Control %q", at, f.status, f.header.Get("Cache-Control"))
		}
	}
	files, _, _ := strings.Cut(r.body[strings.Index(r.body, "assets/"):], "/ccp.css")
	for path, want := range map[string]int{
		"/ccp-v2/assets/0000000000000000/main.js": 404, "/ccp-v2/ccp.html": 404, "/ccp-v2/assets/": 404,
		"/ccp-v2/" + files + "/main.js": 200, "/ccp-v2/" + files + "/ccp.html": 404, "/ccp-v2/" + files + "/login.html": 404, "/ccp-v2/" + files + "/": 404,
	} {
		if r := call(t, s, "GET", path, ""); r.status != want {
			t.Errorf("GET %s = %d; want %d", path, r.status, want)
		}
	}
	if r := call(t, s, "GET", "/ccp-v2?instance=x", ""); r.status != 308 || r.header.Get("Location") != "ccp-v2/?instance=x" {
		t.Errorf("without its slash: %d to %q", r.status, r.header.Get("Location"))
	}
	if r := call(t, s, "GET", "/ccp-v2/?instance=nowhere", ""); !strings.Contains(r.body, "There is no instance nowhere") || !strings.HasSuffix(r.header.Get("Content-Security-Policy"), "frame-ancestors 'self'") {
		t.Errorf("of an instance that is not there: %s", r.body)
	}
	for _, c := range []struct {
		dest, from string
		status     int
	}{
		{"iframe", crm + "/customers/1", 200}, {"iframe", s.URL + "/", 200}, {"iframe", "", 200}, {"document", "https://elsewhere.example/", 200},
		{"iframe", "https://elsewhere.example/", 403}, {"iframe", "https://crm.example.com:8443/", 403}, {"iframe", "http://crm.example.com/", 403},
	} {
		r := call(t, s, "GET", "/ccp-v2/?instance=parley-demo", "", "Sec-Fetch-Dest", c.dest, "Referer", c.from)
		if r.status != c.status {
			t.Errorf("as %s of %s: %d; want %d", c.dest, c.from, r.status, c.status)
		}
		if origin := strings.TrimSuffix(c.from, "/"); c.status == 403 && (!strings.Contains(r.body, origin) || !strings.Contains(r.body, "AssociateApprovedOrigin") || strings.Contains(r.body, "<script")) {
			t.Errorf("the refusal of %s: %s", c.from, r.body)
		}
	}
	said := html.UnescapeString(call(t, s, "GET", "/ccp-v2/?instance=parley-demo", "", "Sec-Fetch-Dest", "iframe", "Referer", "https://elsewhere.example/").body)
	if want := `aws connect associate-approved-origin --endpoint-url ` + s.URL + ` --cli-input-json '{"InstanceId":"` + s.Instance(t) + `","Origin":"https://elsewhere.example"}'`; !strings.Contains(said, want) {
		t.Errorf("the refusal is %s; want %s", said, want) // each version of the CLI takes an origin so
	}
	for _, host := range []string{"a$(reboot).example", "a;reboot", "a'b.example", "a&b.example"} { // who copies the command must not run what a page is named
		r := call(t, s, "GET", "/ccp-v2/?instance=parley-demo", "", "Sec-Fetch-Dest", "iframe", "Referer", "https://"+host+"/")
		if strings.Contains(r.body, "aws connect") || !strings.HasSuffix(r.header.Get("Content-Security-Policy"), "frame-ancestors 'self' "+crm) {
			t.Errorf("as a frame of %s: %d %s", host, r.status, r.body)
		}
	}
	if r := call(t, s, "GET", "/login", ""); r.status != 200 || !strings.HasSuffix(r.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || r.header.Get("Cross-Origin-Opener-Policy") != "" {
		t.Errorf("/login: %d, %v", r.status, r.header)
	}
}

// TestAgentPageSession: a session goes from SignIn into a cookie that no script reads, out of it again, and by a code to another
// document, once. Pages of others get none of it.
func TestAgentPageSession(t *testing.T) {
	s := servertest.Start(t)
	approve(t, s, crm)
	d := s.Desk(t)
	r := page(t, s, "/ccp-v2/session", map[string]string{"SessionToken": d.Token})
	pair, whole := cookie(t, r)
	for _, want := range []string{"HttpOnly", "Secure", "SameSite=None", "Partitioned", "Path=/"} {
		if !strings.Contains(whole, want) {
			t.Errorf("the cookie is %s; want %s", strings.Replace(whole, pair, "…", 1), want)
		}
	}
	again := textOf(t, page(t, s, "/ccp-v2/session", map[string]string{"Origin": crm}, "Cookie", pair), "SessionToken")
	if _, err := s.Agent.GetAgent(t.Context(), &agent.GetAgentRequest{SessionToken: again}); err != nil {
		t.Errorf("the session out of the cookie: %v", err)
	}

	code := textOf(t, page(t, s, "/ccp-v2/code", map[string]string{"SessionToken": d.Token}), "Code")
	if r := page(t, s, "/ccp-v2/session", map[string]string{"Code": code, "Origin": crm}); r.status != 200 || r.header.Get("Set-Cookie") == "" {
		t.Errorf("a code: %d %s", r.status, r.body)
	}
	late := textOf(t, page(t, s, "/ccp-v2/code", map[string]string{"SessionToken": d.Token}), "Code")
	advance(t, s, "31s")
	refusals := map[string]struct {
		reply
		status int
		says   string
	}{
		"the code a second time":     {page(t, s, "/ccp-v2/session", map[string]string{"Code": code}), 401, "sign in"},
		"a code after half a minute": {page(t, s, "/ccp-v2/session", map[string]string{"Code": late}), 401, "sign in"},
		"a code for a code":          {page(t, s, "/ccp-v2/code", map[string]string{"SessionToken": late}), 401, "sign in"},
		"nothing":                    {page(t, s, "/ccp-v2/session", map[string]string{}), 401, "sign in"},
		"a code by the cookie alone": {page(t, s, "/ccp-v2/code", map[string]string{}, "Cookie", pair), 401, "sign in"},
		"another origin":             {page(t, s, "/ccp-v2/session", map[string]string{"Origin": "https://elsewhere.example"}, "Cookie", pair), 403, "https://elsewhere.example is not an approved origin"},
		"another site":               {page(t, s, "/ccp-v2/session", map[string]string{}, "Cookie", pair, "Sec-Fetch-Site", "cross-site", "Origin", crm), 403, "pages of this server"},
		"the same site":              {page(t, s, "/ccp-v2/session", map[string]string{}, "Cookie", pair, "Sec-Fetch-Site", "same-site"), 403, "pages of this server"},
		"an old browser elsewhere":   {page(t, s, "/ccp-v2/session", map[string]string{}, "Cookie", pair, "Sec-Fetch-Site", "", "Origin", crm), 403, "pages of this server"},
		"a form":                     {page(t, s, "/ccp-v2/session", map[string]string{}, "Cookie", pair, "Content-Type", "text/plain"), 415, "application/json"},
		"another instance":           {page(t, s, "/ccp-v2/session", map[string]string{"Instance": "nowhere"}, "Cookie", pair), 404, "does not exist"},
		"far too much":               {page(t, s, "/ccp-v2/session", map[string]string{"Code": strings.Repeat("x", 10_000)}), 400, "small JSON object"},
	}
	for name, c := range refusals {
		if c.reply.status != c.status || !strings.Contains(c.body, c.says) {
			t.Errorf("%s: %d %s; want %d and %q", name, c.reply.status, c.body, c.status, c.says)
		}
	}
	if r := page(t, s, "/ccp-v2/session", map[string]string{}, "Cookie", pair, "Sec-Fetch-Site", "", "Origin", s.URL); r.status != 200 {
		t.Errorf("an old browser, here: %d %s", r.status, r.body)
	}
}

// TestAgentPageCodesAfterRestart: a code that has been used is of no use after a restart either; one that has not is still good.
func TestAgentPageCodesAfterRestart(t *testing.T) {
	dir := t.TempDir()
	durable := func(c *server.Config) { c.Data = dir }
	s := servertest.Start(t, durable)
	code := func() string {
		return textOf(t, page(t, s, "/ccp-v2/code", map[string]string{"SessionToken": s.Desk(t).Token}), "Code")
	}
	used, fresh := code(), code()
	if r := page(t, s, "/ccp-v2/session", map[string]string{"Code": used}); r.status != 200 {
		t.Fatalf("a code: %d %s", r.status, r.body)
	}
	s.Stop()
	s = servertest.Start(t, durable)
	if r := page(t, s, "/ccp-v2/session", map[string]string{"Code": used}); r.status != 401 || r.header.Get("Set-Cookie") != "" {
		t.Errorf("a code that was used before the restart: %d %s, cookie %q", r.status, r.body, r.header.Get("Set-Cookie"))
	}
	if r := page(t, s, "/ccp-v2/session", map[string]string{"Code": fresh}); r.status != 200 {
		t.Errorf("a code from before the restart: %d %s", r.status, r.body)
	}
}

// TestAgentPageCodes: of those who exchange a code at the same time one has the session; a code is for its instance alone, and there are only so many.
func TestAgentPageCodes(t *testing.T) {
	s := servertest.Start(t)
	d := s.Desk(t)
	if _, err := s.Connect.CreateInstance(t.Context(), &connect.CreateInstanceRequest{InstanceAlias: new("elsewhere"), IdentityManagementType: "CONNECT_MANAGED"}); err != nil {
		t.Fatal(err)
	}
	code := func() reply { return page(t, s, "/ccp-v2/code", map[string]string{"SessionToken": d.Token}) }
	first := textOf(t, code(), "Code")
	replies := make([]reply, 8)
	var all sync.WaitGroup
	for i := range replies {
		all.Go(func() { replies[i] = page(t, s, "/ccp-v2/session", map[string]string{"Code": first}) })
	}
	all.Wait()
	taken := 0
	for _, r := range replies {
		switch r.status {
		case 200:
			taken++
		case 401:
		default:
			t.Errorf("a code that others exchange: %d %s", r.status, r.body)
		}
	}
	if taken != 1 {
		t.Errorf("%d have exchanged one code; want one", taken)
	}
	for what, in := range map[string]map[string]string{"a code": {"Code": textOf(t, code(), "Code")}, "a token": {"SessionToken": d.Token}} {
		in["Instance"] = "elsewhere"
		if r := page(t, s, "/ccp-v2/session", in); r.status != 401 || r.header.Get("Set-Cookie") != "" {
			t.Errorf("%s of another instance: %d %s, cookie %q", what, r.status, r.body, r.header.Get("Set-Cookie"))
		}
	}
	n := 2
	for ; n < 1000 && code().status == 200; n++ {
	}
	if r := code(); n > 100 || r.status != 429 || !strings.Contains(r.body, "try again") {
		t.Errorf("after %d codes: %d %s", n, r.status, r.body)
	}
	advance(t, s, "1m")
	if r := code(); r.status != 200 {
		t.Errorf("a code a minute later: %d %s", r.status, r.body)
	}
}

// TestAgentPageSignsOut: /logout ends the session of the cookie for those who may ask for it, and for no others.
func TestAgentPageSignsOut(t *testing.T) {
	s := servertest.Start(t)
	approve(t, s, crm)
	for _, c := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"by Streams, on an approved origin", []string{"Origin", crm, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"}, 200},
		{"without CORS, on an approved origin", []string{"Referer", crm + "/x", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 200},
		{"by its address", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, 303},
		{"by a page of the server", []string{"Sec-Fetch-Site", "same-origin", "Origin", s.URL}, 200},
		{"elsewhere", []string{"Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"}, 403},
		{"a picture elsewhere", []string{"Referer", "https://elsewhere.example/", "Sec-Fetch-Site", "cross-site"}, 403},
		{"a picture of nobody's", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a frame without an origin", []string{"Origin", "null", "Referer", crm, "Sec-Fetch-Site", "cross-site"}, 403},
	} {
		d := s.Desk(t)
		pair, _ := cookie(t, page(t, s, "/ccp-v2/session", map[string]string{"SessionToken": d.Token}))
		r := call(t, s, "GET", "/logout", "", append(c.headers, "Cookie", pair)...)
		if r.status != c.status {
			t.Errorf("%s: %d %s; want %d", c.name, r.status, r.body, c.status)
		}
		_, err := s.Agent.GetAgent(t.Context(), &agent.GetAgentRequest{SessionToken: d.Token})
		if (err != nil) != (c.status < 400) {
			t.Errorf("%s: the session afterwards: %v", c.name, err)
		}
		if origin := r.header.Get("Access-Control-Allow-Origin"); origin != "" && (origin != crm || r.header.Get("Access-Control-Allow-Credentials") != "true") {
			t.Errorf("%s: the answer may be read by %q", c.name, origin)
		}
		if c.status < 400 && !strings.Contains(r.header.Get("Set-Cookie"), "Max-Age=0") {
			t.Errorf("%s: the cookie stays: %q", c.name, r.header.Get("Set-Cookie"))
		}
	}
}

// TestAgentPageOfOthers: who has been signed out, or may not work any more, is told which it is; a user who is deleted can be signed out.
func TestAgentPageOfOthers(t *testing.T) {
	s := servertest.Start(t)
	in := s.Instance(t)
	d := s.Desk(t)
	pair, _ := cookie(t, page(t, s, "/ccp-v2/session", map[string]string{"SessionToken": d.Token}))
	if _, err := s.Connect.UpdateUserSecurityProfiles(t.Context(), &connect.UpdateUserSecurityProfilesRequest{InstanceId: in, UserId: d.User.Id,
		SecurityProfileIds: []string{catalog.DerivedID(catalog.DemoInstance, "security-profile", "QualityAnalyst")}}); err != nil {
		t.Fatal(err)
	}
	if r := page(t, s, "/ccp-v2/session", map[string]string{}, "Cookie", pair); r.status != 403 || !strings.Contains(r.body, "BasicAgentAccess") {
		t.Errorf("without the permission: %d %s", r.status, r.body)
	}
	if _, err := s.Connect.DeleteUser(t.Context(), &connect.DeleteUserRequest{InstanceId: in, UserId: d.User.Id}); err != nil {
		t.Fatal(err)
	}
	if r := page(t, s, "/ccp-v2/session", map[string]string{}, "Cookie", pair); r.status != 401 || !strings.Contains(r.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("of a user who is deleted: %d %s, cookie %q", r.status, r.body, r.header.Get("Set-Cookie"))
	}
	if r := call(t, s, "GET", "/logout", "", "Cookie", pair, "Sec-Fetch-Site", "same-origin"); r.status != 200 {
		t.Errorf("signing out a user who is deleted: %d %s", r.status, r.body)
	}
}

// TestAgentPageCookies: over TLS the cookie is bound to the host; over plain HTTP from elsewhere it is one for pages of the same
// site, since browsers take no other.
func TestAgentPageCookies(t *testing.T) {
	for url, want := range map[string][]string{
		"https://chat.example.com": {"__Host-parley-agent=", "Secure", "SameSite=None", "Partitioned"},
		"http://chat.example.com":  {"parley-agent=", "SameSite=Lax"},
		"http://localhost:8790":    {"parley-agent=", "Secure", "SameSite=None", "Partitioned"},
	} {
		s := servertest.Start(t, func(c *server.Config) { c.PublicURL = url })
		s.URL = "http://" + s.Addr // which its clients reach through a proxy
		in := call(t, s, "POST", "/agent/sign-in", `{"InstanceId":"parley-demo","UserName":"demo-agent","Password":"Parley-demo-1"}`)
		var signedIn struct{ SessionToken string }
		if err := json.Unmarshal([]byte(in.body), &signedIn); err != nil {
			t.Fatal(err)
		}
		_, whole := cookie(t, page(t, s, "/ccp-v2/session", map[string]string{"SessionToken": signedIn.SessionToken}))
		for _, part := range want {
			if !strings.Contains(whole, part) {
				t.Errorf("at %s the cookie has no %s", url, part)
			}
		}
		if lax := want[1] == "SameSite=Lax"; lax == strings.Contains(whole, "Secure") {
			t.Errorf("at %s the cookie is Secure: %t", url, !lax)
		}
	}
}

// TestAgentPageStreams: where pages of some origins alone may open sockets, the agent's page opens streams all the same.
func TestAgentPageStreams(t *testing.T) {
	s := servertest.Start(t, func(c *server.Config) { c.Origins = []string{crm} })
	d := s.Desk(t)
	for origin, want := range map[string]string{crm: "101", s.URL: "101", "https://evil.example": "403", "null": "403"} {
		out, err := s.Agent.CreateStream(t.Context(), &agent.CreateStreamRequest{SessionToken: d.Token})
		if err != nil {
			t.Fatal(err)
		}
		conn := s.Dial()
		conn.SetDeadline(time.Now().Add(prompt))
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", out.Url[strings.Index(out.Url, "/agent/ws"):], s.Addr, origin)
		line := make([]byte, len("HTTP/1.1 101"))
		if _, err := conn.Read(line); err != nil || string(line) != "HTTP/1.1 "+want {
			t.Errorf("a page of %s: %q, %v; want %s", origin, line, err, want)
		}
	}
}
