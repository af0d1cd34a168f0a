package stream

import (
	"encoding/binary"
	"unicode/utf8"
)

// The opcodes of RFC 6455, section 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

const (
	fin        = 0x80
	masked     = 0x80
	maxControl = 125 // bytes a control frame may carry
	maxHeader  = 14  // bytes of the longest header of a client's frame
)

// frame is one frame of a client.
type frame struct {
	op      byte
	fin     bool
	payload []byte // unmasked, in the buffer it was cut from
}

func (f *frame) control() bool { return f.op >= opClose }

// cutFrame takes the first frame off b and says how many bytes it took. If b
// does not hold it whole, size is how many bytes it needs to hold, as far as
// can be told, and ok is false. bad is not open when the frame is one that must
// not come; where its end is does not matter then.
func cutFrame(b []byte) (f frame, size int, ok bool, bad Cause) {
	if len(b) < 2 {
		return f, 2, false, open
	}
	f.op, f.fin = b[0]&0x0f, b[0]&fin != 0
	n, size := int(b[1]&0x7f), 6
	switch {
	case b[0]&0x70 != 0, b[1]&masked == 0: // an extension nobody agreed on; a frame without a mask
		return f, 0, false, Malformed
	case f.op > opPong, f.op > opBinary && f.op < opClose:
		return f, 0, false, Malformed
	case f.control() && (!f.fin || n > maxControl):
		return f, 0, false, Malformed
	case n == 126:
		if size = 8; len(b) < size {
			return f, size, false, open
		}
		n = int(binary.BigEndian.Uint16(b[2:]))
	case n == 127:
		if size = maxHeader; len(b) < size {
			return f, size, false, open
		}
		long := binary.BigEndian.Uint64(b[2:])
		if long > MaxMessage {
			return f, 0, false, TooBig
		}
		n = int(long)
	}
	if n > MaxMessage {
		return f, 0, false, TooBig
	}
	if len(b) < size+n {
		return f, size + n, false, open
	}
	f.payload = b[size : size+n]
	unmask(f.payload, [4]byte(b[size-4:size]))
	return f, size + n, true, open
}

func unmask(b []byte, key [4]byte) {
	word := binary.LittleEndian.Uint32(key[:])
	long := uint64(word)<<32 | uint64(word)
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^long)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= key[i&3]
	}
}

// appendFrame appends a whole server frame: final and not masked.
func appendFrame(b []byte, op byte, payload []byte) []byte {
	head, n := frameHeader(op, len(payload))
	return append(append(b, head[:n]...), payload...)
}

// maxServerHeader is the length of the longest header that frameHeader makes.
const maxServerHeader = 10

// frameHeader returns the header of a server frame and its length.
func frameHeader(op byte, payload int) (h [maxServerHeader]byte, n int) {
	h[0] = fin | op
	switch {
	case payload <= maxControl:
		h[1] = byte(payload)
		return h, 2
	case payload <= 0xffff:
		h[1] = 126
		binary.BigEndian.PutUint16(h[2:], uint16(payload))
		return h, 4
	}
	h[1] = 127
	binary.BigEndian.PutUint64(h[2:], uint64(payload))
	return h, 10
}

// closeReply returns what answers a client's close frame (RFC 6455, section
// 5.5.1): the same code, or 1002 when it sent something that is none.
func closeReply(payload []byte) []byte {
	if len(payload) == 0 {
		return appendFrame(nil, opClose, nil)
	}
	if len(payload) < 2 || !utf8.Valid(payload[2:]) {
		return closeFrames[Malformed]
	}
	switch code := binary.BigEndian.Uint16(payload); {
	case code < 1000, code > 4999, code >= 1004 && code <= 1006, code >= 1015 && code < 3000:
		return closeFrames[Malformed]
	}
	return appendFrame(nil, opClose, payload[:2])
}
