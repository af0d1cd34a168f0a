package main

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"parley.example/parley/bench/gauge"
	"parley.example/parley/client"
)

// tap is a Connector that watches the sockets opened through it. Whatever a
// session at rest writes is a heartbeat, and what it reads next is the answer.
type tap struct {
	*http.Transport
	began time.Time
	beats atomic.Pointer[heartbeats] // nil while nobody wants to know
}

var _ client.Connector = (*tap)(nil)

// heartbeats is what was seen of them.
type heartbeats struct {
	asked   atomic.Int64
	replies gauge.Histogram
}

// RoundTrip implements [client.Connector].
func (t *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.Transport.RoundTrip(r)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		return res, err
	}
	if rw, ok := res.Body.(io.ReadWriteCloser); ok {
		res.Body = &tapped{ReadWriteCloser: rw, tap: t}
	}
	return res, nil
}

// tapped is a socket's connection.
type tapped struct {
	io.ReadWriteCloser
	tap   *tap
	asked atomic.Int64 // when the heartbeat was sent whose answer has not come, since tap.began; 0 without
}

// Write implements [io.Writer].
func (s *tapped) Write(b []byte) (int, error) {
	if h := s.tap.beats.Load(); h != nil {
		h.asked.Add(1)
		s.asked.Store(int64(time.Since(s.tap.began)))
	}
	return s.ReadWriteCloser.Write(b)
}

// Read implements [io.Reader].
func (s *tapped) Read(b []byte) (int, error) {
	n, err := s.ReadWriteCloser.Read(b)
	if asked := s.asked.Swap(0); asked != 0 && err == nil {
		if h := s.tap.beats.Load(); h != nil {
			h.replies.Add(time.Since(s.tap.began) - time.Duration(asked))
		}
	}
	return n, err
}
