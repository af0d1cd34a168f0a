// Package wire is what the bus between nodes puts on the wire: messages ([Append],
// [Decode]) and the subjects of NATS that they go by ([Names]). It is pure. What is no
// message, or one of a format that is not known, is reported and never a panic; what
// is read refers to the bytes that it was read from.
// Start reading at [Append] and [Names].
package wire

import (
	"encoding/binary"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
)

// A message on the wire is the byte [format] and the members that are not zero,
// each a key and a value. The key is one byte, the number of the member and the
// kind of its value, by which whoever does not know the member skips it:
//
//	number  a uvarint
//	text    a uvarint, the length, and so many bytes
//	block   four bytes, little-endian, the length, and so many bytes of members
//
// The subject is not among them: NATS has it.
//
// Nodes of neighbouring releases work together. A new member gets the next number,
// and older nodes do not see it. What an older node would misread without it
// needs a new format: the release that brings it reads both and writes the
// old one, the release after that writes the new one.
const format = 1

const (
	number = iota + 1
	text
	block

	kinds = 2 // so many bits of a key are the kind
)

// The keys of the members of a message, and those of an event. A number that was once given is never given again.
const (
	messageVersion = 1<<kinds | number
	messageOrigin  = 2<<kinds | text
	messageSeq     = 3<<kinds | number
	messageAbout   = 4<<kinds | text
	messageEvent   = 5<<kinds | block

	eventSeq        = 1<<kinds | number
	eventPayload    = 2<<kinds | text
	eventVisibility = 3<<kinds | text
	eventOnly       = 4<<kinds | text
	eventExcept     = 5<<kinds | text
	eventLeft       = 6<<kinds | text
	eventLast       = 7<<kinds | number
)

// Append appends a message, without its subject, as it is on the wire.
func Append(b []byte, m *bus.Message) []byte {
	b = append(b, format)
	b = appendNumber(b, messageVersion, m.Version)
	b = appendText(b, messageOrigin, m.Origin)
	b = appendNumber(b, messageSeq, m.Seq)
	b = appendText(b, messageAbout, m.About)
	for i := range m.Events {
		b = append(b, messageEvent, 0, 0, 0, 0)
		start := len(b)
		b = appendEvent(b, &m.Events[i])
		binary.LittleEndian.PutUint32(b[start-4:], uint32(len(b)-start))
	}
	return b
}

func appendEvent(b []byte, e *bus.Event) []byte {
	b = appendNumber(b, eventSeq, e.Seq)
	if e.Payload != nil { // an empty one is sent, nil is not
		b = binary.AppendUvarint(append(b, eventPayload), uint64(len(e.Payload)))
		b = append(b, e.Payload...)
	}
	b = appendText(b, eventVisibility, e.Visibility)
	b = appendText(b, eventOnly, e.Only)
	b = appendText(b, eventExcept, e.Except)
	b = appendText(b, eventLeft, e.Left)
	if e.Last {
		b = appendNumber(b, eventLast, 1)
	}
	return b
}

func appendNumber(b []byte, key byte, n int64) []byte {
	if n == 0 {
		return b
	}
	return binary.AppendUvarint(append(b, key), uint64(n))
}

func appendText[T ~string](b []byte, key byte, s T) []byte {
	if s == "" {
		return b
	}
	return append(binary.AppendUvarint(append(b, key), uint64(len(s))), s...)
}

// Decode reads a message, whose payloads are parts of data from then on. ok is
// false for what is no message, and for one of another format.
func Decode(data []byte) (m bus.Message, ok bool) {
	if len(data) == 0 || data[0] != format {
		return m, false
	}
	for data = data[1:]; len(data) > 0; {
		var v member
		if v, data, ok = cut(data); !ok {
			return bus.Message{}, false
		}
		switch v.key {
		case messageVersion:
			m.Version = int64(v.number)
		case messageOrigin:
			m.Origin = string(v.bytes)
		case messageSeq:
			m.Seq = int64(v.number)
		case messageAbout:
			m.About = string(v.bytes)
		case messageEvent:
			e, ok := decodeEvent(v.bytes)
			if !ok {
				return bus.Message{}, false
			}
			m.Events = append(m.Events, e)
		}
	}
	return m, true
}

func decodeEvent(data []byte) (e bus.Event, ok bool) {
	for len(data) > 0 {
		var v member
		if v, data, ok = cut(data); !ok {
			return e, false
		}
		switch v.key {
		case eventSeq:
			e.Seq = int64(v.number)
		case eventPayload:
			e.Payload = v.bytes
		case eventVisibility:
			e.Visibility = center.Visibility(v.bytes)
		case eventOnly:
			e.Only = center.ParticipantID(v.bytes)
		case eventExcept:
			e.Except = center.ParticipantID(v.bytes)
		case eventLeft:
			e.Left = center.ParticipantID(v.bytes)
		case eventLast:
			e.Last = v.number != 0
		}
	}
	return e, true
}

// member is one member as it was read. Bytes are those of a text or a block, not nil.
type member struct {
	key    byte
	number uint64
	bytes  []byte
}

// cut takes the first member off data.
func cut(data []byte) (m member, rest []byte, ok bool) {
	m.key, data = data[0], data[1:]
	var size uint64
	switch m.key & (1<<kinds - 1) {
	case number, text:
		n, width := binary.Uvarint(data)
		if width <= 0 {
			return m, nil, false
		}
		data = data[width:]
		if m.key&(1<<kinds-1) == number {
			m.number = n
			return m, data, true
		}
		size = n
	case block:
		if len(data) < 4 {
			return m, nil, false
		}
		size, data = uint64(binary.LittleEndian.Uint32(data)), data[4:]
	default:
		return m, nil, false
	}
	if size > uint64(len(data)) {
		return m, nil, false
	}
	m.bytes = data[:size:size]
	return m, data[size:], true
}
