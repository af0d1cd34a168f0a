// Package ui is the pages that a server shows: in development mode the start
// page, with the demo's ids, commands to copy and a chat to try. Pages are
// plain HTML, CSS and ES modules without a build, embedded in the binary.
package ui

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
)

//go:embed assets
var files embed.FS

// page is parsed once; a page that does not parse is a mistake of the build,
// which the package's test finds.
var page = template.Must(template.ParseFS(files, "assets/start.html"))

// Start serves the start page at / and its files below /assets/.
type Start struct {
	Instance string        // the demo instance's id
	Flow     string        // the demo flow's id
	Region   string        // what SDKs are to be told
	URL      func() string // how clients reach the server
}

// view is what the page's template is given.
type view struct {
	Instance, Flow, Region, URL string
}

func (s Start) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; style-src 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if r.URL.Path != "/" {
		http.FileServerFS(files).ServeHTTP(w, r)
		return
	}
	var b bytes.Buffer
	if err := page.Execute(&b, view{s.Instance, s.Flow, s.Region, s.URL()}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.Write(b.Bytes()) // the client may be gone; there is nobody else to tell
}
