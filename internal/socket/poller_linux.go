package socket

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
)

// poller waits for many connections at once, so that a socket between frames
// costs no goroutine and no stack. It only says when there is something to
// read; reading and writing stay with the connection.
//
// Each wait is for one event: a socket that is woken is not waited for until
// it parks again, and is then woken at once for what came meanwhile.
type poller struct {
	epoll *os.File // the runtime's own poller waits for it: no thread is held
	fd    int      // of epoll
	ended chan struct{}

	mu     sync.Mutex // guards parked
	parked []*Conn    // by descriptor; those awake are in it too
}

// maxEvents is how many events are taken at once.
const maxEvents = 256

func newPoller() (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(fmt.Errorf("epoll: %w", err), syscall.Close(fd))
	}
	p := &poller{epoll: os.NewFile(uintptr(fd), "epoll"), fd: fd, ended: make(chan struct{})}
	raw, err := p.epoll.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, p.epoll.Close())
	}
	go p.run(raw)
	return p, nil
}

// run wakes sockets until the poller is closed.
func (p *poller) run(raw syscall.RawConn) {
	defer close(p.ended)
	events := make([]syscall.EpollEvent, maxEvents)
	woken := make([]*Conn, 0, maxEvents)
	for {
		err := raw.Read(func(fd uintptr) bool {
			n, err := syscall.EpollWait(int(fd), events, 0)
			if n <= 0 {
				return err != nil && !errors.Is(err, syscall.EINTR)
			}
			p.mu.Lock()
			for _, e := range events[:n] {
				// A descriptor may have passed to another socket since the
				// event; one woken for nothing waits for its read.
				if s := p.parked[e.Fd]; s != nil {
					woken = append(woken, s)
				}
			}
			p.mu.Unlock()
			return true
		})
		if err != nil {
			return // closed
		}
		for _, s := range woken {
			s.wake()
		}
		clear(woken)
		woken = woken[:0]
	}
}

// close ends the poller. No socket is parked any more.
func (p *poller) close() {
	p.epoll.Close() // which ends run
	<-p.ended
}

// descriptor returns the descriptor of a plain connection, -1 for others:
// those of TLS may hold what they have read already.
func descriptor(conn net.Conn) int {
	plain, ok := conn.(syscall.Conn)
	if !ok {
		return -1
	}
	raw, err := plain.SyscallConn()
	if err != nil {
		return -1
	}
	result := -1
	if err := raw.Control(func(fd uintptr) { result = int(fd) }); err != nil {
		return -1
	}
	return result
}

// add makes a socket known by its descriptor.
func (p *poller) add(s *Conn, fd int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for fd >= len(p.parked) {
		p.parked = append(p.parked, nil)
	}
	p.parked[fd] = s
}

// await wakes a known socket when there is something to read, or its
// connection has ended. It may have done so before it returns.
func (p *poller) await(fd int, first bool) error {
	op := syscall.EPOLL_CTL_MOD
	if first {
		op = syscall.EPOLL_CTL_ADD
	}
	const once = 1 << 30 // EPOLLONESHOT
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | once, Fd: int32(fd)}
	if err := syscall.EpollCtl(p.fd, op, fd, &event); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

// remove is called before the connection is closed, which ends the waiting.
func (p *poller) remove(fd int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parked[fd] = nil
}
