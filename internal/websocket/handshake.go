package websocket

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"unicode/utf8"
)

// Accept returns what a server answers to the key of a handshake (RFC 6455, section 4.2.2).
func Accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// ClosePayload returns the payload of a close frame.
func ClosePayload(code uint16, reason string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, code), reason...)
}

// CloseCode returns the code of a close frame, 0 when it has none. One that may
// not be sent, or a reason that is not UTF-8, is ErrProtocol (RFC 6455, section 7.4).
func CloseCode(payload []byte) (uint16, error) {
	if len(payload) == 0 {
		return 0, nil
	}
	if len(payload) < 2 || !utf8.Valid(payload[2:]) {
		return 0, ErrProtocol
	}
	switch code := binary.BigEndian.Uint16(payload); {
	case code < 1000, code > 4999, code >= 1004 && code <= 1006, code >= 1015 && code < 3000:
		return 0, ErrProtocol
	default:
		return code, nil
	}
}
