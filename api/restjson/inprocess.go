package restjson

import (
	"bytes"
	"io"
	"net/http"
)

// InProcess returns a client that calls h directly, without a network: for embedding a server and
// for tests that speak the whole protocol. A panic of h reaches the caller.
func InProcess(h http.Handler) *http.Client { return &http.Client{Transport: inProcess{h}} }

type inProcess struct{ h http.Handler }

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if in.ContentLength == 0 && in.Body != http.NoBody {
		in.ContentLength = -1 // a client says 0 for unknown, a server -1
	}
	defer func() { _ = in.Body.Close() }() // a transport must; it has nothing to say
	in.RequestURI = in.URL.RequestURI()
	in.Host = in.URL.Host
	w := &recorder{header: http.Header{}}
	t.h.ServeHTTP(w, in)
	w.WriteHeader(http.StatusOK)
	return &http.Response{
		Status:        http.StatusText(w.status),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.header,
		Body:          io.NopCloser(&w.body),
		ContentLength: int64(w.body.Len()),
		Request:       r,
	}, nil
}

// recorder keeps a response. Only the first status counts, as on the wire.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.header = w.header.Clone()
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}
