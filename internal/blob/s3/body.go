package s3

import (
	"io"
	"net/http"
	"sync"
)

// keep is how much of a body is kept to be sent again. A request that a busy
// service refuses is refused about then: larger ones ask first (Expect: 100-continue).
const keep = 256 << 10

// body is the body of a Put: it can be sent again as long as all that was read
// of it is kept. One goroutine at a time uses it.
type body struct {
	r    io.Reader
	size int64
	kept []byte
	pos  int64 // of the next byte
	read int64 // from r so far
	err  error // how reading r has ended
}

func (b *body) Read(p []byte) (int, error) {
	if b.pos < b.read {
		n := copy(p, b.kept[b.pos:])
		b.pos += int64(n)
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.read += int64(n)
	b.pos, b.err = b.read, err
	if b.read <= keep {
		b.kept = append(b.kept, p[:n]...)
	} else {
		b.kept = nil
	}
	return n, err
}

// rewind goes back to the beginning and reports whether it could. A request
// without a body can always be sent again.
func (b *body) rewind() bool {
	if b == nil {
		return true
	}
	if b.read > keep || b.err != nil && b.err != io.EOF {
		return false
	}
	b.pos = 0
	return true
}

// sending is a body in one attempt to send it. An attempt may end, by an early
// answer, while net/http still reads; Close waits for the Read under way, and
// none follows.
type sending struct {
	mu   sync.Mutex // guards body
	body *body
}

func (s *sending) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.body == nil {
		return 0, http.ErrBodyReadAfterClose
	}
	return s.body.Read(p)
}

func (s *sending) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body = nil
	return nil
}
