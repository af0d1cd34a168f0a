// Package ui has the web pages of a server: in development mode the start page,
// with the demo's ids, commands to copy and a chat to try ([Start]), otherwise a page
// that says what the address is ([Home]). Pages are plain HTML,
// CSS and ES modules without a build step, embedded in the binary.
package ui

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"net/http"
)

//go:embed assets
var files embed.FS

// page is parsed once; the package's test finds a page that does not parse.
var page = template.Must(template.ParseFS(files, "assets/start.html"))

// Start serves the start page at / and its files below /assets/.
type Start struct {
	Instance string                       // the demo instance's id
	Flow     string                       // the demo flow's id
	Region   string                       // the region for SDKs
	URL      func(context.Context) string // how the client that asks reaches the server
	Agent    func(url string) string      // the command line of an agent who works there
}

// view is the data of the page's template.
type view struct {
	Instance, Flow, Region, URL, Agent string
}

func (s Start) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	// Pictures of lists that bots show come from anywhere.
	h.Set("Content-Security-Policy", "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob: https:; style-src 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if r.URL.Path != "/" {
		http.FileServerFS(files).ServeHTTP(w, r)
		return
	}
	url := s.URL(r.Context())
	var b bytes.Buffer
	if err := page.Execute(&b, view{s.Instance, s.Flow, s.Region, url, s.Agent(url)}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.Write(b.Bytes()) // if the client is gone there is nobody to report an error to
}
