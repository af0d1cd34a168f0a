package server_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/server/servertest"
)

// TestOddRequests writes requests that no HTTP library would, each on a
// connection of its own. The wanted statuses are all that may come back.
func TestOddRequests(t *testing.T) {
	s := servertest.Start(t)
	n := settle(t, s)
	const list = "GET /instance HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n"
	body := `{"ContentType":"text/plain","Content":"x"}`
	length := func(n int) string { return fmt.Sprintf("Content-Length: %d", n) }
	for _, c := range []struct {
		name, raw string
		want      []int
	}{
		{"garbage", "\x00\x01\x02\x03\r\n\r\n", []int{400}},
		{"a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}},
		{"no version", "GET /healthz\r\n\r\n", []int{400}},
		{"a version to come", "GET /healthz HTTP/9.9\r\nHost: parley\r\n\r\n", []int{505}},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{404}},
		{"HTTP/1.0", "GET /instance HTTP/1.0\r\n\r\n", []int{200}},
		{"HTTP/1.0 that wants to stay", "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + list, []int{200, 200}},
		{"no host", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", []int{400}},
		{"two hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", []int{400}},
		{"a host with a path", "GET /healthz HTTP/1.1\r\nHost: a/../b\r\nConnection: close\r\n\r\n", []int{400}},
		{"an absolute URL", "GET http://elsewhere.example/healthz HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n", []int{200}},
		{"a method of one's own", "EXPLODE /contact/chat HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n", []int{404}},
		{"a method in lower case", "get /instance HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n", []int{404}},
		{"TRACE", "TRACE /instance HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n", []int{404}},
		{"CONNECT", "CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\nConnection: close\r\n\r\n", []int{404}},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n", []int{200}},
		{"a header without a colon", "GET /healthz HTTP/1.1\r\nHost: parley\r\nnonsense\r\n\r\n", []int{400}},
		{"a header with a NUL", "GET /healthz HTTP/1.1\r\nHost: parley\r\nX-A: a\x00b\r\n\r\n", []int{400}},
		{"a folded header", "GET /healthz HTTP/1.1\r\nHost: parley\r\n X-A: b\r\n\r\n", []int{400}},
		{"a NUL in the path", "GET /instance\x00 HTTP/1.1\r\nHost: parley\r\n\r\n", []int{400}},
		{"a bad escape in the path", "GET /instance/%zz HTTP/1.1\r\nHost: parley\r\n\r\n", []int{400}},
		{"10,000 headers", "GET /healthz HTTP/1.1\r\nHost: parley\r\n" + strings.Repeat("X-Flood: 0123456789\r\n", 10_000) + "\r\n", []int{431}},
		{"a header of 1 MB", "GET /healthz HTTP/1.1\r\nHost: parley\r\nX-Flood: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", []int{431}},
		{"a URL of 1 MB", "GET /" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\nHost: parley\r\n\r\n", []int{431}},
		{"a URL of 50 KB", "GET /" + strings.Repeat("x/", 25_000) + " HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n", []int{404}},
		{"9,000 parameters", "GET /instance?" + strings.Repeat("a=b&", 9_000) + " HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n", []int{200}},
		{"12,500 parameters", "GET /instance?" + strings.Repeat("a=b&", 12_500) + " HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n", []int{400}},

		// Requests that proxies and servers might cut differently. A second
		// answer would be one to a request that somebody smuggled in.
		{"two lengths", post("/participant/message", length(5), length(50), "Connection: close") + body, []int{400}},
		{"two lengths in one", post("/participant/message", "Content-Length: 5, 50", "Connection: close") + body, []int{400}},
		{"a negative length", post("/participant/message", "Content-Length: -1", "Connection: close"), []int{400}},
		{"a length with a sign", post("/participant/message", "Content-Length: +5", "Connection: close") + body, []int{400}},
		{"an endless length", post("/participant/message", "Content-Length: 99999999999999999999"), []int{400}},
		{"length and chunks", post("/participant/message", length(4), "Transfer-Encoding: chunked", "Connection: close") +
			"0\r\n\r\n" + list, []int{403}},
		{"chunks hidden in white space", post("/participant/message", length(4), "Transfer-Encoding : chunked", "Connection: close") +
			"0\r\n\r\n" + list, []int{400}},
		{"chunks of another name", post("/participant/message", length(4), "Transfer-Encoding: xchunked", "Connection: close") +
			"0\r\n\r\n" + list, []int{501}},
		{"chunks twice", post("/participant/message", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked", "Connection: close") +
			"0\r\n\r\n" + list, []int{501}},
		{"a bad chunk", post("/participant/message", "Transfer-Encoding: chunked", "X-Amz-Bearer: "+n.chat.Bearer) + "zz\r\nxx\r\n0\r\n\r\n" + list, []int{400}},
		{"an endless chunk", post("/participant/message", "Transfer-Encoding: chunked", "X-Amz-Bearer: "+n.chat.Bearer) + "ffffffffffffffffff\r\nxx", []int{400}},
		{"a trailer with a length", post("/participant/message", "Transfer-Encoding: chunked", "Trailer: Content-Length", "Connection: close") +
			"0\r\nContent-Length: 1000\r\n\r\n" + list, []int{400}},
		{"two in a row", "GET /healthz HTTP/1.1\r\nHost: parley\r\n\r\n" + list, []int{200, 200}},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := exchangeRaw(t, s, c.raw)
			if got := statuses(t, raw); !slices.Equal(got, c.want) {
				t.Errorf("the answers are %v; want %v\n%.400q", got, c.want, raw)
			}
			n.undisturbed()
		})
	}
}

// TestPaths tries to leave the places that files are served from.
func TestPaths(t *testing.T) {
	s := servertest.Start(t)
	for _, path := range []string{
		"/assets/../ui.go", "/assets/..%2fui.go", "/assets/%2e%2e/%2e%2e/go.mod", "/assets//etc/passwd", "/assets/....//ui.go",
		"/assets/..\\ui.go", "/assets/%00", "/assets/start.css%00.png", "/assets/start.html/../../../../etc/passwd",
		"/files/../../../etc/passwd", "/files/..%2f..%2fetc%2fpasswd", "/files/%2e%2e%2fparley.db", "/files/", "/files", "/files/a/b",
		"/files/attachments/x", "/dev/../../etc/passwd", "/participant/../files/x", "//etc/passwd", "/./etc/passwd", "/..;/etc/passwd",
		"/parley.db", "/first-key.env", "/.git/config", "/%2e%2e/%2e%2e/etc/passwd", "/metrics/../../etc/passwd",
	} {
		raw := exchangeRaw(t, s, "GET "+path+" HTTP/1.1\r\nHost: parley\r\nOrigin: https://shop.example\r\nConnection: close\r\n\r\n")
		got := statuses(t, raw)
		if len(got) != 1 || got[0] < 300 || got[0] >= 500 {
			t.Errorf("GET %s = %v; want a refusal", path, got)
		}
		for _, leak := range []string{"root:", "package ui", "module parley", "SQLite format"} {
			if strings.Contains(raw, leak) {
				t.Errorf("GET %s shows a file: %.300q", path, raw)
			}
		}
		if !strings.Contains(raw, "Access-Control-Allow-Origin: *") {
			t.Errorf("GET %s: a page cannot read the answer", path)
		}
	}
}

// TestBrowsers asks as a page of another origin does: whatever the answer is,
// the page may read it.
func TestBrowsers(t *testing.T) {
	s := servertest.Start(t)
	const origin = "https://shop.example"
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/instance", "", 200},
		{"GET", "/nowhere", "", 404},
		{"DELETE", "/contact/chat", "", 404},
		{"PUT", "/contact/chat", "{", 400},
		{"POST", "/participant/message", "{}", 403},
		{"POST", "/participant/nothing", "{}", 404},
		{"GET", "/files/forged", "", 403},
		{"GET", "/ws?token=forged", "", 426},
		{"POST", "/participant/message", strings.Repeat("x", 2<<20), 403},
		{"PUT", "/contact/chat", strings.Repeat("x", 5<<20), 400},
		{"POST", "/phone-number/list", `{"InstanceId":"c"}`, 501},
	} {
		r := call(t, s, c.method, c.path, c.body, "Origin", origin)
		if r.status != c.want {
			t.Errorf("%s %s = %d %.200s; want %d", c.method, c.path, r.status, r.body, c.want)
		}
		h := r.header
		if h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "x-amzn-requestid") {
			t.Errorf("%s %s: a page cannot read the answer: %v", c.method, c.path, h)
		}
		if h.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s %s: the request has no id", c.method, c.path)
		}
		asked := call(t, s, "OPTIONS", c.path, "", "Origin", origin, "Access-Control-Request-Method", c.method,
			"Access-Control-Request-Headers", "authorization,content-type,x-amz-bearer,x-amz-acl,X-Amz-Meta-Contact_id,content-disposition,x-evil")
		allowed := strings.Split(asked.header.Get("Access-Control-Allow-Headers"), ", ")
		for _, name := range []string{"authorization", "content-type", "x-amz-bearer", "x-amz-acl", "x-amz-meta-contact_id", "content-disposition"} {
			if !slices.Contains(allowed, name) {
				t.Errorf("OPTIONS %s does not allow %s", c.path, name)
			}
		}
		if slices.Contains(allowed, "x-evil") || asked.status != 204 || asked.header.Get("Access-Control-Allow-Origin") != "*" ||
			!strings.Contains(asked.header.Get("Access-Control-Allow-Methods"), c.method) || asked.header.Get("Access-Control-Max-Age") == "" {
			t.Errorf("OPTIONS %s = %d %v", c.path, asked.status, asked.header)
		}
	}
	if r := call(t, s, "GET", "/instance", ""); r.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("an answer to no page speaks of origins")
	}
}

// TestUnimplementedOperations names the operation that nobody has written.
func TestUnimplementedOperations(t *testing.T) {
	s := servertest.Start(t)
	r := call(t, s, "POST", "/phone-number/list", `{"MaxResults":10}`, "Origin", "https://shop.example")
	if r.status != 501 || r.code(t) != "NotImplementedException" || !strings.Contains(r.body, "connect:ListPhoneNumbersV2") {
		t.Errorf("ListPhoneNumbersV2 = %d %s", r.status, r.body)
	}
}

// TestHalfOpen lets a thousand clients begin a request and go silent.
func TestHalfOpen(t *testing.T) {
	s := servertest.Start(t)
	n := settle(t, s)
	beginnings := []string{
		"", "G", "GET /instance HTTP/1.1\r\nHost: par", "GET /instance HTTP/1.1\r\nHost: parley\r\n",
		post("/participant/message", "Content-Length: 1000", "X-Amz-Bearer: x") + `{"Content`,
		post("/participant/message", "Transfer-Encoding: chunked", "X-Amz-Bearer: x") + "3e8\r\n{",
	}
	for i := range 1000 {
		if _, err := io.WriteString(s.Dial(), beginnings[i%len(beginnings)]); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	for range 20 {
		n.undisturbed()
	}
	settle(t, s).undisturbed() // who comes now is served too
}

// TestSlowClients lets clients take their time, in virtual time: those that
// keep a connection busy without getting on are cut, others are not.
func TestSlowClients(t *testing.T) {
	const tick = 5 * time.Second
	for _, c := range []struct {
		name, begin, drip string
		within            time.Duration
	}{
		{"no request", "", "", 10 * time.Second},
		{"a header without end", "GET /healthz HTTP/1.1\r\nHost: parley\r\n", "X-A: b\r\n", 15 * time.Second},
		{"a body without end", post("/participant/message", "Content-Length: 1000", "X-Amz-Bearer: x"), "x", 95 * time.Second},
		{"chunks without end", post("/participant/message", "Transfer-Encoding: chunked", "X-Amz-Bearer: x"), "1\r\nx\r\n", 95 * time.Second},
		{"silence between requests", "GET /healthz HTTP/1.1\r\nHost: parley\r\n\r\n", "", 125 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := servertest.Inside(t)
				n := settle(t, s)
				conn := s.Dial()
				began := time.Now()
				closed := make(chan time.Duration, 1)
				go func() {
					_, _ = io.Copy(io.Discard, conn)
					closed <- time.Since(began)
				}()
				_, _ = io.WriteString(conn, c.begin) // that it is cut is what we wait for
				ticker := time.NewTicker(tick)
				defer ticker.Stop()
				for {
					select {
					case after := <-closed:
						if after > c.within {
							t.Errorf("cut after %s; want %s", after, c.within)
						}
						n.undisturbed()
						return
					case <-ticker.C:
						n.socket.Write(`{"topic":"aws/heartbeat"}`)
						_, _ = io.WriteString(conn, c.drip) // as above
					}
				}
			})
		})
	}
}

// TestUnreadAnswer lets a client ask and never read.
func TestUnreadAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t)
		n := settle(t, s)
		conn := s.Dial()
		if _, err := io.WriteString(conn, "GET /instance HTTP/1.1\r\nHost: parley\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		for range 61 { // five minutes and a little
			time.Sleep(5 * time.Second)
			n.socket.Write(`{"topic":"aws/heartbeat"}`)
		}
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		if text, err := io.ReadAll(conn); err != nil || len(text) > 0 {
			t.Errorf("the connection still says %q, %v; want it closed", text, err)
		}
		n.undisturbed()
	})
}

// TestSlowUpload gives a file on a slow line the time that its URL is good for.
func TestSlowUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t)
		c := s.Chat(t)
		out := c.File("slow.txt", "text/plain", 100)
		body, writer := io.Pipe()
		r := servertest.Put(t, out, nil)
		r.Body, r.ContentLength = body, 100
		go func() {
			for range 100 { // 8 minutes
				time.Sleep(5 * time.Second)
				if _, err := writer.Write([]byte("x")); err != nil {
					return
				}
			}
			writer.Close()
		}()
		client := &http.Client{Transport: s.HTTP.Transport}
		res, err := client.Do(r)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("the upload = %v, %v", res, err)
		}
		res.Body.Close()
	})
}
