package main

import (
	"context"
	"errors"
	"sync/atomic"

	"parley.example/parley/client"
)

// guests are sessions of customers in the chats of one server. None may lose
// its connection: it would come back and read what it missed, but a server that
// cuts it off has failed here.
type guests struct {
	centre   *centre
	sessions []*client.Session
	away     atomic.Bool // one has lost its connection
	closing  atomic.Bool
}

// joiners are how many join at a time.
const joiners = 32

// invite joins the chats of the tokens, the i-th of which has the sessions from
// i×tabs on. Whatever they hear is handed to hear.
func invite(ctx context.Context, c *centre, tokens []string, tabs int, hear func(*client.Item)) (*guests, error) {
	g := &guests{centre: c, sessions: make([]*client.Session, tabs*len(tokens))}
	err := each(ctx, len(tokens), joiners, func(i int) (err error) {
		for tab := tabs * i; tab < tabs*(i+1) && err == nil; tab++ {
			g.sessions[tab], err = c.Join(ctx, client.SessionConfig{Token: tokens[i], OnItem: hear, OnState: g.stand})
		}
		return err
	})
	if err == nil {
		err = g.trouble()
	}
	if err != nil {
		g.leave()
		return nil, err
	}
	return g, nil
}

func (g *guests) stand(s client.State) {
	if s != client.Connected && !g.closing.Load() {
		g.away.Store(true)
	}
}

// trouble returns what has gone wrong so far, though a session may have made up for it.
func (g *guests) trouble() error {
	if g.away.Load() {
		return errors.New("a session lost its connection")
	}
	return g.centre.failed()
}

func (g *guests) leave() {
	g.closing.Store(true)
	for _, s := range g.sessions {
		if s != nil {
			_ = s.Close() // always succeeds
		}
	}
	g.centre.CloseIdleConnections()
}
