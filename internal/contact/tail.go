package contact

import (
	"time"

	"parley.example/parley/internal/center"
)

// TailSize is how many of the last items a [Tail] has to observe after a chat
// was loaded. It is also how far back a repeated ClientToken of a message is known.
const TailSize = 1024

// Tail is what rules need to know of the transcript's end. It is a fold of the
// items: the engine feeds it each item once, after a load the last
// [TailSize] of them, so that a message needs no change of the [Chat].
type Tail struct {
	Seq    int64                              // of the last item
	Time   time.Time                          // of the last item
	ID     center.ItemID                      // of the last item
	spoke  map[center.ParticipantID]time.Time // the last message or attachment of each
	tokens map[tokenKey]sent
	ring   []tokenKey // the keys of tokens, oldest overwritten first
	next   int
}

// tokenKey is what a ClientToken is known by: SendMessage and
// CompleteAttachmentUpload know nothing of each other's.
type tokenKey struct {
	participant center.ParticipantID
	token       string
	file        bool // it is an attachment's
}

type sent struct {
	id   center.ItemID
	time time.Time
}

// Observe takes note of items, which must follow the ones seen before.
func (t *Tail) Observe(items []center.Item) {
	for i := range items {
		it := &items[i]
		t.Seq, t.Time, t.ID = it.Seq, it.Time, it.ID
		if it.Participant == "" || it.Type == center.TypeEvent {
			continue
		}
		if t.spoke == nil {
			t.spoke = make(map[center.ParticipantID]time.Time, 2)
		}
		t.spoke[it.Participant] = it.Time
		if it.ClientToken != "" {
			t.remember(tokenOf(it), sent{it.ID, it.Time})
		}
	}
}

func (t *Tail) remember(k tokenKey, s sent) {
	if t.tokens == nil {
		t.tokens = make(map[tokenKey]sent)
	}
	if len(t.ring) < TailSize {
		t.ring = append(t.ring, k)
	} else {
		delete(t.tokens, t.ring[t.next])
		t.ring[t.next] = k
		t.next = (t.next + 1) % TailSize
	}
	t.tokens[k] = s
}

func tokenOf(it *center.Item) tokenKey {
	return tokenKey{it.Participant, it.ClientToken, it.Type == center.TypeAttachment}
}

// sentBefore finds the item that a participant made with a token.
func (t *Tail) sentBefore(k tokenKey) (sent, bool) {
	if k.token == "" {
		return sent{}, false
	}
	s, ok := t.tokens[k]
	return s, ok
}

// lastSpoke returns when a participant last sent a message or attachment, zero for never.
func (t *Tail) lastSpoke(p center.ParticipantID) time.Time { return t.spoke[p] }
