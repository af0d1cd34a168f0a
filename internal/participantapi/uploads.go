package participantapi

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/store"
)

// FilesPath is where files are put and fetched, below PublicURL; the token is
// the last segment of the path.
const FilesPath = "/files/"

func (s *Service) fileURL(ctx context.Context, t auth.Token) string {
	return s.PublicURL(ctx) + FilesPath + s.Sealer.Seal(t)
}

// uploadHeaders are HeadersToInclude: the headers that the PUT of a file must
// have. They are the ones of the cloud service, for proxies and clients that
// expect them. current is the contact that was current at the start.
func (s *Service) uploadHeaders(chat *contact.Chat, current string, a *center.Attachment) map[string]string {
	return map[string]string{
		"Content-Type":                  a.ContentType,
		"Content-Length":                strconv.FormatInt(a.Size, 10),
		"Content-Disposition":           disposition(a.Name),
		"x-amz-acl":                     "bucket-owner-full-control",
		"x-amz-meta-account_id":         s.Partition.Account,
		"x-amz-meta-contact_id":         current,
		"x-amz-meta-initial_contact_id": string(chat.ID),
		"x-amz-meta-organization_id":    string(chat.Instance),
	}
}

// disposition is a Content-Disposition with a file's name, in ASCII as headers
// must be: RFC 6266's extended form for a name that is not.
func disposition(name string) string {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return "attachment; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
		}
	}
	return `attachment; filename="` + name + `"`
}

// Files returns the handler of the URLs that StartAttachmentUpload and
// GetAttachment return. Each URL is good for one file, one method and a time.
//
// PUT accepts the bytes, with exactly the headers of HeadersToInclude: anything
// else is 403 SignatureDoesNotMatch, as in object stores. It may be repeated with
// the same bytes; once they are complete, other bytes are refused with 409, so
// that a file never changes after it was completed. GET and HEAD return them,
// ranges included, for download and never for display. A token that is forged or
// expired is 403 AccessDenied. Errors are XML. Any page may make these calls: the
// URL is the credential.
func (s *Service) Files() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT "+FilesPath+"{token}", s.put)
	mux.HandleFunc("GET "+FilesPath+"{token}", s.get)
	mux.HandleFunc("OPTIONS "+FilesPath+"{token}", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, PUT, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "content-type, content-disposition, range, x-amz-acl, x-amz-meta-account_id, "+
			"x-amz-meta-contact_id, x-amz-meta-initial_contact_id, x-amz-meta-organization_id")
		h.Set("Access-Control-Max-Age", "7200")
		w.WriteHeader(http.StatusNoContent)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "content-disposition, content-length, content-range, etag, retry-after, x-amz-retry-after, x-amzn-requestid, x-parley-debug-reason")
		mux.ServeHTTP(w, r)
	})
}

// fileError is a refusal in the format of object stores.
type fileError struct {
	status        int
	code, message string
	reason        string // for the log
}

func (e *fileError) Error() string { return e.code + ": " + e.message }

// errDenied is the refusal that reveals nothing to a client.
func errDenied(reason string) *fileError {
	return &fileError{http.StatusForbidden, "AccessDenied", "Access Denied", reason}
}

// fail answers an error and logs it.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	fe, ok := errors.AsType[*fileError](err)
	if !ok {
		fe = &fileError{http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.", err.Error()}
		reason := center.ReasonOf(err)
		switch {
		case reason == center.NotFound:
			fe = errDenied(err.Error())
		case reason == center.Unavailable, errors.Is(err, store.ErrAway):
			fe.status, fe.code, fe.message = http.StatusServiceUnavailable, "ServiceUnavailable", "Please try again."
		}
		if reason != center.NotFound && r.Context().Err() == nil {
			s.Log.ErrorContext(r.Context(), "file transfer failed", "method", r.Method, "err", err)
		}
	}
	reason := strings.TrimSpace(fe.message + " " + fe.reason)
	s.Log.InfoContext(r.Context(), "file transfer refused", "method", r.Method, "status", fe.status, "code", fe.code, "reason", reason)
	if s.Refused != nil {
		s.Refused(r.Context(), w.Header(), errors.New(reason))
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(fe.status)
	// The texts are ours and need no escaping. A client that is gone needs no answer.
	_, _ = fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>", fe.code, fe.message)
}

// file opens the URL's token and finds the file it is for. The token's detail
// is the id of the file and, of an upload, the contact that was current.
func (s *Service) file(r *http.Request, kind auth.Kind) (chat *contact.Chat, current string, a *center.Attachment, err error) {
	t, err := s.open(r.Context(), kind, r.PathValue("token"))
	if err != nil {
		reason := err.Error()
		if e, ok := errors.AsType[*auth.Error](err); ok {
			reason = e.Reason
		}
		return nil, "", nil, errDenied(reason)
	}
	if chat, err = s.Engine.State(r.Context(), t.Chat); err != nil {
		return nil, "", nil, err
	}
	id, current, _ := strings.Cut(t.Detail, " ")
	a = chat.Attachment(id)
	if a == nil {
		return nil, "", nil, errDenied("the chat has no such attachment")
	}
	if kind == auth.Upload {
		if p := chat.Participant(t.Participant); chat.Ended || p == nil || !p.Left.IsZero() {
			return nil, "", nil, errDenied("the chat has ended, or the participant has left it")
		}
	}
	return chat, current, a, nil
}

func (s *Service) put(w http.ResponseWriter, r *http.Request) {
	chat, current, a, err := s.file(r, auth.Upload)
	if err == nil {
		err = checkHeaders(r, s.uploadHeaders(chat, current, a))
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	sum, err := s.receive(r, blobKey(chat.ID, a.ID), a.Size)
	if err == nil {
		err = s.awaited(r.Context(), chat.ID, a.ID)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum)+`"`)
	w.WriteHeader(http.StatusOK)
}

// awaited makes sure that the chat still has the attachment whose bytes were just
// stored. Meanwhile the upload may have been removed as abandoned: then only we
// know of the file, and it is deleted, also if the client does not wait for the
// answer.
func (s *Service) awaited(ctx context.Context, chat center.ContactID, id string) error {
	ctx = context.WithoutCancel(ctx)
	state, err := s.Engine.State(ctx, chat)
	switch {
	case isMissing(err): // the whole chat has been erased
	case err != nil || state.Attachment(id) != nil:
		return err
	}
	if err := s.Blobs.Delete(ctx, blobKey(chat, id)); err != nil {
		return err
	}
	return errDenied("the upload was abandoned before all bytes had come")
}

// checkHeaders compares a PUT with the headers that it must have.
func checkHeaders(r *http.Request, want map[string]string) error {
	if r.ContentLength < 0 {
		return &fileError{http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.", ""}
	}
	for name, value := range want {
		got := r.Header.Values(name)
		if name == "Content-Length" {
			got = []string{strconv.FormatInt(r.ContentLength, 10)}
		}
		if len(got) != 1 || got[0] != value {
			hint := ""
			if len(got) == 0 && strings.Contains(name, "_") {
				hint = " If the client sends it, a proxy drops it, as nginx does without underscores_in_headers."
			}
			return &fileError{http.StatusForbidden, "SignatureDoesNotMatch", "The request must carry " + name +
				" exactly as StartAttachmentUpload returned it in HeadersToInclude." + hint, fmt.Sprintf("got %.200q, want %q", got, value)}
		}
	}
	return nil
}

// receive stores a request's body and returns its MD5, which is its ETag. Only
// one request may store a file at the same time; if the file exists already, the
// body must be the same.
func (s *Service) receive(r *http.Request, key string, size int64) ([]byte, error) {
	if !s.storing.reserve(key) {
		return nil, &fileError{http.StatusConflict, "OperationAborted", "Another upload of this file is under way.", ""}
	}
	defer s.storing.release(key)
	ctx := r.Context()
	body := &counted{r: io.LimitReader(r.Body, size), sum: md5.New()}
	stored, have, err := s.Blobs.Open(ctx, key)
	switch {
	case isMissing(err):
		if err := s.Blobs.Put(ctx, key, body, size); err != nil {
			if body.err != nil && body.n < size {
				return nil, &fileError{http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header.", err.Error()}
			}
			return nil, fmt.Errorf("store the attachment: %w", err)
		}
		return body.sum.Sum(nil), nil
	case err != nil:
		return nil, err
	}
	defer stored.Close() // it was only read
	same := md5.New()
	if _, err := io.Copy(same, stored); err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, body); err != nil || have != size || string(body.sum.Sum(nil)) != string(same.Sum(nil)) {
		return nil, &fileError{http.StatusConflict, "InvalidRequest", "This file has been uploaded with other content; start another upload.", ""}
	}
	return body.sum.Sum(nil), nil
}

// reservations are the files that are being stored, by their keys: as many as requests are served.
type reservations struct {
	mu   sync.Mutex
	keys map[string]struct{}
}

// reserve claims the right to store a file, unless somebody has it.
func (r *reservations) reserve(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, taken := r.keys[key]; taken {
		return false
	}
	if r.keys == nil {
		r.keys = map[string]struct{}{}
	}
	r.keys[key] = struct{}{}
	return true
}

func (r *reservations) release(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.keys, key)
}

// counted counts and sums what is read through it.
type counted struct {
	r   io.Reader
	n   int64
	sum hash.Hash
	err error // how reading ended
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.sum.Write(p[:n]) // never fails
	c.err = err
	return n, err
}

func (s *Service) get(w http.ResponseWriter, r *http.Request) {
	chat, _, a, err := s.file(r, auth.Download)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	f, _, err := s.Blobs.Open(r.Context(), blobKey(chat.ID, a.ID))
	if isMissing(err) {
		err = &fileError{http.StatusNotFound, "NoSuchKey", "The specified key does not exist.", "the bytes of attachment " + a.ID + " are gone"}
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer f.Close() // it was only read
	h := w.Header()
	h.Set("Content-Type", a.ContentType)
	h.Set("Content-Disposition", disposition(a.Name))
	h.Set("ETag", `"`+a.ID+`"`) // a file never changes
	// An uploaded file is for download only: a browser must not render it as a page of ours.
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "private, no-store")
	http.ServeContent(w, r, "", time.Time{}, f)
}
