package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	maxAttempts = 3
	backoff     = 250 * time.Millisecond // doubles with each attempt; up to that much is waited
	maxAnswer   = 64 << 10               // of an answer that is no object
	unsigned    = "UNSIGNED-PAYLOAD"
)

var emptyHash = func() string { h := sha256.Sum256(nil); return hex.EncodeToString(h[:]) }()

// client sends signed requests for objects of one bucket.
type client struct {
	http        *http.Client
	base        string // URL of the bucket
	region      string
	credentials aws.CredentialsProvider
}

// request is what is asked of an object. Body may be nil.
type request struct {
	method, key string
	header      http.Header
	body        *body
}

// do sends a request, again where that may help, and returns the answer when it
// is one of success; the caller closes its body. Other answers are a [*refusal].
func (c *client) do(ctx context.Context, q request) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		res, err := c.attempt(ctx, q)
		if err == nil || attempt == maxAttempts || !transient(err) || !q.body.rewind() {
			return res, err
		}
		select {
		case <-time.After(rand.N(backoff << attempt)):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (c *client) attempt(ctx context.Context, q request) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, q.method, c.base+"/"+q.key, nil)
	if err != nil {
		return nil, err
	}
	maps.Copy(r.Header, q.header)
	hash := emptyHash
	if q.body != nil && q.body.size > 0 {
		sent := &sending{body: q.body}
		defer sent.Close() // the transport may still be sending
		r.Body, r.ContentLength, hash = sent, q.body.size, unsigned
		if q.body.size > keep {
			r.Header.Set("Expect", "100-continue")
		}
	}
	r.Header.Set("X-Amz-Content-Sha256", hash)
	keys, err := c.credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("no credentials for AWS: %w", err)
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }) // S3 alone escapes once
	// Signatures keep to the wall clock: they are refused when they are minutes off.
	if err := signer.SignHTTP(ctx, keys, r, hash, "s3", c.region, time.Now()); err != nil {
		return nil, err
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	return nil, refused(res)
}

// finish reads and closes the body of an answer that is no object.
func finish(res *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer)) // the connection is used again if this succeeds
	res.Body.Close()
}

// refusal is an answer that is not one of success.
type refusal struct {
	status        int
	code, message string // "" when the answer does not say
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("answered %d %s", r.status, http.StatusText(r.status))
	if r.code != "" {
		text += fmt.Sprintf(" (%.100q: %.300q)", r.code, r.message)
	}
	return text
}

// refused reads an answer that is not one of success.
func refused(res *http.Response) *refusal {
	defer finish(res)
	var said struct{ Code, Message string }
	// An answer that is no XML leaves its status.
	_ = xml.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&said)
	return &refusal{res.StatusCode, said.Code, said.Message}
}

// broken is the error of a body that broke off.
type broken struct{ err error }

func (b *broken) Error() string { return "the connection broke: " + b.err.Error() }
func (b *broken) Unwrap() error { return b.err }

// transient reports whether a later attempt may succeed: the service was not
// reached, broke off, or is busy.
func transient(err error) bool {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.status >= 500 || r.status == http.StatusTooManyRequests || r.status == http.StatusRequestTimeout || r.code == "RequestTimeout"
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return true
	}
	_, ok := errors.AsType[*broken](err)
	return ok
}
