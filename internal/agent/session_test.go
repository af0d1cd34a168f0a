package agent

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

// TestSessions ends sessions one by one, and all together.
func TestSessions(t *testing.T) {
	a := newAgentTest(t)
	home := Session{ID: "at home", Until: work.Until}
	if a.agent.SignedOut(work) {
		t.Error("a session of an agent who has never been there is over")
	}
	a.do(Arrive{tab})
	a.do(Arrive{other})
	a.do(SignOut{work, offline})
	if !a.agent.SignedOut(work) || a.agent.SignedOut(home) || len(a.agent.Clients) != 1 || a.agent.Clients[0] != other {
		t.Errorf("signed out at work: %+v; want the client at home alone", a.agent)
	}
	a.do(SignOut{work, offline})
	if a.last.Agent != nil {
		t.Error("signing out again has changed something")
	}
	a.do(SignOut{Offline: offline})
	if !a.agent.SignedOut(home) || a.agent.Present() {
		t.Errorf("signed out everywhere: %+v; want no client, and no session", a.agent)
	}
	later := Session{ID: "later", Epoch: a.agent.Epoch, Until: work.Until}
	if a.agent.SignedOut(later) {
		t.Error("a session is over that began after the end of all")
	}
	a.now = a.now.Add(24 * time.Hour)
	for n := range 3 * maxEnded {
		a.do(SignOut{Session{ID: "session " + strconv.Itoa(n), Epoch: a.agent.Epoch, Until: a.now.Add(time.Hour)}, offline})
		if len(a.agent.Ended) > maxEnded {
			t.Fatalf("%d sessions are remembered; want at most %d", len(a.agent.Ended), maxEnded)
		}
	}
	if !a.agent.SignedOut(later) {
		t.Error("with too many ended sessions one that had ended began again")
	}
}

// TestCodesAreUsedOnce, and forgotten when they are no good any more.
func TestCodesAreUsedOnce(t *testing.T) {
	a := newAgentTest(t)
	use := func(id string) error { return a.try(TakeUp{Code{id, a.now.Add(30 * time.Second)}}) }
	for _, id := range []string{"one", "two"} {
		if err := use(id); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		if err := use(id); center.ReasonOf(err) != center.Conflict {
			t.Errorf("%s again = %v; want a Conflict", id, err)
		}
	}
	for n := range maxUsed - 2 {
		if err := use(fmt.Sprint(n)); err != nil {
			t.Fatalf("code %d: %v", n, err)
		}
	}
	if err := use("one more"); center.ReasonOf(err) != center.Throttled {
		t.Errorf("one code more = %v", err)
	}
	a.pass(31 * time.Second)
	if err := use("later"); err != nil || len(a.agent.Used) != 1 {
		t.Errorf("later %d codes are remembered, %v; want the new one", len(a.agent.Used), err)
	}
}
