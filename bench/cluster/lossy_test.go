package cluster

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// lossy is a proxy between nodes and their NATS server that leaves out a share of the messages to the nodes when it is told.
type lossy struct {
	listen net.Listener
	server string
	every  atomic.Int64 // which messages are left out: each second, third, …; 0 for none
	lost   atomic.Int64
	passed atomic.Int64
}

func newLossy(t *testing.T, server string) *lossy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // what it has accepted ends with the nodes
	p := &lossy{listen: l, server: server}
	go p.accept()
	return p
}

func (p *lossy) URL() string { return "nats://" + p.listen.Addr().String() }

func (p *lossy) accept() {
	for {
		node, err := p.listen.Accept()
		if err != nil {
			return
		}
		behind, err := net.Dial("tcp", p.server)
		if err != nil {
			node.Close()
			continue
		}
		end := func() { node.Close(); behind.Close() }
		go func() {
			defer end()
			io.Copy(behind, node) // ends with either
		}()
		go func() {
			defer end()
			p.back(node, bufio.NewReaderSize(behind, 64<<10))
		}()
	}
}

// back passes on what the server says: lines, some of which have a message behind them.
func (p *lossy) back(node io.Writer, server *bufio.Reader) {
	for {
		line, err := server.ReadString('\n')
		if err != nil {
			return
		}
		out := []byte(line)
		message := strings.HasPrefix(line, "MSG ") || strings.HasPrefix(line, "HMSG ")
		if message {
			words := strings.Fields(line)
			size, err := strconv.Atoi(words[len(words)-1])
			if err != nil {
				return
			}
			body := make([]byte, size+2)
			if _, err := io.ReadFull(server, body); err != nil {
				return
			}
			out = append(out, body...)
			if every := p.every.Load(); every > 0 && p.passed.Add(1)%every == 0 {
				p.lost.Add(1)
				continue
			}
		}
		if _, err := node.Write(out); err != nil {
			return
		}
	}
}
