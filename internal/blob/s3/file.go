package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// file is an object that is read. Its body is the answer to one request, and
// stands somewhere in the object; reading elsewhere is another request, which
// demands the same ETag.
type file struct {
	ctx   context.Context
	store *Store
	key   string
	etag  *string
	size  int64

	body io.ReadCloser // nil when there is none
	at   int64         // where body stands
	pos  int64         // where the next Read begins
}

// Read gives what the body has. A body that breaks off is asked for again from
// there on, as often as a request is attempted.
func (f *file) Read(p []byte) (int, error) {
	if f.pos >= f.size {
		return 0, io.EOF
	}
	var err error
	for range maxAttempts {
		if f.body == nil || f.at != f.pos {
			if err := f.reopen(); err != nil {
				return 0, err
			}
		}
		var n int
		if n, err = f.body.Read(p); n > 0 || err == nil {
			f.at += int64(n)
			f.pos = f.at
			return n, nil // an error comes again, with the next Read
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		f.drop()
		if f.ctx.Err() != nil {
			break
		}
	}
	return 0, f.store.mapped(f.ctx, "read", f.key, &cut{err})
}

// reopen asks for the object from the next position on.
func (f *file) reopen() error {
	f.drop()
	out, err := f.store.get(f.ctx, f.key, f.etag, new(fmt.Sprintf("bytes=%d-", f.pos)))
	if err != nil {
		return f.store.mapped(f.ctx, "read", f.key, err)
	}
	if n, err := length(out.ContentLength); err != nil || n != f.size-f.pos {
		return errors.Join(f.store.mapped(f.ctx, "read", f.key, fmt.Errorf("asked for bytes %d to %d, the answer has %d", f.pos, f.size-1, n)), out.Body.Close())
	}
	f.body, f.at = out.Body, f.pos
	return nil
}

// drop ends the request under way.
func (f *file) drop() {
	if f.body != nil {
		f.body.Close() // what it says of a body that nobody wants does not matter
		f.body = nil
	}
}

// Seek implements [io.Seeker]. It asks for nothing: Read does.
func (f *file) Seek(offset int64, whence int) (int64, error) {
	from, ok := map[int]int64{io.SeekStart: 0, io.SeekCurrent: f.pos, io.SeekEnd: f.size}[whence]
	if !ok || from+offset < 0 {
		return 0, fmt.Errorf("seek by %d from %d: not a valid position", offset, whence)
	}
	f.pos = from + offset
	return f.pos, nil
}

func (f *file) Close() error {
	f.drop()
	return nil
}
