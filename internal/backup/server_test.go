package backup_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/backup"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestServerGoesOn backs up a server in the midst of a chat, and starts another one on what is
// restored: it knows all that was acknowledged before, takes the same token, and the chat goes on.
func TestServerGoesOn(t *testing.T) {
	path, place := filepath.Join(t.TempDir(), "data"), backup.Where{URL: filepath.Join(t.TempDir(), "place")}
	fast := func(c *server.Config) { c.Rates = map[string]string{"all": "off"} }
	s := servertest.Start(t, servertest.Production(path), servertest.Quietly(t), fast)
	c := s.Chat(t)
	up := c.File("a.txt", "text/plain", 13)
	res, err := s.HTTP.Do(servertest.Put(t, up, []byte("what I attach")))
	if err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("upload: %v, %v", res, err)
	}
	if _, err := s.Participant.CompleteAttachmentUpload(t.Context(), &participant.CompleteAttachmentUploadRequest{
		ConnectionToken: c.Bearer, AttachmentIds: []string{*up.AttachmentId}}); err != nil {
		t.Fatal(err)
	}
	said := func(n int) string { return fmt.Sprintf("message %d", n) }
	const before, after = 20, 200
	for n := range before {
		c.Send(said(n))
	}
	var talking sync.WaitGroup
	talking.Go(func() {
		for n := before; n < after; n++ {
			if _, err := c.TrySend(t.Context(), said(n)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	save(t, place, backup.Options{Data: path})
	talking.Wait()
	well(t, place, backup.Choice{})

	restored := restore(t, place, backup.Choice{})
	secret, err := os.ReadFile(filepath.Join(path, keystore.SecretFile)) // which is kept apart
	if err == nil {
		err = os.WriteFile(filepath.Join(restored, keystore.SecretFile), secret, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	again := servertest.Start(t, servertest.Production(restored), servertest.Quietly(t))
	c = c.On(again)
	c.Connect()
	c.Send("and on it goes")
	var mine []string
	for _, text := range c.Texts() {
		if len(mine) > 0 || text == said(0) { // what the flow says first apart
			mine = append(mine, text)
		}
	}
	if len(mine) <= before || mine[len(mine)-1] != "and on it goes" {
		t.Fatalf("the restored chat has %d messages, the last %q", len(mine), mine[len(mine)-1:])
	}
	for n, text := range mine[:len(mine)-1] {
		if text != said(n) {
			t.Errorf("message %d is %q", n, text)
		}
	}
	get, err := again.Participant.GetAttachment(t.Context(), &participant.GetAttachmentRequest{ConnectionToken: c.Bearer, AttachmentId: *up.AttachmentId})
	if err != nil {
		t.Fatal(err)
	}
	res, err = again.HTTP.Get(*get.Url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "what I attach" {
		t.Errorf("the attachment is %q, %v", body, err)
	}
}
