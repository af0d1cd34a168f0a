//go:build unix

package handover

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// Catch has the signal that tells a server to hand over, SIGUSR2, sent to c.
func Catch(c chan<- os.Signal) { signal.Notify(c, syscall.SIGUSR2) }

// double returns another descriptor of a socket. The File method of net would give one whose use has the socket block, for all who
// have it: this process would hang in accept.
func double(s Socket) (_ *os.File, err error) {
	l, ok := s.Listener.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("the socket %s is not one that other processes can have", s.Name)
	}
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	var copied int
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if e := raw.Control(func(fd uintptr) {
		if copied, err = syscall.Dup(int(fd)); err == nil {
			syscall.CloseOnExec(copied)
		}
	}); e != nil || err != nil {
		return nil, errors.Join(err, e)
	}
	return os.NewFile(uintptr(copied), s.Name), nil
}

// inherit returns what this process was given as a descriptor.
func inherit(fd int, name string) *os.File {
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), name)
}

// itself names the program that this process runs, even when the file has been replaced, where the system can.
func itself() string {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe"
	}
	return os.Args[0]
}
