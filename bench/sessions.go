package main

import (
	"context"
	"errors"
	"sync/atomic"

	"parley.example/parley/api/connect"
	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
	"parley.example/parley/client"
)

// customerSessions are sessions of customers in the chats of one server. None may
// lose its connection: it would reconnect and read what it missed, but here that
// counts as a failure of the server.
type customerSessions struct {
	centre   *target.Centre
	sessions []*client.Session
	away     atomic.Bool // one has lost its connection
	closing  atomic.Bool
}

// joiners are how many join at a time.
const joiners = 32

// joinChats joins chats that were started; the i-th has the sessions from i×tabs
// on. Their items are passed to hear. A connection that an answer has is the first
// tab's, and is used up.
func joinChats(ctx context.Context, c *target.Centre, chats []*connect.StartChatContactResponse, tabs int, hear func(tab int, item *client.Item)) (*customerSessions, error) {
	g := &customerSessions{centre: c, sessions: make([]*client.Session, tabs*len(chats))}
	err := gauge.Each(ctx, len(chats), joiners, func(i int) (err error) {
		for tab := tabs * i; tab < tabs*(i+1) && err == nil; tab++ {
			g.sessions[tab], err = c.Join(ctx, client.SessionConfig{Chat: chats[i], OnItem: func(item *client.Item) { hear(tab-tabs*i, item) }, OnState: g.stand})
			chats[i] = &connect.StartChatContactResponse{ParticipantToken: chats[i].ParticipantToken}
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

func (g *customerSessions) stand(s client.State) {
	if s != client.Connected && !g.closing.Load() {
		g.away.Store(true)
	}
}

// trouble returns what has gone wrong so far, though a session may have made up for it.
func (g *customerSessions) trouble() error {
	if g.away.Load() {
		return errors.New("a session lost its connection")
	}
	return g.centre.Failed()
}

func (g *customerSessions) leave() {
	g.closing.Store(true)
	for _, s := range g.sessions {
		if s != nil {
			_ = s.Close() // always succeeds
		}
	}
	g.centre.CloseIdleConnections()
}
