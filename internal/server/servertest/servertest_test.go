package servertest_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/server/servertest"
)

func talk(t *testing.T, s *servertest.Server) {
	c := s.Chat(t)
	socket := c.Socket()
	c.Send("one")
	socket.Until("one")
	if got, want := c.Texts(), []string{"Hello", "one"}; !slices.Equal(got, want) {
		t.Errorf("the transcript is %q; want %q", got, want)
	}
}

func TestStart(t *testing.T) {
	s := servertest.Start(t)
	talk(t, s)
	s.Stop()
	s.Stop() // may be called twice
}

func TestProduction(t *testing.T) {
	s := servertest.Start(t, servertest.Production(t.TempDir()))
	if s.Key.ID == "" {
		t.Fatal("the first start made no key")
	}
	talk(t, s)
}

func TestInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		talk(t, servertest.Inside(t))
		if took := time.Since(began); took > time.Second {
			t.Errorf("the chat took %s of virtual time", took)
		}
	})
}
