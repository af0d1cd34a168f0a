package client

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"parley.example/parley/client/internal/wire"
)

const (
	backoffMin = time.Second      // the longest first wait
	backoffMax = 20 * time.Second // no wait is longer
)

// backoff returns how long to wait before the attempt after the n-th: the waits grow and are random, so
// that many sessions do not reconnect at once.
func backoff(n int) time.Duration {
	return time.Duration(rand.Float64() * float64(min(backoffMax, backoffMin<<min(n, 10))))
}

// absence is the state of reconnecting. It ends once the transcript has been read again; tries is reset
// only when the connection answers too, so that connections that break each time are not opened ever
// faster.
type absence struct {
	since  time.Time // when the connection was lost
	tries  int       // to reconnect
	unread int       // refusals of the transcript
}

// reconnect opens another connection, with a pause before each attempt. lost is why the last one
// ended. errChatOver means that the chat is over for the participant.
func (s *Session) reconnect(lost error) error {
	if s.away.since.IsZero() {
		s.away.since = time.Now()
	}
	refused := 0
	for err := lost; ; s.away.tries++ {
		if time.Since(s.away.since) > s.cfg.GiveUp {
			return fmt.Errorf("could not reconnect to the chat within %v: %w", s.cfg.GiveUp, err)
		}
		if !sleep(s.ctx, backoff(s.away.tries)) {
			return ErrClosed
		}
		var sock *wire.Socket
		sock, err = s.conn.open(s.ctx)
		switch e := refusal(err); {
		case s.ctx.Err() != nil:
			if sock != nil {
				sock.Abort()
			}
			return ErrClosed
		case err == nil:
			s.away.tries++
			s.conn.attach(sock)
			return nil
		case e != nil:
			// A refusal means that the participant has left the chat. It has to be repeated, because a proxy
			// in between may refuse in the server's name.
			if refused++; refused == refusalsMeant || s.left.Load() {
				if e.Status() == 403 || e.Status() == 404 {
					return errChatOver
				}
				return e
			}
		default:
			refused = 0
		}
	}
}

// refusal returns a service's refusal of a request; nil for other errors, and for the refusals of
// proxies in between, which do not name their errors as services do.
func refusal(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == ServiceError && e.Code() != "" && !e.Retryable() {
		return e
	}
	return nil
}
