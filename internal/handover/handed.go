// Package handover is how a process comes after another without a connection being refused: it takes the sockets that
// somebody has kept for it, and gives its own to the process that comes after it.
//
// A socket that listens queues connections in the kernel for as long as any process holds it, whether one accepts them or
// not. Two have reason to hold it between two servers:
//
//   - systemd, for a service with a socket unit. The service is given the socket each time it starts, by LISTEN_PID,
//     LISTEN_FDS and LISTEN_FDNAMES ([Take]), and says when it serves ([Handed.Ready]) and that it stops ([Stopping]) by NOTIFY_SOCKET.
//   - the server before it, which was told to start another ([Start]): without systemd.
//
// One process at a time may have the data, so the two servers cannot serve beside each other. The order of the second way is:
//
//  1. The former server starts the program anew, with its sockets. It goes on serving.
//  2. The new one reads its settings, says that it waits ([Handed.Follow]), and waits.
//  3. The former one accepts nothing more, answers what it was asked, ends its work, closes its store, and says so ([Successor.Begin]).
//  4. The new one opens the store, serves, and says so: what has waited in the queue is answered.
//  5. The former one closes the WebSockets that it has kept open all the time, a few at a time, and ends.
//
// A program that fails before 3 has changed nothing. For one that fails after it, the former program is started once more.
// A former server that dies at any time frees the data, and the new one begins.
//
// Nothing here keeps a goroutine or a timer. Start reading at [Take] and [Start].
package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
)

// The names of sockets, as LISTEN_FDNAMES has them.
const (
	Main  = "http"
	Admin = "admin"
)

// Variables by which a process is told what it was given: systemd's, and who has started a process that is to come after it.
const (
	listenPID     = "LISTEN_PID"
	listenFDs     = "LISTEN_FDS"
	listenFDNames = "LISTEN_FDNAMES"
	follows       = "PARLEY_FOLLOWS"
)

// firstFD is the descriptor of the first socket. Behind the sockets a process that comes after another has two pipes.
const firstFD = 3

// maxSockets is more than there are names.
const maxSockets = 16

// Handed is what a process was given when it was started. The zero value is nothing.
type Handed struct {
	sockets map[string]net.Listener
	tell    io.WriteCloser // to the process before; nil when there is none
	free    io.ReadCloser  // ends when the process before has closed its store
}

// Take takes what this process was given. It is to be called once, early: programs that are started later are not to
// take themselves for the ones that are meant.
func Take() (*Handed, error) {
	h := &Handed{sockets: map[string]net.Listener{}}
	before, pid := os.Getenv(follows), os.Getenv(listenPID)
	n, names := os.Getenv(listenFDs), os.Getenv(listenFDNames)
	after := before != "" && before == strconv.Itoa(os.Getppid())
	if !after && pid != strconv.Itoa(os.Getpid()) {
		return h, os.Unsetenv(follows)
	}
	for _, name := range []string{follows, listenPID, listenFDs, listenFDNames} {
		if err := os.Unsetenv(name); err != nil {
			return nil, err
		}
	}
	count, err := strconv.Atoi(n)
	if err != nil || count < 0 || count > maxSockets {
		return nil, fmt.Errorf("%s is %q; want the number of sockets", listenFDs, n)
	}
	for i, name := range named(names, count) {
		if err := h.add(name, inherit(firstFD+i, name)); err != nil {
			return nil, err
		}
	}
	if after {
		h.tell, h.free = inherit(firstFD+count, "tell"), inherit(firstFD+count+1, "free")
	}
	return h, nil
}

// named are the names of so many sockets. systemd calls a socket without a name as its unit: a single one need not have ours.
func named(names string, count int) []string {
	list := strings.Split(names, ":")
	if count == 1 && list[0] != Admin {
		return []string{Main}
	}
	for len(list) < count {
		list = append(list, "")
	}
	return list[:count]
}

// add makes a listener of a file, which it closes.
func (h *Handed) add(name string, f *os.File) error {
	defer f.Close() // the listener has a descriptor of its own
	if name != Main && name != Admin {
		return fmt.Errorf("a socket that the server was given is called %q; want %s or %s (FileDescriptorName= of its unit)", name, Main, Admin)
	}
	if h.sockets[name] != nil {
		return fmt.Errorf("the server was given two sockets called %s; want one: [::]:PORT takes IPv4 as well", name)
	}
	l, err := net.FileListener(f)
	if err != nil {
		return fmt.Errorf("the socket called %s that the server was given: %w", name, err)
	}
	if _, ok := l.(*net.TCPListener); !ok {
		return errors.Join(fmt.Errorf("the socket called %s that the server was given is %s; want one of TCP that listens", name, l.Addr().Network()), l.Close())
	}
	h.sockets[name] = l
	return nil
}

// Listener returns the socket of a name; nil when there is none.
func (h *Handed) Listener(name string) net.Listener { return h.sockets[name] }

// Kept reports whether somebody holds the sockets for whichever process comes next, so that connections wait from the end of this one on.
func (h *Handed) Kept() bool { return len(h.sockets) > 0 && !h.Follows() }

// Follows reports whether this process comes after another.
func (h *Handed) Follows() bool { return h.tell != nil }

// Follow returns when the data is free: at once for a process that comes after nobody. Before it waits, it says that this
// process can begin. The error is ctx's.
func (h *Handed) Follow(ctx context.Context) error {
	if !h.Follows() {
		return nil
	}
	if _, err := h.tell.Write([]byte("w")); err != nil {
		return nil // the process before has died: the data is free
	}
	free := make(chan struct{})
	go func() { // ends with the process before
		_, _ = io.Copy(io.Discard, h.free) // that it ends is all there is to know
		close(free)
	}()
	select {
	case <-free:
		return h.free.Close()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ready says that this process serves, to whoever waits for it.
func (h *Handed) Ready() error {
	err := notify("READY=1")
	if h.tell != nil {
		_, _ = h.tell.Write([]byte("r")) // it may have died
		err = errors.Join(err, h.tell.Close())
	}
	return err
}

// Stopping says that this process stops.
func Stopping() error { return notify("STOPPING=1") }

// Watched reports whether somebody waits for what [Handed.Ready] and [Stopping] say, and takes the end of this process for that of its service.
func Watched() bool { return os.Getenv(notifySocket) != "" }

const notifySocket = "NOTIFY_SOCKET"

// notify tells systemd, or whoever has started this process in its place.
func notify(state string) error {
	if !Watched() {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: os.Getenv(notifySocket), Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("%s: %w", notifySocket, err)
	}
	_, err = c.Write([]byte(state))
	return errors.Join(err, c.Close())
}
