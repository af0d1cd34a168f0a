package backup_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/backup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// TestIncremental: a second backup stores what has changed, and nothing when nothing has.
func TestIncremental(t *testing.T) {
	path, d := newData(t, 60)
	place := backup.Where{URL: filepath.Join(t.TempDir(), "a", "place")}
	first := save(t, place, backup.Options{Data: path, Version: "v1"})
	if first.NewPieces.Bytes != first.Database.Bytes || first.NewFiles.Count != 6*chatsOfAll || first.Files.Count != 6*chatsOfAll || first.Added.Bytes < 1<<20 {
		t.Errorf("the first backup: %+v %+v of %+v, %+v", first.NewPieces, first.NewFiles, first.Files, first.Added)
	}
	again := save(t, place, backup.Options{Data: path})
	if again.NewPieces.Count != 0 || again.NewFiles.Count != 0 || again.Added.Count != 0 || again.Files.Count != first.Files.Count {
		t.Errorf("of what has not changed is stored: %+v", again.Added)
	}
	if err := d.say(0, 61); err != nil {
		t.Fatal(err)
	}
	little := save(t, place, backup.Options{Data: path})
	if little.NewPieces.Count == 0 || little.NewPieces.Bytes > first.NewPieces.Bytes/4 || little.NewFiles.Count != 0 {
		t.Errorf("of one more item is stored: %+v of %d bytes", little.NewPieces, first.Database.Bytes)
	}
	// A file that goes, as one that is erased does, is in no later backup; one of the same content is stored once.
	gone := "attachments/" + string(chatID(3)) + "/file-10"
	if err := d.files.Delete(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"attachments/copy/1", "attachments/copy/2"} {
		if err := d.files.Put(t.Context(), key, strings.NewReader("twice"), 5); err != nil {
			t.Fatal(err)
		}
	}
	moved := save(t, place, backup.Options{Data: path})
	if moved.NewFiles.Count != 1 || moved.Files.Count != first.Files.Count+1 {
		t.Errorf("one file went and two of one content came: %+v new of %+v", moved.NewFiles, moved.Files.Amount)
	}
	found := check(t, place, backup.Choice{})
	if len(found.Wrong) != 1 || !strings.Contains(found.Wrong[0], "attachment file-10 of chat "+string(chatID(3))+" has no file") {
		t.Errorf("of an item without its file the check says %q", found.Wrong)
	}
	if facts := well(t, place, backup.Choice{ID: little.ID}).Facts; facts.Chats != chatsOfAll || facts.Contacts != chatsOfAll || facts.Items != 60*chatsOfAll+1 || facts.Attachments != 6*chatsOfAll {
		t.Errorf("the check counts %+v", facts)
	}
	want := all(60)
	if got := counts(t, restore(t, place, backup.Choice{At: again.Taken})); got != want {
		t.Errorf("what is restored of an earlier time has %v items", got)
	}
	want[0] = 61
	if got := counts(t, restore(t, place, backup.Choice{ID: little.ID})); got != want {
		t.Errorf("the third backup has %v items", got)
	}
	if list, err := open(t, place).List(t.Context()); err != nil || len(list) != 4 || list[0].Parley != "v1" || list[0].ID != first.ID {
		t.Errorf("List = %v, %v", list, err)
	}
}

// TestCopiedAhead: what is too much for one short transaction is copied in several, while the
// database grows, and is as consistent.
func TestCopiedAhead(t *testing.T) {
	path, d := newData(t, 10)
	const chats, size = 70, 1 << 20
	text := make([]byte, size+chats)
	for at := range text {
		text[at] = byte(at % 251)
	}
	for i := range chats {
		c := &store.Change{Chat: center.ContactID(fmt.Sprintf("large-%d", i)), State: &store.Head{Instance: instance, State: text[i : i+size]}}
		if err := d.submit(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	place := backup.Where{URL: filepath.Join(t.TempDir(), "place")}
	w := startWriter(t, path, all(10))
	w.progress(t, 20)
	before, _ := w.state()
	saved := save(t, place, backup.Options{Data: path})
	w.kill()
	if saved.Database.Bytes < 64<<20 {
		t.Fatalf("a database of %d bytes is not too much", saved.Database.Bytes)
	}
	got := counts(t, restore(t, place, backup.Choice{}))
	for i := range got {
		if got[i] < before[i] {
			t.Errorf("chat %d has %d items of %d", i, got[i], before[i])
		}
	}
}

// TestClockSetBack: backups keep their order, and their ids differ, whatever the clock does.
func TestClockSetBack(t *testing.T) {
	path, _ := newData(t, 1)
	place := backup.Where{URL: filepath.Join(t.TempDir(), "place")}
	var ids []string
	for _, now := range []time.Time{begun, begun, begun.Add(-time.Hour), begun.Add(time.Hour)} {
		ids = append(ids, save(t, place, backup.Options{Data: path, Now: func() time.Time { return now }}).ID)
	}
	want := []string{"20261130T093000.000Z", "20261130T093000.001Z", "20261130T093000.002Z", "20261130T103000.000Z"}
	if !slices.Equal(ids, want) {
		t.Errorf("ids %v; want %v", ids, want)
	}
	p := open(t, place)
	for at, want := range map[time.Duration]string{0: want[0], time.Second: want[2], 2 * time.Hour: want[3]} {
		if b, err := p.Choose(t.Context(), backup.Choice{At: begun.Add(at)}); err != nil || b.ID != want {
			t.Errorf("the backup of %v is %v, %v; want %s", at, b, err, want)
		}
	}
	for _, c := range []backup.Choice{{At: begun.Add(-time.Second)}, {ID: "20261130T093000.005Z"}, {ID: "../x"}} {
		if b, err := p.Choose(t.Context(), c); err == nil {
			t.Errorf("%+v finds %s", c, b.ID)
		}
	}
}

// TestSecret: the file that opens the secrets is left out unless it is wanted, and whoever
// restores knows. What is stored is for nobody else to read.
func TestSecret(t *testing.T) {
	path, d := newData(t, 10)
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	const secret = "the-secret-of-this-test"
	for _, name := range []string{"parley.secret", "first-key.env"} {
		if err := os.WriteFile(filepath.Join(path, name), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, with := range []bool{false, true} {
		place := backup.Where{URL: filepath.Join(t.TempDir(), "place")}
		saved := save(t, place, backup.Options{Data: path, WithSecret: with})
		if !saved.Sealed || (len(saved.Secret) > 0) != with {
			t.Errorf("with the secret %v: sealed %v, secret %q", with, saved.Sealed, saved.Secret)
		}
		p := open(t, place)
		to := filepath.Join(t.TempDir(), "restored")
		done, err := p.Restore(t.Context(), saved.Backup, backup.Target{Data: to})
		if err != nil || done.SecretMissing == with {
			t.Errorf("with the secret %v: the restore says %+v, %v", with, done, err)
		}
		text, err := os.ReadFile(filepath.Join(to, "parley.secret"))
		if with != (err == nil && string(text) == secret) {
			t.Errorf("with the secret %v: restored is %q, %v", with, text, err)
		}
		for _, root := range []string{place.URL, to} {
			err := filepath.WalkDir(root, func(name string, e os.DirEntry, err error) error {
				if err != nil {
					return err
				}
				info, err := e.Info()
				if err == nil && info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s has mode %v", name, info.Mode())
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestOlderFormat: data that an earlier release has written, which had no id yet, is backed up as it is, and
// brought up to date by the server that is started on what is restored.
func TestOlderFormat(t *testing.T) {
	path := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "tar", "-xzf", "../server/testdata/upgrade/format-6.tar.gz", "-C", path).CombinedOutput(); err != nil {
		t.Fatalf("unpack: %v: %s", err, out)
	}
	place := backup.Where{URL: filepath.Join(t.TempDir(), "place")}
	if saved := save(t, place, backup.Options{Data: path}); saved.Data != "" || saved.Database.Format != 6 {
		t.Errorf("the backup is of data %q in format %d", saved.Data, saved.Database.Format)
	}
	if found := well(t, place, backup.Choice{}); found.Chats == 0 || found.Items == 0 {
		t.Errorf("the backup has %d chats and %d items", found.Chats, found.Items)
	}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: restore(t, place, backup.Choice{})})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestSecretElsewhere: a secret that is kept outside the data directory is known to be needed, and is
// included only from where it is.
func TestSecretElsewhere(t *testing.T) {
	path, _ := newData(t, 1)
	place := backup.Where{URL: filepath.Join(t.TempDir(), "place")}
	if saved := save(t, place, backup.Options{Data: path}); !saved.Sealed || len(saved.Secret) > 0 {
		t.Errorf("the backup says sealed: %t, and has %d bytes of a secret", saved.Sealed, len(saved.Secret))
	}
	file := filepath.Join(t.TempDir(), "kept.secret")
	if err := os.WriteFile(file, []byte("of another directory"), 0o600); err != nil {
		t.Fatal(err)
	}
	if saved := save(t, place, backup.Options{Data: path, WithSecret: true, SecretFile: file}); string(saved.Secret) != "of another directory" {
		t.Errorf("the backup has the secret %q", saved.Secret)
	}
	p, ctx, err := backup.OpenToWrite(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Save(ctx, backup.Options{Data: path, WithSecret: true, Now: time.Now}); err == nil || !strings.Contains(err.Error(), "--secret-file") {
		t.Errorf("a backup with a secret that is not there: %v", err)
	}
}

// TestErasedFiles: files that a retention has deleted are not missed, those of other chats are.
func TestErasedFiles(t *testing.T) {
	path, d := newData(t, 10)
	if err := errors.Join(d.close(), os.RemoveAll(filepath.Join(path, "files"))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		where  string
		missed bool
	}{{"n > 1", true}, {"true", false}} {
		db, err := sql.Open("sqlite", filepath.Join(path, "parley.db"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec(`UPDATE chats SET state = CAST('{"gone":2}' AS BLOB) WHERE ` + c.where)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		place := backup.Where{URL: filepath.Join(t.TempDir(), "place")}
		save(t, place, backup.Options{Data: path})
		if found := check(t, place, backup.Choice{}); len(found.Wrong) > 0 != c.missed {
			t.Errorf("with the files of chats where %s erased, the check finds %q", c.where, found.Wrong)
		}
	}
}

// TestAgents: agents and what they have on their hands come back, and what does not go together is found.
func TestAgents(t *testing.T) {
	path, d := newData(t, 1)
	held := []store.Holding{{User: "u", Since: begun, Work: "talks"}, {User: "v", Since: begun, Work: "missed"}}
	if err := d.submit(&store.Change{Chat: chatID(3), Version: 1, State: &store.Head{Instance: instance, State: []byte("{}"), Held: held},
		Quotas: []store.Quota{{Counter: store.Slots(instance, "u", "CHAT"), Delta: 1, Limit: 1}}}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	d.SubmitAgent(&store.AgentChange{User: "u", State: &store.AgentHead{Instance: instance, State: []byte("here"), Online: true}}, func(err error) { done <- err })
	if err := errors.Join(<-done, d.close()); err != nil {
		t.Fatal(err)
	}
	place := backup.Where{URL: filepath.Join(t.TempDir(), "place")}
	save(t, place, backup.Options{Data: path})
	well(t, place, backup.Choice{})
	restored, err := openData(restore(t, place, backup.Choice{}))
	if err != nil {
		t.Fatal(err)
	}
	defer restored.close()
	if a, err := restored.Agent(t.Context(), "u"); err != nil || string(a.State) != "here" || !a.Online {
		t.Errorf("the agent is %+v, %v", a, err)
	}
	var got []store.Holding
	for h, err := range restored.Held(t.Context(), instance, "") {
		if err != nil || h.Chat != chatID(3) {
			t.Errorf("held is %+v, %v", h, err)
		}
		got = append(got, h.Holding)
	}
	if n, err := restored.Count(t.Context(), store.Slots(instance, "u", "CHAT")); err != nil || n != 1 || !slices.Equal(got, held) {
		t.Errorf("held is %+v in %d slots, %v; want %+v in one", got, n, err, held)
	}

	db, err := sql.Open("sqlite", filepath.Join(path, "parley.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(`UPDATE chats SET held = 1 WHERE id = ?1; UPDATE chats SET held = NULL WHERE id = ?2; UPDATE counters SET value = -1;
		INSERT INTO holdings (instance, user, since, chat, work) VALUES ('i', 'w', 0, 999, '')`, string(chatID(5)), string(chatID(3)))
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	save(t, place, backup.Options{Data: path})
	found := strings.Join(check(t, place, backup.Choice{}).Wrong, "\n")
	for _, want := range []string{
		"user w has a chat on their hands that does not exist: number 999", "chat " + string(chatID(5)) + " is said to be on somebody's hands, and is on nobody's",
		"chat " + string(chatID(3)) + " is on somebody's hands, and said to be on nobody's", "the counter slots/" + string(instance) + "/u/CHAT is -1",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("the check does not find %q:\n%s", want, found)
		}
	}
}

// TestRefusals: a backup goes nowhere where it would be lost or mixed up, and a restore overwrites nothing.
func TestRefusals(t *testing.T) {
	path, d := newData(t, 10)
	other, _ := newData(t, 1)
	place := backup.Where{URL: filepath.Join(t.TempDir(), "place")}
	save(t, place, backup.Options{Data: path})
	refused := func(what, want string, w backup.Where, data string) {
		t.Helper()
		p, ctx, err := backup.OpenToWrite(t.Context(), w)
		if err == nil {
			_, err = p.Save(ctx, backup.Options{Data: data, Now: time.Now})
			p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", what, err, want)
		}
	}
	refused("a place inside the data", "is the data directory of a server", backup.Where{URL: filepath.Join(path, "backups")}, path)
	refused("a data directory as the place", "is the data directory of a server", backup.Where{URL: other}, path)
	refused("other data", "holds backups of other data", place, other)
	refused("no data", "it has no parley.db", place, t.TempDir())
	held, _, err := backup.OpenToWrite(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	refused("a place in use", "is in use by another backup", place, path)
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Open(t.Context(), backup.Where{URL: filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("a place that is not there can be read")
	}
	if _, err := open(t, backup.Where{URL: t.TempDir()}).Choose(t.Context(), backup.Choice{}); err == nil || !strings.Contains(err.Error(), "there are no backups") {
		t.Errorf("of an empty place: %v", err)
	}

	p := open(t, place)
	b, err := p.Choose(t.Context(), backup.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	before := tree(t, path)
	if _, err := p.Restore(t.Context(), b, backup.Target{Data: path}); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("a restore over data: %v", err)
	}
	if after := tree(t, path); !slices.Equal(before, after) {
		t.Errorf("a refused restore has changed %v to %v", before, after)
	}
}

// TestInterruptedRestore: on a directory that a restore did not complete no server starts, and a second
// restore says what to do.
func TestInterruptedRestore(t *testing.T) {
	path, _ := newData(t, 20)
	place := backup.Where{URL: filepath.Join(t.TempDir(), "place")}
	save(t, place, backup.Options{Data: path})
	piece := ""
	for _, name := range tree(t, place.URL) {
		if strings.HasPrefix(name, "files/") {
			piece = filepath.Join(place.URL, name)
		}
	}
	if err := os.Remove(piece); err != nil {
		t.Fatal(err)
	}
	p := open(t, place)
	b, err := p.Choose(t.Context(), backup.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "restored")
	rel, _ := filepath.Rel(place.URL, piece)
	if _, err := p.Restore(t.Context(), b, backup.Target{Data: to}); err == nil || !strings.Contains(err.Error(), filepath.ToSlash(rel)) {
		t.Errorf("a restore without %s: %v", rel, err)
	}
	if s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: to}); err == nil {
		t.Errorf("a server starts on half a restore: %v", s.Close())
	}
	if _, err := p.Restore(t.Context(), b, backup.Target{Data: to}); err == nil || !strings.Contains(err.Error(), "interrupted restore") {
		t.Errorf("a second restore: %v", err)
	}
}

// TestEveryFlipIsFound flips bytes of each kind of file in a place, cuts files off and removes them: the check
// names each, and names nothing once it is mended.
func TestEveryFlipIsFound(t *testing.T) {
	path, d := newData(t, 20)
	place := backup.Where{URL: filepath.Join(t.TempDir(), "place")}
	save(t, place, backup.Options{Data: path})
	d.fillUp(t, 21, 22)
	last := save(t, place, backup.Options{Data: path})
	well(t, place, backup.Choice{})
	lists := map[string]bool{}
	for _, s := range slices.Concat(last.Database.Lists, last.Files.Lists) {
		lists[s.String()] = true
	}
	kinds := map[string][]string{}
	for _, name := range tree(t, place.URL) {
		kind, rest, _ := strings.Cut(name, "/")
		if kind == "objects" && lists[strings.Replace(rest, "/", "", 1)] {
			kind = "lists"
		}
		kinds[kind] = append(kinds[kind], name)
	}
	if len(kinds["backups"]) != 2 || len(kinds["lists"]) != 2 || len(kinds["objects"]) < 4 || len(kinds["files"]) < 2 {
		t.Fatalf("the place holds %v", kinds)
	}
	for _, kind := range []string{"backups", "lists", "objects", "files"} {
		for _, name := range []string{kinds[kind][0], kinds[kind][len(kinds[kind])-1]} {
			file := filepath.Join(place.URL, filepath.FromSlash(name))
			whole, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			damage := map[string]func() error{
				"removed": func() error { return os.Remove(file) },
				"cut off": func() error { return os.WriteFile(file, whole[:len(whole)-1], 0o600) },
				"empty":   func() error { return os.WriteFile(file, nil, 0o600) },
			}
			if kind == "backups" {
				delete(damage, "removed") // it is a backup that is not there
			}
			for _, at := range []int{0, 5, 30, len(whole) / 3, len(whole) / 2, len(whole) - 9, len(whole) - 2, len(whole) - 1} {
				damage[fmt.Sprintf("flipped at %d", at)] = func() error {
					b := slices.Clone(whole)
					b[at] ^= 1 << (at % 8)
					return os.WriteFile(file, b, 0o600)
				}
			}
			for what, do := range damage {
				if err := do(); err != nil {
					t.Fatal(err)
				}
				if found := check(t, place, backup.Choice{ID: last.ID}); !strings.Contains(strings.Join(found.Wrong, "\n"), name) {
					t.Errorf("%s %s: the check says %q", name, what, found.Wrong)
				}
			}
			if err := os.WriteFile(file, whole, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	well(t, place, backup.Choice{})
}
