package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/client"
)

// TestFinalMessagesAreReceived: the end of the chat may overtake the answer to a message, which was said all the same. Close
// waits for no answer.
func TestFinalMessagesAreReceived(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		line := newCounting(t, s)
		slow := roundTrip(func(r *http.Request) (*http.Response, error) {
			res, err := line.RoundTrip(r)
			if err == nil && strings.HasSuffix(r.URL.Path, "/participant/message") {
				wait(r.Context(), 10*time.Second)
				if r.Context().Err() != nil {
					return nil, errors.Join(r.Context().Err(), res.Body.Close())
				}
			}
			return res, err
		})
		for name, c := range map[string]struct {
			end  func(far, near *client.Session) error
			want error
		}{
			"the end": {func(far, _ *client.Session) error { return far.End(t.Context()) }, nil},
			"Close":   {func(_, near *client.Session) error { return near.Close() }, client.ErrClosed},
			"the end and then Close": {func(far, near *client.Session) error {
				err := far.End(t.Context())
				<-near.Done()
				return errors.Join(err, near.Close())
			}, client.ErrEnded},
		} {
			token, _ := s.chat()
			near, err := s.client(slow, nil).Join(t.Context(), client.SessionConfig{Token: token, OnItem: func(*client.Item) {}})
			if err != nil {
				t.Fatal(err)
			}
			far := s.join(client.SessionConfig{Token: token, SendOnly: true})
			var work sync.WaitGroup
			work.Go(func() {
				pass(time.Second)
				if err := c.end(far, near); err != nil {
					t.Error(err)
				}
			})
			sent, err := near.Send(t.Context(), "bye")
			if !errors.Is(err, c.want) || (sent.ID != "") != (c.want == nil) {
				t.Errorf("%s: Send = %+v, %v; want %v", name, sent, err, c.want)
			}
			work.Wait()
			events := line.count("/participant/event")
			if err := near.Typing(t.Context()); err == nil || line.count("/participant/event") != events {
				t.Errorf("%s: Typing = %v afterwards", name, err)
			}
			_, _ = near.Close(), far.Close()
		}
	})
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
