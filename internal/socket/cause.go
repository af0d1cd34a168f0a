package socket

import (
	"errors"

	"parley.example/parley/internal/websocket"
)

// Cause is why a socket was closed. Causes are compared by identity.
type Cause struct {
	name  string
	code  uint16
	frame []byte // the close frame, ready to send; nil when there is none
}

// NewCause returns a cause of its own: a name, as metrics use it, a close code,
// and a reason for people who look at the wire. ChatJS reconnects after any
// code; the native SDKs do not after 1000.
func NewCause(name string, code uint16, reason string) *Cause {
	return &Cause{name, code, websocket.AppendFrame(nil, websocket.Close, websocket.ClosePayload(code, reason))}
}

// The causes of the transport. All but the first two are the server's doing and
// send a close frame.
var (
	Left      = &Cause{name: "left"} // the client closed
	Lost      = &Cause{name: "lost"} // the connection broke
	Expired   = NewCause("expired", 1001, "the connection has expired, connect again")
	Silent    = NewCause("silent", 1001, "no heartbeat")
	Stopping  = NewCause("stopping", 1001, "the server is restarting, connect again")
	Malformed = NewCause("malformed", 1002, "protocol error")
	Binary    = NewCause("binary", 1003, "only text frames are understood")
	Flooding  = NewCause("flooding", 1008, "too many frames")
	TooBig    = NewCause("too-big", 1009, "the message is too long")
	Slow      = NewCause("slow", 1013, "reading too slowly, connect again")
)

// String returns the cause's name.
func (c *Cause) String() string { return c.name }

// causeOf returns the cause for a frame that the codec refuses.
func causeOf(err error) *Cause {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, websocket.ErrTooLong):
		return TooBig
	}
	return Malformed
}

// closeReply returns what answers a client's close frame (RFC 6455, section
// 5.5.1): the same code, or 1002 when it sent one that is not valid.
func closeReply(payload []byte) []byte {
	code, err := websocket.CloseCode(payload)
	switch {
	case err != nil:
		return Malformed.frame
	case code == 0:
		return websocket.AppendFrame(nil, websocket.Close, nil)
	}
	return websocket.AppendFrame(nil, websocket.Close, payload[:2])
}
