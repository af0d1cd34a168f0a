package nats

import (
	"hash/maphash"
	"time"

	"parley.example/parley/internal/bus/nats/wire"
)

// sort takes what the client receives and puts it into the lanes. It waits for
// nobody, so that the client's reader does not either.
func (b *Bus) sort() {
	for {
		select {
		case <-b.ctx.Done():
			return
		case m := <-b.in:
			b.counts.received.Add(1)
			if b.lane(m.Subject).put(parcel{m.Subject, m.Data}, len(m.Subject)+len(m.Data)+overhead) {
				continue
			}
			b.lost(b.counts.droppedIn.Add(1))
		}
	}
}

// lane is that of a subject, as it is on the wire.
func (b *Bus) lane(subject string) *queue[parcel] {
	return b.lanes[maphash.String(b.seed, subject)%lanes]
}

// overhead is what a message takes in a lane besides its text.
const overhead = 128

// lost says that messages were received and not delivered, count of them since the bus was opened.
func (b *Bus) lost(count uint64) {
	if n, due := b.losses[1].due(time.Now(), count); due {
		b.log.Warn("the bus receives more than this node can take; what it misses is read from the store", "messages", n)
	}
}

// deliver calls the subscribers of the messages of a lane.
func (b *Bus) deliver(lane *queue[parcel]) {
	for {
		select {
		case <-b.ctx.Done():
			return
		case <-lane.wake:
			for _, p := range lane.take() {
				b.hand(p)
			}
		}
	}
}

// hand delivers one message of another node.
func (b *Bus) hand(p parcel) {
	m, ok := wire.Decode(p.data)
	if ok {
		m.Subject, ok = b.names.Subject(p.subject)
	}
	if !ok {
		b.counts.malformed.Add(1)
		return
	}
	b.local.Publish(m)
}
