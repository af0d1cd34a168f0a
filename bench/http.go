package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// caller is a lean HTTP client: one kept connection, one request at a time,
// one write call a request. The clients share the cores with the server, and
// what they take is missing in its figures.
type caller struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

// callTime bounds a call; a server that takes longer has failed.
const callTime = 20 * time.Second

// maxAnswer bounds the body of an answer.
const maxAnswer = 1 << 20

// call sends a request whose head lacks Content-Length and the empty line,
// and returns the status and the body, which is good until the next call.
func (c *caller) call(head, body []byte) (int, []byte, error) {
	if c.conn == nil {
		conn, err := net.Dial("tcp", c.addr)
		if err != nil {
			return 0, nil, err
		}
		c.conn, c.in = conn, bufio.NewReaderSize(conn, 4096)
	}
	c.out = append(c.out[:0], head...)
	c.out = append(c.out, "Content-Length: "...)
	c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
	c.out = append(append(c.out, "\r\n\r\n"...), body...)
	c.conn.SetDeadline(time.Now().Add(callTime))
	status, answer, err := c.exchange()
	if err != nil {
		c.close()
	}
	return status, answer, err
}

func (c *caller) exchange() (status int, body []byte, err error) {
	if _, err := c.conn.Write(c.out); err != nil {
		return 0, nil, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 {
		return 0, nil, fmt.Errorf("no HTTP answer: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, fmt.Errorf("no HTTP answer: %q", line)
	}
	length := -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok && len(name) == len(contentLength) && bytes.EqualFold(name, contentLength) {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, nil, err
			}
		}
	}
	if length < 0 || length > maxAnswer {
		return 0, nil, errors.New("the answer has no usable Content-Length")
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	for n := 0; n < length; {
		m, err := c.in.Read(c.body[n:])
		if err != nil {
			return 0, nil, err
		}
		n += m
	}
	return status, c.body, nil
}

var contentLength = []byte("Content-Length")

func (c *caller) close() {
	if c.conn != nil {
		c.conn.Close() // it has failed, or nobody needs it any more
		c.conn = nil
	}
}

// expect returns an error unless a call was answered with 200.
func expect(status int, body []byte, err error) error {
	if err == nil && status != 200 {
		err = fmt.Errorf("status %d: %.300s", status, body)
	}
	return err
}

// member returns the text of a member of an answer, which is known to have no
// escapes: ids, tokens and URLs.
func member(body []byte, name string) (string, error) {
	_, rest, ok := bytes.Cut(body, []byte(`"`+name+`":"`))
	value, _, closed := bytes.Cut(rest, []byte(`"`))
	if !ok || !closed {
		return "", fmt.Errorf("the answer has no %s: %.300s", name, body)
	}
	return string(value), nil
}
