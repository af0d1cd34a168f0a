package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// harm is what the scanner of these tests finds.
const harm = "HARM-FOR-TESTS"

const scanSecret = "a secret of the tests"

// scannerAt is a webhook that finds harm, and tells asked of each file first; it answers when asked lets it.
func scannerAt(t *testing.T, asked func(r *http.Request)) (url string) {
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		asked(r)
		if strings.Contains(string(body), harm) {
			io.WriteString(w, `{"verdict":"REJECTED","reason":"Test.Harm"}`)
			return
		}
		io.WriteString(w, `{"verdict":"APPROVED"}`)
	}))
	t.Cleanup(hook.Close)
	return hook.URL
}

func scanned(url string) func(*server.Config) {
	return func(c *server.Config) { c.Scan, c.StreamSecret = url, scanSecret }
}

// attach uploads and completes a file and returns its id.
func attach(t *testing.T, s *servertest.Server, c *servertest.Chat, name, text string) string {
	t.Helper()
	out := c.File(name, "text/plain", int64(len(text)))
	if r := do(t, s, servertest.Put(t, out, []byte(text))); r.status != 200 {
		t.Fatalf("upload %d %s", r.status, r.body)
	}
	if _, err := s.Participant.CompleteAttachmentUpload(t.Context(), &participant.CompleteAttachmentUploadRequest{
		ConnectionToken: c.Bearer, AttachmentIds: []string{*out.AttachmentId}, ClientToken: name}); err != nil {
		t.Fatalf("CompleteAttachmentUpload(%s): %v", name, err)
	}
	return *out.AttachmentId
}

// shownFiles are the files that a participant sees in the transcript, with their statuses.
func shownFiles(t *testing.T, api participant.Service, bearer string) (files []string) {
	t.Helper()
	out, err := api.GetTranscript(t.Context(), &participant.GetTranscriptRequest{ConnectionToken: bearer, MaxResults: new(int32(100)), SortOrder: participant.SortKeyASCENDING})
	if err != nil {
		t.Fatalf("GetTranscript: %v", err)
	}
	for _, it := range out.Transcript {
		for _, a := range it.Attachments {
			files = append(files, *a.AttachmentName+" "+string(a.Status))
		}
	}
	return files
}

// TestScannedFiles: a file is not there until the scanner has let it pass; one that it rejects
// is seen by its sender alone, and fetched by nobody.
func TestScannedFiles(t *testing.T) {
	began, release := make(chan string, 8), make(chan struct{})
	s := servertest.Start(t, scanned(scannerAt(t, func(r *http.Request) {
		began <- r.Header.Get("X-Parley-File-Name")
		<-release
	})))
	ana := s.Chat(t)
	bot := ana.Bot("Helper")
	good, bad := attach(t, s, ana, "good.txt", "all is well"), attach(t, s, ana, "bad.txt", "here is "+harm)
	names := []string{<-began, <-began}
	slices.Sort(names)
	if !slices.Equal(names, []string{"bad.txt", "good.txt"}) {
		t.Errorf("the scanner looks at %q", names)
	}
	get := func(id string) error {
		_, err := s.Participant.GetAttachment(t.Context(), &participant.GetAttachmentRequest{ConnectionToken: ana.Bearer, AttachmentId: id})
		return err
	}
	if err := get(good); err == nil || !strings.Contains(err.Error(), "IN_PROGRESS") {
		t.Errorf("GetAttachment while the file is scanned: %v", err)
	}
	if got := shownFiles(t, s.Participant, ana.Bearer); len(got) > 0 {
		t.Errorf("the transcript has %q before the verdict", got)
	}
	ana.Send("can you see it?") // nothing waits for the scanner
	bot.Send("not yet")
	close(release)
	eventually(t, "both files are shown", func() bool { return len(shownFiles(t, s.Participant, ana.Bearer)) == 2 })
	mine := shownFiles(t, s.Participant, ana.Bearer)
	slices.Sort(mine)
	if theirs := shownFiles(t, s.Participant, bot.Bearer); !slices.Equal(mine, []string{"bad.txt REJECTED", "good.txt APPROVED"}) || !slices.Equal(theirs, []string{"good.txt APPROVED"}) {
		t.Errorf("the sender sees %q, the other %q", mine, theirs)
	}
	if err := get(good); err != nil {
		t.Errorf("GetAttachment of a clean file: %v", err)
	}
	if err := get(bad); err == nil || !strings.Contains(err.Error(), "REJECTED") {
		t.Errorf("GetAttachment of a rejected file: %v", err)
	}
	if clean, rejected := metric(t, s, "parley_scans_clean_total"), metric(t, s, "parley_scans_rejected_total"); clean != 1 || rejected != 1 {
		t.Errorf("the metrics have %v clean, %v rejected", clean, rejected)
	}
}

// TestSlowScanner: a scanner that does not answer holds up nothing but its files, however many
// there are, and these are rejected when their time is over.
func TestSlowScanner(t *testing.T) {
	var asked atomic.Int32
	s := servertest.Start(t, scanned(scannerAt(t, func(r *http.Request) { asked.Add(1); <-r.Context().Done() })))
	const chats, files = 4, 5 // more than are scanned at a time
	var all []*servertest.Chat
	for range chats {
		c := s.Chat(t)
		for n := range files {
			attach(t, s, c, strings.Repeat("x", n+1)+".txt", "text")
		}
		c.Send("hello")
		all = append(all, c)
	}
	eventually(t, "the scanner is asked", func() bool { return asked.Load() == 8 })
	s.Clock().Advance(61 * time.Second)
	for _, c := range all {
		eventually(t, "the files are rejected", func() bool {
			got := shownFiles(t, s.Participant, c.Bearer)
			return len(got) == files && !slices.ContainsFunc(got, func(f string) bool { return !strings.HasSuffix(f, " REJECTED") })
		})
	}
	if n := asked.Load(); n != 8 {
		t.Errorf("the scanner was asked %d times; want 8, since the others were over", n)
	}
}

// TestScansOfOneChat: files over which the scanner takes long hold up those of their own chat. However many one chat has, and
// of fifteen chats as well, those of others are looked at meanwhile.
func TestScansOfOneChat(t *testing.T) {
	var slow sync.Map // chats whose files take long
	var held, quick atomic.Int32
	s := servertest.Start(t, scanned(scannerAt(t, func(r *http.Request) {
		if _, ok := slow.Load(r.Header.Get("X-Parley-Contact")); ok {
			held.Add(1)
			<-r.Context().Done()
			return
		}
		quick.Add(1)
	})))
	busy := func(files int) *servertest.Chat {
		c := s.Chat(t)
		slow.Store(c.Contact, true)
		for n := range files {
			attach(t, s, c, fmt.Sprint(n, ".txt"), "text")
		}
		return c
	}
	others := func(after string) {
		t.Helper()
		c := s.Chat(t)
		for n := range 3 {
			attach(t, s, c, fmt.Sprint(n, ".txt"), "text")
		}
		eventually(t, "after "+after+" the files of another chat are shown", func() bool { return len(shownFiles(t, s.Participant, c.Bearer)) == 3 })
	}
	all := []*servertest.Chat{busy(34)} // more than are scanned at a time
	eventually(t, "the scanner is asked", func() bool { return held.Load() == 2 })
	others("34 files of one")
	for range 14 {
		all = append(all, busy(3))
	}
	eventually(t, "the scanner is asked", func() bool { return held.Load() == 30 })
	others("files of fifteen")
	if n, q := held.Load(), quick.Load(); n != 30 || q != 6 {
		t.Errorf("the scanner looks at %d files of busy chats, and has looked at %d of others; want 30, two of each, and 6", n, q)
	}
	for _, c := range all {
		if got := shownFiles(t, s.Participant, c.Bearer); len(got) > 0 {
			t.Errorf("a busy chat shows %q", got)
		}
		c.Send("this does not wait either")
	}
}

// TestKilledWhileScanning kills the server while the scanner looks at a file, and that is shown all the same.
func TestKilledWhileScanning(t *testing.T) {
	began := make(chan struct{}, 8)
	var held atomic.Bool
	held.Store(true)
	t.Setenv(envScan, scannerAt(t, func(r *http.Request) {
		began <- struct{}{}
		if held.Load() {
			<-r.Context().Done()
		}
	}))
	dir, listen := t.TempDir(), freeAddress(t)
	child := startChild(t, dir, listen)
	cfg := restjson.ClientConfig{Endpoint: "http://" + listen, HTTPClient: &http.Client{Timeout: 30 * time.Second}}
	s := &servertest.Server{Server: &server.Server{Config: server.Config{Dev: true}}, URL: cfg.Endpoint, Connect: connect.NewClient(cfg), Participant: participant.NewClient(cfg), HTTP: cfg.HTTPClient}
	c := s.Chat(t)
	attach(t, s, c, "good.txt", "all is well")
	attach(t, s, c, "bad.txt", harm)
	for range 2 {
		<-began
		<-began
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // it was killed: that is its error
		child = startChild(t, dir, listen)
	}
	held.Store(false)
	_ = child.Process.Kill()
	_ = child.Wait()
	startChild(t, dir, listen)
	eventually(t, "both files are shown", func() bool { return len(shownFiles(t, s.Participant, c.Bearer)) == 2 })
	got := shownFiles(t, s.Participant, c.Bearer)
	if slices.Sort(got); !slices.Equal(got, []string{"bad.txt REJECTED", "good.txt APPROVED"}) {
		t.Errorf("the transcript has %q", got)
	}
}
