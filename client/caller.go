package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/client/participantcall"
)

// caller makes the calls of a session: with its connection token, and retried while the network is down
// or the service throttles.
type caller struct {
	connect participantcall.CreateParticipantConnection // for another connection token
	limit   time.Duration                               // for calls whose context has no deadline

	ctx   context.Context // ends when the session is over
	calls context.Context // ends with Close, or when the session gives up: not with the chat, whose
	// end may overtake the answer to the message that brought it about

	refreshing chan struct{} // full while a token is being requested
	mu         sync.Mutex    // guards what follows
	token      string        // the connection token
}

const (
	tryLimit      = 30 * time.Second // for one attempt of a call that is retried
	refusalsMeant = 3                // consecutive refusals after which the chat counts as over
)

func (c *caller) init(client *Client, cfg SessionConfig, ctx, calls context.Context) {
	c.connect = client.Participant.CreateParticipantConnection().ParticipantToken(cfg.Token).
		Type(participant.ConnectionTypeCONNECTION_CREDENTIALS)
	if cfg.ConnectParticipant {
		c.connect = c.connect.ConnectParticipant(true)
	}
	c.limit, c.ctx, c.calls, c.refreshing = cfg.SendTimeout, ctx, calls, make(chan struct{}, 1)
}

// retry makes a call until it succeeds, is refused, or the time limit has passed.
func (c *caller) retry(ctx context.Context, call func(ctx context.Context, token string) error) error {
	until, limited := ctx.Deadline()
	if !limited {
		until = time.Now().Add(c.limit)
	}
	refused := 0
	for n := 0; ; n++ {
		err := c.try(ctx, until, call)
		e, ok := errors.AsType[*Error](err)
		switch {
		case err == nil:
			return nil
		case c.ctx.Err() != nil:
			return c.over()
		case !ok:
			return err
		case e.Kind == Timeout && ctx.Err() == nil: // of one attempt, or of the call by Config.Timeout
		case e.Kind == ServiceError && refusal(err) == nil: // throttled, or refused by a proxy in between
		case e.Status() == 403: // in the name of the server, perhaps by a proxy in between
			if refused++; refused == refusalsMeant {
				return err
			}
		case !e.Retryable():
			return err
		}
		if !c.pause(ctx, min(backoff(n), time.Until(until))) || !time.Now().Before(until) {
			if c.ctx.Err() != nil {
				return c.over()
			}
			return err
		}
	}
}

// try makes a call once, with a fresh token if needed, within the time limit of an attempt.
func (c *caller) try(ctx context.Context, until time.Time, call func(ctx context.Context, token string) error) error {
	if c.ctx.Err() != nil {
		return c.over()
	}
	if most := time.Now().Add(tryLimit); most.Before(until) {
		until = most
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	defer context.AfterFunc(c.calls, cancel)()
	return c.withToken(ctx, func(token string) error { return call(ctx, token) })
}

// pause waits and reports whether neither ctx nor the session ended before.
func (c *caller) pause(ctx context.Context, d time.Duration) bool {
	ctx, cancel := along(ctx, c.ctx)
	defer cancel()
	return sleep(ctx, d)
}

// along returns ctx, ended also by end.
func along(ctx, end context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(end, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// over returns the error of a call that was interrupted by the end of the session.
func (c *caller) over() error {
	if errors.Is(context.Cause(c.ctx), ErrEnded) {
		return ErrEnded
	}
	return ErrClosed
}

// current returns the connection token.
func (c *caller) current() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token
}

// use sets the connection token of the calls that follow.
func (c *caller) use(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = token
}

// withToken makes a call with the connection token and, when that is refused, once more with a fresh
// one.
func (c *caller) withToken(ctx context.Context, call func(token string) error) error {
	token := c.current()
	err := call(token)
	if e, ok := errors.AsType[*Error](err); !ok || e.Status() != 403 {
		return err
	}
	fresh, failed := c.refresh(ctx, token)
	if failed != nil {
		return err // the error of the call says more than that of the refresh
	}
	return call(fresh)
}

// refresh gets a connection token in place of old, unless somebody else has.
func (c *caller) refresh(ctx context.Context, old string) (string, error) {
	select {
	case c.refreshing <- struct{}{}:
		defer func() { <-c.refreshing }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if token := c.current(); token != old {
		return token, nil
	}
	out, err := c.connect.Send(ctx)
	if err != nil {
		return "", err
	}
	if out.ConnectionCredentials == nil || out.ConnectionCredentials.ConnectionToken == nil {
		return "", errors.New("the service returned no token")
	}
	c.use(*out.ConnectionCredentials.ConnectionToken)
	return *out.ConnectionCredentials.ConnectionToken, nil
}
