package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/erasure"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestErasedFlowLogsOfNodes erases chats whose flows have logged at one of two nodes: the lines go at that node too, whichever does the erasing; also when
// it was not there meanwhile, as soon as it is.
func TestErasedFlowLogsOfNodes(t *testing.T) {
	shared := among(t, t.TempDir())
	dirs := [2]string{t.TempDir(), t.TempDir()}
	start := func(i int) *servertest.Server {
		return servertest.Start(t, shared, servertest.Quietly(t), func(c *server.Config) { c.Dev, c.FlowLogs = true, dirs[i] })
	}
	one, two := start(0), start(1)
	at := func(i int, c *servertest.Chat) bool {
		found := false
		files, err := filepath.Glob(filepath.Join(dirs[i], "*.log"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil && !os.IsNotExist(err) { // it may be replaced meanwhile
				t.Fatal(err)
			}
			found = found || strings.Contains(string(text), c.Contact)
		}
		return found
	}
	flow := one.Flow(t, "Logged", logged)
	leave := func(s *servertest.Server, node int) *servertest.Chat {
		c := s.Chat(t, func(in *connect.StartChatContactRequest) { in.ContactFlowId = flow })
		c.Stop()
		eventually(t, "the flow has logged", func() bool { return at(node, c) })
		return c
	}
	first, second, third, kept := leave(one, 0), leave(two, 1), leave(two, 1), leave(two, 1)
	a := &archive{t: t, Server: one}
	for _, c := range []*servertest.Chat{first, second} {
		a.erase(&erasure.EraseRequest{ContactId: c.Contact})
		eventually(t, "the lines are gone at both nodes", func() bool { return !at(0, c) && !at(1, c) })
	}

	two.Stop()
	a.erase(&erasure.EraseRequest{ContactId: third.Contact})
	if !at(1, third) {
		t.Fatal("a node that is stopped has lost lines")
	}
	start(1)
	eventually(t, "the lines are gone at the node that was away", func() bool { return !at(1, third) })
	if !at(1, kept) {
		t.Error("the lines of another chat are gone as well")
	}
}
