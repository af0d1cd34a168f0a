package blob

import (
	"context"
	"io"

	"parley.example/parley/internal/center"
)

// Exactly returns a reader of r for a Put: it fails, with reason Invalid, where
// r has more or fewer than size bytes, and when ctx ends. It gives the last byte
// only once r has ended behind it, so whoever has all bytes has a whole file.
func Exactly(ctx context.Context, r io.Reader, size int64) (io.Reader, error) {
	if size < 0 {
		return nil, center.Errorf(center.Invalid, "a file cannot have %d bytes", size)
	}
	return &exact{ctx: ctx, r: r, size: size}, nil
}

type exact struct {
	ctx     context.Context
	r       io.Reader
	size, n int64
	err     error // how the reading has ended
}

func (e *exact) Read(p []byte) (n int, err error) {
	if e.err == nil {
		e.err = e.ctx.Err()
	}
	if e.err != nil {
		return 0, e.err
	}
	if left := e.size - e.n; left > 0 {
		n, err = e.r.Read(p[:min(int64(len(p)), left)])
		e.n += int64(n)
	}
	switch {
	case e.n == e.size && (err == nil || err == io.EOF):
		if e.err = e.end(); e.err != io.EOF {
			return 0, e.err
		}
	case err == io.EOF:
		e.err = center.Errorf(center.Invalid, "the file has %d bytes; %d were announced", e.n, e.size)
	default:
		e.err = err
	}
	return n, e.err
}

// end returns io.EOF when nothing follows the last byte.
func (e *exact) end() error {
	_, err := io.ReadFull(e.r, make([]byte, 1))
	if err == nil {
		return center.Errorf(center.Invalid, "the file has more than the announced %d bytes", e.size)
	}
	return err
}
