package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
	"parley.example/parley/client"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store/postgres/pgserver"
)

// embedded is Parley on its own directory.
func embedded(ctx context.Context, r *run) (*place, error) {
	p := &place{}
	return p, p.parley(ctx, r, "embedded", nil)
}

// nodes returns Parley as n nodes on PostgreSQL and NATS.
func nodes(n int) func(context.Context, *run) (*place, error) {
	return func(ctx context.Context, r *run) (*place, error) {
		p := &place{}
		pg, err := pgserver.New(pgserver.Options{Fsync: true, Dir: r.dir})
		if err != nil {
			return p, err
		}
		p.ends(pg.Close)
		p.pids = append(p.pids, pg.PID())
		bus, err := r.nats(ctx, "")
		if err != nil {
			return p, err
		}
		p.runs(bus)
		return p, p.parley(ctx, r, fmt.Sprintf("nodes-%d", n), &target.Shared{Postgres: pg.URL("postgres"), Bus: "nats://" + bus.Addr, Nodes: n})
	}
}

// The frames of a customer's socket.
const (
	parleySubscribe = `{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}`
	parleyHeartbeat = `{"topic":"aws/heartbeat"}`
)

// parley starts a Parley and joins a chat for each room: its customer sends, and has two sockets. Requests and sockets go to the nodes in turn.
func (p *place) parley(ctx context.Context, r *run, name string, shared *target.Shared) error {
	s, err := target.Start(ctx, target.Config{Binary: r.parley, Data: filepath.Join(r.dir, name), Shared: shared})
	if err != nil {
		return err
	}
	all := s.Nodes()
	for _, node := range all {
		p.runs(node)
	}
	c, err := target.Open(ctx, s, r.writers)
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()
	chats, err := c.StartMany(ctx, r.rooms, r.writers, target.Connection...)
	if err != nil {
		return err
	}
	heads := make([]string, r.rooms)
	for room, chat := range chats {
		heads[room] = fmt.Sprintf("POST /participant/message HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nX-Amz-Bearer: %s\r\n", s.Addr, *chat.ConnectionCredentials.ConnectionToken)
		for end := range gauge.Ends {
			at, err := socketOf(ctx, c, chat, end)
			if err != nil {
				return err
			}
			w, err := openSocket(all[(gauge.Ends*room+end)%len(all)].Addr, at)
			if err != nil {
				return err
			}
			p.listens(w, room, end, w.frame)
			if err := w.say(parleySubscribe); err != nil {
				return err
			}
			answer, err := w.frame()
			if err := answered(answer, err, strings.Contains(string(answer), "success"), "subscribe"); err != nil {
				return err
			}
		}
	}
	p.beat = func(w *wire) error { return w.say(parleyHeartbeat) }
	return p.writes(r.writers, func(worker int) (*wire, write, error) {
		w, err := dial(all[worker%len(all)].Addr)
		if err != nil {
			return nil, nil, err
		}
		var body []byte
		return w, func(room int, content string) error {
			body = (&participant.SendMessageRequest{ClientToken: new(center.NewUUID()), Content: content, ContentType: client.PlainText}).AppendJSON(body[:0])
			_, err := w.post(heads[room], body)
			return err
		}, nil
	})
}

// socketOf returns the path of a socket of a chat's customer: the first that came with the chat, or another.
func socketOf(ctx context.Context, c *target.Centre, chat *connect.StartChatContactResponse, end int) (string, error) {
	at := *chat.Websocket.Url
	if end > 0 {
		more, err := c.Participant.CreateParticipantConnection().ParticipantToken(*chat.ParticipantToken).Type(participant.ConnectionTypeWEBSOCKET).Send(ctx)
		if err != nil {
			return "", err
		}
		at = *more.Websocket.Url
	}
	u, err := url.Parse(at)
	if err != nil {
		return "", err
	}
	return u.RequestURI(), nil
}
