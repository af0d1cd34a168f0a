package restjson

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

func newServer(t *testing.T, h http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// canned answers every request alike.
func canned(status int, header http.Header, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func putNote(ctx context.Context, c *Client, in *note) (*note, error) {
	out := &note{}
	if err := c.Do(ctx, put, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

func TestErrorResponses(t *testing.T) {
	const page = "<html>Bad Gateway</html>"
	typed := func(status int, message, where string) error {
		return &lost{message, where, ResponseMetadata{"id", status}}
	}
	plain := func(code, message string, status int) error {
		return &APIError{code, message, status, ResponseMetadata{"id", status}}
	}
	for name, c := range map[string]struct {
		status int
		kind   string
		body   string
		want   error
	}{
		"header":              {410, "LostException", `{"Message":"m","Where":"w"}`, typed(410, "m", "w")},
		"header with an URI":  {410, "LostException:http://internal.amazon.test/coral/", `{"message":"m"}`, typed(410, "m", "")},
		"header with a comma": {410, "LostException,x", `{}`, typed(410, "", "")},
		"namespace":           {410, "com.amazonaws.notes#LostException", `{}`, typed(410, "", "")},
		"__type":              {410, "", `{"__type":"a#LostException:x","message":"m"}`, typed(410, "m", "")},
		"code before __type":  {410, "", `{"__type":"OtherException","code":"LostException"}`, typed(410, "", "")},
		"header before body":  {410, "OtherException", `{"__type":"LostException","message":"m"}`, plain("OtherException", "m", 410)},
		"code as a number":    {503, "", `{"code":7,"message":"m"}`, plain("503", "m", 503)},
		"unknown code":        {429, "SlowDown", `{"message":"m"}`, plain("SlowDown", "m", 429)},
		"wrongly typed":       {410, "LostException", `{"Message":"m","Where":1}`, plain("LostException", "m", 410)},
		"a proxy's page":      {502, "", page, plain("502", "", 502)},
		"a line of text":      {400, "", "Client sent an HTTP request to an HTTPS server.\n", plain("400", "Client sent an HTTP request to an HTTPS server.", 400)},
		"half an answer":      {500, "", `{"message":"m`, plain("500", "", 500)},
		"lines of text":       {502, "", "upstream\x1b[31m\nfailed", plain("502", "", 502)},
		"a long text":         {502, "", strings.Repeat("x", 201), plain("502", "", 502)},
		"nothing":             {500, "", "", plain("500", "", 500)},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"X-Amzn-Requestid": {"id"}}
			if c.kind != "" {
				header["X-Amzn-Errortype"] = []string{c.kind}
			}
			client := &Client{API: noteAPI, Config: ClientConfig{Endpoint: "http://notes.test", HTTPClient: InProcess(canned(c.status, header, c.body))}}
			_, err := putNote(t.Context(), client, &note{ID: "a"})
			if !reflect.DeepEqual(err, c.want) {
				t.Fatalf("got %#v; want %#v", err, c.want)
			}
		})
	}
}

func TestResponses(t *testing.T) {
	for name, c := range map[string]struct {
		body, want, err string
	}{
		"plain":           {`{"Text":"x","New":[1]}`, "x", ""},
		"nothing":         {"", "", ""},
		"null":            {`{"Text":null}`, "", ""},
		"not JSON":        {"<html>", "", "PutNote: read the response: 1 validation error: broken JSON at byte 0"},
		"the wrong shape": {`{"Text":1}`, "", "Text: expected a string, found a number"},
	} {
		client := &Client{API: noteAPI, Config: ClientConfig{Endpoint: "http://notes.test", HTTPClient: InProcess(canned(200, nil, c.body))}}
		got, err := putNote(t.Context(), client, &note{ID: "a"})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v; want %s", name, err, c.err)
			}
			continue
		}
		if err != nil || got.Text != c.want {
			t.Errorf("%s: %+v, %v; want %q", name, got, err, c.want)
		}
	}
}

func TestRequestsAreSigned(t *testing.T) {
	var header http.Header
	var path string
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header, path = r.Header, r.URL.EscapedPath()
		_, _ = io.WriteString(w, "{}")
	})
	client := &Client{API: noteAPI, Config: ClientConfig{
		Endpoint: "http://notes.test/base/", HTTPClient: InProcess(h), UserAgent: "test/1",
		Sign: func(r *http.Request, body []byte) error {
			r.Header.Set("Authorization", r.Method+" "+string(body))
			return nil
		},
	}}
	if _, err := putNote(t.Context(), client, &note{ID: "a/b", Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if path != "/base/notes/a%2Fb" || header.Get("Authorization") != `PUT {"Text":"x"}` ||
		header.Get("User-Agent") != "test/1" || header.Get("Content-Type") != "application/json" {
		t.Errorf("sent %s with %v", path, header)
	}
	broken := errors.New("no key")
	client.Config.Sign = func(*http.Request, []byte) error { return broken }
	if _, err := putNote(t.Context(), client, &note{ID: "a"}); !errors.Is(err, broken) {
		t.Errorf("error %v; want %v", err, broken)
	}
}

func TestCallsThatCannotBeMade(t *testing.T) {
	client := &Client{API: noteAPI, Config: ClientConfig{Endpoint: "http://notes.test", HTTPClient: InProcess(canned(200, nil, "{}"))}}
	if _, err := putNote(t.Context(), client, &note{}); err == nil || err.Error() != "PutNote: ID must not be empty: it is a part of the path" {
		t.Errorf("an empty label: %v", err)
	}
	client.Config.Endpoint = "::"
	if _, err := putNote(t.Context(), client, &note{ID: "a"}); err == nil {
		t.Error("a broken endpoint was called")
	}
	srv := newServer(t, canned(200, nil, "{}"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	client = &Client{API: noteAPI, Config: ClientConfig{Endpoint: srv}}
	if _, err := putNote(ctx, client, &note{ID: "a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled call: %v", err)
	}
}

func TestTokens(t *testing.T) {
	c := &Client{}
	one, two := c.Token(), c.Token()
	if len(one) != 36 || one == two || one[14] != '4' {
		t.Errorf("tokens %s and %s", one, two)
	}
	c.Config.NewToken = func() string { return "mine" }
	if got := c.Token(); got != "mine" {
		t.Errorf("Token() = %s", got)
	}
}
