package router_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/router"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// What the parent tells the process that it kills.
const (
	killDir  = "PARLEY_KILL_DIR"  // where the data is
	killLast = "PARLEY_KILL_LAST" // set for the process that serves what is left
	kills    = "PARLEY_KILLS"     // of the parent: how often it kills, in place of 12
)

// TestKilledBetweenOfferAndClear kills a process whose agents answer chats, transfer them to a queue and to each other, invite others
// and supervise, at random instants, again and again on the same data. After each kill no chat is lost, or with two agents of whom none was
// invited, the slots that are counted are those in use, no ring has ended twice; and in the end everybody has been served, and all hands are empty.
//
//	PARLEY_KILLS=200 go test ./internal/router -run Killed
func TestKilledBetweenOfferAndClear(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		newShift(t, dir, os.Getenv(killLast) != "").work()
		return
	}
	times := 12
	if n, err := strconv.Atoi(os.Getenv(kills)); err == nil {
		times = n
	}
	told := &witness{t: t, dir: t.TempDir(), began: map[string]bool{}, ended: map[string]string{}, found: map[string]int{}}
	for range times {
		told.watch(false)
		told.check(false)
	}
	told.watch(true)
	told.check(true)
	if len(told.began) == 0 || len(told.ended) < times || len(told.found) < 4 {
		t.Errorf("%d chats began, %d rings ended, and processes were killed in the middle of %v; that shows nothing", len(told.began), len(told.ended), told.found)
	}
	t.Logf("%d chats, %d rings; killed in the middle of %v", len(told.began), len(told.ended), told.found)
}

// witness is the parent: it keeps what the processes said, and compares it with what they left behind.
type witness struct {
	t     *testing.T
	dir   string
	began map[string]bool   // chats whose customers were told so
	ended map[string]string // how the ring of a participant ended
	found map[string]int    // what processes were killed in the middle of
}

// saw notes what a process was killed in the middle of.
func (w *witness) saw(k *contact.Work, chat *contact.Chat) {
	switch {
	case k.Watch != nil && !k.Watch.Barged.IsZero():
		w.found["a supervisor who has barged in"]++
	case k.Watch != nil:
		w.found["a silent supervisor"]++
	case k.Invited && k.State == contact.WorkConnecting:
		w.found["an invitation"]++
	case k.Invited:
		w.found["a contact of several agents"]++
	case chat.Transfer != nil && chat.Transfer.User == k.User:
		w.found["a transfer"]++
	case k.State == contact.WorkConnecting:
		w.found["a ring"]++
	}
}

// watch runs a process and kills it, or with last waits for its end.
func (w *witness) watch(last bool) {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), os.Args[0], "-test.run=^TestKilledBetweenOfferAndClear$")
	cmd.Env = append(os.Environ(), killDir+"="+w.dir)
	if last {
		cmd.Env = append(cmd.Env, killLast+"=1")
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	rings := 0
	die := 1 + rand.IntN(40) // lines about rings after which, and a moment later, it is killed
	var killing sync.Once
	for lines.Scan() {
		switch word := strings.Fields(lines.Text()); {
		case len(word) == 2 && word[0] == "began":
			w.began[word[1]] = true
		case len(word) == 3 && word[0] == "ended":
			if before, twice := w.ended[word[1]]; twice {
				w.t.Errorf("the ring of %s ended as %s, and as %s", word[1], before, word[2])
			}
			w.ended[word[1]] = word[2]
		case len(word) == 2 && word[0] == "rings":
			rings++
		case len(word) > 1 && word[0] == "failed":
			w.t.Error(lines.Text())
		case strings.HasPrefix(lines.Text(), "---") || strings.HasPrefix(lines.Text(), "    "):
			w.t.Log(lines.Text())
		}
		if !last && rings >= die {
			killing.Do(func() {
				time.AfterFunc(time.Duration(rand.IntN(20_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			})
		}
	}
	switch err := cmd.Wait(); {
	case last && err != nil:
		w.t.Fatalf("the last process: %v", err)
	case !last && cmd.ProcessState.Exited():
		w.t.Fatalf("a process ended by itself: %v", err)
	}
}

// check looks at what a process left behind.
func (w *witness) check(last bool) {
	w.t.Helper()
	ctx := w.t.Context()
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: w.dir})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			w.t.Error(err)
		}
	}()
	w.audit(s, last)
}

// audit compares what the store has with itself, and with what was said. With last everybody has been served.
func (w *witness) audit(s store.Store, last bool) {
	w.t.Helper()
	ctx := w.t.Context()
	var instance center.InstanceID
	for r, err := range s.Resources(ctx, "", center.KindInstance) {
		if err != nil {
			w.t.Fatal(err)
		}
		instance = center.InstanceID(r.ID)
	}
	waits := map[center.ContactID]bool{}
	for e, err := range s.Waiting(ctx, instance, "") {
		if err != nil {
			w.t.Fatal(err)
		}
		waits[e.Chat] = true
	}
	held := map[string]bool{}
	for h, err := range s.Held(ctx, instance, "") {
		if err != nil {
			w.t.Fatal(err)
		}
		held[fmt.Sprint(h.Chat, h.User, h.Work)] = true
	}
	slots, bars, work := map[center.UserID]int64{}, map[center.UserID]int64{}, 0
	for row, err := range s.Agents(ctx, instance, false) {
		if err != nil {
			w.t.Fatal(err)
		}
		a, err := agent.Decode(row.State)
		if err != nil {
			w.t.Fatal(err)
		}
		if slots[row.User] += 0; a.Barred() {
			bars[row.User]++
		}
	}
	chats := map[center.ContactID]bool{}
	for c, err := range s.Contacts(ctx, store.ContactQuery{Instance: instance}) {
		if err != nil {
			w.t.Fatal(err)
		}
		if chats[c.Chat] {
			continue
		}
		chats[c.Chat] = true
		head, err := s.Chat(ctx, c.Chat)
		if err != nil {
			w.t.Fatal(err)
		}
		chat, err := contact.DecodeChat(head.State)
		if err != nil {
			w.t.Fatal(err)
		}
		with, ringing := 0, 0
		for i := range chat.Work {
			k := &chat.Work[i]
			if work++; k.Watch == nil {
				slots[k.User]++
			}
			if k.State.Bars() {
				bars[k.User]++
			}
			if k.State == contact.WorkConnecting {
				ringing++
			}
			if (k.State == contact.WorkConnecting || k.State == contact.WorkConnected) && !k.Invited && k.Watch == nil {
				with++
			}
			w.saw(k, chat)
			if !held[fmt.Sprint(c.Chat, k.User, k.State)] {
				w.t.Errorf("nobody finds that %s has chat %s, which is %s", k.User, c.Chat, k.State)
			}
			if how := w.ended[string(k.Participant)]; k.State == contact.WorkConnecting && how != "" {
				w.t.Errorf("chat %s rings; its ring ended as %s", c.Chat, how)
			}
		}
		if with > 1 || ringing > 1 || (chat.Queue != nil) != waits[c.Chat] {
			w.t.Errorf("chat %s is with %d agents who were not invited, and rings at %d; it waits: %t, and is found to: %t", c.Chat, with, ringing, chat.Queue != nil, waits[c.Chat])
		}
		if last && !chat.Ended && !chat.Customer().Joined.IsZero() {
			w.t.Errorf("nobody has served chat %s: waits %t, work %+v", c.Chat, chat.Queue != nil, chat.Work)
		}
	}
	if len(held) != work {
		w.t.Errorf("%d holdings are found; the chats have %d", len(held), work)
	}
	for user, n := range slots {
		if got, err := s.Count(ctx, store.Slots(instance, user, "CHAT")); err != nil || got != n || last && n != 0 {
			w.t.Errorf("agent %s: %d slots are counted, %v; %d chats are in hand", user, got, err, n)
		}
		if got, err := s.Count(ctx, store.Barred(instance, user)); err != nil || got != bars[user] {
			w.t.Errorf("agent %s: %d bars are counted, %v; there are %d", user, got, err, bars[user])
		}
	}
	for id := range w.began {
		if !chats[center.ContactID(id)] {
			w.t.Errorf("chat %s is lost", id)
		}
	}
}

// shift is the process that is killed: customers come, and agents do what they feel like.
type shift struct {
	mood
	out  sync.Mutex // guards what is written
	acts chan act
}

// mood is what agents feel like.
type mood struct {
	*centre
	last  bool // they want to go home: nobody is given anything any more
	users []*catalog.User
	quick []catalog.QuickConnect // where chats are transferred to
	intn  func(int) int
}

// staff makes agents, and what they need to do what they feel like.
func (m *mood) staff(n int) {
	m.Helper()
	for i := len(catalog.All[*catalog.User](m.snapshot())); i < n; i++ {
		m.hire(fmt.Sprint("agent", i), nil)
	}
	if err := setup.SetAttribute(m.Context(), m.Catalog, m.instance, "MULTI_PARTY_CHAT_CONFERENCE", "true"); err != nil {
		m.Fatal(err)
	}
	toQueue := catalog.QuickConnect{Type: catalog.ToQueue, Queue: m.queue(), Flow: m.transferFlow("QUEUE_TRANSFER", fmt.Sprintf(transferFlow, 1))}
	toUser := catalog.QuickConnect{Type: catalog.ToUser, Flow: m.transferFlow("AGENT_TRANSFER", agentFlow)}
	m.users = catalog.All[*catalog.User](m.snapshot())
	m.quick = append(m.quick, toQueue, toQueue)
	for _, u := range m.users[:2] {
		toUser.User = u.ID
		m.quick = append(m.quick, toUser)
	}
}

// begin has all agents sign in.
func (m *mood) begin() {
	m.Helper()
	for _, u := range m.users {
		m.arrive(u.ID)
	}
}

// act is something that an agent may do about a chat.
type act struct {
	chat center.ContactID
	work contact.Work
}

func newShift(t *testing.T, dir string, last bool) *shift {
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	k := &shift{mood: mood{last: last, intn: rand.IntN}, acts: make(chan act, 1<<16)}
	k.centre = open(t, s, engine.ObserverFunc(k.committed))
	return k
}

// committed says what has happened to rings, and has the agents act.
func (k *shift) committed(c *engine.Commit) {
	for _, m := range c.Change.Work {
		if m.Was == nil {
			k.say("rings", m.Is.Participant)
		}
		rang, rings := m.Was == nil || m.Was.State == contact.WorkConnecting, m.Is != nil && m.Is.State == contact.WorkConnecting
		switch {
		case rang && m.Is == nil:
			k.say("ended", m.Was.Participant, "WITHDRAWN")
		case rang && !rings:
			k.say("ended", m.Is.Participant, m.Is.State)
		}
		if m.Is != nil {
			k.acts <- act{c.Chat, *m.Is}
		}
	}
}

func (k *shift) say(what ...any) {
	k.out.Lock()
	defer k.out.Unlock()
	fmt.Fprintln(os.Stdout, what...)
}

// work goes on until the process is killed, or, in the last one, until everybody has been served.
func (k *shift) work() {
	ctx := k.Context()
	k.staff(6)
	for h, err := range k.Store.Held(ctx, k.instance, "") { // those before us had these in hand
		if err != nil {
			k.Fatal(err)
		}
		for _, w := range k.centre.work(h.Chat) {
			k.acts <- act{h.Chat, w}
		}
	}
	for range 8 {
		go k.agents(ctx)
	}
	k.begin()
	if !k.last {
		for ctx.Err() == nil {
			k.say("began", k.chat())
		}
	}
	for left := true; left; time.Sleep(10 * time.Millisecond) {
		left = false
		for h, err := range k.Store.Held(ctx, k.instance, "") {
			if left = true; err != nil {
				k.Fatal(err)
			}
			for _, w := range k.centre.work(h.Chat) {
				select {
				case k.acts <- act{h.Chat, w}:
				default:
				}
			}
		}
		for _, err := range k.Store.Waiting(ctx, k.instance, "") {
			if left = true; err != nil {
				k.Fatal(err)
			}
			break
		}
	}
}

// agents do something about the chats in their hands.
func (k *shift) agents(ctx context.Context) {
	for a := range k.acts {
		cmd, again := k.decide(a)
		if _, err := k.Do(ctx, a.chat, cmd); err != nil && !refused(err) && center.ReasonOf(err) != center.Unavailable { // the last process ends
			k.say("failed", err)
		}
		if again {
			select {
			case k.acts <- a:
			default:
			}
		}
	}
}

// decide says what is done about a chat in hand, and whether there will be more to do.
func (m *mood) decide(a act) (cmd contact.Command, again bool) {
	w := a.work
	other := m.users[m.intn(len(m.users))]
	switch {
	case w.State == contact.WorkConnecting && m.intn(6) == 0:
		return contact.Reject{User: w.User}, false
	case w.State == contact.WorkConnecting:
		return contact.Accept{User: w.User}, false
	case w.State != contact.WorkConnected:
		return contact.Clear{User: w.User}, false
	case w.Watch != nil && !m.last && m.intn(2) == 0:
		return contact.Supervise{User: w.User, Barge: w.Watch.Barged.IsZero()}, false // it comes back as a change
	case w.Watch != nil:
		return contact.Leave{User: w.User}, false
	case m.last:
		return contact.Disconnect{Participant: w.Participant}, false
	}
	switch m.intn(10) {
	case 0, 1:
		q := &m.quick[m.intn(len(m.quick))]
		if q.User == w.User {
			q = &m.quick[0]
		}
		to, err := router.TargetOf(m.snapshot(), q)
		if err != nil {
			m.Error(err)
		}
		return contact.Transfer{User: w.User, To: to}, false
	case 2, 3:
		if other.ID != w.User {
			i, err := m.router.Invite(m.snapshot(), w.User, &catalog.QuickConnect{Type: catalog.ToUser, User: other.ID})
			if err != nil {
				m.Error(err)
			}
			return i, true
		}
		fallthrough // nobody invites himself
	case 4, 5:
		return contact.Monitor{User: other.ID, Identity: router.IdentityOf(other), Barge: true}, true
	}
	return contact.Disconnect{Participant: w.Participant}, false
}
