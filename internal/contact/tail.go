package contact

import (
	"maps"
	"time"

	"parley.example/parley/internal/center"
)

// TailSize is how many of the last items [Tail.Backfill] has to be given. It is
// also how far back a repeated ClientToken of a message is recognized.
const TailSize = 1024

// Tail is what the rules need of the transcript's end. It is a fold of the
// items: the engine feeds it each item once, so that a message needs no change
// of the [Chat]. A loaded chat starts with the last item alone ([TailAt]); when
// a rule needs more, the decision ends in a [Need] and the items before are
// filled in ([Tail.Backfill]). The zero Tail is that of a new chat.
type Tail struct {
	Seq     int64         // of the last item
	Time    time.Time     // of the last item
	ID      center.ItemID // of the last item
	missing int64         // Seq of the last item that was not observed; 0 when none is missing

	spoke  map[center.ParticipantID]time.Time // the last message or attachment of each
	tokens map[tokenKey]sent
	ring   []tokenKey // the keys of tokens, oldest overwritten first
	next   int
}

// tokenKey identifies a ClientToken: those of SendMessage and
// CompleteAttachmentUpload are independent of each other.
type tokenKey struct {
	participant center.ParticipantID
	token       string
	file        bool // it is an attachment's
}

type sent struct {
	id   center.ItemID
	time time.Time
}

// TailAt returns the tail of a loaded chat, of which only the last item is known.
func TailAt(seq int64, at time.Time, id center.ItemID) Tail {
	return Tail{Seq: seq, Time: at, ID: id, missing: seq}
}

// Missing returns the Seq of the last item that the tail has not observed, 0
// when it has observed all that rules may need.
func (t *Tail) Missing() int64 { return t.missing }

// Observe adds items, which must follow the ones observed before.
func (t *Tail) Observe(items []center.Item) {
	for i := range items {
		it := &items[i]
		t.Seq, t.Time, t.ID = it.Seq, it.Time, it.ID
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
	t.spoke[it.Participant] = it.Time
	if it.ClientToken != "" {
		t.remember(tokenOf(it), sent{it.ID, it.Time})
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

// sentBefore finds the item that a participant sent with a token.
func (d *decision) sentBefore(k tokenKey) (sent, bool) {
	if k.token == "" {
		return sent{}, false
	}
	s, ok := d.tail.tokens[k]
	if !ok && d.tail.missing > 0 {
		d.need = &Need{Tail: true}
	}
	return s, ok
}

// lastSpoke returns when a participant last sent a message or attachment, those
// of this decision included, zero for never.
func (d *decision) lastSpoke(p center.ParticipantID) time.Time {
	for i := len(d.change.Items) - 1; i >= 0; i-- {
		if it := &d.change.Items[i]; it.Participant == p && it.Type != center.TypeEvent {
			return it.Time
		}
	}
	if d.tail.missing > 0 {
		d.need = &Need{Tail: true}
	}
	return d.tail.spoke[p]
}
