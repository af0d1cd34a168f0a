package durable

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"parley.example/parley/client"
	"parley.example/parley/internal/center"
)

// player is somebody who says things in a chat: its customer, or an agent who has it in hand. One goroutine uses it.
type player struct {
	load *Load
	rand *rand.Rand
	name string // begins each text, so that no two texts are the same
	said int
}

// attempt makes a call until it is answered. A call that may be given up is so now and then
// when an answer was lost.
func (p *player) attempt(ctx context.Context, giveUp bool, call func(context.Context) error) (Fate, error) {
	for lost := false; ; {
		err := p.load.call(ctx, call)
		if err == nil {
			if p.load.acked.Add(1); lost {
				p.load.repeated.Add(1)
			}
			return Acknowledged, nil
		}
		status := statusOf(err)
		switch {
		case status == http.StatusTooManyRequests: // not done
		case status >= 400 && status < 500 && !lost:
			return Refused, err
		case status >= 400 && status < 500, ctx.Err() != nil, giveUp && p.rand.IntN(10) == 0:
			p.load.unknown.Add(1)
			return Unknown, err
		default:
			lost = true
		}
		p.pause(ctx)
	}
}

// statusOf is the HTTP status of an answer that is an error; 0 when there was no answer.
func statusOf(err error) int {
	if answer, ok := errors.AsType[interface {
		error
		Status() int
	}](err); ok {
		return answer.Status()
	}
	return 0
}

// pause waits for a moment.
func (p *player) pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(5+p.rand.IntN(40)) * time.Millisecond):
	}
}

// say sends a message to a chat, now and then again after it was acknowledged.
func (p *player) say(ctx context.Context, chat, role, bearer string) Deed {
	p.said++
	d := Deed{Role: role, Text: fmt.Sprintf("%s says %d", p.name, p.said)}
	call := p.load.client.Participant.SendMessage().ConnectionToken(bearer).ClientToken(center.NewUUID()).ContentType(client.PlainText).Content(d.Text)
	for again := range 2 {
		fate, _ := p.attempt(ctx, again == 0, func(ctx context.Context) error {
			out, err := call.Send(ctx)
			if err != nil {
				return err
			}
			if d.ID != "" && d.ID != *out.Id {
				p.load.fault("chat %s: a message was answered with %s and, when it was repeated, with %s", chat, d.ID, *out.Id)
			}
			d.ID = *out.Id
			return nil
		})
		if again == 0 {
			d.Fate = fate
		}
		if d.Fate != Acknowledged || p.rand.IntN(8) > 0 {
			break
		}
	}
	return d
}
