package socket

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"parley.example/parley/api/restjson"

	"parley.example/parley/internal/websocket"
)

// Check returns the key of a handshake (RFC 6455, section 4.2.1), or the status
// to refuse the request with, and why.
func Check(r *http.Request) (key string, status int, why string) {
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

// RefusalHeader adds what the protocol wants to find with a refusal's status.
func RefusalHeader(h http.Header, status int) {
	switch status {
	case http.StatusUpgradeRequired:
		h.Set("Upgrade", "websocket")
		h.Set("Connection", "Upgrade")
		h.Set("Sec-WebSocket-Version", "13")
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodGet)
	}
}

// Refuse answers a handshake that does not become a socket, with a small JSON object. What the client sees of a 403 is always the
// same.
func Refuse(w http.ResponseWriter, status int, why string) {
	header := w.Header()
	RefusalHeader(header, status)
	if status == http.StatusForbidden {
		why = "Access denied"
		header.Set("X-Amzn-ErrorType", "AccessDeniedException")
	}
	header.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(restjson.Quote([]byte(`{"message":`), why), "}\n"...))
}

// ErrStopping is returned by [Conn.Upgrade] when the server has stopped
// meanwhile: the connection is closed, and there is nobody left to answer.
var ErrStopping = errors.New("the server is stopping")

// Upgrade answers the handshake with the key and lets the socket work: its
// handler is given what comes, also what the client sent along with the
// handshake. There must be a reservation for it. After an error other than
// ErrStopping the request can still be answered.
func (c *Conn) Upgrade(w http.ResponseWriter, key string) error {
	conn, early, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return err
	}
	conn.SetDeadline(time.Time{}) // the HTTP server's
	if n := early.Reader.Buffered(); n > 0 {
		sent, _ := early.Reader.Peek(n)
		c.in.put(sent)
	}
	c.conn = conn
	c.answer(acceptance(key))
	if !c.server.start(c) {
		conn.Close()
		return ErrStopping
	}
	go c.run() // and release the request
	return nil
}

// acceptance is the server's half of the handshake (RFC 6455, section 4.2.2).
func acceptance(key string) []byte {
	return []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		websocket.Accept(key) + "\r\n\r\n")
}
