package client_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/client"
)

// lostAnswers loses the answer of the first DisconnectParticipant.
type lostAnswers struct {
	http.RoundTripper
	lost atomic.Bool
}

func (f *lostAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := f.RoundTripper.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, "/participant/disconnect") && f.lost.CompareAndSwap(false, true) {
		res.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return res, err
}

// TestEndWhoseAnswerIsLost: the second attempt is refused, because the first one
// worked. The session knows that it has left.
func TestEndWhoseAnswerIsLost(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, contact := s.chat()
		ana := s.join(client.SessionConfig{Token: token})
		transport := &http.Transport{DialContext: s.net.dial}
		line := &lostAnswers{RoundTripper: transport}
		c := s.client(line, nil)
		bot, err := c.Join(t.Context(), client.SessionConfig{Token: s.bot(contact), ConnectParticipant: true, Poll: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if err := bot.End(t.Context()); err != nil || !line.lost.Load() {
			t.Fatalf("End = %v; an answer was lost: %t", err, line.lost.Load())
		}
		if !client.HasLeft(bot) {
			t.Error("the session does not know that it has left")
		}
		ana.Close()
		bot.Close()
		transport.CloseIdleConnections()
	})
}
