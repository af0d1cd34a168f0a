package stream

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/center"
)

// maxBraked is how many refusals may be delayed at a time.
const maxBraked = 256

// ServeHTTP answers the handshake of a socket: GET with a URL that
// [Hub.Open] understands. A refusal is a small JSON object:
//
//   - 400, 405 or 426: this is no WebSocket handshake of version 13
//   - 403: the URL is not or no longer good, the chat is over for the
//     participant, or the page's origin is not allowed
//   - 429: the participant has as many sockets as it may have (five)
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
// list; items come for aws/chat only. Other topics, and JSON without one, are
// ignored. Bytes behind the first JSON value are ignored too. What is binary,
// not JSON, or longer than [MaxMessage] closes the socket, and only it, with
// 1003, 1007 or 1009: the client comes back with a clean one.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.init()
	key, status, why := checkHandshake(r)
	if status != 0 {
		h.refuse(w, r, status, why, nil)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && h.AllowOrigin != nil && !h.AllowOrigin(origin) {
		h.refuse(w, r, http.StatusForbidden, "the origin is not allowed", nil)
		return
	}
	subject, participant, err := h.Open(r)
	if err != nil {
		h.refuse(w, r, http.StatusForbidden, "the URL is not good", err)
		return
	}
	s := newSocket(h, participant)
	if status := h.attach(s, subject); status != 0 {
		h.refuse(w, r, status, "no room for another socket", nil)
		return
	}
	if s.role, err = h.Source.Attend(r.Context(), subject, participant); err != nil {
		h.detach(s)
		status := http.StatusServiceUnavailable
		if over(err) {
			status = http.StatusForbidden
		}
		h.refuse(w, r, status, "the chat cannot be attended", err)
		return
	}
	var early *bufio.ReadWriter
	if s.conn, early, err = http.NewResponseController(w).Hijack(); err != nil {
		h.detach(s)
		h.refuse(w, r, http.StatusInternalServerError, "the connection cannot become a socket", err)
		return
	}
	s.conn.SetDeadline(time.Time{}) // the HTTP server's
	if n := early.Reader.Buffered(); n > 0 {
		sent, _ := early.Reader.Peek(n)
		s.in.put(sent)
	}
	s.queue(acceptance(key))
	if !h.start(s) {
		h.detach(s)
		s.conn.Close()
		h.counts.refuse(http.StatusServiceUnavailable)
		return
	}
	h.Log.Debug("socket opened", "chat", s.of.id(), "participant", participant, "role", s.role)
	go s.run() // and let go of the request
}

// over reports whether an error says that the chat is over for the participant.
func over(err error) bool {
	switch center.ReasonOf(err) {
	case center.Denied, center.Gone, center.NotFound:
		return true
	}
	return false
}

// checkHandshake returns the key of a handshake, or how to refuse it
// (RFC 6455, section 4.2.1).
func checkHandshake(r *http.Request) (key string, status int, why string) {
	key = r.Header.Get("Sec-WebSocket-Key")
	switch {
	case r.Method != http.MethodGet:
		return "", http.StatusMethodNotAllowed, "a socket is opened with GET"
	case !hasToken(r.Header, "Upgrade", "websocket"), !hasToken(r.Header, "Connection", "upgrade"):
		return "", http.StatusUpgradeRequired, "this address is for WebSockets"
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return "", http.StatusUpgradeRequired, "the WebSocket version must be 13"
	}
	if raw, err := base64.StdEncoding.DecodeString(key); err != nil || len(raw) != 16 {
		return "", http.StatusBadRequest, "Sec-WebSocket-Key is not valid"
	}
	return key, 0, ""
}

// hasToken reports whether a header lists a token.
func hasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// acceptance is the server's half of the handshake (RFC 6455, section 4.2.2).
func acceptance(key string) []byte {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	b := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
	return append(base64.StdEncoding.AppendEncode(b, sum[:]), "\r\n\r\n"...)
}

// refuse answers a handshake that does not become a socket. What the client
// hears of a 403 is always the same, whatever Hub.Refused adds in development.
func (h *Hub) refuse(w http.ResponseWriter, r *http.Request, status int, why string, err error) {
	h.counts.refuse(status)
	remote, _, _ := net.SplitHostPort(r.RemoteAddr)
	h.Log.InfoContext(r.Context(), "socket refused", "status", status, "reason", why, "error", err,
		"remote", remote, "origin", r.Header.Get("Origin"))
	header := w.Header()
	if h.Refused != nil {
		if err == nil {
			err = errors.New(why)
		}
		h.Refused(r.Context(), header, err)
	}
	switch status {
	case http.StatusForbidden:
		why = "Access denied"
		header.Set("X-Amzn-ErrorType", "AccessDeniedException")
	case http.StatusUpgradeRequired:
		header.Set("Upgrade", "websocket")
		header.Set("Connection", "Upgrade")
		header.Set("Sec-WebSocket-Version", "13")
	case http.StatusMethodNotAllowed:
		header.Set("Allow", http.MethodGet)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.brake(r.Context())
	}
	header.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(restjson.Quote([]byte(`{"message":`), why), "}\n"...))
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
