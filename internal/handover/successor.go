package handover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Socket is a socket to hand over, by its name.
type Socket struct {
	Name     string
	Listener net.Listener // of TCP
}

// settleTime is how long a program may take until it waits for the data.
const settleTime = time.Minute

// Successor is a process that waits to come after this one.
type Successor struct {
	log   *slog.Logger
	names []string
	files []*os.File // of the sockets, which stay open until the process has begun
	next  *next
}

// Start starts the program that this process is, as it is on the disk now, with the sockets and with the same arguments, and
// returns when it waits. An error is why it does not; nothing has changed then. Whoever has a Successor calls Begin or Abandon.
func Start(ctx context.Context, sockets []Socket, log *slog.Logger) (*Successor, error) {
	switch {
	case Watched():
		return nil, errors.New("the server has a supervisor, which would take its end for that of the service: let systemd hold the socket, and restart the service (docs/running.md, restart)")
	case os.Getpid() == 1:
		return nil, errors.New("the server is the first process of its container, which ends with it: start another container (docs/running.md, restart)")
	}
	program, err := exec.LookPath(os.Args[0]) // not os.Executable: that of a link is what the link was
	if err != nil {
		return nil, err
	}
	s := &Successor{log: log}
	for _, socket := range sockets {
		f, err := double(socket)
		if err != nil {
			s.close()
			return nil, err
		}
		s.names, s.files = append(s.names, socket.Name), append(s.files, f)
	}
	if s.next, err = s.launch(ctx, program); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// Begin lets the process have the data, which this one has no more, and returns when it serves. When it does not, the former
// program is started in its place: the one that this process has run. An error is why nobody serves. When ctx ends before, so do
// the processes that were started.
func (s *Successor) Begin(ctx context.Context) error {
	defer s.close()
	err := s.next.begin(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	s.log.Error("the program that was to go on has failed; the former one is started again", "err", err)
	again, e := s.launch(ctx, itself())
	if e == nil {
		e = again.begin(ctx)
	}
	if e != nil {
		return errors.Join(err, fmt.Errorf("the former program: %w", e))
	}
	return nil
}

// Abandon ends the process, which has not begun.
func (s *Successor) Abandon() {
	s.close()
	s.next.kill()
}

func (s *Successor) close() {
	for _, f := range s.files {
		f.Close() // a descriptor less of a socket that others have
	}
}

// next is a process that was started.
type next struct {
	cmd  *exec.Cmd
	told *os.File // what it says: a byte when it waits, a byte when it serves
	free *os.File // is closed when it may begin
}

// launch starts a program and returns when it waits.
func (s *Successor) launch(ctx context.Context, program string) (*next, error) {
	told, tell, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	wait, free, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, told.Close(), tell.Close())
	}
	n := &next{cmd: exec.Command(program, os.Args[1:]...), told: told, free: free}
	n.cmd.Args[0] = os.Args[0] // of a link in /proc, too: it is what the next one starts
	n.cmd.Stdin, n.cmd.Stdout, n.cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	n.cmd.Env = append(os.Environ(), follows+"="+strconv.Itoa(os.Getpid()), listenFDs+"="+strconv.Itoa(len(s.files)), listenFDNames+"="+strings.Join(s.names, ":"))
	n.cmd.ExtraFiles = append(append(n.cmd.ExtraFiles, s.files...), tell, wait)
	err = n.cmd.Start()
	if err = errors.Join(err, tell.Close(), wait.Close()); err != nil { // or the end of the process would not be told
		return nil, errors.Join(err, told.Close(), free.Close())
	}
	within, cancel := context.WithTimeoutCause(ctx, settleTime, fmt.Errorf("it was not ready to begin within %s", settleTime))
	defer cancel()
	if err := n.hear(within); err != nil {
		return nil, err
	}
	return n, nil
}

// begin frees the data and waits until the process serves.
func (n *next) begin(ctx context.Context) error {
	if err := n.free.Close(); err != nil {
		return err
	}
	if err := n.hear(ctx); err != nil {
		return err
	}
	return n.told.Close()
}

// hear waits for the next thing that the process says. An error is why it says nothing; then it has ended.
func (n *next) hear(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = n.told.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	_, err := n.told.Read(make([]byte, 1))
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		n.kill()
		return fmt.Errorf("%s: %w", n.cmd.Path, context.Cause(ctx))
	}
	_ = n.cmd.Wait() // the state says more
	n.told.Close()
	n.free.Close() // may be closed
	return fmt.Errorf("%s has ended: %s", n.cmd.Path, n.cmd.ProcessState)
}

// kill ends the process, which has answered nobody yet.
func (n *next) kill() {
	_ = n.cmd.Process.Kill() // Wait tells
	_ = n.cmd.Wait()
	n.told.Close()
	n.free.Close()
}
