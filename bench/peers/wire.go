package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/bench/gauge"
	"parley.example/parley/internal/websocket"
)

// wire is a connection that lasts as long as a system does. Its buffers are its own: what it reads is good until the next read.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

// wireTime is how long a connection is used at most: three loads, and what lies between them.
const wireTime = 4*gauge.MaxLasts + 2*time.Minute

func dial(addr string) (*wire, error) {
	conn, err := gauge.Connect(addr)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(wireTime)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &wire{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

func (w *wire) close() { _ = w.conn.Close() } // nobody is left to tell

// maxBody bounds what a server may answer, and send in one frame.
const maxBody = 8 << 10

// exactly reads n bytes.
func (w *wire) exactly(n int) ([]byte, error) {
	if n < 0 || n > maxBody {
		return nil, fmt.Errorf("%d bytes at once", n)
	}
	if cap(w.body) < n {
		w.body = make([]byte, maxBody)
	}
	w.body = w.body[:n]
	_, err := io.ReadFull(w.in, w.body)
	return w.body, err
}

// line reads a line, without its end.
func (w *wire) line() ([]byte, error) {
	line, err := w.in.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

// post sends a body by HTTP and returns that of the answer, which is good. head is the request's but for the length of its body.
func (w *wire) post(head string, body []byte) ([]byte, error) {
	w.out = append(w.out[:0], head...)
	w.out = append(w.out, "Content-Length: "...)
	w.out = strconv.AppendInt(w.out, int64(len(body)), 10)
	w.out = append(w.out, "\r\n\r\n"...)
	w.out = append(w.out, body...)
	if _, err := w.conn.Write(w.out); err != nil {
		return nil, err
	}
	first, err := w.line()
	if err != nil {
		return nil, err
	}
	good, status, length := bytes.HasPrefix(first, []byte("HTTP/1.1 200 ")), string(first), -1
	for {
		line, err := w.line()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			break
		}
		const name = "content-length:"
		if len(line) > len(name) && strings.EqualFold(string(line[:len(name)]), name) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):]))); err != nil {
				return nil, err
			}
		}
	}
	answer, err := w.exactly(length)
	if err == nil && !good {
		err = fmt.Errorf("the answer is %s: %.200s", status, answer)
	}
	return answer, err
}

// openSocket opens a WebSocket at a path.
func openSocket(addr, path string) (*wire, error) {
	w, err := dial(addr)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(w.conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, addr)
	if err == nil {
		var res *http.Response
		if res, err = http.ReadResponse(w.in, &http.Request{Method: http.MethodGet}); err == nil && res.StatusCode != http.StatusSwitchingProtocols {
			err = fmt.Errorf("open a socket: %s", res.Status)
		}
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// say writes a text frame. Its mask is zero: a client need not hide its text from itself.
func (w *wire) say(text string) error {
	_, err := w.conn.Write(websocket.AppendMasked(nil, websocket.Text, []byte(text), [4]byte{}))
	return err
}

// frame reads a text frame, and answers pings before it.
func (w *wire) frame() ([]byte, error) {
	for need := 2; ; {
		b, err := w.in.Peek(need)
		if err != nil {
			return nil, err
		}
		f, size, err := websocket.Cut(b, websocket.Server, maxBody)
		if err != nil {
			return nil, err
		}
		if need = size; size > len(b) {
			continue
		}
		if _, err := w.in.Discard(size); err != nil {
			return nil, err
		}
		need = 2
		switch {
		case f.Op == websocket.Text && f.Final:
			return f.Payload, nil
		case f.Op == websocket.Ping:
			if _, err := w.conn.Write(websocket.AppendMasked(nil, websocket.Pong, f.Payload, [4]byte{})); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("a frame of opcode %d: %.100q", f.Op, f.Payload)
		}
	}
}

// answered is the error of an answer that could not be read, or does not say what it should.
func answered(answer []byte, err error, good bool, what string) error {
	if err == nil && !good {
		err = fmt.Errorf("the answer is %.200q", answer)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
