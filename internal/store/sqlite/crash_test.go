package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// crashDir names the directory that a child process of TestCrash works on.
const crashDir = "PARLEY_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, appendForever(dir))
		os.Exit(1)
	}
	if dir := os.Getenv(sqlite.UpgradeDir); dir != "" {
		os.Exit(sqlite.UpgradeOnce(dir))
	}
	os.Exit(m.Run())
}

// TestCrash kills a process that appends as fast as it can, at random moments, and
// looks for every item whose done was called, and every change of an agent.
func TestCrash(t *testing.T) {
	dir := t.TempDir()
	acked := make([]int64, 2*crashChats) // of chats, and then of agents
	for round := range 10 {
		crash(t, dir, acked)
		s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
		if err != nil {
			t.Fatalf("round %d: opening after the crash: %v", round, err)
		}
		checkAgents(t, s, acked[crashChats:])
		if total := checkCrashed(t, s, acked[:crashChats]); total == 0 {
			t.Errorf("round %d: nothing was written", round)
		}
		if err := s.Close(); err != nil {
			t.Fatalf("Close = %v", err)
		}
	}
	if slices.Max(acked[crashChats:]) == 0 {
		t.Error("no agent was changed")
	}
}

// crash runs a child until it has said a random number of acknowledgements,
// kills it, and notes in acked the last item of each chat, and the version of each agent, it had announced.
func crash(t *testing.T, dir string, acked []int64) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	last := rand.IntN(1500)
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		chat, seq, ok := strings.Cut(lines.Text(), " ")
		i, err1 := strconv.Atoi(chat)
		n64, err2 := strconv.ParseInt(seq, 10, 64)
		if !ok || err1 != nil || err2 != nil {
			break // the line that was cut off
		}
		first := acked[i]
		if i < crashChats {
			first = max(first, crashBegin(i))
		}
		if n64 != first+1 {
			t.Errorf("chat or agent %d: %d was acknowledged after %d", i, n64, acked[i])
		}
		acked[i] = n64
		if n == last {
			if second, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir}); err == nil {
				second.Close()
				t.Error("a second process could open the directory")
			} else if pid := strconv.Itoa(child.Process.Pid); !strings.Contains(err.Error(), "process "+pid) {
				t.Errorf("Open = %v; want an error that names process %s", err, pid)
			}
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || child.ProcessState.Exited() {
		t.Fatalf("the child ended by itself: %v", child.ProcessState)
	}
}

// checkCrashed checks every chat and returns how many items there are.
func checkCrashed(t *testing.T, s store.Store, acked []int64) (total int64) {
	t.Helper()
	for i := range acked {
		id := crashChat(i)
		h, err := s.Chat(t.Context(), id)
		if err != nil {
			if acked[i] > 0 {
				t.Errorf("chat %d is lost: %v", i, err)
			}
			continue
		}
		if h.LastSeq < acked[i] {
			t.Errorf("chat %d: item %d was acknowledged, the last one stored is %d", i, acked[i], h.LastSeq)
		}
		if h.Version != 1+(h.LastSeq-crashBegin(i))/10 {
			t.Errorf("chat %d: version %d with %d items; want 1 more for every tenth", i, h.Version, h.LastSeq)
		}
		if h.Size != h.LastSeq {
			t.Errorf("chat %d: the size is %d with %d items; want as many", i, h.Size, h.LastSeq)
		}
		seq := int64(0)
		for seq < h.LastSeq {
			items, err := s.Items(t.Context(), store.ItemQuery{Chat: id, From: seq + 1})
			if err != nil || len(items) == 0 {
				t.Fatalf("Items from %d: %d items, %v", seq+1, len(items), err)
			}
			for _, it := range items {
				if seq++; it.Seq != seq || it.Content != crashText(i, seq) {
					t.Fatalf("chat %d: item %d %q stands where %d should", i, it.Seq, it.Content, seq)
				}
				if seq%97 == 0 && seq <= h.LastSeq-store.RecentItems {
					if sent, err := s.Sent(t.Context(), id, store.SentQuery{Participant: it.Participant, ClientToken: it.ClientToken}); err != nil || sent.ID != it.ID {
						t.Errorf("chat %d: the token of item %d leads to %v, %v", i, seq, sent, err)
					}
				}
			}
		}
		acked[i] = h.LastSeq
		total += seq
	}
	if n, err := s.Count(t.Context(), tally("items")); err != nil || n != total {
		t.Errorf("the counter says %d items, %v; there are %d", n, err, total)
	}
	return total
}

// checkAgents checks every agent, and what they have on their hands: each chat whose version is even,
// in a slot.
func checkAgents(t *testing.T, s store.Store, acked []int64) {
	t.Helper()
	var total int64
	for i := range acked {
		user := crashUser(i)
		a, err := s.Agent(t.Context(), user)
		if err != nil {
			if acked[i] > 0 {
				t.Errorf("agent %d is lost: %v", i, err)
			}
			continue
		}
		if a.Version < acked[i] || string(a.State) != fmt.Sprint(a.Version) {
			t.Errorf("agent %d has version %d and the state %q; %d was acknowledged", i, a.Version, a.State, acked[i])
		}
		acked[i] = a.Version
		total += a.Version
	}
	if n, err := s.Count(t.Context(), tally("agents")); err != nil || n != total {
		t.Errorf("the counter says %d changes of agents, %v; there are %d", n, err, total)
	}
	held := map[center.ContactID]bool{}
	for n := range crashUsers {
		var slots int64
		for h, err := range s.Held(t.Context(), instance, crashUser(n)) {
			if err != nil {
				t.Fatal(err)
			}
			held[h.Chat] = true
			slots++
		}
		if n64, err := s.Count(t.Context(), store.Slots(instance, crashUser(n), "CHAT")); err != nil || n64 != slots {
			t.Errorf("user %d has %d chats on their hands in %d slots, %v", n, slots, n64, err)
		}
	}
	for i := range crashChats {
		if h, err := s.Chat(t.Context(), crashChat(i)); err == nil && held[crashChat(i)] != (h.Version%2 == 0) {
			t.Errorf("chat %d is at version %d and on somebody's hands: %v", i, h.Version, held[crashChat(i)])
		}
	}
}

const (
	crashChats = 16
	crashUsers = 3 // who take chats
)

func crashUser(i int) center.UserID { return center.UserID(fmt.Sprint("user ", i)) }

// crashTurn is the change with which a chat at a version comes onto somebody's hands, or goes.
func crashTurn(i int, version int64) (held []store.Holding, slots store.Quota) {
	user := crashUser(i % crashUsers)
	if slots = (store.Quota{Counter: store.Slots(instance, user, "CHAT"), Delta: 1, Limit: crashChats}); version%2 == 0 {
		slots.Delta = -1
		return nil, slots
	}
	return []store.Holding{{User: user, Since: start, Work: "talks"}}, slots
}

func crashChat(i int) center.ContactID {
	return center.ContactID(fmt.Sprintf("00000000-0000-7000-8000-%012d", i))
}

// crashBegin is with how many items a chat begins: some are about to become long.
func crashBegin(i int) int64 { return int64(i % 2 * (store.RecentItems - 10)) }

func crashItem(i int, seq int64) center.Item {
	it := item(crashChat(i), seq, start.Add(time.Duration(seq)*time.Millisecond))
	it.Content = crashText(i, seq)
	it.ClientToken = it.Content
	return it
}

func crashText(chat int, seq int64) string { return fmt.Sprintf("chat %d, item %d", chat, seq) }

// appendForever is the child: it appends to its chats, several changes ahead of
// the disk, and says "chat seq" when an item is durable. It only returns when something fails.
func appendForever(dir string) error {
	s, err := sqlite.Open(context.Background(), sqlite.Options{Dir: dir})
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	for i := range crashChats {
		go func() {
			id := crashChat(i)
			h, err := s.Chat(context.Background(), id)
			if center.ReasonOf(err) == center.NotFound {
				c := newChat(id, start)
				for seq := int64(1); seq <= crashBegin(i); seq++ {
					c.Items = append(c.Items, crashItem(i, seq))
				}
				c.Size, c.Quotas = crashBegin(i), []store.Quota{{Counter: tally("items"), Delta: crashBegin(i), Limit: -1}}
				err = submit(s, c)
				h = store.Head{Version: 1, LastSeq: crashBegin(i)}
			}
			if err != nil {
				failed <- err
				return
			}
			agent, err := s.Agent(context.Background(), crashUser(i))
			if err != nil && center.ReasonOf(err) != center.NotFound {
				failed <- err
				return
			}
			ahead := make(chan struct{}, 4)
			say := func(i int, n int64) func(error) {
				return func(err error) {
					if err != nil {
						failed <- err
						return
					}
					fmt.Printf("%d %d\n", i, n)
					<-ahead
				}
			}
			for seq := h.LastSeq + 1; ; seq++ {
				c := &store.Change{Chat: id, Items: []center.Item{crashItem(i, seq)}, Size: seq, Quotas: []store.Quota{{Counter: tally("items"), Delta: 1, Limit: -1}}}
				if (seq-crashBegin(i))%10 == 0 {
					held, slots := crashTurn(i, h.Version)
					c.Version, c.State = h.Version, &store.Head{Instance: instance, State: fmt.Append(nil, seq), Held: held}
					c.Quotas = append(c.Quotas, slots)
					h.Version++
				}
				ahead <- struct{}{}
				s.Submit(c, say(i, seq))
				if c.State == nil {
					continue
				}
				ahead <- struct{}{}
				s.SubmitAgent(&store.AgentChange{User: crashUser(i), Version: agent.Version, State: &store.AgentHead{Instance: instance, State: fmt.Append(nil, agent.Version+1)},
					Quotas: []store.Quota{{Counter: tally("agents"), Delta: 1, Limit: -1}}}, say(crashChats+i, agent.Version+1))
				agent.Version++
			}
		}()
	}
	return <-failed
}
