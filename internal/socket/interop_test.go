package socket

import (
	"strings"
	"testing"

	"github.com/lxzan/gws"
)

// reader passes on what a client of another make reads.
type reader struct {
	gws.BuiltinEventHandler
	texts chan string
}

func (r *reader) OnMessage(_ *gws.Conn, m *gws.Message) {
	r.texts <- string(m.Bytes())
	m.Close()
}

// Frames of every length class are what another implementation reads.
func TestAnotherClientReadsEveryLength(t *testing.T) {
	s := newEchoes(t, Limits{})
	r := &reader{texts: make(chan string, 1)}
	conn, _, err := gws.NewClient(r, &gws.ClientOption{Addr: "ws://" + serve(t, s) + "/it"})
	if err != nil {
		t.Fatal(err)
	}
	go conn.ReadLoop()
	for _, n := range []int{0, 125, 126, 0xffff, 0x10000} {
		s.send("/it", strings.Repeat("x", n))
		if got := <-r.texts; len(got) != n {
			t.Errorf("%d bytes were read as %d", n, len(got))
		}
	}
	conn.WriteClose(1000, nil)
}
