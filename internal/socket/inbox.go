package socket

import (
	"net"

	"parley.example/parley/internal/websocket"
)

// inbox is what has come from a client and was not used yet.
type inbox struct {
	buf      []byte // small, or larger for a frame that does not fit
	from, to int32  // what is not used: buf[from:to]
	need     int32  // how long the frame that begins at from is
	message  []byte // the fragments of a message so far; nil outside of one
	small    [144]byte
}

// put takes what was read before the inbox was there.
func (in *inbox) put(b []byte) {
	in.buf = append([]byte(nil), b...)
	in.to = int32(len(b))
}

// cut takes the next frame off; its payload is good until the next fill. ok is
// false when more has to be read. A bad frame is the end of all understanding.
func (in *inbox) cut() (f websocket.Frame, ok bool, bad *Cause) {
	f, size, err := websocket.Cut(in.buf[in.from:in.to], websocket.Client, MaxMessage)
	if ok = err == nil && size <= int(in.to-in.from); ok {
		in.from += int32(size)
	} else {
		in.need = int32(size)
	}
	return f, ok, causeOf(err)
}

// fill reads more, at least one byte, after cut found no whole frame.
func (in *inbox) fill(conn net.Conn) error {
	rest := in.buf[in.from:in.to]
	if int(in.need) <= len(in.small) {
		in.buf = in.small[:]
	} else if int(in.need) > len(in.buf) {
		in.buf = make([]byte, in.need)
	}
	in.from, in.to = 0, int32(copy(in.buf, rest))
	n, err := conn.Read(in.buf[in.to:])
	in.to += int32(n)
	if n > 0 {
		return nil
	}
	return err
}

// join adds the frame to its message. whole says that text is the message.
func (in *inbox) join(f websocket.Frame) (text []byte, whole bool, bad *Cause) {
	switch {
	case f.Op == websocket.Binary:
		return nil, false, Binary
	case (f.Op == websocket.Continuation) != (in.message != nil):
		return nil, false, Malformed
	case f.Op == websocket.Text && f.Final:
		return f.Payload, true, nil
	case len(in.message)+len(f.Payload) > MaxMessage:
		return nil, false, TooBig
	case in.message == nil:
		in.message = make([]byte, 0, len(f.Payload)+64)
	}
	in.message = append(in.message, f.Payload...)
	if !f.Final {
		return nil, false, nil
	}
	text, in.message = in.message, nil
	return text, true, nil
}
