package server_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/server/servertest"
)

// saying returns the next n items of a socket in short: what they say, or what they are.
func saying(s *servertest.Socket, n int) (items []string) {
	for range n {
		it := s.Next()
		if it.Content == nil {
			it.Content = it.ContentType
		}
		items = append(items, *it.Content)
	}
	return items
}

const joined = "application/vnd.amazonaws.connect.event.participant.joined"

// A customer may speak, or be connected, before its socket has subscribed: the
// socket is sent what the flow said meanwhile. No later socket is.
func TestSocketIsSentWhatCameBeforeItsSubscribe(t *testing.T) {
	s := servertest.Start(t)
	greeted := []string{joined, "Hello", "Hi"}
	for name, begin := range map[string]func(*servertest.Chat) *servertest.Socket{
		"a message before the handshake": func(c *servertest.Chat) *servertest.Socket {
			c.Credentials()
			c.Send("Hi")
			return c.Socket()
		},
		"a message between the handshake and the subscribe": func(c *servertest.Chat) *servertest.Socket {
			c.Credentials()
			socket := c.Open()
			c.Send("Hi")
			socket.Subscribe()
			return socket
		},
		"ConnectParticipant": func(c *servertest.Chat) *servertest.Socket {
			c.Connect()
			socket := c.Socket()
			c.Send("Hi")
			return socket
		},
		"a message that overtakes the subscribe": func(c *servertest.Chat) *servertest.Socket {
			c.Credentials()
			socket := c.Open()
			socket.Write(servertest.Subscribe)
			c.Send("Hi")
			return socket
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.Begin(t)
			first := begin(c)
			if got := saying(first, 3); !slices.Equal(got, greeted) {
				t.Fatalf("the first socket is sent %q; want %q", got, greeted)
			}
			c.Credentials()
			second := c.Socket() // while the first is open, as ChatJS does after 59 minutes
			c.Send("and again")
			for i, socket := range []*servertest.Socket{first, second} {
				if got := saying(socket, 1); got[0] != "and again" {
					t.Errorf("socket %d is sent %q then", i+1, got)
				}
			}
			first.Close()
			second.Close()
			c.Send("nobody listens")
			c.Credentials()
			third := c.Socket()
			c.Send("back")
			if got := saying(third, 1); got[0] != "back" {
				t.Errorf("after a loss the socket is sent %q", got)
			}
		})
	}
}

// A customer who has read along without a socket is not sent all of that with its first one.
func TestSocketIsSentNothingFromBeforeItsURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := servertest.Inside(t).Begin(t)
		c.Connect()
		c.Send("one")
		time.Sleep(time.Minute)
		c.Credentials()
		c.Send("two")
		socket := c.Socket()
		c.Send("three")
		if got := saying(socket, 2); !slices.Equal(got, []string{"two", "three"}) {
			t.Errorf("the socket is sent %q", got)
		}
	})
}
