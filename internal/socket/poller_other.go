//go:build !linux

package socket

import (
	"errors"
	"net"
)

// poller would wait for many connections at once; here each has a goroutine that reads.
type poller struct{}

var errNoPoller = errors.New("there is no poller for this system")

func newPoller() (*poller, error)     { return nil, errNoPoller }
func (*poller) close()                {}
func (*poller) add(*Conn, int)        {}
func (*poller) await(int, bool) error { return errNoPoller }
func (*poller) remove(int)            {}
func descriptor(net.Conn) int         { return -1 }
