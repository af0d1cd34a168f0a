package engine_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/store"
)

// fakeFiles records which files were deleted.
type fakeFiles struct {
	mu      sync.Mutex // guards what follows
	deleted []string
	broken  bool
}

func (s *fakeFiles) delete(_ context.Context, chat center.ContactID, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errors.New("the shelf is broken")
	}
	s.deleted = append(s.deleted, string(chat)+"/"+id)
	return nil
}

func (s *fakeFiles) repair(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

func (s *fakeFiles) use(c *enginetest.Options) { c.DeleteFile = s.delete }

func (s *fakeFiles) want(t *testing.T, when string, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := slices.Sorted(slices.Values(s.deleted)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("%s: files deleted %q; want %q", when, got, want)
	}
}

func wantNoted(t *testing.T, w *enginetest.Engine, when string, want int) {
	t.Helper()
	noted, err := w.Store.Uploads(t.Context(), store.AllShards, time.Now().Add(1000*time.Hour), 1000)
	if err != nil || len(noted) != want {
		t.Errorf("%s: the store notes %v, %v; want %d", when, noted, err, want)
	}
}

func announce(t *testing.T, w *enginetest.Engine, chat center.ContactID, p center.ParticipantID, token string) string {
	t.Helper()
	return do(t, w, chat, contact.StartUpload{Participant: p, Name: "a.txt", ContentType: "text/plain", Size: 4, ClientToken: token}).ID
}

// talk begins a chat and connects its customer.
func talk(t *testing.T, w *enginetest.Engine) (center.ContactID, center.ParticipantID) {
	t.Helper()
	chat, ana := start(t, w, "greet", "")
	do(t, w, chat, contact.Connect{Participant: ana})
	return chat, ana
}

func TestAbandonedUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var files fakeFiles
		w := open(t, enginetest.Memory(t), files.use)
		chat, ana := talk(t, w)
		other, bob := talk(t, w)
		left, kept, ended := announce(t, w, chat, ana, "1"), announce(t, w, chat, ana, "2"), announce(t, w, other, bob, "1")
		wantNoted(t, w, "begun", 3)
		do(t, w, chat, contact.CompleteUpload{Participant: ana, Attachment: kept, ClientToken: "done"})
		do(t, w, other, contact.Disconnect{Participant: bob})
		wantNoted(t, w, "one completed", 2)

		enginetest.Pass(contact.UploadLife - time.Minute)
		files.want(t, "a minute before")
		late := announce(t, w, chat, ana, "3")
		enginetest.Pass(2*time.Minute + time.Second)
		files.want(t, "after its life", string(chat)+"/"+left, string(other)+"/"+ended)
		wantNoted(t, w, "after its life", 1)
		state, err := w.State(t.Context(), chat)
		if err != nil || state.Attachment(left) != nil || state.Attachment(kept) == nil || state.Attachment(late) == nil {
			t.Errorf("attachments %v, %v; want %s and %s", state.Attachments, err, kept, late)
		}
		_, err = w.Do(t.Context(), chat, contact.CompleteUpload{Participant: ana, Attachment: left})
		if center.ReasonOf(err) != center.Invalid {
			t.Errorf("completing an upload that was cleared away = %v; want Invalid", err)
		}
		if again := announce(t, w, chat, ana, "1"); again == left {
			t.Error("its ClientToken still leads to it")
		}

		// The clock is what counts, not the time that passes.
		w.Clock.Advance(contact.UploadLife)
		synctest.Wait()
		wantNoted(t, w, "after the clock was moved", 0)
		enginetest.Pass(10 * contact.UploadLife)
		if n := len(files.deleted); n != 4 {
			t.Errorf("%d files were deleted; want 4: none twice, and never the completed one", n)
		}
	})
}

// TestAbandonedUploadsSurvive has the process die when the file is deleted and
// the store has not heard of it.
func TestAbandonedUploadsSurvive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &mortal{Store: enginetest.Memory(t)}
		var files fakeFiles
		w := open(t, s, files.use)
		chat, ana := talk(t, w)
		id := announce(t, w, chat, ana, "1")
		w.Close()
		enginetest.Pass(contact.UploadLife)

		s.dead.Store(true)
		w = open(t, s, files.use)
		enginetest.Pass(time.Second)
		files.want(t, "before the death", string(chat)+"/"+id)
		wantNoted(t, w, "before the death", 1)
		w.Close()

		s.dead.Store(false)
		w = open(t, s, files.use)
		enginetest.Pass(time.Second)
		files.want(t, "after the restart", string(chat)+"/"+id, string(chat)+"/"+id)
		wantNoted(t, w, "after the restart", 0)
	})
}

// mortal is a store that dies before it is informed of what was cleared away.
type mortal struct {
	store.Store
	dead atomic.Bool
}

func (m *mortal) Keep(ctx context.Context, c *store.Chores) error {
	if m.dead.Load() {
		return store.ErrClosed
	}
	return m.Store.Keep(ctx, c)
}

// TestAbandonedUploadsArePostponed has more files than a batch that cannot be deleted:
// they do not hold up others, and are tried again later.
func TestAbandonedUploadsArePostponed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := fakeFiles{broken: true}
		w := open(t, enginetest.Memory(t), files.use)
		const chats, each = 4, 30 // a chat has 35 at a time
		for range chats {
			chat, ana := talk(t, w)
			for i := range each {
				announce(t, w, chat, ana, string(rune('a'+i)))
			}
		}
		enginetest.Pass(contact.UploadLife + time.Minute)
		wantNoted(t, w, "broken", chats*each)
		files.repair(false)
		chat, ana := talk(t, w)
		next := announce(t, w, chat, ana, "1")
		enginetest.Pass(contact.UploadLife - 5*time.Minute)
		files.want(t, "put off")
		enginetest.Pass(10 * time.Minute)
		if len(files.deleted) != chats*each+1 || !slices.Contains(files.deleted, string(chat)+"/"+next) {
			t.Errorf("%d files were deleted; want %d", len(files.deleted), chats*each+1)
		}
		wantNoted(t, w, "repaired", 0)
	})
}
