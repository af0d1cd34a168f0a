package client_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/client"
)

// slowFile is read in pieces, each of which takes its time, and by one reader at a time.
type slowFile struct {
	*bytes.Reader
	t     *testing.T
	users atomic.Int32
}

func (f *slowFile) Read(p []byte) (int, error) {
	defer f.alone()()
	pass(10 * time.Millisecond)
	return f.Reader.Read(p[:min(len(p), 1000)])
}

func (f *slowFile) Seek(to int64, whence int) (int64, error) {
	defer f.alone()()
	return f.Reader.Seek(to, whence)
}

func (f *slowFile) alone() func() {
	if f.users.Add(1) > 1 {
		f.t.Error("the file is read by two at a time")
	}
	return func() { f.users.Add(-1) }
}

// TestUploadAnsweredEarly: a store that refuses before it has the file may be given it again only when
// what was sending it has stopped.
func TestUploadAnsweredEarly(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, _ := s.chat()
		line := newCounting(t, s)
		var early atomic.Int32
		var reading sync.WaitGroup
		line.before = func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodPut {
				return nil, nil
			}
			refused := []int{503, 429, 0}[early.Add(1)-1]
			if refused == 0 {
				return nil, nil
			}
			body := r.Body
			r.Body = nil
			reading.Go(func() {
				_, _ = io.Copy(io.Discard, body)
				_ = body.Close()
			})
			pass(15 * time.Millisecond)
			return canned(r, refused, ""), nil
		}
		session, err := s.client(line, nil).Join(t.Context(), client.SessionConfig{Token: token})
		if err != nil {
			t.Fatal(err)
		}
		data := []byte(strings.Repeat("0123456789abcdef", 10_000))
		file := &slowFile{Reader: bytes.NewReader(data), t: t}
		id, err := session.Attach(t.Context(), client.Upload{Name: "a.txt", ContentType: "text/plain", Size: int64(len(data)), Body: file})
		if err != nil {
			t.Fatal(err)
		}
		reading.Wait()
		var got bytes.Buffer
		if _, err := session.Download(t.Context(), id, &got, nil); err != nil || !bytes.Equal(got.Bytes(), data) {
			t.Errorf("Download = %v; %d bytes, of %d that were sent", err, got.Len(), len(data))
		}
		if _, err := session.Attach(t.Context(), client.Upload{Name: "a.txt", ContentType: "text/plain", Size: 1}); err == nil {
			t.Error("a file without a Body was sent")
		}
		_ = session.Close()
	})
}

// TestCloseDuringFiles: Close ends files on their way, up and down.
func TestCloseDuringFiles(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, _ := s.chat()
		line := newCounting(t, s)
		var hold atomic.Bool
		line.before = func(r *http.Request) (*http.Response, error) {
			if hold.Load() && !strings.HasPrefix(r.URL.Path, "/participant/") {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return nil, nil
		}
		file := client.Upload{Name: "a.txt", ContentType: "text/plain", Size: 1, Body: strings.NewReader("x")}
		var id string
		for _, c := range []struct {
			name string
			do   func(*client.Session) error
		}{
			{"up", func(session *client.Session) error {
				_, err := session.Attach(t.Context(), file)
				return err
			}},
			{"down", func(session *client.Session) error {
				_, err := session.Download(t.Context(), id, io.Discard, nil)
				return err
			}},
		} {
			session, err := s.client(line, nil).Join(t.Context(), client.SessionConfig{Token: token})
			if err != nil {
				t.Fatal(err)
			}
			if id, err = session.Attach(t.Context(), client.Upload{Name: "b.txt", ContentType: "text/plain", Size: 1, Body: strings.NewReader("x")}); err != nil {
				t.Fatal(err)
			}
			hold.Store(true)
			var work sync.WaitGroup
			work.Go(func() {
				pass(time.Minute)
				_ = session.Close()
			})
			if err := c.do(session); !errors.Is(err, client.ErrClosed) {
				t.Errorf("%s: %v; want it closed", c.name, err)
			}
			work.Wait()
			hold.Store(false)
		}
	})
}
