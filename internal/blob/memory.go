package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"parley.example/parley/internal/center"
)

// InMemory is a [Store] in memory. Make it with [Memory].
type InMemory struct {
	max int64

	mu    sync.Mutex // guards what follows
	used  int64
	files map[string][]byte
}

var _ Store = (*InMemory)(nil)

// Memory keeps files in memory, at most maxBytes of them. A Put beyond that
// is refused with reason Unavailable.
func Memory(maxBytes int64) *InMemory {
	return &InMemory{max: maxBytes, files: map[string][]byte{}}
}

// Put implements [Store].
func (m *InMemory) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if err := check(key); err != nil {
		return err
	}
	if err := m.reserve(size); err != nil { // before memory is spent on it
		return err
	}
	var b bytes.Buffer
	if err := copyExactly(ctx, &b, r, size); err != nil {
		m.release(size)
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used -= int64(len(m.files[key]))
	m.files[key] = bytes.Clone(b.Bytes())
	return nil
}

func (m *InMemory) reserve(size int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if size > m.max-m.used {
		return center.Errorf(center.Unavailable, "there is no room for a file of %d bytes", size)
	}
	m.used += max(size, 0)
	return nil
}

func (m *InMemory) release(size int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used -= max(size, 0)
}

// Open implements [Store].
func (m *InMemory) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if err := errors.Join(check(key), ctx.Err()); err != nil {
		return nil, 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.files[key]
	if !ok {
		return nil, 0, missing(key)
	}
	return unclosed{bytes.NewReader(b)}, int64(len(b)), nil
}

// Delete implements [Store].
func (m *InMemory) Delete(ctx context.Context, key string) error {
	if err := errors.Join(check(key), ctx.Err()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used -= int64(len(m.files[key]))
	delete(m.files, key)
	return nil
}

// unclosed gives a reader a Close without effect.
type unclosed struct{ io.ReadSeeker }

func (unclosed) Close() error { return nil }
