package client

import (
	"sync"
	"time"

	"parley.example/parley/client/internal/wire"
)

// link keeps a socket alive: a session's, or an agent's.
type link struct {
	liveness
	tend func(sock *wire.Socket) // what is done every heartbeatEvery, with the socket that is attached; nil for none
	work sync.WaitGroup          // what the timer has started, and the closing of sockets

	mu     sync.Mutex   // guards what follows
	socket *wire.Socket // being read; nil without
	next   *wire.Socket // to be read when socket ends: a fresh connection that is subscribed
	timer  *time.Timer
}

// start attaches the first socket and begins to send heartbeats. stop ends it.
func (l *link) start(sock *wire.Socket, tend func(*wire.Socket)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.socket, l.tend = sock, tend
	l.work.Add(1)
	l.timer = time.AfterFunc(heartbeatEvery, l.tick)
}

// attach has a socket read and kept in place of one that has ended; nil for none.
func (l *link) attach(sock *wire.Socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.socket = sock
}

// attached returns the socket to be read.
func (l *link) attached() *wire.Socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.socket
}

// beat sends a heartbeat at once, by the timer: run must keep reading, or two sides that both write
// would wait for each other.
func (l *link) beat() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer.Stop() {
		l.timer.Reset(0)
	}
}

func (l *link) tick() {
	defer l.work.Done()
	l.tend(l.attached())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.work.Add(1)
		l.timer.Reset(heartbeatEvery)
	}
}

// stop ends the heartbeats for good and closes the sockets.
func (l *link) stop() {
	l.mu.Lock()
	if l.timer.Stop() {
		l.work.Done() // it will not run
	}
	l.timer = nil
	sockets := []*wire.Socket{l.socket, l.next}
	l.socket, l.next = nil, nil
	l.mu.Unlock()
	for _, sock := range sockets {
		if sock != nil {
			sock.Close()
		}
	}
}

// close closes the sockets, so that whoever reads them goes on to stop, and waits until nothing that
// the link has started is under way.
func (l *link) close() {
	l.mu.Lock()
	for _, sock := range []*wire.Socket{l.socket, l.next} {
		if sock != nil {
			l.work.Go(sock.Close)
		}
	}
	l.mu.Unlock()
	l.work.Wait()
}
