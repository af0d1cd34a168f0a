package server_test

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/server/servertest"
)

// TestFileNames announces files under names that would be dangerous as paths,
// headers or markup, and brings each there and back.
func TestFileNames(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Start(t, servertest.Production(dir))
	c := s.Chat(t)
	for _, name := range []string{
		"../../../etc/passwd.txt", "..\\..\\windows\\win.txt", "/etc/passwd.txt", "C:\\a.txt", "a\x00b.txt", "a\r\nSet-Cookie: x=y.txt",
		"a\"; filename=\"evil.exe.txt", "<script>alert(1)</script>.txt", "\u202etxt.exe.txt", "caf\u00e9 \u2603.txt", "....txt", "~root.txt",
		strings.Repeat("x", 200) + ".txt", "${HOME}.txt", "`id`.txt", "%2e%2e%2f.txt", "con.txt",
	} {
		out, err := s.Participant.StartAttachmentUpload(t.Context(), &participant.StartAttachmentUploadRequest{
			ConnectionToken: c.Bearer, AttachmentName: name, ContentType: "text/plain", AttachmentSizeInBytes: 4})
		if err != nil {
			servertest.Refused(t, name, err, "ValidationException", 400)
			continue
		}
		if r := do(t, s, servertest.Put(t, out, []byte("text"))); r.status != 200 {
			t.Fatalf("%q: upload %d %s", name, r.status, r.body)
		}
		if _, err := s.Participant.CompleteAttachmentUpload(t.Context(), &participant.CompleteAttachmentUploadRequest{
			ConnectionToken: c.Bearer, AttachmentIds: []string{*out.AttachmentId}}); err != nil {
			t.Fatalf("%q: CompleteAttachmentUpload: %v", name, err)
		}
		get, err := s.Participant.GetAttachment(t.Context(), &participant.GetAttachmentRequest{ConnectionToken: c.Bearer, AttachmentId: *out.AttachmentId})
		if err != nil {
			t.Fatalf("%q: GetAttachment: %v", name, err)
		}
		r := call(t, s, "GET", strings.TrimPrefix(*get.Url, s.URL), "")
		if r.status != 200 || r.body != "text" || r.header.Get("Set-Cookie") != "" || r.header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(r.header.Get("Content-Disposition"), "attachment; filename") {
			t.Errorf("%q comes back as %d %q with %v", name, r.status, r.body, r.header)
		}
	}
	if slices.ContainsFunc(filesBelow(t, dir), func(name string) bool { return strings.Contains(name, "txt") || strings.Contains(name, "passwd") }) {
		t.Errorf("a client's name became a file's: %q", filesBelow(t, dir))
	}
}

// TestAbandonedUploadIsCleared leaves a file behind that nobody completes.
func TestAbandonedUploadIsCleared(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t, servertest.Production(dir))
		c := s.Chat(t)
		if r := do(t, s, servertest.Put(t, c.File("a.txt", "text/plain", 4), []byte("text"))); r.status != 200 {
			t.Fatalf("upload %d %s", r.status, r.body)
		}
		below := filepath.Join(dir, "files", "attachments")
		if found := filesBelow(t, below); len(found) != 1 {
			t.Fatalf("files %q; want the one that was uploaded", found)
		}
		time.Sleep(contact.UploadLife + 2*time.Minute)
		synctest.Wait()
		if found := filesBelow(t, below); len(found) != 0 {
			t.Errorf("an hour later there are still %q", found)
		}
	})
}

// TestMismatchedUploads announces one file and sends another.
func TestMismatchedUploads(t *testing.T) {
	s := servertest.Start(t)
	n := settle(t, s)
	c := s.Chat(t)
	text := []byte("0123456789")
	for _, lie := range []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"more bytes", func(r *http.Request) { setBody(r, append(text, 'x'), 11) }, 403},
		{"fewer bytes", func(r *http.Request) { setBody(r, text[:9], 9) }, 403},
		{"another type", func(r *http.Request) { r.Header.Set("Content-Type", "text/html") }, 403},
		{"no type", func(r *http.Request) { r.Header.Del("Content-Type") }, 403},
		{"two types", func(r *http.Request) { r.Header.Add("Content-Type", "text/html") }, 403},
		{"another name", func(r *http.Request) { r.Header.Set("Content-Disposition", `attachment; filename="evil.exe"`) }, 403},
		{"another contact", func(r *http.Request) { r.Header.Set("X-Amz-Meta-Contact_id", "someone else's") }, 403},
		{"no length", func(r *http.Request) { setBody(r, text, -1) }, 411},
		{"POST", func(r *http.Request) { r.Method = "POST" }, 405},
		{"GET of an upload's URL", func(r *http.Request) { r.Method = "GET"; setBody(r, nil, 0) }, 403},
	} {
		out := c.File("a.txt", "text/plain", int64(len(text)))
		r := servertest.Put(t, out, text)
		lie.change(r)
		if got := do(t, s, r); got.status != lie.status {
			t.Errorf("%s: %d %s; want %d", lie.name, got.status, got.body, lie.status)
		}
		_, err := s.Participant.CompleteAttachmentUpload(t.Context(), &participant.CompleteAttachmentUploadRequest{
			ConnectionToken: c.Bearer, AttachmentIds: []string{*out.AttachmentId}})
		servertest.Refused(t, "completing after "+lie.name, err, "ValidationException", 400)
	}

	// A body that ends early is not stored, and the same URL takes the whole.
	out := c.File("a.txt", "text/plain", int64(len(text)))
	var head bytes.Buffer
	whole := servertest.Put(t, out, text)
	if err := whole.Write(&head); err != nil {
		t.Fatal(err)
	}
	conn := s.Dial()
	if _, err := conn.Write(head.Bytes()[:head.Len()-5]); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	eventually(t, "the URL can be used again", func() bool {
		return do(t, s, servertest.Put(t, out, text)).status == 200
	})
	if r := do(t, s, servertest.Put(t, out, []byte("9876543210"))); r.status != 409 {
		t.Errorf("other bytes for the same file: %d %s", r.status, r.body)
	}
	n.undisturbed()

	for name, in := range map[string]participant.StartAttachmentUploadRequest{
		"too large":         {AttachmentName: "a.txt", ContentType: "text/plain", AttachmentSizeInBytes: 20<<20 + 1},
		"a huge size":       {AttachmentName: "a.txt", ContentType: "text/plain", AttachmentSizeInBytes: 1 << 62},
		"nothing":           {AttachmentName: "a.txt", ContentType: "text/plain", AttachmentSizeInBytes: 0},
		"a program":         {AttachmentName: "a.exe", ContentType: "application/x-msdownload", AttachmentSizeInBytes: 1},
		"a page":            {AttachmentName: "a.html", ContentType: "text/html", AttachmentSizeInBytes: 1},
		"a type and a CR":   {AttachmentName: "a.txt", ContentType: "text/plain\r\nX: y", AttachmentSizeInBytes: 1},
		"a name too long":   {AttachmentName: strings.Repeat("x", 300) + ".txt", ContentType: "text/plain", AttachmentSizeInBytes: 1},
		"no name":           {AttachmentName: "", ContentType: "text/plain", AttachmentSizeInBytes: 1},
		"a negative size":   {AttachmentName: "a.txt", ContentType: "text/plain", AttachmentSizeInBytes: -1},
		"a type of its own": {AttachmentName: "a.txt", ContentType: "../../text", AttachmentSizeInBytes: 1},
	} {
		in.ConnectionToken = c.Bearer
		_, err := s.Participant.StartAttachmentUpload(t.Context(), &in)
		servertest.Refused(t, name, err, "ValidationException", 400)
	}
}

func setBody(r *http.Request, b []byte, length int64) {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), length
}
