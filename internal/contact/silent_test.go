package contact

import (
	"testing"
	"time"

	"parley.example/parley/internal/flow"
)

// TestSilentQueueFlowIsLoggedOnce: the log says, once for a chat, that a customer
// who waits is told nothing; not where the flow can say something.
func TestSilentQueueFlowIsLoggedOnce(t *testing.T) {
	loops := step("MessageParticipantIteratively", `"Messages":[{"Text":"a"}]`, "1", "NoMatchingError>1")
	for _, test := range []struct {
		name  string
		queue *flow.Flow
		want  int
	}{
		{"loops prompts", document(t, loops, ends()), 1},
		{"ends at once", document(t, ends()), 1},
		{"loops prompts and passes on", document(t, loops, waits(60, "2"), step("DequeueContactAndTransferToQueue", `"QueueId":"sales"`, "3", "QueueAtCapacity>3", "NoMatchingError>3"), ends()), 1},
		{"speaks", document(t, says("Please wait", "1"), ends()), 0},
		{"speaks later", document(t, loops, waits(60, "2"), says("Please wait", "3"), ends()), 0},
	} {
		p := newChatTest(t, nil)
		p.env.Catalog = served(t, test.queue)
		got := 0
		count := func() {
			for _, e := range p.last.Log {
				if e.Problem == errSilent.Error() && e.Flow == "q" && e.Always {
					got++
				}
			}
			p.last.Log = nil // it stays where nothing happens
		}
		ana := p.start(Start{})
		count()
		p.do(Connect{Participant: ana})
		count()
		for range 3 {
			p.pass(time.Minute)
			count()
		}
		if got != test.want {
			t.Errorf("a queue flow that %s: %d lines in the log; want %d", test.name, got, test.want)
		}
	}
}
