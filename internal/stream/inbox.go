package stream

import "net"

// inbox is what has come from a client and was not used yet.
type inbox struct {
	buf      []byte // small, or larger for a frame that does not fit
	from, to int    // what is not used: buf[from:to]
	need     int    // how long the frame that begins at from is
	message  []byte // the fragments of a message so far; nil outside of one
	small    [192]byte
}

// put takes what was read before the inbox was there.
func (in *inbox) put(b []byte) {
	in.buf = append([]byte(nil), b...)
	in.to = len(b)
}

// cut takes the next frame off; its payload is good until the next fill. ok is
// false when more has to be read. A bad frame is the end of all understanding.
func (in *inbox) cut() (f frame, ok bool, bad Cause) {
	f, size, ok, bad := cutFrame(in.buf[in.from:in.to])
	if ok {
		in.from += size
	} else {
		in.need = size
	}
	return f, ok, bad
}

// fill reads more, at least one byte, after cut found no whole frame.
func (in *inbox) fill(conn net.Conn) error {
	rest := in.buf[in.from:in.to]
	if in.need <= len(in.small) {
		in.buf = in.small[:]
	} else if in.need > len(in.buf) {
		in.buf = make([]byte, in.need)
	}
	in.from, in.to = 0, copy(in.buf, rest)
	n, err := conn.Read(in.buf[in.to:])
	in.to += n
	if n > 0 {
		return nil
	}
	return err
}

// join adds the frame to its message. whole says that text is the message.
func (in *inbox) join(f frame) (text []byte, whole bool, bad Cause) {
	switch {
	case f.op == opBinary:
		return nil, false, Binary
	case (f.op == opContinuation) != (in.message != nil):
		return nil, false, Malformed
	case f.op == opText && f.fin:
		return f.payload, true, open
	case len(in.message)+len(f.payload) > MaxMessage:
		return nil, false, TooBig
	case in.message == nil:
		in.message = make([]byte, 0, len(f.payload)+64)
	}
	in.message = append(in.message, f.payload...)
	if !f.fin {
		return nil, false, open
	}
	text, in.message = in.message, nil
	return text, true, open
}
