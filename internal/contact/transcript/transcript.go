// Package transcript is what the rules of a chat need of its transcript's end. It has no I/O;
// start reading at [Tail].
package transcript

import (
	"maps"
	"time"

	"parley.example/parley/internal/center"
)

// TailSize is how many of the last items [Tail.Backfill] has to be given. Who sent
// what with which ClientToken is known of these; of the items before it has to be
// looked up. There are more than the store may miss, so that what was looked up holds for a while.
const TailSize = 1280

// Tail is what the rules need of the transcript's end. It is a fold of the
// items: the engine feeds it each item once, so that a message needs no change
// of the state. A loaded chat starts with the last item alone ([TailAt]); when
// a rule needs more, the items before are
// filled in ([Tail.Backfill]). The zero Tail is that of a new chat.
type Tail struct {
	Seq     int64         // of the last item
	Time    time.Time     // of the last item
	ID      center.ItemID // of the last item
	Size    int64         // of the whole transcript: see [ItemSize]
	missing int64         // Seq of the last item that was not observed; 0 when none is missing

	spoke  map[center.ParticipantID]time.Time // the last message or attachment of each
	tokens map[Token]Sent
	ring   []Token // the keys of tokens, oldest overwritten first
	next   int
}

// Token is a ClientToken of SendMessage or, with File, of CompleteAttachmentUpload.
// Those of the two operations are independent of each other. No Token is the zero value.
type Token struct {
	Participant center.ParticipantID
	Text        string
	File        bool
}

// Sent is the answer to a request that had a [Token].
type Sent struct {
	ID   center.ItemID
	Time time.Time
}

// Overhead is what an item takes up besides its texts, in bytes: ids, times, type, role, its place in the index.
const Overhead = 128

// ItemSize is what an item counts for in the bound of a transcript, in bytes: about what it takes up in the store.
func ItemSize(it *center.Item) int64 {
	return int64(Overhead + len(it.Content) + len(it.DisplayName) + len(it.ClientToken))
}

// TailAt returns the tail of a loaded chat, of which only the last item is known,
// and the size of all items.
func TailAt(seq int64, at time.Time, id center.ItemID, size int64) Tail {
	return Tail{Seq: seq, Time: at, ID: id, Size: size, missing: seq}
}

// Missing returns the Seq of the last item that the tail has not observed, 0
// when it has observed all that rules may need.
func (t *Tail) Missing() int64 { return t.missing }

// Observe adds items, which must follow the ones observed before.
func (t *Tail) Observe(items []center.Item) {
	for i := range items {
		it := &items[i]
		t.Seq, t.Time, t.ID = it.Seq, it.Time, it.ID
		t.Size += ItemSize(it)
		t.note(it)
	}
}

// note records the time and the token of a sender's item.
func (t *Tail) note(it *center.Item) {
	if it.Participant == "" || it.Type == center.TypeEvent {
		return
	}
	if t.spoke == nil {
		t.spoke = make(map[center.ParticipantID]time.Time, 2)
	}
	if !it.Whispered() {
		t.spoke[it.Participant] = it.Time
	}
	if it.ClientToken != "" {
		t.remember(TokenOf(it), Sent{it.ID, it.Time})
	}
}

// Backfill adds the items that are missing: the last [TailSize] of those up to
// [Tail.Missing], or all when there are fewer, in order.
func (t *Tail) Backfill(items []center.Item) {
	after := *t
	t.missing, t.spoke, t.tokens, t.ring, t.next = 0, nil, nil, nil, 0
	for i := range items {
		t.note(&items[i])
	}
	if t.spoke == nil {
		t.spoke = after.spoke
	}
	maps.Copy(t.spoke, after.spoke)
	for i := range after.ring {
		k := after.ring[(after.next+i)%len(after.ring)]
		t.remember(k, after.tokens[k])
	}
}

func (t *Tail) remember(k Token, s Sent) {
	if t.tokens == nil {
		t.tokens = make(map[Token]Sent)
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

// TokenOf returns the token with which an item was sent.
func TokenOf(it *center.Item) Token {
	return Token{it.Participant, it.ClientToken, it.Type == center.TypeAttachment}
}

// Sent returns the answer to the request that had a token, if one of the items that the tail knows was sent with it.
func (t *Tail) Sent(k Token) (Sent, bool) {
	s, ok := t.tokens[k]
	return s, ok
}

// Spoke returns when a participant last sent a message or attachment, as far as the tail knows, zero for never.
func (t *Tail) Spoke(p center.ParticipantID) time.Time { return t.spoke[p] }
