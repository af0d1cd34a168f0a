package contact

import (
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/transcript"
)

// sentBefore returns the answer to an earlier request with the same token, if
// there was one: a message, published or pending. It is a [Need] when that is not
// known: where the tail knows nothing of the token, and does not reach back to the
// beginning of the chat.
func (d *decision) sentBefore(k transcript.Token) (Reply, bool, error) {
	if k.Text == "" {
		return Reply{}, false, nil
	}
	if before, ok := d.tail.Sent(k); ok {
		return Reply{Item: before.ID, Time: before.Time}, true, nil
	}
	if before, ok := d.pendingToken(k); ok {
		return before, true, nil
	}
	if d.tail.Missing() > 0 {
		return Reply{}, false, &Need{Tail: true}
	}
	if d.tail.Seq <= transcript.TailSize {
		return Reply{}, false, nil
	}
	before, known := d.env.Sent[k]
	if !known {
		return Reply{}, false, &Need{Token: k}
	}
	return Reply{Item: before.ID, Time: before.Time}, before.ID != "", nil
}

// lastSpoke returns when a participant last sent a message or attachment, those
// of this decision included, zero for never.
func (d *decision) lastSpoke(p center.ParticipantID) time.Time {
	for i := len(d.change.Items) - 1; i >= 0; i-- {
		if it := &d.change.Items[i]; it.Participant == p && it.Type != center.TypeEvent && !it.Whispered() {
			return it.Time
		}
	}
	if d.tail.Missing() > 0 {
		d.need = &Need{Tail: true}
	}
	return d.tail.Spoke(p)
}
