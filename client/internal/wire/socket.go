// Package wire has the client's side of WebSockets: text up and down, opened by a request that upgrades the connection.
package wire

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/websocket"
)

// Socket is a WebSocket (RFC 6455) to a server, opened through an http.RoundTripper: text up and down, no
// extensions. One goroutine reads; any may write.
type Socket struct {
	rw io.ReadWriteCloser
	br *bufio.Reader

	message []byte // being read; kept from one to the next while it is small

	Beats  atomic.Int32 // heartbeats sent, for whoever sends them
	Reason uint16       // why the server closed, by its close frame; 0 when it has not, or has not said

	write   chan struct{} // full while a frame is being written
	closing sync.Once
}

// Bounds of a socket.
const (
	maxFrame     = 1 << 20 // bytes of an incoming message; an item's content has at most 16 KiB
	keptMessage  = 4 << 10 // bytes of buffer that are kept for the next message
	socketBuffer = 1 << 10
	writeLimit   = 10 * time.Second // a write that takes longer breaks the socket
	closeLimit   = time.Second      // for the close frame
)

// Dial opens the socket at a ws or wss address. ctx bounds the handshake only.
func Dial(ctx context.Context, connector http.RoundTripper, address string, agent []string) (*Socket, error) {
	rest, ok := strings.CutPrefix(address, "ws")
	if !ok {
		return nil, fmt.Errorf("the socket's URL %q is not ws or wss", shorten(address))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http"+rest, nil)
	if err != nil {
		return nil, errors.New("the socket's URL is invalid") // it contains a secret
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
	rw, ok := res.Body.(io.ReadWriteCloser)
	switch {
	case res.StatusCode != http.StatusSwitchingProtocols:
		err = fmt.Errorf("the socket was refused with status %d", res.StatusCode)
	case res.Header.Get("Sec-Websocket-Accept") != websocket.Accept(key):
		err = errors.New("the answer is not a WebSocket handshake")
	case !ok:
		err = errors.New("the Connector cannot open sockets")
	}
	if err != nil {
		_ = res.Body.Close() // abandoned
		return nil, err
	}
	return &Socket{rw: rw, br: bufio.NewReaderSize(rw, socketBuffer), write: make(chan struct{}, 1)}, nil
}

// shorten removes the secrets from a URL.
func shorten(address string) string {
	before, _, _ := strings.Cut(address, "?")
	return before
}

// ErrClosed is a socket that was closed properly, by either side.
var ErrClosed = errors.New("the socket was closed")

// Wait returns when there is something to read. An idle session waits here and not in read: the fewer
// frames a waiting stack has, the smaller the collector makes it.
func (s *Socket) Wait() error {
	_, err := s.br.Peek(1)
	return err
}

// Read returns the next text message, which is valid until the next read. It answers pings.
func (s *Socket) Read() ([]byte, error) {
	if cap(s.message) > keptMessage {
		s.message = nil
	}
	s.message = s.message[:0]
	begun := false
	for {
		h, err := s.header()
		if err != nil {
			return nil, err
		}
		if h.Op.Control() {
			if err := s.control(h); err != nil {
				return nil, err
			}
			continue
		}
		if len(s.message)+h.Length > maxFrame {
			return nil, errLongMessage
		}
		if (h.Op == websocket.Continuation) != begun || h.Op == websocket.Binary {
			return nil, errProtocol
		}
		begun = true
		from := len(s.message)
		s.message = append(s.message, make([]byte, h.Length)...)
		if _, err := io.ReadFull(s.br, s.message[from:]); err != nil {
			return nil, err
		}
		if h.Final {
			return s.message, nil
		}
	}
}

// Violations of the protocol by a server.
var (
	errProtocol    = errors.New("the server broke the WebSocket protocol")
	errLongMessage = fmt.Errorf("the server sent a message of more than %d bytes", maxFrame)
)

// header reads the header of the next frame.
func (s *Socket) header() (websocket.Header, error) {
	for need := 2; ; {
		b, err := s.br.Peek(need)
		if err != nil {
			return websocket.Header{}, err
		}
		h, size, err := websocket.ParseHeader(b, websocket.Server, maxFrame)
		switch {
		case errors.Is(err, websocket.ErrTooLong):
			return h, errLongMessage
		case err != nil:
			return h, errProtocol
		case size <= len(b):
			_, err := s.br.Discard(size)
			return h, err
		}
		need = size
	}
}

// control answers pings and the close.
func (s *Socket) control(h websocket.Header) error {
	payload, err := s.br.Peek(h.Length)
	if err != nil {
		return err
	}
	switch h.Op {
	case websocket.Ping:
		err = s.send(websocket.Pong, payload)
	case websocket.Close:
		s.Reason, _ = websocket.CloseCode(payload)              // a wrong one says nothing
		_ = s.send(websocket.Close, payload[:min(2, h.Length)]) // the other side may have closed already
		err = ErrClosed
	}
	if err != nil {
		return err
	}
	_, err = s.br.Discard(h.Length)
	return err
}

// send writes one frame.
func (s *Socket) send(op websocket.Opcode, payload []byte) error {
	var mask [4]byte
	_, _ = rand.Read(mask[:]) // never fails: the runtime ends the program instead
	b := websocket.AppendMasked(make([]byte, 0, 14+len(payload)), op, payload, mask)
	late := time.AfterFunc(writeLimit, s.Abort) // which also ends the write that holds the lock
	defer late.Stop()
	s.write <- struct{}{}
	defer func() { <-s.write }()
	_, err := s.rw.Write(b)
	return err
}

// Text writes a text message.
func (s *Socket) Text(message string) error { return s.send(websocket.Text, []byte(message)) }

// Close sends a close frame and closes. It may be called more than once.
func (s *Socket) Close() {
	late := time.AfterFunc(closeLimit, s.Abort)
	defer late.Stop()
	_ = s.send(websocket.Close, websocket.ClosePayload(1000, "")) // if it gets lost, the other side sees the connection close
	s.Abort()
}

// Abort closes without a close frame. A read or write under way fails.
func (s *Socket) Abort() { s.closing.Do(func() { _ = s.rw.Close() }) } // nothing is left to be done about it
