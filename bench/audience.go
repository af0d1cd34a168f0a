package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
)

// tabs are how many sessions the customer of each chat has: tabs of a browser.
const tabs = 2

// audience is who hears messages: the customers of some chats, each with two sessions.
type audience struct {
	*customerSessions
	current atomic.Pointer[deliveries]
}

// assemble connects the customers of the chats.
func assemble(ctx context.Context, c *centre, chats []*connect.StartChatContactResponse) (*audience, error) {
	a := &audience{}
	var err error
	a.customerSessions, err = joinChats(ctx, c, chats, tabs, a.hear)
	return a, err
}

// hear takes note of what a session hands on.
func (a *audience) hear(item *client.Item) {
	if load, i, ok := readMarker(item.Text()); ok {
		if d := a.current.Load(); d != nil && d.load == load {
			d.arrive(i)
		}
	}
}

// send is the task of sending the messages that d follows, to the chats in turn.
func (a *audience) send(d *deliveries, stamp bool) task {
	return func(ctx context.Context, _, i int) error {
		if i >= len(d.sent) {
			return fmt.Errorf("more than %d messages in one load", len(d.sent))
		}
		if stamp {
			d.sent[i].Store(int64(time.Since(d.began)))
		}
		_, err := a.sessions[tabs*i%len(a.sessions)].Send(ctx, content(d.load, i))
		return err
	}
}

// arriveTime is how long the last deliveries may take.
const arriveTime = 5 * time.Second

// arrivals waits for n messages to be with both sessions.
func (a *audience) arrivals(d *deliveries, n int64) error {
	for until := time.Now().Add(arriveTime); d.both.count.Load() < n; time.Sleep(time.Millisecond) {
		if err := a.trouble(); err != nil {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d of %d messages did not reach both sessions", n-d.both.count.Load(), n)
		}
	}
	if e := d.excess.Load(); e > 0 {
		return fmt.Errorf("%d unexpected deliveries", e)
	}
	return a.trouble()
}
