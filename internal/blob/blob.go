// Package blob keeps files: attachments of chats and exported transcripts. A
// file has a key, is written once as a whole, and is read any number of times.
//
// [Dir] keeps files in a directory and [Memory] in memory, with a bound, for
// development. Both give a reader only files that were written completely:
// when Put returns nil the file is there and, in a directory, survives the
// death of the machine; when it fails there is nothing, or what was there before.
//
// Keys are paths of safe segments, such as "attachments/CHAT/ID": one to eight segments of
// 1 to 128 letters, digits, dots, dashes and underscores that do not begin
// with a dot. Any other key is refused with reason Invalid, so a key made of
// what a client sent cannot lead out of the store.
package blob

import (
	"context"
	"io"
	"strings"

	"parley.example/parley/internal/center"
)

// Store keeps files by key. All methods may be called by many goroutines.
type Store interface {
	// Put writes a file of exactly size bytes, in place of what the key held.
	// When r gives more or fewer, the reason is Invalid and nothing is
	// changed. Put reads at most one byte more than size.
	Put(ctx context.Context, key string, r io.Reader, size int64) error
	// Open returns a file and its size; the caller closes it. A file that is
	// not there is reason NotFound. A file that is replaced or deleted
	// meanwhile stays readable as it was.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)
	// Delete removes a file. One that is not there is no error.
	Delete(ctx context.Context, key string) error
}

const (
	maxSegments = 8
	maxSegment  = 128
)

// check refuses keys that are not of the form the package comment describes.
func check(key string) error {
	n := 0
	for segment := range strings.SplitSeq(key, "/") {
		if n++; n > maxSegments || !safe(segment) {
			return center.Errorf(center.Invalid, "%.200q is not the name of a file", key)
		}
	}
	return nil
}

func safe(segment string) bool {
	if segment == "" || len(segment) > maxSegment || segment[0] == '.' {
		return false
	}
	for _, c := range []byte(segment) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// copyExactly copies size bytes from r and makes sure that there are no more
// and no fewer. It looks at ctx between pieces.
func copyExactly(ctx context.Context, w io.Writer, r io.Reader, size int64) error {
	if size < 0 {
		return center.Errorf(center.Invalid, "a file cannot have %d bytes", size)
	}
	n, err := io.Copy(w, &pieces{ctx: ctx, r: io.LimitReader(r, size+1)})
	switch {
	case err != nil:
		return err
	case n > size:
		return center.Errorf(center.Invalid, "the file has more than the announced %d bytes", size)
	case n < size:
		return center.Errorf(center.Invalid, "the file has %d bytes; %d were announced", n, size)
	}
	return nil
}

// pieces reads until its context ends.
type pieces struct {
	ctx context.Context
	r   io.Reader
}

func (p *pieces) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

func missing(key string) error {
	return center.Errorf(center.NotFound, "file %q does not exist", key)
}
