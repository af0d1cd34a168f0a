package edge

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"parley.example/parley/internal/metrics"
)

// says answers with a name and the path as it came.
func says(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, name+" "+r.URL.EscapedPath()) })
}

var table = []Mount{
	{Pattern: "/", Handler: says("api"), CORS: AnyOrigin},
	{Pattern: "/files/", Handler: says("files"), CORS: AnyOrigin},
	{Pattern: "/files/own/", Handler: says("own")},
	{Pattern: "GET /clock", Handler: says("get"), Dev: true},
	{Pattern: "POST /clock", Handler: says("set"), Dev: true},
	{Pattern: "GET /{$}", Handler: says("page"), Dev: true},
}

func ask(h http.Handler, method, target string, header http.Header) *httptest.ResponseRecorder {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest(method, "/", nil)
	r.URL = u
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestMounts finds who answers a path, which comes as it was written.
func TestMounts(t *testing.T) {
	e := &Edge{Log: slog.New(slog.DiscardHandler), Metrics: metrics.New(), Dev: true}
	dev := e.Handler(table)
	public := (&Edge{Log: e.Log, Metrics: e.Metrics}).Handler(table)
	for _, c := range []struct {
		h            http.Handler
		method, path string
		status       int
		want         string
	}{
		{dev, "GET", "/", 200, "page /"},
		{dev, "HEAD", "/", 200, "page /"},
		{dev, "PUT", "/contact/chat", 200, "api /contact/chat"},
		{dev, "GET", "//a/../b%2Fc", 200, "api //a/../b%2Fc"},
		{dev, "GET", "/files", 200, "api /files"},
		{dev, "GET", "/files/x", 200, "files /files/x"},
		{dev, "GET", "/files/../x", 200, "files /files/../x"},
		{dev, "GET", "/files/own/x", 200, "own /files/own/x"},
		{dev, "GET", "/clock", 200, "get /clock"},
		{dev, "POST", "/clock", 200, "set /clock"},
		{dev, "PUT", "/clock", 405, "Method Not Allowed\n"},
		{dev, "GET", "/clock/", 200, "api /clock/"},
		{dev, "PRI", "*", 200, "api *"},
		{public, "GET", "/", 200, "api /"},
		{public, "POST", "/clock", 200, "api /clock"},
	} {
		w := ask(c.h, c.method, c.path, nil)
		if w.Code != c.status || w.Body.String() != c.want {
			t.Errorf("%s %s = %d %q; want %d %q", c.method, c.path, w.Code, w.Body, c.status, c.want)
		}
		if w.Header().Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s %s: the request has no id", c.method, c.path)
		}
	}
	if got := ask(dev, "PUT", "/clock", nil).Header().Get("Allow"); got != "GET, HEAD, POST" {
		t.Errorf("the methods allowed are %q", got)
	}
}

// TestOrigins lets pages elsewhere read what their mount is for, and nothing else.
func TestOrigins(t *testing.T) {
	e := &Edge{Log: slog.New(slog.DiscardHandler), Metrics: metrics.New(), Dev: true}
	h := e.Handler(table)
	page := http.Header{"Origin": {"https://shop.example"}}
	for path, want := range map[string]string{"/files/x": "*", "/contact/chat": "*", "/files/own/x": "", "/": ""} {
		for _, method := range []string{"GET", "OPTIONS"} {
			w := ask(h, method, path, page)
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s %s allows the origin %q; want %q", method, path, got, want)
			}
		}
	}
}

func TestTableThatContradictsItself(t *testing.T) {
	for name, mounts := range map[string][]Mount{
		"nothing takes the rest":     {{Pattern: "/a", Handler: says("a")}},
		"the same row twice":         {table[0], table[0]},
		"any method beside one":      {table[0], {Pattern: "/a", Handler: says("a")}, {Pattern: "GET /a", Handler: says("a")}},
		"two classes of one path":    {table[0], {Pattern: "PUT /a", Handler: says("a")}, {Pattern: "GET /a", Handler: says("a"), CORS: AnyOrigin}},
		"a secret and none, by path": {table[0], {Pattern: "PUT /a", Handler: says("a")}, {Pattern: "GET /a", Handler: says("a"), Secret: true}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the table was accepted", name)
				}
			}()
			newRoutes(mounts, true)
		}()
	}
}
