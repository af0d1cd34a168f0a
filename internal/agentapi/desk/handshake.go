package desk

import (
	"errors"
	"net/http"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/socket"
)

// ServeHTTP answers the handshake of a stream: GET with a URL of CreateStream. A refusal is a small JSON object:
//
//   - 400, 405 or 426: this is not a WebSocket handshake of version 13
//   - 403: the URL is not or no longer good, the session is over, or the page's origin is not allowed
//   - 503: the server is stopping, full, or cannot reach the agent
//
// Of a user's streams there are at most agent.MaxClients; one more takes the place of the oldest, which closes with 4429. A
// stream whose session is over closes with 4401. Its frames are those of package api/agent; what is binary, not a
// JSON object, or longer than [socket.MaxMessage] closes it with 1003, 1007 or 1009, a flood of frames with 1008, and silence with 1001.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, status, why := socket.Check(r)
	if status != 0 {
		h.refuse(w, r, status, why, nil)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && h.AllowOrigin != nil && !h.AllowOrigin(r, origin) {
		h.refuse(w, r, http.StatusForbidden, "the origin is not allowed", nil)
		return
	}
	of, err := h.Open(r)
	if err == nil {
		err = h.Admit(r.Context(), of)
	}
	if err != nil {
		status := http.StatusServiceUnavailable
		if over(err) {
			status = http.StatusForbidden
		}
		h.refuse(w, r, status, "the URL is not good", err)
		return
	}
	if !h.sockets.Reserve() {
		h.refuse(w, r, http.StatusServiceUnavailable, "no more streams can be opened", nil)
		return
	}
	s := &session{hub: h, of: of, client: agent.Client{ID: center.NewUUID(), Node: h.engine.Node, Session: of.ID}}
	s.conn.Init(&h.sockets, s)
	h.open(s)
	state, err := h.engine.Agents.Do(r.Context(), of.Instance, of.User, agent.Arrive{Client: s.client})
	switch {
	case err != nil:
		h.release(s)
		h.refuse(w, r, http.StatusServiceUnavailable, "the agent cannot be reached", err)
		return
	case state.SignedOut(SessionOf(of)): // meanwhile
		h.release(s)
		h.refuse(w, r, http.StatusForbidden, "the session is over", nil)
		return
	}
	switch err := s.conn.Upgrade(w, key); {
	case err == nil:
		h.begin(s)
		h.Log.Debug("stream opened", "user", of.User, "client", s.client.ID)
	case errors.Is(err, socket.ErrStopping):
		h.release(s)
	default:
		h.release(s)
		h.refuse(w, r, http.StatusInternalServerError, "the connection cannot become a socket", err)
	}
}

// begin has a stream that is at work sent what there is.
func (h *Hub) begin(s *session) {
	sh := h.shard(s.of.User)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !s.closed {
		s.open = true
		s.conn.CloseAfter(max(0, s.of.Until.Sub(h.Clock.Now())), Over)
		h.work(s.desk)
	}
}

// release takes back what was done for a stream that is refused.
func (h *Hub) release(s *session) {
	h.leave(s)
	h.sockets.Release()
	h.background.Go(func() { h.depart(s) })
}

// refuse answers a handshake that does not become a stream.
func (h *Hub) refuse(w http.ResponseWriter, r *http.Request, status int, why string, err error) {
	h.Log.InfoContext(r.Context(), "stream refused", "status", status, "reason", why, "err", err, "origin", r.Header.Get("Origin"))
	if h.Refused != nil {
		if err == nil {
			err = errors.New(why)
		}
		h.Refused(r.Context(), w.Header(), err)
	}
	socket.Refuse(w, status, why)
}
