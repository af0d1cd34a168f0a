package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"parley.example/parley/api/participant"
)

// Upload is a file to be sent.
type Upload struct {
	Name        string    // with its extension, as shown to the others
	ContentType string    // such as image/png
	Size        int64     // in bytes, exactly
	Body        io.Reader // Size bytes are read; if it is an io.Seeker, an upload that breaks is restarted

	// Progress, if it is not nil, is called with the number of bytes sent so far. It restarts at 0 when
	// the upload does.
	Progress func(sent, total int64)
}

// uploadAttempts is how often the bytes of a file are sent.
const uploadAttempts = 3

// Attach sends a file and returns its attachment id. The others, and this session, then get an item
// with it. Only ctx and the end of the session bound the time of the transfer.
func (s *Session) Attach(ctx context.Context, u Upload) (string, error) {
	if u.Body == nil {
		return "", errors.New("a file to upload needs a Body")
	}
	start := s.c.Participant.StartAttachmentUpload().AttachmentName(u.Name).ContentType(u.ContentType).
		AttachmentSizeInBytes(u.Size).ClientToken(s.c.service[participantService].Token())
	var out *participant.StartAttachmentUploadResponse
	err := s.caller.retry(ctx, func(ctx context.Context, token string) (err error) {
		out, err = start.ConnectionToken(token).Send(ctx)
		return err
	})
	if err != nil {
		return "", err
	}
	if out.AttachmentId == nil || out.UploadMetadata == nil || out.UploadMetadata.Url == nil {
		return "", errors.New("the service returned no upload URL")
	}
	uploading, cancel := along(ctx, s.ctx)
	err = s.c.transfer().put(uploading, u, out.UploadMetadata)
	cancel()
	if err != nil {
		if s.ctx.Err() != nil {
			return "", s.caller.over()
		}
		return "", fmt.Errorf("upload %s: %w", u.Name, err)
	}
	done := s.c.Participant.CompleteAttachmentUpload().AttachmentID(*out.AttachmentId).
		ClientToken(s.c.service[participantService].Token())
	return *out.AttachmentId, s.caller.retry(ctx, func(ctx context.Context, token string) error {
		_, err := done.ConnectionToken(token).Send(ctx)
		return err
	})
}

// transfer moves the bytes of files, to and from where the service says.
type transfer struct {
	connector Connector
	agent     []string
}

func (c *Client) transfer() transfer {
	return transfer{c.cfg.Connector, c.service[participantService].agent}
}

// put sends the bytes, and retries temporary failures.
func (t transfer) put(ctx context.Context, u Upload, to *participant.UploadMetadata) error {
	seeker, _ := u.Body.(io.Seeker)
	for n := 1; ; n++ {
		again, err := t.putOnce(ctx, u, to)
		if err == nil || !again || seeker == nil || n == uploadAttempts || ctx.Err() != nil {
			return err
		}
		if !sleep(ctx, backoff(n)) {
			return err
		}
		if _, failed := seeker.Seek(0, io.SeekStart); failed != nil {
			return errors.Join(err, failed)
		}
	}
}

// putOnce sends the bytes once and reports whether a failure is temporary.
func (t transfer) putOnce(ctx context.Context, u Upload, to *participant.UploadMetadata) (again bool, err error) {
	body := &outgoing{counted: counted{r: io.LimitReader(u.Body, u.Size), total: u.Size, progress: u.Progress}, turn: make(chan struct{}, 1)}
	defer body.end(ctx)
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, *to.Url, body)
	if err != nil {
		return false, errors.New("the upload URL is invalid")
	}
	for name, value := range to.HeadersToInclude {
		r.Header.Set(name, value)
	}
	r.Header["User-Agent"] = t.agent
	r.ContentLength = u.Size
	if u.Size == 0 {
		r.Body = http.NoBody
	}
	r.Header.Del("Content-Length") // net/http writes it
	res, err := t.connector.RoundTrip(r)
	if err != nil {
		return dispatchOf(err) != DispatchUser, err
	}
	defer func() { _ = res.Body.Close() }() // the body is only for the error
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests, refusedFile(res)
	}
	return false, nil
}

// refusedFile is the error of a store that refuses a file's transfer.
func refusedFile(res *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(res.Body, 512))
	if err != nil {
		text = nil
	}
	return fmt.Errorf("status %d: %q", res.StatusCode, text)
}

// Download writes an attachment to w and returns its size in bytes. progress, if it is not nil, is called
// with the bytes received so far and the total (-1 if unknown). A download that breaks is not restarted,
// because w has a part of it. Only ctx bounds its time; the end of the chat does not stop it, but Close
// does.
func (s *Session) Download(ctx context.Context, attachmentID string, w io.Writer, progress func(got, total int64)) (int64, error) {
	var out *participant.GetAttachmentResponse
	err := s.caller.retry(ctx, func(ctx context.Context, token string) (err error) {
		out, err = s.c.Participant.GetAttachment().AttachmentID(attachmentID).ConnectionToken(token).Send(ctx)
		return err
	})
	if err != nil {
		return 0, err
	}
	if out.Url == nil {
		return 0, errors.New("the service returned no URL of the file")
	}
	ctx, cancel := along(ctx, s.caller.calls)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, *out.Url, nil)
	if err != nil {
		return 0, errors.New("the URL of the file is invalid")
	}
	n, err := s.c.transfer().get(r, w, progress)
	if err != nil && s.caller.calls.Err() != nil {
		err = s.caller.over()
	}
	return n, err
}

// get copies what is at an address.
func (t transfer) get(r *http.Request, w io.Writer, progress func(got, total int64)) (int64, error) {
	r.Header["User-Agent"] = t.agent
	res, err := t.connector.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }() // read to the end, or abandoned
	if res.StatusCode != http.StatusOK {
		return 0, refusedFile(res)
	}
	return io.Copy(w, &counted{r: res.Body, total: res.ContentLength, progress: progress})
}

// counted reports the progress of a reader.
type counted struct {
	r           io.Reader
	done, total int64
	progress    func(done, total int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.done += int64(n)
	if n > 0 && c.progress != nil {
		c.progress(c.done, c.total)
	}
	return n, err
}

// outgoing is a file as read by one attempt to send it. A Connector may keep reading after it has
// returned, as net/http does if an answer comes before the file is sent: it then gets an error.
type outgoing struct {
	counted
	turn chan struct{} // full during a read, and for good after the end
	over atomic.Bool
}

var errOutgoing = errors.New("the attempt to send the file is over")

func (o *outgoing) Read(p []byte) (int, error) {
	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	default:
		return 0, errOutgoing
	}
	if o.over.Load() {
		return 0, errOutgoing
	}
	return o.counted.Read(p)
}

// end waits for a read under way, until ctx ends, and prevents further ones.
func (o *outgoing) end(ctx context.Context) {
	o.over.Store(true)
	select {
	case o.turn <- struct{}{}:
	case <-ctx.Done():
	}
}
