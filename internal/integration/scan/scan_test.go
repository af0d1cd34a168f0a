package scan_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/client"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/integration/scan"
)

const (
	chat   = "11111111-2222-4333-8444-555555555555"
	secret = "a secret of the tests"
)

// files is one file, in memory.
type files struct {
	content string
	fail    error // of reading, in its middle
}

func (f files) Open(context.Context, center.ContactID, string) (io.ReadSeekCloser, int64, error) {
	return &opened{strings.NewReader(f.content), f.fail}, int64(len(f.content)), nil
}

type opened struct {
	*strings.Reader
	fail error
}

func (o *opened) Read(p []byte) (int, error) {
	if o.fail != nil && o.Len() <= int(o.Size())/2 {
		return 0, o.fail
	}
	return o.Reader.Read(p[:min(len(p), 1000)])
}

func (*opened) Close() error { return nil }

// request is what an ICAP server is asked.
type request struct {
	line     string
	head     textproto.MIMEHeader
	http     string // the heads of request and response
	response string // of the body
}

// icap serves ICAP on loopback. answer gets what is asked, and the connection; its result is sent.
func icap(t *testing.T, answer func(r *request, conn net.Conn) string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if r, err := readRequest(conn); err == nil {
					io.WriteString(conn, answer(r, conn))
				}
			}()
		}
	}()
	return "icap://" + l.Addr().String() + "/avscan"
}

func readRequest(conn net.Conn) (*request, error) {
	b := bufio.NewReader(conn)
	text := textproto.NewReader(b)
	line, err := text.ReadLine()
	if err != nil {
		return nil, err
	}
	r := &request{line: line}
	if r.head, err = text.ReadMIMEHeader(); err != nil {
		return nil, err
	}
	var response, body int
	if _, err := fmt.Sscanf(r.head.Get("Encapsulated"), "req-hdr=0, res-hdr=%d, res-body=%d", &response, &body); err != nil {
		return nil, err
	}
	heads := make([]byte, body)
	if _, err := io.ReadFull(b, heads); err != nil {
		return nil, err
	}
	r.http = string(heads)
	if !bytes.HasPrefix(heads[response:], []byte("HTTP/1.1 200 OK\r\n")) {
		return nil, errors.New("res-hdr is not where the response begins")
	}
	content, err := io.ReadAll(httputil.NewChunkedReader(b))
	if err != nil {
		return nil, err
	}
	if end, err := text.ReadLine(); err != nil || end != "" {
		return nil, fmt.Errorf("after the last chunk comes %q, %v", end, err)
	}
	r.response = string(content)
	return r, nil
}

// ask scans one file, within a limit, and returns what was logged as well.
func ask(t *testing.T, url string, f files, limit time.Duration) (clean bool, log string, c scan.Counts, err error) {
	t.Helper()
	var b bytes.Buffer
	s := &scan.Scanner{URL: url, Secret: []byte(secret), Client: integration.NewClient(), Files: f, Now: time.Now, Log: slog.New(slog.NewTextHandler(&b, nil))}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	clean, err = s.Scan(ctx, chat, center.Attachment{ID: "att-1", Name: "naïve \"notes\".csv", ContentType: "text/csv; x=\"\r\nEvil: 1\"", Size: int64(len(f.content))})
	return clean, b.String(), s.Counts(), err
}

// encapsulated is an ICAP answer 200 with a response in it.
func encapsulated(status, body, fields string) string {
	head := "HTTP/1.1 " + status + "\r\nContent-Type: text/html\r\n\r\n"
	return fmt.Sprintf("ICAP/1.0 200 OK\r\n%sEncapsulated: res-hdr=0, res-body=%d\r\n\r\n%s%x\r\n%s\r\n0\r\n\r\n", fields, len(head), head, len(body), body)
}

// TestICAPVerdicts: what counts as clean, what as found, whichever way servers say it.
func TestICAPVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(r *request) string
		clean  bool
		found  string
	}{
		"no content":     {func(*request) string { return "ICAP/1.0 204 No Content\r\nISTag: \"x\"\r\n\r\n" }, true, ""},
		"204 Unmodified": {func(*request) string { return "ICAP/1.0 204 Unmodified\r\nX-Infection-Found: 0\r\n\r\n" }, true, ""},
		"the same again": {func(r *request) string { return encapsulated("200 OK", r.response, "") }, true, ""},
		"infection": {func(r *request) string {
			return encapsulated("403 Forbidden", "a page", "X-Infection-Found: Type=0; Resolution=2; Threat=Test.Harm;\r\n")
		}, false, "Threat=Test.Harm"},
		"infection with 204": {func(*request) string {
			return "ICAP/1.0 204 No Content\r\nX-Infection-Found: Type=0; Threat=Sly;\r\n\r\n"
		}, false, "Sly"},
		"infection behind none": {func(*request) string {
			return "ICAP/1.0 204 No Content\r\nX-Infection-Found: 0\r\nX-Infection-Found: Threat=Second;\r\n\r\n"
		}, false, "Second"},
		"infection in the response": {func(r *request) string {
			return strings.Replace(encapsulated("200 OK", r.response, ""), "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nX-Infection-Found: Threat=Inner;\r\n", 1)
		}, false, "Inner"},
		"violations": {func(r *request) string {
			return encapsulated("200 OK", r.response, "X-Violations-Found: 1\r\n\tfile\r\n\tTest.Harm\r\n")
		}, false, "Test.Harm"},
		"virus id":    {func(r *request) string { return encapsulated("200 OK", r.response, "X-Virus-ID: Test.Harm\r\n") }, false, "Test.Harm"},
		"a page":      {func(*request) string { return encapsulated("403 Forbidden", "blocked", "") }, false, "status 403"},
		"other bytes": {func(r *request) string { return encapsulated("200 OK", strings.ToUpper(r.response), "") }, false, "another body"},
		"more bytes":  {func(r *request) string { return encapsulated("200 OK", r.response+"x", "") }, false, "another body"},
		"fewer bytes": {func(r *request) string { return encapsulated("200 OK", r.response[1:], "") }, false, "another body"},
		"no body": {func(*request) string {
			return "ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, null-body=19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
		}, false, "another response"},
	} {
		t.Run(name, func(t *testing.T) {
			content := strings.Repeat("name,age\n", 9000)
			var asked *request
			url := icap(t, func(r *request, _ net.Conn) string { asked = r; return c.answer(r) })
			clean, log, counts, err := ask(t, url, files{content: content}, time.Minute)
			if err != nil || clean != c.clean || !strings.Contains(log, c.found) {
				t.Fatalf("Scan = %v, %v; want %v with %q in the log:\n%s", clean, err, c.clean, c.found, log)
			}
			if want := (scan.Counts{Clean: map[bool]uint64{true: 1}[clean], Rejected: map[bool]uint64{false: 1}[clean]}); counts != want {
				t.Errorf("counts %+v; want %+v", counts, want)
			}
			if asked.line != "RESPMOD "+url+" ICAP/1.0" || asked.head.Get("Allow") != "204" || asked.response != content ||
				!strings.HasPrefix(asked.http, "GET /att-1/na%C3%AFve%20%22notes%22.csv HTTP/1.1\r\n") ||
				!strings.Contains(asked.http, "\r\nContent-Length: "+fmt.Sprint(len(content))+"\r\n") || strings.Contains(asked.http, "Evil") {
				t.Errorf("the server was asked %q, %q, with %d bytes", asked.line, asked.http, len(asked.response))
			}
			if strings.Contains(log, "name,age") || strings.Contains(log, "notes") {
				t.Errorf("the log has of the file: %s", log)
			}
		})
	}
}

// TestICAPWithoutAVerdict: what is no verdict is asked for again, and never lets a file pass.
func TestICAPWithoutAVerdict(t *testing.T) {
	endless := strings.Repeat("X-Pad: "+strings.Repeat("x", 1000)+"\r\n", 100)
	for name, c := range map[string]struct{ answer, want string }{
		"error":          {"ICAP/1.0 500 Server Error\r\n\r\n", "ICAP status 500"},
		"not found":      {"ICAP/1.0 404 ICAP Service not found\r\n\r\n", "ICAP status 404"},
		"continue":       {"ICAP/1.0 100 Continue\r\n\r\n", "ICAP status 100"},
		"HTTP":           {"HTTP/1.1 204 No Content\r\n\r\n", "not ICAP"},
		"nothing":        {"", "unexpected EOF"},
		"half a head":    {"ICAP/1.0 204 No Content\r\nISTag:", "unexpected EOF"},
		"no fields":      {"ICAP/1.0 204 No Content\r\nwhat is this\r\n\r\n", "cannot be read"},
		"endless fields": {"ICAP/1.0 204 No Content\r\n" + endless, "more than 65536 bytes"},
		"endless line":   {"ICAP/1.0 204 " + strings.Repeat("x", 100_000), "more than 65536 bytes"},
		"no response":    {"ICAP/1.0 200 OK\r\nEncapsulated: null-body=0\r\n\r\n", "without a response"},
		"cut off":        {"ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=19\r\n\r\nHTTP/1.1 200 OK\r\n\r\nff\r\nname", "unexpected EOF"},
		"odd status":     {"ICAP/1.0 2040 x\r\n\r\n", "not ICAP"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			url := icap(t, func(r *request, _ net.Conn) string {
				if asked.Add(1) > 1 {
					return "ICAP/1.0 204 No Content\r\n\r\n"
				}
				return c.answer
			})
			clean, log, counts, err := ask(t, url, files{content: "name,age\n"}, time.Minute)
			if err != nil || !clean || counts != (scan.Counts{Clean: 1, Failed: 1}) || !strings.Contains(log, c.want) {
				t.Errorf("Scan = %v, %v, %+v; want a second attempt, and %q in the log:\n%.2000s", clean, err, counts, c.want, log)
			}
		})
	}
}

// TestScannerThatIsGone: without a verdict until the time is over there is an error.
func TestScannerThatIsGone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	silent := icap(t, func(_ *request, conn net.Conn) string { conn.Read(make([]byte, 1)); return "" })
	for name, url := range map[string]string{"refuses": "icap://" + l.Addr().String() + "/x", "silent": silent, "webhook": "http://" + l.Addr().String()} {
		if clean, _, counts, err := ask(t, url, files{content: "x"}, 700*time.Millisecond); err == nil || clean || counts.Failed == 0 {
			t.Errorf("%s: Scan = %v, %v, %+v; want an error", name, clean, err, counts)
		}
	}
}

// hasty is an ICAP server that answers when it has read so many bytes, whatever is asked, and takes the rest afterwards.
func hasty(t *testing.T, bytes int, answer string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.ReadFull(conn, make([]byte, bytes))
			io.WriteString(conn, answer)
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	return "icap://" + l.Addr().String() + "/x"
}

// TestICAPAnswersEarly: a server may answer before it has read the file, whose rest it does not take.
func TestICAPAnswersEarly(t *testing.T) {
	url := hasty(t, 2000, encapsulated("403 Forbidden", "blocked", "X-Infection-Found: Threat=Early;\r\n"))
	clean, log, _, err := ask(t, url, files{content: strings.Repeat("x", 20<<20)}, time.Minute)
	if err != nil || clean || !strings.Contains(log, "Early") {
		t.Errorf("Scan = %v, %v: %s", clean, err, log)
	}
}

// TestHalfAFileIsNotClean: whatever the scanner says of what it got, a file that could not be read to its end does not pass.
func TestHalfAFileIsNotClean(t *testing.T) {
	broken := files{content: strings.Repeat("x", 9000), fail: errors.New("the disk fails")}
	url := hasty(t, 0, "ICAP/1.0 204 No Content\r\n\r\n")
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{"verdict":"APPROVED"}`)
	}))
	defer hook.Close()
	for _, url := range []string{url, hook.URL} {
		if clean, log, _, err := ask(t, url, broken, 700*time.Millisecond); err == nil || clean || !strings.Contains(log, "the disk fails") {
			t.Errorf("%s: Scan = %v, %v: %s", url, clean, err, log)
		}
	}
}

// TestWebhook: an endpoint gets the file with its name and type, signed, and says its verdict; anything else is none.
func TestWebhook(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		answer string
		clean  bool
		want   string // in the log
	}{
		"approved":   {200, `{"verdict":"APPROVED"}`, true, "is clean"},
		"rejected":   {200, `{"verdict":"REJECTED","reason":"Test.Harm"}`, false, "Test.Harm"},
		"a page":     {200, "<html>Welcome", true, "not JSON"},
		"nothing":    {200, "", true, "not JSON"},
		"two words":  {200, `{"verdict":"REJECTED","Verdict":"APPROVED"}`, true, "without one verdict"},
		"other word": {200, `{"verdict":"ok"}`, true, "want APPROVED or REJECTED"},
		"error":      {503, `{"verdict":"APPROVED"}`, true, "503"},
		"redirect":   {302, `{"verdict":"APPROVED"}`, true, "302"},
		"too long":   {200, `{"verdict":"APPROVED","reason":"` + strings.Repeat("x", 5000) + `"}`, true, "more than 4096 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			content := strings.Repeat("name,age\n", 9000)
			var asked atomic.Int32
			hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err == nil {
					err = client.VerifyWebhook([]byte(secret), r.Header.Get(client.SignatureHeader), body, time.Now())
				}
				if err != nil || string(body) != content || r.ContentLength != int64(len(content)) || r.Header.Get("Content-Type") != "application/octet-stream" ||
					r.Header.Get("X-Parley-File-Name") != "na%C3%AFve%20%22notes%22.csv" || r.Header.Get("X-Parley-Attachment") != "att-1" || r.Header.Get("X-Parley-Contact") != chat {
					t.Errorf("%v: %d bytes with %v", err, len(body), r.Header)
				}
				if asked.Add(1) > 1 {
					io.WriteString(w, `{"verdict":"APPROVED"}`)
					return
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
				io.WriteString(w, c.answer)
			}))
			defer hook.Close()
			clean, log, _, err := ask(t, hook.URL, files{content: content}, time.Minute)
			if err != nil || clean != c.clean || !strings.Contains(log, c.want) {
				t.Errorf("Scan = %v, %v; want %v and %q in the log:\n%s", clean, err, c.clean, c.want, log)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for url, want := range map[string]string{
		"icap://127.0.0.1:1344/avscan": "", "icaps://scan.example.com/x": "", "https://scan.example.com/": "",
		"ftp://x/y": "must begin with icap://", "icap:///x": "is not a URL", "127.0.0.1:1344": "is not a URL", "icap://user:pass@x/": "is not a URL",
	} {
		err := (&scan.Scanner{URL: url, Secret: []byte(secret)}).Check()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Check(%q) = %v; want %q", url, err, want)
		}
	}
	if err := (&scan.Scanner{URL: "https://scan.example.com"}).Check(); err == nil || !strings.Contains(err.Error(), "--stream-secret") {
		t.Errorf("Check of a webhook without a secret = %v", err)
	}
}
