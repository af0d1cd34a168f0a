package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// socket is a lean WebSocket client.
type socket struct {
	conn net.Conn
	in   *bufio.Reader
	buf  []byte
}

// dial opens a socket at a path of a server.
func dial(addr, path string) (*socket, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(callTime))
	s := &socket{conn: conn, in: bufio.NewReaderSize(conn, 1024)}
	if err := s.handshake(addr, path); err != nil {
		conn.Close() // it has failed
		return nil, err
	}
	conn.SetDeadline(time.Time{})
	return s, nil
}

func (s *socket) handshake(addr, path string) error {
	const head = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nUser-Agent: parley-bench\r\n\r\n"
	if _, err := io.WriteString(s.conn, "GET "+path+" HTTP/1.1\r\nHost: "+addr+"\r\n"+head); err != nil {
		return err
	}
	status, err := s.in.ReadString('\n')
	if err != nil {
		return err
	}
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return err
		}
		if line == "\r\n" {
			break
		}
	}
	if !strings.HasPrefix(status, "HTTP/1.1 101 ") {
		return fmt.Errorf("the socket was refused: %s", strings.TrimSpace(status))
	}
	return nil
}

// textFrame returns a client's frame. Its mask is zero: a client need not hide
// its payload from itself, and the server takes it off all the same.
func textFrame(payload []byte) []byte {
	b := []byte{0x81}
	if n := len(payload); n < 126 {
		b = append(b, 0x80|byte(n))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	}
	return append(append(b, 0, 0, 0, 0), payload...)
}

func (s *socket) write(frame []byte) error {
	_, err := s.conn.Write(frame)
	return err
}

// maxFrame bounds a frame of the server.
const maxFrame = 1 << 20

// read returns the payload of the next frame, which is good until the next read.
func (s *socket) read() ([]byte, error) {
	head, err := s.in.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0] != 0x81 {
		return nil, fmt.Errorf("the server sent a frame that begins with %#x", head[0])
	}
	size, skip := int(head[1]), 2
	switch size {
	case 126:
		skip = 4
	case 127:
		skip = 10
	}
	if head, err = s.in.Peek(skip); err != nil {
		return nil, err
	}
	switch skip {
	case 4:
		size = int(binary.BigEndian.Uint16(head[2:]))
	case 10:
		size = int(binary.BigEndian.Uint64(head[2:]))
	}
	if size < 0 || size > maxFrame {
		return nil, fmt.Errorf("the server sent a frame of %d bytes", size)
	}
	s.in.Discard(skip) // which are in the buffer
	if size <= s.in.Size() {
		payload, err := s.in.Peek(size)
		if err != nil {
			return nil, err
		}
		s.in.Discard(size)
		return payload, nil
	}
	if cap(s.buf) < size {
		s.buf = make([]byte, size)
	}
	_, err = io.ReadFull(s.in, s.buf[:size])
	return s.buf[:size], err
}

func (s *socket) close() { s.conn.Close() } // nobody is left to tell
