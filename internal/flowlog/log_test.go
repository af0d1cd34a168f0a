package flowlog

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// entry is one entry of a flow that is logged.
func entry(action string) machine.LogEntry {
	return machine.LogEntry{Time: testTime, Flow: "f", Action: action, Type: "Compare", Block: "CheckAttribute", Logging: true}
}

var contact = &center.Contact{ID: "c-1"}

// running starts a log and returns how to stop it.
func running(t *testing.T, l *Log) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.Run(ctx)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	t.Cleanup(stop)
	return stop
}

// actions reads the actions of a file's records.
func actions(t *testing.T, path string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v in %q", path, err, line)
		}
		list = append(list, r.Identifier)
	}
	return list
}

func TestFilesOfInstances(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	var asked []string
	l := &Log{Dir: dir, Name: func(_ context.Context, i center.InstanceID, id center.FlowID, module bool) (string, string) {
		asked = append(asked, fmt.Sprintf("%s/%s/%v", i, id, module))
		return "arn:" + string(id), "Flow " + string(id)
	}}
	stop := running(t, l)
	quiet, module := entry("quiet"), entry("in module")
	quiet.Logging, module.Flow, module.Module = false, "m", true
	l.Add("one", contact, []machine.LogEntry{entry("a"), entry("b"), quiet, module})
	l.Add("two", contact, []machine.LogEntry{entry("c")})
	l.Add("one", contact, []machine.LogEntry{entry("d")})
	l.Add("one", contact, nil)
	stop()
	if got := actions(t, filepath.Join(dir, "one.log")); !slices.Equal(got, []string{"a", "b", "in module", "d"}) {
		t.Errorf("instance one has %v", got)
	}
	if got := actions(t, filepath.Join(dir, "two.log")); !slices.Equal(got, []string{"c"}) {
		t.Errorf("instance two has %v", got)
	}
	if want := []string{"one/f/false", "one/m/true", "two/f/false", "one/f/false"}; !slices.Equal(asked, want) {
		t.Errorf("names were asked for %v; want %v", asked, want)
	}
	text, err := os.ReadFile(filepath.Join(dir, "one.log"))
	if err != nil || !strings.HasPrefix(string(text), `{"ContactId":"c-1","ContactFlowId":"arn:f","ContactFlowName":"Flow f",`) {
		t.Errorf("the file begins with %.100s, %v", text, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "one.log")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v; want 0600", info.Mode(), err)
	}

	again := running(t, &Log{Dir: dir})
	again()
	l = &Log{Dir: dir}
	stop = running(t, l)
	other := entry("e")
	other.Contact = "c-2" // a flow of another contact than the current one
	l.Add("one", contact, []machine.LogEntry{other})
	stop()
	if text, err := os.ReadFile(filepath.Join(dir, "one.log")); err != nil || strings.Count(string(text), `"ContactId":"c-2"`) != 1 {
		t.Errorf("of the other contact the file has %s, %v", text, err)
	}
	if got := actions(t, filepath.Join(dir, "one.log")); len(got) != 5 || got[4] != "e" {
		t.Errorf("after a restart the file has %v", got)
	}
}

func TestFilesAreBounded(t *testing.T) {
	dir := t.TempDir()
	const max = 64 << 10
	l := &Log{Dir: dir, MaxBytes: max}
	stop := running(t, l)
	n := 0
	for range 200 {
		var batch []machine.LogEntry
		for range 20 {
			batch = append(batch, entry(fmt.Sprintf("a%06d", n)))
			n++
		}
		l.Add("one", contact, batch)
	}
	stop()
	if l.Lost() != 0 {
		t.Fatalf("%d entries lost", l.Lost())
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, f := range found {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if len(found) != keptFiles || total > max || total < max/2 {
		t.Errorf("%d files of %d bytes; want %d of at most %d", len(found), total, keptFiles, max)
	}
	var all []string
	for _, name := range []string{"one.3.log", "one.2.log", "one.1.log", "one.log"} {
		all = append(all, actions(t, filepath.Join(dir, name))...)
	}
	if !slices.IsSorted(all) || all[len(all)-1] != fmt.Sprintf("a%06d", n-1) {
		t.Errorf("the files hold %d records, the last %s; want them in order up to the last", len(all), all[len(all)-1])
	}
}

func TestManyInstances(t *testing.T) {
	dir := t.TempDir()
	l := &Log{Dir: dir}
	stop := running(t, l)
	for round := range 2 {
		for i := range 2 * openFiles {
			l.Add(center.InstanceID(fmt.Sprint("i", i)), contact, []machine.LogEntry{entry(fmt.Sprint("r", round))})
		}
	}
	stop()
	for i := range 2 * openFiles {
		if got := actions(t, filepath.Join(dir, fmt.Sprintf("i%d.log", i))); !slices.Equal(got, []string{"r0", "r1"}) {
			t.Fatalf("instance %d has %v", i, got)
		}
	}
	l.files.close()
}

// TestAddNeverBlocks: entries that come faster than they are written, and entries
// that are too large, are dropped and counted; Add does not block.
func TestAddNeverBlocks(t *testing.T) {
	l := &Log{}
	many := make([]machine.LogEntry, 100)
	for i := range many {
		many[i] = entry("a")
	}
	for range maxQueued / 100 {
		l.Add("one", contact, many)
	}
	if l.Lost() != 0 {
		t.Fatalf("%d lost before the queue is full", l.Lost())
	}
	l.Add("one", contact, many)
	if l.Lost() != 100 {
		t.Errorf("%d lost; want 100", l.Lost())
	}
	heavy := &Log{}
	big := entry("a")
	big.Parameters = map[string]any{"m": map[string]any{"l": []any{strings.Repeat("x", maxWeight/2)}}}
	for range 3 {
		heavy.Add("one", contact, []machine.LogEntry{big})
	}
	if heavy.Lost() != 2 {
		t.Errorf("%d heavy entries lost; want 2", heavy.Lost())
	}

	var out bytes.Buffer
	l.Log = slog.New(slog.NewTextHandler(&out, nil))
	running(t, l)()
	if !strings.Contains(out.String(), "entries=100") {
		t.Errorf("the log does not tell of the loss: %.200s", out.String())
	}
}

func TestServerLog(t *testing.T) {
	var out bytes.Buffer
	l := &Log{Log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})), Hide: []string{"Favourite Colour"}}
	stop := running(t, l)
	silent, odd := entry("silent"), entry("odd")
	silent.Logging = false
	odd.Logging, odd.Always, odd.Problem = false, true, "unknown action type"
	set := entry("set")
	set.Parameters, set.External = map[string]any{"Key": "colour", "Value": "blue"}, []byte(`{"a":"blue"}`)
	compared := entry("compared")
	compared.Result, compared.Parameters = "4711", map[string]any{"Attribute": "$.Attributes.favouriteColour", "Value": "4711"}
	l.Add("one", contact, []machine.LogEntry{silent, odd, set, compared})
	stop()
	want := "level=WARN msg=flow contact=c-1 flow=f action=odd type=Compare problem=\"unknown action type\"\n" +
		"level=INFO msg=flow contact=c-1 flow=f action=set type=Compare\n" +
		"level=INFO msg=flow contact=c-1 flow=f action=compared type=Compare result=[hidden]\n"
	if out.String() != want {
		t.Errorf("log\n%swant\n%s", out.String(), want)
	}
}

func TestDiskFailsOnce(t *testing.T) {
	var out bytes.Buffer
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file where the directory should be
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		l := &Log{Dir: dir, Log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn})), Level: slog.LevelDebug}
		stop := running(t, l)
		tail, ok := l.Follow(Filter{}, 0)
		if !ok {
			t.Fatal("Follow = false")
		}
		for range 3 {
			l.Add("one", contact, []machine.LogEntry{entry("a"), entry("b")})
			synctest.Wait()
		}
		if n := strings.Count(out.String(), "cannot write"); n != 1 {
			t.Errorf("the failure is logged %d times; want once:\n%s", n, out.String())
		}
		if len(tail.C) != 6 {
			t.Errorf("the tail has %d records; want 6, disk or not", len(tail.C))
		}
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		l.Add("one", contact, []machine.LogEntry{entry("c")})
		stop()
		if got := actions(t, filepath.Join(dir, "one.log")); !slices.Equal(got, []string{"c"}) {
			t.Errorf("after the disk is back: %v", got)
		}
	})
}

func TestTails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Log{}
		stop := running(t, l)
		follow := func(f Filter, recent int) *Tail {
			tail, ok := l.Follow(f, recent)
			if !ok {
				t.Fatal("Follow = false")
			}
			return tail
		}
		other := *contact
		other.ID = "c-2"
		all, one := follow(Filter{}, 0), follow(Filter{Instance: "one", Contact: "c-2", Flow: "f"}, 0)
		l.Add("one", contact, []machine.LogEntry{entry("a")})
		l.Add("one", &other, []machine.LogEntry{entry("b")})
		l.Add("two", &other, []machine.LogEntry{entry("c")})
		synctest.Wait()
		if got := received(all); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("the tail of all has %v", got)
		}
		if got := received(one); !slices.Equal(got, []string{"b"}) {
			t.Errorf("the filtered tail has %v", got)
		}
		if got := received(follow(Filter{Contact: "c-2"}, 100)); !slices.Equal(got, []string{"b", "c"}) {
			t.Errorf("a late tail begins with %v", got)
		}
		if got := received(follow(Filter{}, 1)); !slices.Equal(got, []string{"c"}) {
			t.Errorf("a late tail for one begins with %v", got)
		}

		one.Close()
		one.Close()
		for range tailBuffer + 10 {
			l.Add("one", contact, []machine.LogEntry{entry("x")})
			synctest.Wait()
		}
		if all.Lost() != 10 || all.Lost() != 0 || len(one.C) != 0 {
			t.Errorf("a slow tail is not told that it lost 10 records, once; a closed one has %d", len(one.C))
		}
		stop()
		if got := received(all); len(got) != tailBuffer {
			t.Errorf("the slow tail has %d records; want %d", len(got), tailBuffer)
		}
		if _, open := <-all.C; open {
			t.Error("the tail goes on after the end of the log")
		}
		if _, ok := l.Follow(Filter{}, 0); ok {
			t.Error("Follow after the end = true")
		}
		all.Close()
	})
}

// received takes what a tail has.
func received(tail *Tail) (list []string) {
	for {
		select {
		case line, open := <-tail.C:
			if !open {
				return list
			}
			var r Record
			if json.Unmarshal(line.Text, &r) == nil {
				list = append(list, r.Identifier)
			}
		default:
			return list
		}
	}
}

func TestTailsAreBounded(t *testing.T) {
	l := &Log{}
	for range maxTails {
		if _, ok := l.Follow(Filter{}, 0); !ok {
			t.Fatal("Follow = false below the bound")
		}
	}
	if _, ok := l.Follow(Filter{}, 0); ok {
		t.Error("Follow beyond the bound = true")
	}
	big := &Line{Text: make([]byte, maxRecord)}
	for range 2 * keptLines {
		l.tails.send(big)
	}
	if l.tails.bytes > keptBytes || len(l.tails.kept) > keptLines || len(l.tails.kept) == 0 {
		t.Errorf("%d lines of %d bytes are kept", len(l.tails.kept), l.tails.bytes)
	}
}

func BenchmarkAdd(b *testing.B) {
	l := &Log{}
	l.init()
	e := entry("a")
	e.Parameters = map[string]any{"Attribute": "$.Channel", "Namespace": "System"}
	batch := []machine.LogEntry{e, e, e, e}
	b.ReportAllocs()
	for b.Loop() {
		l.Add("one", contact, batch)
		if l.entries > maxQueued-8 {
			l.queue, l.entries, l.weight = l.queue[:0], 0, 0
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	l := &Log{Dir: b.TempDir()}
	l.init()
	defer l.files.close()
	e := entry("a")
	e.Parameters = map[string]any{"Attribute": "$.Channel", "Namespace": "System"}
	batch := &batch{instance: "one", contact: "c", entries: []machine.LogEntry{e}}
	b.ReportAllocs()
	for b.Loop() {
		l.write(b.Context(), batch)
	}
}
