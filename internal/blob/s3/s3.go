// Package s3 keeps files in a bucket of Amazon S3, or of a service that speaks
// its API: MinIO, Ceph and others. An object's key is a prefix and the file's key.
//
// A file is one object, put by one request of known length: it is there as a
// whole or not at all, whatever is cut off. It passes through in pieces; what is
// kept of it is the beginning, so that a request that was refused early can be
// sent again. Only what every service understands is used: no checksums in
// trailers, no chunked signatures, no multipart uploads. Only backups list objects. Bodies
// are not part of signatures, as they would have to be read twice for that.
//
// Requests are bounded in time: to connect, to be answered, and between two
// pieces of a body. They are retried where that may help. What cannot be reached
// then is reason Unavailable. Names and credentials are looked up as AWS SDKs
// do it; no error and no log holds a secret. Start reading at [Open].
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"parley.example/parley/internal/awsconf"
	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/center"
)

// Options say where files are kept.
type Options struct {
	Location
	// Endpoint is the base URL of an S3-compatible service. When it is empty, the
	// configuration of AWS SDKs says where S3 is: AWS_ENDPOINT_URL_S3,
	// AWS_ENDPOINT_URL, a profile, or Amazon.
	Endpoint string
	// Region is the bucket's where the configuration of AWS SDKs names none.
	Region string
	// Dial connects to the service; a [net.Dialer] does when it is nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Store is a [blob.Store] in a bucket. Make it with [Open].
type Store struct {
	client *s3.Client
	http   *http.Client
	at     Location
	where  string // for errors
}

var _ blob.Lister = (*Store)(nil)

const (
	maxAttempts = 3
	maxBackoff  = 2 * time.Second
	maxSize     = math.MaxInt32 // the SDK counts lengths in an int
)

// Open reads the configuration of AWS SDKs and makes sure that the bucket can be
// used, by writing, reading and deleting a small object. Its error says, in one
// sentence, what an operator can do about it.
func Open(ctx context.Context, o Options) (*Store, error) {
	cfg, err := awsconf.Load(ctx, o.Region)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Location, err)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, fmt.Errorf("%s: there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE: %w", o.Location, err)
	}
	s := &Store{http: newHTTP(o.Dial), at: o.Location}
	s.client = s3.NewFromConfig(cfg, func(c *s3.Options) {
		if o.Endpoint != "" {
			c.BaseEndpoint = &o.Endpoint
		}
		// Services elsewhere seldom have a host name per bucket.
		c.UsePathStyle = c.BaseEndpoint != nil
		c.HTTPClient = s.http
		c.ContinueHeaderThresholdBytes = -1 // see put
		c.Logger = logging.Nop{}            // what goes wrong is returned
		c.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		c.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		c.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts, r.MaxBackoff, r.RateLimiter = maxAttempts, maxBackoff, ratelimit.None
		})
	})
	s.where = o.String()
	if e := s.Endpoint(); e != "" {
		s.where += " at " + e
	}
	if err := s.probe(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", s.where, err), s.Close())
	}
	return s, nil
}

// Endpoint returns the base URL of the service, "" for Amazon's own.
func (s *Store) Endpoint() string { return aws.ToString(s.client.Options().BaseEndpoint) }

// Put implements [blob.Store].
func (s *Store) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if err := errors.Join(blob.CheckKey(key), ctx.Err()); err != nil {
		return err
	}
	if size > maxSize {
		return center.Errorf(center.Invalid, "a file may have at most %d bytes; %d were announced", maxSize, size)
	}
	r, err := blob.Exactly(ctx, r, size)
	if err != nil {
		return err
	}
	if size == 0 { // no request would read it
		if _, err := io.Copy(io.Discard, r); err != nil {
			return err
		}
	}
	b := &body{r: r, size: int(size)}
	err = s.put(ctx, key, b)
	if err != nil && b.err != nil && b.err != io.EOF {
		return b.err // the request failed because of the file
	}
	return s.mapped(ctx, "write", key, err)
}

// Open implements [blob.Store].
func (s *Store) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if err := errors.Join(blob.CheckKey(key), ctx.Err()); err != nil {
		return nil, 0, err
	}
	out, err := s.get(ctx, key, nil, nil)
	if err != nil {
		return nil, 0, s.mapped(ctx, "read", key, err)
	}
	size, err := length(out.ContentLength)
	if err != nil {
		return nil, 0, errors.Join(s.mapped(ctx, "read", key, err), out.Body.Close())
	}
	return &file{ctx: ctx, store: s, key: key, etag: out.ETag, size: size, body: out.Body}, size, nil
}

// Size implements [blob.Store].
func (s *Store) Size(ctx context.Context, key string) (int64, error) {
	if err := errors.Join(blob.CheckKey(key), ctx.Err()); err != nil {
		return 0, err
	}
	out, err := s.head(ctx, key)
	if err != nil {
		return 0, s.mapped(ctx, "look up", key, err)
	}
	size, err := length(out.ContentLength)
	return size, s.mapped(ctx, "look up", key, err)
}

func length(n *int64) (int64, error) {
	if n == nil || *n < 0 {
		return 0, errors.New("the answer does not say how long the object is")
	}
	return *n, nil
}

// Delete implements [blob.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := errors.Join(blob.CheckKey(key), ctx.Err()); err != nil {
		return err
	}
	err := s.mapped(ctx, "delete", key, s.delete(ctx, key))
	if err != nil && center.ReasonOf(err) == center.NotFound {
		return nil // Amazon does not say so, others do
	}
	return err
}

// List implements [blob.Lister].
func (s *Store) List(ctx context.Context, prefix string, each func(blob.Info) error) error {
	if prefix != "" {
		if err := blob.CheckKey(prefix); err != nil {
			return err
		}
		prefix += "/"
	}
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.at.Bucket, Prefix: s.key(prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return s.mapped(ctx, "list", prefix, err)
		}
		for _, o := range page.Contents {
			key := strings.TrimPrefix(aws.ToString(o.Key), s.at.Prefix)
			if blob.CheckKey(key) != nil {
				continue // nothing that Put has written
			}
			if err := each(blob.Info{Key: key, Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close implements [blob.Store]: it closes idle connections.
func (s *Store) Close() error {
	s.http.CloseIdleConnections()
	return nil
}

// The requests: each is retried by the SDK, and returns its errors.

func (s *Store) put(ctx context.Context, key string, b *body) error {
	unsigned := []func(*middleware.Stack) error{v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware}
	if b.size > keep { // it could not be sent again: ask first
		unsigned = append(unsigned, askFirst)
	}
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.at.Bucket, Key: s.key(key), Body: b, ContentLength: new(int64(b.size)),
	}, s3.WithAPIOptions(unsigned...), func(c *s3.Options) {
		c.Retryer = retryer{c.Retryer, b}
	})
	return err
}

// askFirst has a request wait for the service to agree before it sends its body.
// The SDK's own way sets the header, and sends the body all the same: net/http
// waits only when the request says that it is of HTTP 1.1, which the SDK leaves open.
func askFirst(stack *middleware.Stack) error {
	return stack.Build.Add(middleware.BuildMiddlewareFunc("AskFirst", func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
		if r, ok := in.Request.(*smithyhttp.Request); ok {
			r.Header.Set("Expect", "100-continue")
			r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
		}
		return next.HandleBuild(ctx, in)
	}), middleware.After)
}

func (s *Store) get(ctx context.Context, key string, etag, span *string) (*s3.GetObjectOutput, error) {
	return s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.at.Bucket, Key: s.key(key), IfMatch: etag, Range: span})
}

func (s *Store) head(ctx context.Context, key string) (*s3.HeadObjectOutput, error) {
	return s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.at.Bucket, Key: s.key(key)})
}

func (s *Store) delete(ctx context.Context, key string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.at.Bucket, Key: s.key(key)})
	return err
}

func (s *Store) key(key string) *string { return new(s.at.Prefix + key) }
