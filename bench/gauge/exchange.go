package gauge

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"parley.example/parley/internal/websocket"
)

// Exchange is the barest client that there can be: it writes the same bytes
// Again and again, each time when an answer as long as the first one has come.
// The probes speak through it, so that they measure the machine and not a client.
type Exchange struct {
	conn    net.Conn
	request []byte
	answer  []byte // room for one
	begins  []byte // how each answer does
}

// MaxLasts bounds how long a load may last.
const MaxLasts = time.Minute

// bareTime is how long an exchange may go on: a server that is still silent then has failed.
const bareTime = MaxLasts + 20*time.Second

// OpenHTTP opens an exchange of a request like SendMessage's with an echo.
func OpenHTTP(addr string, body []byte) (*Exchange, error) {
	request := fmt.Appendf(nil, "POST /participant/message HTTP/1.1\r\nHost: %s\r\nUser-Agent: parley-client/devel lang/go#1.26.8 os/linux bench\r\n"+
		"Content-Length: %d\r\nContent-Type: application/json\r\nX-Amz-Bearer: YmVhcmVy\r\n\r\n%s", addr, len(body), body)
	e, err := dial(addr, request)
	if err != nil {
		return nil, err
	}
	length, err := e.greet(http.MethodPost, http.StatusOK)
	if err != nil {
		e.Close()
		return nil, err
	}
	e.request, e.begins, e.answer = request, []byte("HTTP/1.1 200 "), make([]byte, length)
	return e, nil
}

// OpenSocket opens a WebSocket at a path of an echo, and an exchange of one
// text frame. Its mask is zero: a client need not hide its text from itself.
func OpenSocket(addr, path string, text []byte) (*Exchange, error) {
	e, err := dial(addr, fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, addr))
	if err != nil {
		return nil, err
	}
	if _, err := e.greet(http.MethodGet, http.StatusSwitchingProtocols); err != nil {
		e.Close()
		return nil, err
	}
	e.request = websocket.AppendMasked(nil, websocket.Text, text, [4]byte{})
	e.begins = websocket.AppendFrame(nil, websocket.Text, text)
	e.answer = make([]byte, len(e.begins))
	return e, nil
}

// Connect opens a connection that cannot go on for longer than a load may.
func Connect(addr string) (net.Conn, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(bareTime)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// dial connects and writes the first bytes.
func dial(addr string, first []byte) (*Exchange, error) {
	conn, err := Connect(addr)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write(first); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &Exchange{conn: conn}, nil
}

// greet reads the first answer and returns how many bytes it has. Nothing may
// follow it: what is asked for next has not been asked for.
func (e *Exchange) greet(method string, status int) (length int, err error) {
	var all bytes.Buffer
	res, err := http.ReadResponse(bufio.NewReader(io.TeeReader(e.conn, &all)), &http.Request{Method: method})
	if err != nil {
		return 0, err
	}
	if res.StatusCode != status {
		return 0, fmt.Errorf("the answer is %s", res.Status)
	}
	if status == http.StatusOK {
		if res.ContentLength < 0 {
			return 0, errors.New("the answer has no Content-Length")
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return 0, err
		}
	}
	return all.Len(), nil
}

// Again asks once more and reads the answer.
func (e *Exchange) Again() error {
	if _, err := e.conn.Write(e.request); err != nil {
		return err
	}
	if _, err := io.ReadFull(e.conn, e.answer); err != nil {
		return err
	}
	if !bytes.HasPrefix(e.answer, e.begins) {
		return fmt.Errorf("the answer is %.100q", e.answer)
	}
	return nil
}

// Close ends the exchange.
func (e *Exchange) Close() { _ = e.conn.Close() } // nobody is left to tell

// Exchanges are as many as there are workers, one for each.
type Exchanges []*Exchange

// OpenAll opens one for each of some workers.
func OpenAll(workers int, open func() (*Exchange, error)) (list Exchanges, err error) {
	for range workers {
		e, err := open()
		if err != nil {
			list.Close()
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// Close ends all of them.
func (l Exchanges) Close() {
	for _, e := range l {
		e.Close()
	}
}

// Task has each worker use its own exchange.
func (l Exchanges) Task(_ context.Context, worker, _ int) error { return l[worker].Again() }
