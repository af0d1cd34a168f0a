// Package memory keeps files in memory, as many bytes of them as it is told, for
// development and tests. A file that is open stays readable when it is replaced
// or deleted.
package memory

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/center"
)

// Store is a [blob.Store] in memory. Make it with [New].
type Store struct {
	max int64

	mu    sync.Mutex // guards what follows
	used  int64
	files map[string][]byte
}

var _ blob.Store = (*Store)(nil)

// New keeps at most maxBytes of files. A Put beyond that
// is refused with reason Unavailable.
func New(maxBytes int64) *Store {
	return &Store{max: maxBytes, files: map[string][]byte{}}
}

// Put implements [blob.Store].
func (s *Store) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	r, err := blob.Exactly(ctx, r, size)
	if err != nil {
		return err
	}
	if err := s.reserve(size); err != nil { // before memory is spent on it
		return err
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		s.release(size)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= int64(len(s.files[key]))
	s.files[key] = bytes.Clone(b.Bytes())
	return nil
}

func (s *Store) reserve(size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if size > s.max-s.used {
		return center.Errorf(center.Unavailable, "there is no capacity left for a file of %d bytes", size)
	}
	s.used += size
	return nil
}

func (s *Store) release(size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= size
}

// Open implements [blob.Store].
func (s *Store) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if err := errors.Join(blob.CheckKey(key), ctx.Err()); err != nil {
		return nil, 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.files[key]
	if !ok {
		return nil, 0, blob.Missing(key)
	}
	return unclosed{bytes.NewReader(b)}, int64(len(b)), nil
}

// Size implements [blob.Store].
func (s *Store) Size(ctx context.Context, key string) (int64, error) {
	f, size, err := s.Open(ctx, key)
	if err != nil {
		return 0, err
	}
	return size, f.Close()
}

// Delete implements [blob.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := errors.Join(blob.CheckKey(key), ctx.Err()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= int64(len(s.files[key]))
	delete(s.files, key)
	return nil
}

// Close implements [blob.Store].
func (s *Store) Close() error { return nil }

// unclosed gives a reader a Close without effect.
type unclosed struct{ io.ReadSeeker }

func (unclosed) Close() error { return nil }
