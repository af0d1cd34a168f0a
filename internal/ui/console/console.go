// Package console serves the console at /console/: the agent's desk and the supervisor's floor, built from web/console by make console. They
// are embedded by the build tag console, so that whoever has no Node builds a server all the same: its page says how to build the other.
//
// The pages have no private way in. What they do they ask of the agent's API, by the session in a cookie that no script reads.
//
// Start reading at [Pages.Mounts].
package console

import (
	"bytes"
	"compress/gzip"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"parley.example/parley/internal/edge"
)

// Path is where the console is.
const Path = "/console/"

// policy has the pages load nothing from elsewhere but what chats show: pictures of lists, and attachments in S3. Style sheets of Cloudscape have
// small pictures in them.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self' data:; img-src 'self' data: blob: https:; media-src 'self'; connect-src 'self' https: ws: wss:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Pages serves the console. It may be used by many goroutines.
type Pages struct {
	instance string
	index    *template.Template
	files    map[string]*file // by their paths below Path
}

// file is one of the files of the pages. What a build writes has a name that no other content has.
type file struct {
	typ   string
	whole []byte
	small func() []byte // by gzip, made when somebody asks for it: a server is to start at once
}

// New returns the pages of the build, or the one that says how to build them. The instance is that of pages whose address names none, which is
// filled in where somebody signs in; it may be "".
func New(instance string) *Pages {
	p, err := load(instance, built)
	if err != nil {
		panic(err) // the files are part of the program
	}
	return p
}

func load(instance string, from fs.FS) (*Pages, error) {
	p := &Pages{instance: instance, files: map[string]*file{}}
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		whole, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		if name == "index.html" {
			p.index, err = template.New(name).Parse(string(whole))
			return err
		}
		p.files[name] = &file{typ: mime.TypeByExtension(path.Ext(name)), whole: whole, small: sync.OnceValue(func() []byte { return compressed(whole) })}
		return nil
	})
	return p, err
}

func compressed(whole []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(whole) // a buffer has no errors
	w.Close()
	return b.Bytes()
}

// Mounts is the table of what the pages answer.
func (p *Pages) Mounts() []edge.Mount {
	return []edge.Mount{
		{Pattern: "GET " + strings.TrimSuffix(Path, "/"), Handler: http.HandlerFunc(slash)},
		{Pattern: "GET " + Path, Handler: p},
	}
}

// slash sends browsers to the page, which refers to its files by relative addresses.
func slash(w http.ResponseWriter, r *http.Request) {
	to := strings.TrimPrefix(Path, "/")
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusPermanentRedirect)
}

func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	name := strings.TrimPrefix(r.URL.Path, Path)
	if name == "" {
		p.page(w)
		return
	}
	f := p.files[name]
	if f == nil {
		http.NotFound(w, r)
		return
	}
	h.Set("Content-Type", f.typ)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.whole
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.small()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) // if the client is gone there is nobody to report an error to
}

func (p *Pages) page(w http.ResponseWriter) {
	var b bytes.Buffer
	if err := p.index.Execute(&b, struct{ Instance string }{p.instance}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes())
}
