package sqlite

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/datadir"
	"parley.example/parley/internal/store/sqlite/schema"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// newest is the format that this release makes.
func newest() int64 { return int64(schema.Format()) }

// look reads one row of a database file as it is, without upgrading it.
func look(t *testing.T, file, sql string) row {
	t.Helper()
	c, err := connect(t.Context(), sqlconn.FileURI(file))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.First(sql)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return r
}

// state is the format of a database file, how many chats and items it has, and whether it is sound.
func state(t *testing.T, file string) string {
	t.Helper()
	r := look(t, file, "SELECT user_version, (SELECT count(*) FROM chats), (SELECT count(*) FROM items), (SELECT group_concat(integrity_check) FROM pragma_integrity_check) FROM pragma_user_version")
	return fmt.Sprintf("format %d, %d chats, %d items, %s", r.Int(0), r.Int(1), r.Int(2), r.Text(3))
}

// opened opens a directory and returns what that logs; the store is closed again.
func opened(t *testing.T, o Options, with ...func(*Store)) (log string, err error) {
	t.Helper()
	var b bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&b, nil))
	s, err := Open(t.Context(), o)
	if err != nil {
		return b.String(), err
	}
	for _, f := range with {
		f(s)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	return b.String(), nil
}

const twoChats = `INSERT INTO chats (id, instance, version, busy, active, state) VALUES ('a', 'i', 1, 0, 1, x'61'), ('b', 'i', 1, 0, 1, x'62');
	INSERT INTO items (chat, seq, id, time, type) VALUES (1, 1, 'x', 1, 'MESSAGE')`

// TestUpgradeMakesACopy: before its upgrade the data is copied as it was, for its owner alone;
// the log says what is done, and the copy goes after the time that it is kept.
func TestUpgradeMakesACopy(t *testing.T) {
	const from = 3
	dir := older(t, from, twoChats)
	file := filepath.Join(dir, "parley.db.format-3")
	put(t, dir, "parley.db.format-2.tmp", []byte("left by an upgrade that was killed"))
	put(t, dir, "parley.db.format-2.mine", []byte("not ours"))
	log, err := opened(t, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := state(t, file), "format 3, 2 chats, 1 items, ok"; got != want {
		t.Errorf("the copy: %s; want %s", got, want)
	}
	if got, want := state(t, filepath.Join(dir, datadir.DatabaseName)), fmt.Sprintf("format %d, 2 chats, 1 items, ok", newest()); got != want {
		t.Errorf("the data: %s; want %s", got, want)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy is %v, %v; want the mode 0600", info, err)
	}
	steps, err := schema.Steps()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"format=3 ", fmt.Sprintf("needed=%d ", len(steps)), steps[from].Does, steps[len(steps)-1].Does, "copy=" + file, "was upgraded", "took_ms="} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	if strings.Contains(log, steps[from-1].Does) {
		t.Errorf("the log names a step that was taken long ago:\n%s", log)
	}
	log, err = opened(t, Options{Dir: dir}, func(s *Store) {
		if err := s.dropCopies(time.Now().Add(-7 * 24 * time.Hour)); err != nil {
			t.Error(err)
		}
		if len(read(t, dir, "parley.db.format-3")) == 0 || len(read(t, dir, "parley.db.format-2.tmp")) != 0 {
			t.Error("the young copy was deleted, or an incomplete one was not")
		}
		if err := s.Purge(t.Context(), store.AllShards, time.Now().Add(time.Hour), 0); err != nil {
			t.Error(err)
		}
	})
	if err != nil || !strings.Contains(log, "copy="+file) || strings.Contains(log, "was upgraded") {
		t.Errorf("the second start: %v, %s; want that it names the copy", err, log)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old copy is still there: %v", err)
	}
	if len(read(t, dir, "parley.db.format-2.mine")) == 0 {
		t.Error("another file was deleted")
	}
}

// TestUpgradeWithoutACopy: where the operator says so, and where there is nothing to copy.
func TestUpgradeWithoutACopy(t *testing.T) {
	for name, o := range map[string]Options{
		"said": {Dir: older(t, 3, twoChats), NoUpgradeCopy: true}, "fresh": {Dir: t.TempDir()},
	} {
		log, err := opened(t, o)
		if err != nil {
			t.Fatal(err)
		}
		if copies, err := filepath.Glob(filepath.Join(o.Dir, "*.format-*")); err != nil || len(copies) > 0 {
			t.Errorf("%s: there are %v, %v; want no copy", name, copies, err)
		}
		if got := look(t, filepath.Join(o.Dir, datadir.DatabaseName), "PRAGMA user_version").Int(0); got != newest() {
			t.Errorf("%s: the format is %d", name, got)
		}
		if name == "fresh" && log != "" {
			t.Errorf("a fresh database logs %s", log)
		}
	}
}

// TestUpgradeFails: when a step fails, or the copy, or the start is interrupted, the data is
// as it was, and the error says how to go on.
func TestUpgradeFails(t *testing.T) {
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		data   string
		before func(dir string)
		want   string // of the error
		copied bool
	}{
		"step": {t.Context(), "CREATE TABLE identity (x)", nil, "0007_identity.sql: .*already exists.*upgrade was undone.*release that wrote the data", true},
		"copy": {t.Context(), "", func(dir string) {
			if err := os.MkdirAll(filepath.Join(dir, "parley.db.format-4.tmp", "in the way"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, "copy the data before its upgrade: .*parley.db.format-4.tmp.*as it was.*--no-upgrade-copy", false},
		"interrupted": {interrupted, "", nil, "context canceled", false},
	} {
		dir := older(t, 4, twoChats, c.data)
		if c.before != nil {
			c.before(dir)
		}
		for range 2 {
			s, err := Open(c.ctx, Options{Dir: dir})
			if err == nil {
				s.Close()
				t.Fatalf("%s: Open succeeded", name)
			}
			if !regexp.MustCompile(c.want).MatchString(err.Error()) {
				t.Errorf("%s: Open = %v; want %s", name, err, c.want)
			}
		}
		const was = "format 4, 2 chats, 1 items, ok"
		if got := state(t, filepath.Join(dir, datadir.DatabaseName)); got != was {
			t.Errorf("%s: the data: %s; want %s", name, got, was)
		}
		if file := filepath.Join(dir, "parley.db.format-4"); c.copied {
			if got := state(t, file); got != was {
				t.Errorf("%s: the copy: %s; want %s", name, got, was)
			}
		} else if len(read(t, dir, "parley.db.format-4")) > 0 {
			t.Errorf("%s: there is a copy", name)
		}
	}
}

// TestDowngradeIsRefused: data of a newer format is refused, with the release that reads it
// and the copy to go back to, if there are such.
func TestDowngradeIsRefused(t *testing.T) {
	format := newest()
	dir := older(t, 3, twoChats)
	if _, err := opened(t, Options{Dir: dir, Release: "v2.1.0"}); err != nil {
		t.Fatal(err)
	}
	written := func(format int64) {
		c, err := connect(t.Context(), sqlconn.FileURI(filepath.Join(dir, datadir.DatabaseName)))
		if err == nil {
			err = errors.Join(c.Script(fmt.Sprintf("PRAGMA user_version = %d", format)), c.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := func(wants ...string) {
		t.Helper()
		before := read(t, dir, datadir.DatabaseName)
		_, err := opened(t, Options{Dir: dir})
		for _, want := range append(wants, fmt.Sprintf("its format is %d, this release reads formats up to %d", format+1, format)) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Open = %v; want %q", err, want)
			}
		}
		if !bytes.Equal(before, read(t, dir, datadir.DatabaseName)) {
			t.Error("the database was written to")
		}
	}
	written(format + 1)
	refused("Start the release that wrote it", "go back to parley.db.format-3, a copy from before the upgrade of 20")
	marker := string(read(t, dir, datadir.MarkerName))
	put(t, dir, datadir.MarkerName, []byte(strings.Replace(marker, fmt.Sprintf("format %d", format), fmt.Sprintf("format %d", format+1), 1)))
	refused("Start Parley v2.1.0, which used it last, or a later one")
	remove(t, dir, "parley.db.format-3")
	put(t, dir, datadir.CopyName(format+1), []byte("too new as well"))
	refused(fmt.Sprintf("or restore a backup of format %d or older", format))

	written(format)
	put(t, dir, datadir.MarkerName, []byte(marker))
	if _, err := opened(t, Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if got := string(read(t, dir, datadir.MarkerName)); got != marker {
		t.Errorf("a program that does not know its version wrote the marker %s; want %s", got, marker)
	}
}

// UpgradeDir names the directory that a child process of TestKilledWhileUpgrading upgrades.
const UpgradeDir = "PARLEY_TEST_UPGRADE_DIR"

// UpgradeOnce opens a directory, and with that upgrades it. At each line of its log it waits for leave to go on.
func UpgradeOnce(dir string) (exit int) {
	s, err := Open(context.Background(), Options{Dir: dir, Log: slog.New(slog.NewTextHandler(asking{}, nil))})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// asking writes lines to standard output, and reads a byte of standard input after each.
type asking struct{}

func (asking) Write(line []byte) (int, error) {
	n, err := os.Stdout.Write(line)
	_, _ = os.Stdin.Read(make([]byte, 1)) // at the end of the input there is nobody to ask
	return n, err
}

// moment is when to kill a child: a while after it has said so many lines. After no while the
// child has had no leave to go on, so it stands at that line.
type moment struct {
	lines int
	later time.Duration
}

// logged is one line of a child's log, and when it was said.
type logged struct {
	text string
	at   time.Time
}

// upgradeOnce has a child upgrade a directory, and kills it unless the moment is nil or never comes.
// It returns the lines and whether the child was killed.
func upgradeOnce(t *testing.T, dir string, kill *moment) (said []logged, killed bool) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), UpgradeDir+"="+dir)
	child.Stderr = os.Stderr
	leave, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, logged{lines.Text(), time.Now()})
		if kill != nil && len(said) == kill.lines {
			if kill.later == 0 {
				child.Process.Kill()
				continue
			}
			time.AfterFunc(kill.later, func() { child.Process.Kill() }) // it may have ended
		}
		_, _ = leave.Write([]byte{'\n'}) // likewise
	}
	if err := child.Wait(); err != nil && child.ProcessState.Exited() {
		t.Fatalf("the child failed: %v", err)
	}
	return said, !child.ProcessState.Success()
}

// TestKilledWhileUpgrading kills a process at random moments while it upgrades a large
// database. Whatever is left has all the data in the one format or the other, what bears the
// name of a copy is one, and the next start completes the upgrade.
func TestKilledWhileUpgrading(t *testing.T) {
	const chats, from, rounds = 1_500, 2, 4
	large := older(t, from, fmt.Sprintf(`WITH RECURSIVE k (n) AS (SELECT 1 UNION ALL SELECT n+1 FROM k WHERE n < %d)
		INSERT INTO chats (id, instance, version, busy, active, state) SELECT 'chat-' || n, 'i', n, n %% 3 = 0, 1,
			CAST(printf('{"attachments":[{"id":"a%%d","status":"","started":"2026-03-01T09:00:00Z"}],"pad":"%%.*c"}', n, 400, 'x') AS BLOB) FROM k`, chats),
		"INSERT INTO items (chat, seq, id, time, type, content) SELECT n, 1, 'item-' || n, n, 'MESSAGE', 'said' FROM chats")
	want := func(format int64) string {
		return fmt.Sprintf("format %d, %d chats, %d items, ok", format, chats, chats)
	}
	fresh := func() string {
		dir := t.TempDir()
		put(t, dir, datadir.DatabaseName, read(t, large, datadir.DatabaseName))
		return dir
	}
	said, _ := upgradeOnce(t, fresh(), nil)
	committed := slices.IndexFunc(said, func(l logged) bool { return strings.Contains(l.text, "the data was upgraded") })
	if committed < 2 {
		t.Fatalf("a whole upgrade logs %v", said)
	}
	took := said[committed].at.Sub(said[committed-1].at)
	kills, undone := 0, 0
	for round := range rounds {
		dir := fresh()
		file := filepath.Join(dir, datadir.DatabaseName)
		for _, kill := range []moment{ // at a line before the commit; and while it takes the steps
			{lines: 1 + rand.N(committed)},
			{lines: committed, later: 1 + rand.N(2*took)},
		} {
			if _, killed := upgradeOnce(t, dir, &kill); !killed {
				break
			}
			kills++
			got := state(t, file)
			if got != want(from) && (got != want(newest()) || kill.later == 0) {
				t.Fatalf("round %d: killed %s after line %d, with %d before the commit, and what is left is of %s", round, kill.later, kill.lines, committed, got)
			}
			if got == want(from) {
				undone++
			}
			if len(read(t, dir, datadir.CopyName(from))) > 0 {
				if got := state(t, filepath.Join(dir, datadir.CopyName(from))); got != want(from) {
					t.Fatalf("the copy after a kill: %s", got)
				}
			}
		}
		upgradeOnce(t, dir, nil)
		if got := state(t, file); got != want(newest()) {
			t.Errorf("in the end: %s; want %s", got, want(newest()))
		}
		if r := look(t, file, "SELECT count(*), (SELECT count(*) FROM chats WHERE workers = 'unknown'), (SELECT sum(version) FROM chats) FROM uploads"); r.Int(0) != chats || r.Int(1) != chats/3 || r.Int(2) != chats*(chats+1)/2 {
			t.Errorf("there are %v uploads, chats with effects, and versions in sum", r)
		}
		if got := state(t, filepath.Join(dir, datadir.CopyName(from))); got != want(from) {
			t.Errorf("the copy: %s; want %s", got, want(from))
		}
	}
	t.Logf("%d kills, %d of them before the upgrade was committed; taking the steps takes %s", kills, undone, took)
	if undone < rounds {
		t.Errorf("%d kills came before the upgrade was committed; want at least one in each of %d rounds", undone, rounds)
	}
}
