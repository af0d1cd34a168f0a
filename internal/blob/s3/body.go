package s3

import (
	"errors"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// keep is how much of a body is kept to be sent again. A request that a busy
// service refuses is refused about then: large ones ask first (Expect: 100-continue).
const keep = 256 << 10

// body is the body of a Put. The SDK rewinds it to retry a request, which works
// as long as all that was read of it is kept. Reads do not overlap, and none
// comes after PutObject has returned: the SDK's request closes the body first.
type body struct {
	r    io.Reader
	size int
	kept []byte
	pos  int   // of the next byte
	read int   // from r so far
	err  error // how reading r has ended
}

// Len tells the SDK the length of the whole.
func (b *body) Len() int { return b.size }

func (b *body) Read(p []byte) (int, error) {
	if b.pos < b.read {
		n := copy(p, b.kept[b.pos:])
		b.pos += n
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.read += n
	b.pos, b.err = b.read, err
	if b.read <= keep {
		b.kept = append(b.kept, p[:n]...)
	} else {
		b.kept = nil
	}
	return n, err
}

// again reports whether the body can be sent again from its beginning.
func (b *body) again() bool { return b.read <= keep && (b.err == nil || b.err == io.EOF) }

// Seek rewinds to the beginning, or says where the body stands.
func (b *body) Seek(offset int64, whence int) (int64, error) {
	switch {
	case whence == io.SeekCurrent && offset == 0:
	case whence == io.SeekStart && offset == 0 && b.again():
		b.pos = 0
	default:
		return 0, errors.New("the file has been sent in part and cannot be sent again")
	}
	return int64(b.pos), nil
}

// retryer retries a request as long as its body can be sent again.
type retryer struct {
	aws.Retryer
	body *body
}

func (r retryer) IsErrorRetryable(err error) bool {
	return r.body.again() && r.Retryer.IsErrorRetryable(err)
}
