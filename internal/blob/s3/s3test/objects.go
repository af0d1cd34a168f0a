package s3test

import (
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// object is a content that was put whole.
type object struct {
	path string
	etag string
	size int64
	at   time.Time
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("Range")))
	s.mu.Unlock()
	if status, code := check(r); code != "" {
		refuse(w, r, status, code)
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if bucket == s.Bucket && key == "" && r.URL.Query().Get("list-type") == "2" {
		if !s.strike(s.fault(http.MethodGet), w, r) {
			s.list(w, r)
		}
		return
	}
	if bucket != s.Bucket || key == "" {
		refuse(w, r, http.StatusNotFound, "NoSuchBucket")
		return
	}
	f := s.fault(r.Method)
	if s.strike(f, w, r) {
		return
	}
	switch r.Method {
	case http.MethodPut:
		s.put(w, r, key)
	case http.MethodGet, http.MethodHead:
		s.get(w, r, key, f)
	case http.MethodDelete:
		s.mu.Lock()
		delete(s.objects, key) // its content stays for those who read it
		s.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, r, http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
}

func (s *Server) put(w http.ResponseWriter, r *http.Request, key string) {
	o := object{path: filepath.Join(s.dir, rand.Text()), etag: `"` + rand.Text() + `"`, at: s.Now()}
	file, err := os.Create(o.path)
	if err == nil {
		o.size, err = io.Copy(struct{ io.Writer }{file}, r.Body)
	}
	if file.Close() != nil || err != nil || o.size != r.ContentLength {
		refuse(w, r, http.StatusBadRequest, "IncompleteBody")
		return
	}
	s.mu.Lock()
	s.objects[key] = o
	s.mu.Unlock()
	w.Header().Set("ETag", o.etag)
}

// pageOfKeys is how many keys one answer lists: few, so that every listing has pages.
const pageOfKeys = 7

// list answers ListObjectsV2. A token is the key after which to go on.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	type content struct {
		Key          string
		LastModified string
		ETag         string
		Size         int64
	}
	out := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []content
	}{}
	prefix, after := r.URL.Query().Get("prefix"), r.URL.Query().Get("continuation-token")
	s.mu.Lock()
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		if len(out.Contents) == pageOfKeys {
			out.IsTruncated, out.NextContinuationToken = true, out.Contents[pageOfKeys-1].Key
			break
		}
		o := s.objects[key]
		out.Contents = append(out.Contents, content{key, o.at.UTC().Format("2006-01-02T15:04:05.000Z"), o.etag, o.size})
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(out) // the client sees what is missing
}

func (s *Server) get(w http.ResponseWriter, r *http.Request, key string, f *Fault) {
	s.mu.Lock()
	o, ok := s.objects[key]
	s.mu.Unlock()
	switch match := r.Header.Get("If-Match"); {
	case !ok && s.hideMissing:
		refuse(w, r, http.StatusForbidden, "AccessDenied")
		return
	case !ok:
		refuse(w, r, http.StatusNotFound, "NoSuchKey")
		return
	case match != "" && match != o.etag:
		refuse(w, r, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	file, err := os.Open(o.path)
	if err != nil {
		refuse(w, r, http.StatusInternalServerError, "InternalError")
		return
	}
	defer file.Close()
	w.Header().Set("ETag", o.etag)
	if f != nil {
		w = &cutting{w, f.Cut, func() { s.end(f, r) }}
	}
	http.ServeContent(w, r, "", time.Time{}, struct{ io.ReadSeeker }{file})
}

// cutting is an answer whose body ends early.
type cutting struct {
	http.ResponseWriter
	left int64
	end  func()
}

func (c *cutting) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(int64(len(p)), c.left)])
	if c.left -= int64(n); err == nil && n < len(p) {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		c.end()
	}
	return n, err
}

// refuse answers with an error as S3 writes it.
func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = fmt.Fprintf(w, "<?xml version=\"1.0\"?>\n<Error><Code>%s</Code><Message>%[1]s</Message></Error>", code)
	}
}
