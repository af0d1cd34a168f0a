package client

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// socket is a WebSocket (RFC 6455) to a server, opened through a Connector: text up and down, no
// extensions. One goroutine reads; any may write.
type socket struct {
	rw io.ReadWriteCloser
	br *bufio.Reader

	message []byte // being read; kept from one to the next while it is small

	beats atomic.Int32 // heartbeats sent

	write   chan struct{} // full while a frame is being written
	closing sync.Once
}

// Bounds of a socket.
const (
	maxFrame     = 1 << 20 // of a message that comes in, in bytes; an item's content has at most 16 KiB
	keptMessage  = 4 << 10 // of room that is kept for the next message
	socketBuffer = 1 << 10
	writeLimit   = 10 * time.Second // a write that takes longer breaks the socket
	goodbyeLimit = time.Second      // for the close frame
)

const (
	opContinuation = 0x0
	opText         = 0x1
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa

	finalFrame = 0x80
	maskedBit  = 0x80
)

// acceptKey is what a server makes of the key of a handshake.
const acceptKey = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// dialSocket opens the socket at a ws or wss address. ctx bounds the handshake only.
func dialSocket(ctx context.Context, connector Connector, address string, agent []string) (*socket, error) {
	rest, ok := strings.CutPrefix(address, "ws")
	if !ok {
		return nil, fmt.Errorf("the socket's address %q is not ws or wss", shorten(address))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http"+rest, nil)
	if err != nil {
		return nil, errors.New("the socket's address is no address") // which has a secret in it
	}
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails: the runtime ends the program instead
	key := base64.StdEncoding.EncodeToString(raw[:])
	r.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "User-Agent": agent,
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {key},
	}
	res, err := connector.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum([]byte(key + acceptKey))
	rw, ok := res.Body.(io.ReadWriteCloser)
	switch {
	case res.StatusCode != http.StatusSwitchingProtocols:
		err = fmt.Errorf("the socket was refused with status %d", res.StatusCode)
	case res.Header.Get("Sec-Websocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]):
		err = errors.New("what answered is no WebSocket")
	case !ok:
		err = errors.New("the Connector cannot open sockets")
	}
	if err != nil {
		_ = res.Body.Close() // given up
		return nil, err
	}
	return &socket{rw: rw, br: bufio.NewReaderSize(rw, socketBuffer), write: make(chan struct{}, 1)}, nil
}

// shorten cuts the secrets off an address.
func shorten(address string) string {
	before, _, _ := strings.Cut(address, "?")
	return before
}

// errSocketClosed is a socket that was closed in order, by either side.
var errSocketClosed = errors.New("the socket was closed")

// wait returns when there is something to read. A session at rest waits here and not in read: the
// fewer frames a waiting stack has, the smaller the collector makes it.
func (s *socket) wait() error {
	_, err := s.br.Peek(1)
	return err
}

// read returns the next text message, which is good until the next read. Pings are answered on the
// way.
func (s *socket) read() ([]byte, error) {
	if cap(s.message) > keptMessage {
		s.message = nil
	}
	s.message = s.message[:0]
	begun := false
	for {
		var head [10]byte
		if _, err := io.ReadFull(s.br, head[:2]); err != nil {
			return nil, err
		}
		op, length := head[0]&0x0f, uint64(head[1]&0x7f)
		if head[0]&0x70 != 0 || head[1]&maskedBit != 0 {
			return nil, errors.New("the server broke the WebSocket protocol")
		}
		switch length {
		case 126:
			if _, err := io.ReadFull(s.br, head[2:4]); err != nil {
				return nil, err
			}
			length = uint64(binary.BigEndian.Uint16(head[2:]))
		case 127:
			if _, err := io.ReadFull(s.br, head[2:10]); err != nil {
				return nil, err
			}
			length = binary.BigEndian.Uint64(head[2:])
		}
		if op >= opClose {
			if err := s.control(op, length); err != nil {
				return nil, err
			}
			continue
		}
		if length > maxFrame || uint64(len(s.message))+length > maxFrame {
			return nil, fmt.Errorf("the server sent a message of more than %d bytes", maxFrame)
		}
		if (op == opContinuation) != begun || op > opText {
			return nil, errors.New("the server broke the WebSocket protocol")
		}
		begun = true
		from := len(s.message)
		s.message = append(s.message, make([]byte, length)...)
		if _, err := io.ReadFull(s.br, s.message[from:]); err != nil {
			return nil, err
		}
		if head[0]&finalFrame != 0 {
			return s.message, nil
		}
	}
}

// control answers pings and the close.
func (s *socket) control(op byte, length uint64) error {
	if length > 125 {
		return errors.New("the server broke the WebSocket protocol")
	}
	var room [125]byte
	payload := room[:length]
	if _, err := io.ReadFull(s.br, payload); err != nil {
		return err
	}
	switch op {
	case opPing:
		return s.send(opPong, payload)
	case opClose:
		_ = s.send(opClose, payload[:min(2, length)]) // the other side may be gone already
		return errSocketClosed
	}
	return nil
}

// send writes one frame.
func (s *socket) send(op byte, payload []byte) error {
	b := make([]byte, 0, 14+len(payload))
	b = append(b, finalFrame|op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, maskedBit|byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, maskedBit|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, maskedBit|127), uint64(n))
	}
	var mask [4]byte
	_, _ = rand.Read(mask[:]) // never fails: the runtime ends the program instead
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i&3])
	}
	late := time.AfterFunc(writeLimit, s.abort) // which ends the write of whoever is first, too
	defer late.Stop()
	s.write <- struct{}{}
	defer func() { <-s.write }()
	_, err := s.rw.Write(b)
	return err
}

// text writes a text message.
func (s *socket) text(message string) error { return s.send(opText, []byte(message)) }

// heartbeat writes a heartbeat.
func (s *socket) heartbeat() error {
	s.beats.Add(1)
	return s.text(heartbeatFrame)
}

// close says goodbye and closes. It may be called more than once.
func (s *socket) close() {
	late := time.AfterFunc(goodbyeLimit, s.abort)
	defer late.Stop()
	_ = s.send(opClose, []byte{1000 >> 8, 1000 & 0xff}) // whoever does not hear it sees the connection close
	s.abort()
}

// abort closes without a word. A read or write under way fails.
func (s *socket) abort() { s.closing.Do(func() { _ = s.rw.Close() }) } // nothing is left to be done about it
