package console

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// sample is what a build writes.
var sample = fstest.MapFS{
	"index.html":           {Data: []byte(`<meta name="instance" content="{{.Instance}}"><script src="./assets/index-abc.js"></script>`)},
	"assets/index-abc.js":  {Data: []byte("console.log('" + strings.Repeat("parley ", 100) + "')")},
	"assets/index-abc.css": {Data: []byte("body{}")},
}

func serve(t *testing.T, p *Pages, target string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	for _, m := range p.Mounts() {
		mux.Handle(m.Pattern, m.Handler)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", target, nil)
	r.Header = header
	mux.ServeHTTP(w, r)
	return w
}

func TestPage(t *testing.T) {
	p, err := load(`a"b`, sample)
	if err != nil {
		t.Fatal(err)
	}
	w := serve(t, p, "/console/", nil)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `content="a&#34;b"`) {
		t.Errorf("the page is %d: %s", w.Code, w.Body)
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("the page may be kept: %q", got)
	}
	if w := serve(t, p, "/console?instance=shop", nil); w.Code != http.StatusPermanentRedirect || w.Header().Get("Location") != "console/?instance=shop" {
		t.Errorf("without a slash it is %d, to %q", w.Code, w.Header().Get("Location"))
	}
	if w := serve(t, p, "/console/index.html", nil); w.Code != http.StatusNotFound {
		t.Errorf("the template is served as it is: %d", w.Code)
	}
	if w := serve(t, p, "/console/nowhere.js", nil); w.Code != http.StatusNotFound {
		t.Errorf("a file that is not there is %d", w.Code)
	}
}

func TestFiles(t *testing.T) {
	p, err := load("", sample)
	if err != nil {
		t.Fatal(err)
	}
	const name = "assets/index-abc.js"
	want := string(sample[name].Data)
	w := serve(t, p, Path+name, nil)
	if w.Body.String() != want || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("the file is %q with %v", w.Body, w.Header())
	}
	w = serve(t, p, Path+name, http.Header{"Accept-Encoding": {"gzip, deflate, br"}})
	if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() >= len(want) {
		t.Fatalf("for who takes gzip it has %d bytes, by %q", w.Body.Len(), w.Header().Get("Content-Encoding"))
	}
	r, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != want {
		t.Errorf("unpacked it is %q, %v", got, err)
	}
}

// TestOwnBuild is about what is in this build, with the console or without it.
func TestOwnBuild(t *testing.T) {
	p := New("parley-demo")
	w := serve(t, p, Path, nil)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<title>Parley") {
		t.Errorf("the page is %d: %s", w.Code, w.Body)
	}
	if len(p.files) == 0 {
		t.Error("it has no files")
	}
	for name := range p.files {
		if w := serve(t, p, Path+name, nil); w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s is %d", name, w.Code)
		}
	}
}
