package stream

import (
	"net/http"
	"sync/atomic"
)

// Counts is what a hub has done since it began, for metrics.
type Counts struct {
	Sockets int              // open now
	Opened  uint64           // sockets, ever
	Closed  map[Cause]uint64 // sockets, by why; each cause has an entry
	Refused map[int]uint64   // handshakes, by the status of the answer
	Pushes  uint64           // that at least one socket was told
	Frames  uint64           // queued for sockets, replies included
	Writes  uint64           // write calls they took
	Bytes   uint64           // written
	Heard   uint64           // frames from clients
}

// counters are the hub's own. Each is only ever added to.
type counters struct {
	opened, pushes, frames, writes, bytes, heard atomic.Uint64

	closed  [causes]atomic.Uint64
	refused [len(refusals)]atomic.Uint64
}

// refusals are the statuses a handshake may be refused with.
var refusals = [...]int{http.StatusBadRequest, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusUpgradeRequired,
	http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable}

func (c *counters) refuse(status int) {
	for i, s := range refusals {
		if s == status {
			c.refused[i].Add(1)
		}
	}
}

// Counts returns what the hub has done so far.
func (h *Hub) Counts() Counts {
	c := Counts{
		Sockets: h.Sockets(),
		Opened:  h.counts.opened.Load(),
		Closed:  make(map[Cause]uint64, causes),
		Refused: make(map[int]uint64, len(refusals)),
		Pushes:  h.counts.pushes.Load(),
		Frames:  h.counts.frames.Load(),
		Writes:  h.counts.writes.Load(),
		Bytes:   h.counts.bytes.Load(),
		Heard:   h.counts.heard.Load(),
	}
	for cause := open + 1; cause < causes; cause++ {
		c.Closed[cause] = h.counts.closed[cause].Load()
	}
	for i, status := range refusals {
		c.Refused[status] = h.counts.refused[i].Load()
	}
	return c
}
