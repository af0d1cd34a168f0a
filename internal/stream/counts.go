package stream

import (
	"net/http"
	"sync/atomic"

	"parley.example/parley/internal/socket"
)

// Counts is what a hub has done since it began, for metrics.
type Counts struct {
	socket.Counts
	Refused map[int]uint64 // handshakes, by the status of the answer
	Events  uint64         // that at least one socket was sent
}

// counters are the hub's own. Each is only ever added to.
type counters struct {
	events  atomic.Uint64
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
	c := Counts{Counts: h.sockets.Counts(), Refused: make(map[int]uint64, len(refusals)), Events: h.counts.events.Load()}
	for i, status := range refusals {
		c.Refused[status] = h.counts.refused[i].Load()
	}
	return c
}
