package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/integration"
)

const (
	firstPause = 200 * time.Millisecond // before the second attempt, doubled with each
	maxPause   = 5 * time.Second
	// maxAttempt is how long one attempt may take, so that a connection that hangs does not
	// take all of the time that there is.
	maxAttempt = 30 * time.Second
)

// Files open the bytes of attachments.
type Files interface {
	Open(ctx context.Context, chat center.ContactID, attachment string) (io.ReadSeekCloser, int64, error)
}

// Scanner is a virus scanner. Its members are not changed after the first call.
type Scanner struct {
	// URL is icap:// or icaps:// with the host, the port unless it is 1344 (11344 for
	// icaps), and the path of a service that answers RESPMOD, or https:// or http:// of a
	// webhook: see [Scanner.Check].
	URL string
	// Secret signs the requests of a webhook.
	Secret []byte
	Client *http.Client // for a webhook
	Files  Files
	// Now is the time of signatures.
	Now func() time.Time
	Log *slog.Logger

	counts struct{ clean, rejected, failed atomic.Uint64 }
}

// Counts are how many files were clean, how many were rejected, and how many attempts failed.
type Counts struct{ Clean, Rejected, Failed uint64 }

// Counts returns what has been counted.
func (s *Scanner) Counts() Counts {
	return Counts{s.counts.clean.Load(), s.counts.rejected.Load(), s.counts.failed.Load()}
}

// Check refuses a scanner that cannot be asked.
func (s *Scanner) Check() error {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("is not a URL like icap://127.0.0.1:1344/avscan or https://scanner.example.com/scan")
	}
	switch u.Scheme {
	case "icap", "icaps":
	case "https", "http":
		if len(s.Secret) < 16 {
			return errors.New("signing the requests of a webhook requires --stream-secret with at least 16 characters")
		}
	default:
		return fmt.Errorf("must begin with icap://, icaps:// or https://, not %s://", u.Scheme)
	}
	return nil
}

// file is one that is looked at.
type file struct {
	center.Attachment
	chat center.ContactID
	open func(context.Context) (io.ReadSeekCloser, error)
}

// mediaType returns the content type of the file without parameters, which its sender has
// written.
func (f *file) mediaType() string {
	if t, _, err := mime.ParseMediaType(f.ContentType); err == nil {
		return t
	}
	return "application/octet-stream"
}

// verdict is what a scanner says of a file.
type verdict struct {
	clean bool
	found string // in a file that is not clean: the scanner's word for it
}

// Scan implements [engine.Scanner]. An error is that of the last attempt.
func (s *Scanner) Scan(ctx context.Context, chat center.ContactID, a center.Attachment) (clean bool, err error) {
	f := &file{a, chat, func(ctx context.Context) (io.ReadSeekCloser, error) {
		r, size, err := s.Files.Open(ctx, chat, a.ID)
		if err == nil && size != a.Size {
			err = errors.Join(fmt.Errorf("the file has %d bytes and was announced with %d", size, a.Size), r.Close())
		}
		return r, err
	}}
	began := time.Now()
	for wait := firstPause; ; wait = min(2*wait, maxPause) {
		v, err := s.attempt(ctx, f)
		if err == nil {
			s.settled(f, v, time.Since(began))
			return v.clean, nil
		}
		if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
			return false, ctx.Err() // the server stops
		}
		s.counts.failed.Add(1)
		s.Log.Warn("a file could not be scanned", "chat", chat, "attachment", a.ID, "err", err)
		if !integration.Pause(ctx, wait) {
			return false, err
		}
	}
}

func (s *Scanner) attempt(ctx context.Context, f *file) (verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, maxAttempt)
	defer cancel()
	u, err := url.Parse(s.URL)
	if err != nil {
		return verdict{}, err
	}
	if u.Scheme == "icap" || u.Scheme == "icaps" {
		return askICAP(ctx, u, f)
	}
	return s.askWebhook(ctx, f)
}

// settled counts and logs a verdict: never what is in the file, nor its name.
func (s *Scanner) settled(f *file, v verdict, took time.Duration) {
	about := []any{"chat", f.chat, "attachment", f.ID, "bytes", f.Size, "took", took.Round(time.Millisecond)}
	if v.clean {
		s.counts.clean.Add(1)
		s.Log.Info("a file was scanned and is clean", about...)
		return
	}
	s.counts.rejected.Add(1)
	s.Log.Warn("a file was rejected by the scanner", append(about, "found", v.found)...)
}

// hostPort returns the address of a URL whose port may be missing.
func hostPort(u *url.URL, port string) string {
	if u.Port() != "" {
		port = u.Port()
	}
	return net.JoinHostPort(u.Hostname(), port)
}
