package backup_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/backup"
	"parley.example/parley/internal/blob/dir"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

const (
	instance   = center.InstanceID("11111111-2222-4333-8444-555555555555")
	chatsOfAll = 24
)

// begun is when the first item was said.
var begun = time.Date(2026, 11, 30, 9, 30, 0, 0, time.UTC)

func chatID(i int) center.ContactID {
	return center.ContactID(fmt.Sprintf("01938a5e-0000-7000-8000-%012d", i))
}

// fill is what a numbered item says: enough that the log of the database is restarted now and then, and nothing that could be packed.
func fill(chat int, seq int64) string {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(chat))
	binary.LittleEndian.PutUint64(seed[8:], uint64(seq))
	b := make([]byte, 2250)
	_, _ = rand.NewChaCha8(seed).Read(b) // never fails
	return fmt.Sprintf("%d/%d %s", chat, seq, base64.RawURLEncoding.EncodeToString(b))
}

// data is a data directory that a test writes to.
type data struct {
	store.Store
	files *dir.Store
}

func openData(path string) (*data, error) {
	s, err := sqlite.Open(context.Background(), sqlite.Options{Dir: path})
	if err != nil {
		return nil, err
	}
	files, err := dir.Open(filepath.Join(path, "files"))
	return &data{s, files}, err
}

func (d *data) close() error { return errors.Join(d.Store.Close(), d.files.Close()) }

func (d *data) submit(c *store.Change) error {
	done := make(chan error, 1)
	d.Submit(c, func(err error) { done <- err })
	return <-done
}

// say appends the next item of a chat, which it begins where need be. Every tenth is an
// attachment, whose file is there first.
func (d *data) say(i int, seq int64) error {
	id, now := chatID(i), begun.Add(time.Duration(seq)*time.Second)
	c := &store.Change{Chat: id}
	if seq == 1 {
		c.State = &store.Head{Instance: instance, State: []byte(`{}`), Active: true}
		c.Contacts = []center.Contact{{ID: id, Chat: id, Instance: instance, InitiationMethod: center.MethodAPI, Initiated: now}}
	}
	it := center.Item{Chat: id, Seq: seq, ID: center.NewItemID(now, seq, uint64(i)), Contact: id, Time: now, Type: center.TypeMessage,
		ContentType: center.PlainText, Content: fill(i, seq), Role: center.RoleCustomer}
	if seq%10 == 0 {
		text := fill(i, seq)
		a := center.Attachment{ID: fmt.Sprintf("file-%d", seq), Name: "a.txt", ContentType: "text/plain", Size: int64(len(text)), Status: center.AttachmentApproved}
		if err := d.files.Put(context.Background(), "attachments/"+string(id)+"/"+a.ID, strings.NewReader(text), a.Size); err != nil {
			return err
		}
		it.Type, it.Content, it.Attachment = center.TypeAttachment, "", &a
	}
	c.Items = []center.Item{it}
	return d.submit(c)
}

// fillUp says so many items in each chat.
func (d *data) fillUp(t *testing.T, from, to int64) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range chatsOfAll {
		wg.Go(func() {
			for seq := from; seq <= to; seq++ {
				if err := d.say(i, seq); err != nil {
					t.Errorf("chat %d item %d: %v", i, seq, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// newData makes a data directory with so many items in each chat.
func newData(t *testing.T, items int64) (string, *data) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data")
	d, err := openData(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.close() }) // a test that closes it has looked at the error
	d.fillUp(t, 1, items)
	return path, d
}

func save(t *testing.T, w backup.Where, o backup.Options) *backup.Saved {
	t.Helper()
	p, ctx, err := backup.OpenToWrite(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	saved, err := p.Save(ctx, o)
	if err := errors.Join(err, p.Close()); err != nil {
		t.Fatalf("Save: %v", err)
	}
	return saved
}

func prune(t *testing.T, w backup.Where, keep int) *backup.Pruned {
	t.Helper()
	p, ctx, err := backup.OpenToWrite(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	pruned, err := p.Prune(ctx, keep)
	if err := errors.Join(err, p.Close()); err != nil {
		t.Fatalf("Prune: %v", err)
	}
	return pruned
}

func open(t *testing.T, w backup.Where) *backup.Place {
	t.Helper()
	p, err := backup.Open(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return p
}

func check(t *testing.T, w backup.Where, c backup.Choice) *backup.Checked {
	t.Helper()
	found, err := open(t, w).Check(t.Context(), c, nil)
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	return found
}

// well checks a place and fails the test where anything is wrong.
func well(t *testing.T, w backup.Where, c backup.Choice) *backup.Checked {
	t.Helper()
	found := check(t, w, c)
	if len(found.Wrong) > 0 {
		t.Fatalf("the check finds: %s", strings.Join(found.Wrong, "; "))
	}
	return found
}

// restore restores a backup to a new directory.
func restore(t *testing.T, w backup.Where, c backup.Choice) string {
	t.Helper()
	p := open(t, w)
	b, err := p.Choose(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "restored")
	done, err := p.Restore(t.Context(), b, backup.Target{Data: to})
	if err != nil {
		t.Fatalf("Restore: %v", err)
	}
	if len(done.Wrong) > 0 {
		t.Fatalf("the restore finds: %s", strings.Join(done.Wrong, "; "))
	}
	return to
}

// counts opens a data directory as the server does, and compares each item and file with what was
// said. It returns how many items each chat has.
func counts(t *testing.T, path string) (n [chatsOfAll]int64) {
	t.Helper()
	d, err := openData(path)
	if err != nil {
		t.Fatalf("open what was restored: %v", err)
	}
	defer func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	}()
	for i := range n {
		var items []center.Item
		h, err := d.Chat(t.Context(), chatID(i))
		if center.ReasonOf(err) == center.NotFound {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for int64(len(items)) < h.LastSeq {
			more, err := d.Items(t.Context(), store.ItemQuery{Chat: chatID(i), From: int64(len(items)) + 1, To: h.LastSeq})
			if err != nil || len(more) == 0 {
				t.Fatalf("chat %d has %d items of %d: %v", i, len(items), h.LastSeq, err)
			}
			items = append(items, more...)
		}
		for at, it := range items {
			seq := int64(at + 1)
			want := fill(i, seq)
			if it.Attachment != nil {
				f, _, err := d.files.Open(t.Context(), "attachments/"+string(chatID(i))+"/"+it.Attachment.ID)
				if err != nil {
					t.Fatal(err)
				}
				var b bytes.Buffer
				_, err = b.ReadFrom(f)
				if err := errors.Join(err, f.Close()); err != nil {
					t.Fatal(err)
				}
				it.Content = b.String()
			}
			if it.Seq != seq || it.Content != want {
				t.Fatalf("chat %d item %d is %d %.20q; want %.20q", i, seq, it.Seq, it.Content, want)
			}
		}
		n[i] = int64(len(items))
	}
	return n
}

// all returns the count of every chat.
func all(n int64) (out [chatsOfAll]int64) {
	for i := range out {
		out[i] = n
	}
	return out
}

// tree returns the files below a directory, relative to it.
func tree(t *testing.T, path string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			rel, _ := filepath.Rel(path, name)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// Children of the tests: processes of this binary that do as the environment says.
const (
	envRole  = "PARLEY_TEST_BACKUP_ROLE" // write, save
	envData  = "PARLEY_TEST_BACKUP_DATA"
	envPlace = "PARLEY_TEST_BACKUP_PLACE"
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(envRole) {
	case "write":
		err = writeForever(os.Getenv(envData))
	case "save":
		err = saveOnce(os.Getenv(envPlace), os.Getenv(envData))
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// writeForever goes on in each chat and prints what is acknowledged. It pauses, longer and longer, so that
// the data does not outgrow what a test can look through, however slow the machine is.
func writeForever(path string) error {
	d, err := openData(path)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for i := range chatsOfAll {
		h, err := d.Chat(context.Background(), chatID(i))
		if err != nil && center.ReasonOf(err) != center.NotFound {
			return err
		}
		go func() {
			for seq := h.LastSeq + 1; ; seq++ {
				if err := d.say(i, seq); err != nil {
					failed <- err
					return
				}
				fmt.Printf("%d %d\n", i, seq)
				time.Sleep(5 * time.Millisecond * time.Duration(1+(seq-h.LastSeq)/50))
			}
		}()
	}
	return <-failed
}

func saveOnce(place, path string) error {
	p, ctx, err := backup.OpenToWrite(context.Background(), backup.Where{URL: place})
	if err != nil {
		return err
	}
	_, err = p.Save(ctx, backup.Options{Data: path, Now: time.Now})
	return errors.Join(err, p.Close())
}

// child starts a process of this binary.
func child(t *testing.T, role, path, place string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envRole+"="+role, envData+"="+path, envPlace+"="+place)
	cmd.Stderr = t.Output()
	t.Cleanup(func() {
		if cmd.Process != nil {
			_ = cmd.Process.Kill() // most have been killed before
		}
	})
	return cmd
}

// writer is a process that writes, and what it has acknowledged.
type writer struct {
	cmd   *exec.Cmd
	ended chan struct{}

	mu    sync.Mutex // guards what follows
	acked [chatsOfAll]int64
	n     int
}

func startWriter(t *testing.T, path string, acked [chatsOfAll]int64) *writer {
	t.Helper()
	w := &writer{cmd: child(t, "write", path, ""), ended: make(chan struct{}), acked: acked}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var i int
			var seq int64
			if n, err := fmt.Sscanf(lines.Text(), "%d %d", &i, &seq); n != 2 || err != nil {
				return // the line that was cut off
			}
			w.mu.Lock()
			w.acked[i] = seq
			w.n++
			w.mu.Unlock()
		}
	}()
	return w
}

func (w *writer) state() (acked [chatsOfAll]int64, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.acked, w.n
}

// progress waits until so many more items are acknowledged.
func (w *writer) progress(t *testing.T, more int) {
	t.Helper()
	_, from := w.state()
	for {
		if _, n := w.state(); n >= from+more {
			return
		}
		select {
		case <-w.ended:
			t.Fatal("the writer has ended")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// kill kills the writer and returns what it had acknowledged.
func (w *writer) kill() [chatsOfAll]int64 {
	_ = w.cmd.Process.Kill()
	<-w.ended
	_ = w.cmd.Wait() // it was killed: that is its error
	acked, _ := w.state()
	return acked
}
