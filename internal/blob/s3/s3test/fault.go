package s3test

import (
	"io"
	"net/http"
)

// Fault is how a server fails. One strikes at a time, the first that was
// injected and fits.
type Fault struct {
	Method string // of the requests that it strikes; all when empty
	Times  int    // how many it strikes; 1 when 0
	Always bool   // it strikes every request

	// Status and Code are answered, before the body of a request is read or, with
	// AfterBody, when it has been. Without them the request goes its way.
	Status    int
	Code      string
	AfterBody bool
	// Cut is after how many bytes of the body, received or sent, the connection
	// breaks. With Hang it stays, and nothing more comes.
	Cut  int64
	Hang bool
}

// Inject lets the server fail.
func (s *Server) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		f.Times = max(f.Times, 1)
		s.faults = append(s.faults, &f)
	}
}

// fault takes the fault that strikes a request, nil when none does.
func (s *Server) fault(method string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times > 0 && (f.Method == "" || f.Method == method) {
			if !f.Always {
				f.Times--
			}
			return f
		}
	}
	return nil
}

// strike fails a request, if f does so before its answer, and reports whether it
// has been answered.
func (s *Server) strike(f *Fault, w http.ResponseWriter, r *http.Request) bool {
	if f == nil {
		return false
	}
	if f.AfterBody {
		_, _ = io.Copy(io.Discard, r.Body) // what comes of it does not matter
	}
	if f.Status != 0 {
		refuse(w, r, f.Status, f.Code)
		return true
	}
	if r.Method == http.MethodPut {
		_, _ = io.CopyN(io.Discard, r.Body, f.Cut)
		s.end(f, r)
	}
	return false
}

// end breaks the connection, or leaves it hanging until client or server go.
func (s *Server) end(f *Fault, r *http.Request) {
	if f.Hang {
		select {
		case <-r.Context().Done():
		case <-s.closing:
		}
	}
	panic(http.ErrAbortHandler)
}
