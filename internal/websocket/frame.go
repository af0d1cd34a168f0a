// Package websocket is the frame codec of RFC 6455 that the server, the client
// library and the load generator share: frames to bytes and back, masks, the
// handshake's accept key. It imports the standard library only.
//
// Everything here works on memory that the caller owns: nothing blocks, nothing
// is kept, and reading a frame or appending one to a buffer with room allocates
// nothing. What comes in is checked before it is believed: a frame that the
// protocol does not allow, or that is longer than the caller takes, is an error.
// Messages, fragments and the order of frames are the caller's.
//
// Start reading at [ParseHeader] and [AppendFrame].
package websocket

import (
	"encoding/binary"
	"errors"
)

// Opcode says what a frame carries (RFC 6455, section 5.2).
type Opcode byte

// The opcodes.
const (
	Continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xa
)

// Control reports whether frames of the opcode stand between the fragments of messages.
func (op Opcode) Control() bool { return op >= Close }

// Side is an end of a connection. The client's frames are masked, the server's are not.
type Side bool

// The sides.
const (
	Server Side = false
	Client Side = true
)

const (
	finalBit   = 0x80
	reserved   = 0x70 // the bits of extensions
	maskedBit  = 0x80
	maxControl = 125 // bytes a control frame may carry
	keySize    = 4
)

// Errors of frames that do not come from a sound peer. The connection cannot be
// understood any more.
var (
	ErrProtocol = errors.New("the frame breaks the WebSocket protocol")
	ErrTooLong  = errors.New("the frame is too long")
)

// Header is the beginning of a frame.
type Header struct {
	Op     Opcode
	Final  bool
	Length int // of the payload
	Key    [keySize]byte
}

// ParseHeader reads the header at the beginning of b of a frame that a side
// sent and that carries at most limit bytes. size is the length of the header:
// if that is more than b holds, b is to hold so much, as far as can be told, to
// be parsed again.
func ParseHeader(b []byte, from Side, limit int) (h Header, size int, err error) {
	if len(b) < 2 {
		return h, 2, nil
	}
	h.Op, h.Final = Opcode(b[0]&0x0f), b[0]&finalBit != 0
	h.Length = int(b[1] &^ maskedBit)
	switch {
	case b[0]&reserved != 0, (b[1]&maskedBit != 0) != bool(from):
		return h, 0, ErrProtocol
	case h.Op > Pong, h.Op > Binary && h.Op < Close:
		return h, 0, ErrProtocol
	case h.Op.Control() && (!h.Final || h.Length > maxControl):
		return h, 0, ErrProtocol
	}
	size = headerSize(h.Length, from)
	if len(b) < size {
		return h, size, nil
	}
	switch h.Length {
	case 126:
		h.Length = int(binary.BigEndian.Uint16(b[2:]))
	case 127:
		long := binary.BigEndian.Uint64(b[2:])
		if long > uint64(limit) {
			return h, 0, ErrTooLong
		}
		h.Length = int(long)
	}
	if h.Length > limit {
		return h, 0, ErrTooLong
	}
	if from == Client {
		h.Key = [keySize]byte(b[size-keySize : size])
	}
	return h, size, nil
}

// headerSize returns the length of a header by the length that its second byte says.
func headerSize(short int, from Side) int {
	size := 2
	switch short {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if from == Client {
		size += keySize
	}
	return size
}

// Frame is a whole frame.
type Frame struct {
	Op      Opcode
	Final   bool
	Payload []byte // unmasked, in the buffer it was cut from
}

// Cut reads the frame at the beginning of b, see [ParseHeader]; size is that of
// the whole frame. The payload is unmasked where it is.
func Cut(b []byte, from Side, limit int) (f Frame, size int, err error) {
	h, size, err := ParseHeader(b, from, limit)
	if err != nil || size > len(b) {
		return f, size, err
	}
	body := size
	size += h.Length
	if size > len(b) {
		return f, size, nil
	}
	f = Frame{Op: h.Op, Final: h.Final, Payload: b[body:size]}
	if from == Client {
		Mask(f.Payload, h.Key)
	}
	return f, size, nil
}

// Mask masks a payload, or unmasks it.
func Mask(b []byte, key [keySize]byte) {
	word := binary.LittleEndian.Uint32(key[:])
	long := uint64(word)<<32 | uint64(word)
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^long)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= key[i%keySize]
	}
}

// AppendFrame appends a whole frame of a server.
func AppendFrame(b []byte, op Opcode, payload []byte) []byte {
	return append(appendHeader(b, op, len(payload), Server), payload...)
}

// AppendMasked appends a whole frame of a client, masked with key.
func AppendMasked(b []byte, op Opcode, payload []byte, key [keySize]byte) []byte {
	b = append(appendHeader(b, op, len(payload), Client), key[:]...)
	body := len(b)
	b = append(b, payload...)
	Mask(b[body:], key)
	return b
}

// appendHeader appends the header of a final frame, but for its key.
func appendHeader(b []byte, op Opcode, length int, from Side) []byte {
	mask := byte(0)
	if from == Client {
		mask = maskedBit
	}
	b = append(b, finalBit|byte(op))
	switch {
	case length <= maxControl:
		return append(b, mask|byte(length))
	case length <= 0xffff:
		return binary.BigEndian.AppendUint16(append(b, mask|126), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(b, mask|127), uint64(length))
}
