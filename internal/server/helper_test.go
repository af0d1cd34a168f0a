package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/server/servertest"
	"parley.example/parley/internal/socket/sockettest"
)

// prompt is what an answer may take at most. It is far more than it does take,
// because tests run on busy machines.
const prompt = time.Minute

// reply is an answer as a client saw it.
type reply struct {
	status int
	header http.Header
	body   string
}

// code returns the exception's name, which header and body must agree on.
func (r reply) code(t testing.TB) string {
	t.Helper()
	var b struct {
		Type string `json:"__type"`
	}
	code := r.header.Get("X-Amzn-Errortype")
	if err := json.Unmarshal([]byte(r.body), &b); err != nil || b.Type != code {
		t.Errorf("the error's body %.300s does not say what its header does: %q", r.body, code)
	}
	return code
}

// call sends a request and reads the whole answer.
func call(t testing.TB, s *servertest.Server, method, path, body string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return do(t, s, r)
}

func do(t testing.TB, s *servertest.Server, r *http.Request) reply {
	t.Helper()
	began := time.Now()
	res, err := s.HTTP.Do(r)
	if err != nil {
		t.Fatalf("%s %.100s: %v", r.Method, r.URL.Path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %.100s: read the answer: %v", r.Method, r.URL.Path, err)
	}
	if took := time.Since(began); took > prompt {
		t.Errorf("%s %.100s took %s", r.Method, r.URL.Path, took)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

// bystander is a well-behaved customer who must not be affected by others.
type bystander struct {
	t      testing.TB
	chat   *servertest.Chat
	socket *servertest.Socket
}

func settle(t testing.TB, s *servertest.Server) *bystander {
	t.Helper()
	c := s.Chat(t)
	return &bystander{t, c, c.Socket()}
}

// undisturbed holds a little conversation.
func (n *bystander) undisturbed() {
	n.t.Helper()
	began := time.Now()
	text := center.NewUUID()
	n.chat.Send(text)
	n.socket.Until(text)
	if took := time.Since(began); took > prompt {
		n.t.Errorf("a neighbour's message took %s", took)
	}
}

// exchangeRaw writes raw bytes to a connection of its own and returns what it
// received until the server closed it, or until nothing arrived for a while.
func exchangeRaw(t testing.TB, s *servertest.Server, text string) string {
	t.Helper()
	c := s.Dial()
	defer c.Close()
	c.SetDeadline(time.Now().Add(prompt))
	go func() { _, _ = io.WriteString(c, text) }() // the server may close before it has read all
	answer, err := io.ReadAll(c)
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		t.Errorf("the server neither answered nor closed; it said %.200q", answer)
	}
	return string(answer)
}

// statuses returns the status lines of raw answers on one connection.
func statuses(t testing.TB, raw string) (codes []int) {
	t.Helper()
	in := bufio.NewReader(strings.NewReader(raw))
	for in.Buffered() > 0 || len(codes) == 0 {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			break
		}
		_, _ = io.Copy(io.Discard, res.Body)
		codes = append(codes, res.StatusCode)
		if _, err := in.Peek(1); err != nil {
			break
		}
	}
	return codes
}

// post is the beginning of a raw request with a JSON body.
func post(path string, headers ...string) string {
	var b bytes.Buffer
	b.WriteString("POST " + path + " HTTP/1.1\r\nHost: parley\r\nContent-Type: application/json\r\n")
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}

// eventually waits for what other goroutines are about to do.
var eventually = sockettest.Eventually

// filesBelow lists the files of a directory.
func filesBelow(t testing.TB, dir string) (names []string) {
	t.Helper()
	if err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names
}

// metric reads a figure of /metrics, the sum over its labels; -1 when it is not there.
func metric(t testing.TB, s *servertest.Server, name string) float64 {
	t.Helper()
	sum, found := 0.0, false
	for line := range strings.Lines(call(t, s, "GET", "/metrics", "").body) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' '):]), 64)
		if err != nil {
			t.Fatalf("metric %q: %v", line, err)
		}
		sum, found = sum+v, true
	}
	if !found {
		return -1
	}
	return sum
}

// recorder is an http.ResponseWriter.
type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }

func newRequest(t testing.TB, path string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// proxied configures a client that calls the server below its public URL, as
// a proxy does that takes the URL's path away.
func proxied(s *servertest.Server) restjson.ClientConfig {
	return restjson.ClientConfig{Endpoint: "http://127.0.0.1", HTTPClient: s.HTTP}
}
