package stream

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/socket"
)

// maxBraked is how many refusals may be delayed at once.
const maxBraked = 256

// ServeHTTP answers the handshake of a socket: GET with a URL that
// [Hub.Open] understands. A refusal is a small JSON object:
//
//   - 400, 405 or 426: this is not a WebSocket handshake of version 13
//   - 403: the URL is not or no longer good, the chat is over for the
//     participant, or the page's origin is not allowed
//   - 429: the participant has as many sockets as it may have (five, on this
//     node), and none of their clients has been silent for longer than it takes
//     to send a heartbeat and some (Limits.Quiet). The one that has been silent
//     longest is closed in favour of the new socket, with 1001.
//   - 503: the server is stopping, full, or cannot reach the chat
//
// ChatJS answers a refused handshake with a new CreateParticipantConnection and
// another handshake at once, so 429 and 503 are held back by Limits.Brake. It
// stops when CreateParticipantConnection is refused.
//
// An open socket takes text frames of JSON:
//
//	{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}
//	{"topic":"aws/ping"}
//	{"topic":"aws/heartbeat"}
//
// A subscribe is granted for any list of topics and answered with the same
// list; items come for aws/chat only. Where the first socket of a customer is owed
// what was said before it subscribed, the reply comes once that was read, and
// another subscribe meanwhile is taken for the same. Other topics, and JSON without one, are
// ignored. Bytes behind the first JSON value are ignored too. What is binary,
// not JSON, or longer than [socket.MaxMessage] closes the socket, and only it, with
// 1003, 1007 or 1009: the client reconnects with a clean one. So does a flood of
// frames, of whatever kind (socket.Limits.Frames), with 1008.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.init()
	key, status, why := socket.Check(r)
	if status != 0 {
		h.refuse(w, r, status, why, nil)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && h.AllowOrigin != nil && !h.AllowOrigin(origin) {
		h.refuse(w, r, http.StatusForbidden, "the origin is not allowed", nil)
		return
	}
	ticket, err := h.Open(r)
	if err != nil {
		h.refuse(w, r, http.StatusForbidden, "the URL is not good", err)
		return
	}
	s := newSession(h, ticket.Participant)
	if status := h.attach(s, ticket.Subject); status != 0 {
		h.refuse(w, r, status, "no more sockets can be opened", nil)
		return
	}
	attendance, err := h.Source.Attend(r.Context(), ticket)
	if err == nil {
		s.role, s.owed, s.last = attendance.Role, attendance.Owed, attendance.Last
		err = h.anchor(r.Context(), s)
	}
	if err != nil {
		h.release(s)
		status := http.StatusServiceUnavailable
		if over(err) {
			status = http.StatusForbidden
		}
		h.refuse(w, r, status, "the chat cannot be attended", err)
		return
	}
	switch err := s.conn.Upgrade(w, key); {
	case err == nil:
		h.Log.Debug("socket opened", "chat", s.of.id(), "participant", s.participant, "role", s.role)
	case errors.Is(err, socket.ErrStopping):
		h.release(s)
		h.counts.refuse(http.StatusServiceUnavailable)
	default:
		h.release(s)
		h.refuse(w, r, http.StatusInternalServerError, "the connection cannot become a socket", err)
	}
}

// over reports whether an error says that the chat is over for the participant.
func over(err error) bool {
	switch center.ReasonOf(err) {
	case center.Denied, center.Gone, center.NotFound:
		return true
	}
	return false
}

// refuse answers a handshake that does not become a socket. What the client
// sees of a 403 is always the same, whatever Hub.Refused adds in development.
func (h *Hub) refuse(w http.ResponseWriter, r *http.Request, status int, why string, err error) {
	h.counts.refuse(status)
	client, _, _ := net.SplitHostPort(r.RemoteAddr)
	h.Log.InfoContext(r.Context(), "socket refused", "status", status, "reason", why, "err", err,
		"client", client, "origin", r.Header.Get("Origin"))
	if h.Refused != nil {
		if err == nil {
			err = errors.New(why)
		}
		h.Refused(r.Context(), w.Header(), err)
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		h.brake(r.Context())
	}
	socket.Refuse(w, status, why)
}

// brake waits a little, unless too many wait already or the client goes away.
func (h *Hub) brake(ctx context.Context) {
	select {
	case h.brakes <- struct{}{}:
	default:
		return
	}
	defer func() { <-h.brakes }()
	timer := time.NewTimer(h.limits.Brake)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-h.ctx.Done():
	}
}
