// Package s3 keeps files in a bucket of Amazon S3, or of a service that speaks
// its API: MinIO, Ceph and others. An object's key is a prefix and the file's key.
//
// A file is one object, put by one request of known length: it is there as a
// whole or not at all, whatever is cut off. It passes through in pieces; what is
// kept of it is the beginning, so that a request that was refused early can be
// sent again. Only what every service understands is used: PUT, GET, HEAD and
// DELETE of an object, ranges and If-Match. Bodies are not part of signatures, as
// they would have to be read twice for that.
//
// Requests are bounded in time: to connect, to be answered, and between two
// pieces of a body. They are retried where that may help. What cannot be reached
// then is reason Unavailable. Credentials are looked up as AWS SDKs do it; no
// error and no log holds a secret. Start reading at [Open], then client.do.
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

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
	client   *client
	at       Location
	endpoint string
	where    string // for errors
}

var _ blob.Store = (*Store)(nil)

// maxSize is what S3 takes in one request.
const maxSize = 5 << 30

// Open reads the configuration of AWS SDKs and makes sure that the bucket can be
// used, by writing, reading and deleting a small object. Its error says, in one
// sentence, what an operator can do about it.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{at: o.Location, endpoint: o.Endpoint, where: o.String()}
	cfg, err := awsconf.Load(ctx, o.Region)
	if err == nil && s.endpoint == "" {
		s.endpoint, err = awsconf.Endpoint(ctx, cfg, "S3")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.where, err)
	}
	s.endpoint = strings.TrimSuffix(s.endpoint, "/")
	if u, err := url.Parse(s.endpoint); s.endpoint != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil) {
		return nil, fmt.Errorf("%s: the endpoint of S3 is not a valid URL; want one as in https://minio.example.com:9000", s.where)
	}
	if s.endpoint != "" {
		s.where += " at " + s.endpoint
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, fmt.Errorf("%s: there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE: %w", s.where, err)
	}
	s.client = &client{http: newHTTP(o.Dial), base: bucketURL(o.Bucket, s.endpoint, cfg.Region), region: cfg.Region, credentials: cfg.Credentials}
	if err := s.probe(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", s.where, err), s.Close())
	}
	return s, nil
}

// bucketURL returns the base URL of a bucket. Services elsewhere seldom have a
// host name per bucket, and certificates do not cover one with dots in it.
func bucketURL(bucket, endpoint, region string) string {
	amazon := "s3." + region + "." + awsconf.Domain(region)
	switch {
	case endpoint != "":
		return endpoint + "/" + bucket
	case strings.Contains(bucket, "."):
		return "https://" + amazon + "/" + bucket
	}
	return "https://" + bucket + "." + amazon
}

// Endpoint returns the base URL of the service, "" for Amazon's own.
func (s *Store) Endpoint() string { return s.endpoint }

// Put implements [blob.Store].
func (s *Store) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if err := errors.Join(blob.CheckKey(key), ctx.Err()); err != nil {
		return err
	}
	if size > maxSize {
		return center.Errorf(center.Invalid, "a file may have at most %d bytes; %d were announced", int64(maxSize), size)
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
	b := &body{r: r, size: size}
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
	res, err := s.get(ctx, key, nil)
	if err == nil && res.ContentLength < 0 {
		res.Body.Close() // nothing was read of it
		err = errNoLength
	}
	if err != nil {
		return nil, 0, s.mapped(ctx, "read", key, err)
	}
	return &file{ctx: ctx, store: s, key: key, etag: res.Header.Get("ETag"), size: res.ContentLength, body: res.Body}, res.ContentLength, nil
}

// Size implements [blob.Store].
func (s *Store) Size(ctx context.Context, key string) (int64, error) {
	if err := errors.Join(blob.CheckKey(key), ctx.Err()); err != nil {
		return 0, err
	}
	size, err := s.head(ctx, key)
	return size, s.mapped(ctx, "look up", key, err)
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

// Close implements [blob.Store]: it closes idle connections.
func (s *Store) Close() error {
	s.client.http.CloseIdleConnections()
	return nil
}

var errNoLength = errors.New("the answer does not say how long the object is")

// The requests, with the errors of [client.do].

func (s *Store) put(ctx context.Context, key string, b *body) error {
	return s.ask(ctx, request{method: http.MethodPut, key: key, body: b})
}

func (s *Store) delete(ctx context.Context, key string) error {
	return s.ask(ctx, request{method: http.MethodDelete, key: key})
}

// ask sends a request whose answer holds nothing.
func (s *Store) ask(ctx context.Context, q request) error {
	q.key = s.at.Prefix + q.key
	res, err := s.client.do(ctx, q)
	if err == nil {
		finish(res)
	}
	return err
}

func (s *Store) get(ctx context.Context, key string, header http.Header) (*http.Response, error) {
	return s.client.do(ctx, request{method: http.MethodGet, key: s.at.Prefix + key, header: header})
}

func (s *Store) head(ctx context.Context, key string) (size int64, err error) {
	res, err := s.client.do(ctx, request{method: http.MethodHead, key: s.at.Prefix + key})
	if err != nil {
		return 0, err
	}
	finish(res)
	if res.ContentLength < 0 {
		return 0, errNoLength
	}
	return res.ContentLength, nil
}
