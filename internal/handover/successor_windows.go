package handover

import (
	"errors"
	"os"
)

// Catch does nothing: there is no signal that would tell a server to hand over.
func Catch(chan<- os.Signal) {}

func double(Socket) (*os.File, error) {
	return nil, errors.New("on Windows a process cannot be given sockets")
}

func inherit(fd int, name string) *os.File { return os.NewFile(uintptr(fd), name) }

func itself() string { return os.Args[0] }
