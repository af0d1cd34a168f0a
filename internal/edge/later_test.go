package edge

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/metrics"
)

// TestAnswersThatAskForPatience: an answer that throttles, or that has to put its client off, says until
// when, in both headers that clients read; no other does. Which SDK reads which header was measured,
// 2026-11: aws-sdk-go-v2 1.48 the milliseconds alone, JavaScript v3 both, ChatJS 5.0 a date alone.
func TestAnswersThatAskForPatience(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		wait   time.Duration // asked for by the handler; negative when it asks for nothing
		ms     string
		date   string // what the bubble's clock shows first is midnight
	}{
		"429":                               {429, -1, "1000", "00:00:01"},
		"503":                               {503, -1, "1000", "00:00:01"},
		"429 of one who knows":              {429, 200 * time.Millisecond, "200", "00:00:01"},
		"503 of one who knows":              {503, 90*time.Second + time.Nanosecond, "90000", "00:01:31"},
		"less than a millisecond":           {429, time.Microsecond, "1", "00:00:01"},
		"a 429 that shall not say":          {429, 0, "", ""},
		"whatever the handler asks it with": {400, 5 * time.Second, "5000", "00:00:05"},
		"200":                               {200, -1, "", ""},
		"400":                               {400, -1, "", ""},
		"402, a quota":                      {402, -1, "", ""},
		"500":                               {500, -1, "", ""},
		"501":                               {501, -1, "", ""},
		"504":                               {504, -1, "", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := (&Edge{Metrics: metrics.New()}).Handler([]Mount{{Pattern: "/", CORS: AnyOrigin, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if c.wait >= 0 {
					AskLater(w.Header(), c.wait)
				}
				w.WriteHeader(c.status)
			})}})
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Origin", "https://shop.example")
			h.ServeHTTP(w, r)
			if c.date != "" {
				c.date = "Sat, 01 Jan 2000 " + c.date + " GMT"
			}
			if ms, date := w.Header().Get("X-Amz-Retry-After"), w.Header().Get("Retry-After"); w.Code != c.status || ms != c.ms || date != c.date {
				t.Errorf("%s: %d after %q ms, at %q; want %d, %q, %q", name, w.Code, ms, date, c.status, c.ms, c.date)
			}
			for _, header := range []string{"retry-after", "x-amz-retry-after"} {
				if exposed := ", " + w.Header().Get("Access-Control-Expose-Headers") + ","; !strings.Contains(exposed, ", "+header+",") {
					t.Errorf("%s: a page cannot read %s among %s", name, header, exposed)
				}
			}
		})
	}
}

// TestWriterIsTheServers: behind the edge a handler can do what the server's writer can.
func TestWriterIsTheServers(t *testing.T) {
	e := &Edge{Metrics: metrics.New()}
	srv := httptest.NewServer(e.Handler([]Mount{{Pattern: "/", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/file" {
			if n, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader("content")); n != 7 || err != nil {
				t.Errorf("ReadFrom = %d, %v", n, err)
			}
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
		conn.Close()
	})}}))
	defer srv.Close()
	for path, want := range map[string]string{"/file": "content", "/socket": "hi"} {
		res, err := srv.Client().Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if string(body) != want || err != nil {
			t.Errorf("GET %s = %q, %v", path, body, err)
		}
	}
}
