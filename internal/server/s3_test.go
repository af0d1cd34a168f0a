package server_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/blob/s3/s3test"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestFilesInS3 uploads a file to a server that keeps files in S3, while that
// fails at times, and reads it from another server after a restart.
func TestFilesInS3(t *testing.T) {
	bucket := s3test.Start(t, "files")
	dir := t.TempDir()
	inS3 := func(c *server.Config) { c.Files, c.FilesEndpoint = "s3://files/chats", bucket.URL }
	s := servertest.Start(t, servertest.Production(dir), inS3)
	c := s.Chat(t)
	text := bytes.Repeat([]byte("text "), 200_000)

	out := c.File("a.txt", "text/plain", int64(len(text)))
	complete := func() error {
		_, err := s.Participant.CompleteAttachmentUpload(t.Context(), &participant.CompleteAttachmentUploadRequest{
			ConnectionToken: c.Bearer, AttachmentIds: []string{*out.AttachmentId}})
		return err
	}
	bucket.Inject(s3test.Fault{Method: "PUT", Status: http.StatusServiceUnavailable, Code: "SlowDown", Times: 3})
	if r := do(t, s, servertest.Put(t, out, text)); r.status != http.StatusServiceUnavailable || strings.Contains(r.body, "s3") {
		t.Errorf("an upload while S3 is busy: %d %s; want 503 and nothing of S3", r.status, r.body)
	} else if r.header.Get("X-Amz-Retry-After") != "1000" || r.header.Get("Retry-After") == "" || !strings.Contains(r.header.Get("Access-Control-Expose-Headers"), "x-amz-retry-after") {
		t.Errorf("its client is not told when to try again: %v", r.header)
	}
	servertest.Refused(t, "completing it", complete(), "ValidationException", 400)
	bucket.Inject(s3test.Fault{Method: "HEAD", Status: http.StatusInternalServerError, Times: 3})
	servertest.Refused(t, "completing it while S3 fails", complete(), "ThrottlingException", 429)
	if r := do(t, s, servertest.Put(t, out, text)); r.status != http.StatusOK {
		t.Fatalf("the upload again: %d %s", r.status, r.body)
	}
	if err := complete(); err != nil {
		t.Fatalf("CompleteAttachmentUpload: %v", err)
	}
	if want := "chats/attachments/" + c.Contact + "/" + *out.AttachmentId; strings.Join(bucket.Keys(), " ") != want {
		t.Errorf("the bucket holds %q; want %q", bucket.Keys(), want)
	}
	s.Stop()

	s = servertest.Start(t, servertest.Production(dir), inS3)
	c = c.On(s)
	got, err := s.Participant.GetAttachment(t.Context(), &participant.GetAttachmentRequest{ConnectionToken: c.Bearer, AttachmentId: *out.AttachmentId})
	if err != nil {
		t.Fatalf("GetAttachment: %v", err)
	}
	path := strings.TrimPrefix(*got.Url, s.URL)
	if r := call(t, s, "GET", path, ""); r.status != http.StatusOK || r.body != string(text) {
		t.Errorf("the file comes back as %d with %d bytes", r.status, len(r.body))
	}
	if r := call(t, s, "GET", path, "", "Range", "bytes=500001-500009"); r.status != http.StatusPartialContent || r.body != string(text[500_001:500_010]) {
		t.Errorf("a range of it comes back as %d %q", r.status, r.body)
	}
	if r := call(t, s, "HEAD", path, ""); r.status != http.StatusOK || r.header.Get("Content-Length") != "1000000" {
		t.Errorf("HEAD: %d %v", r.status, r.header)
	}
}
