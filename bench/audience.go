package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
	"parley.example/parley/client"
)

// tabs are how many sessions the customer of each chat has: tabs of a browser.
const tabs = gauge.Ends

// audience is who hears messages: the customers of some chats, each with two sessions.
type audience struct {
	*customerSessions
	current atomic.Pointer[gauge.Deliveries]
}

// assemble connects the customers of the chats.
func assemble(ctx context.Context, c *target.Centre, chats []*connect.StartChatContactResponse) (*audience, error) {
	a := &audience{}
	var err error
	a.customerSessions, err = joinChats(ctx, c, chats, tabs, a.hear)
	return a, err
}

// hear takes note of what a session hands on.
func (a *audience) hear(tab int, item *client.Item) {
	if load, i, ok := gauge.ReadMarker(item.Text()); ok {
		if d := a.current.Load(); d != nil && d.Load == load {
			d.Arrive(i, tab)
		}
	}
}

// send is the task of sending the messages that d follows, to the chats in
// turn. They count from now unless they were aimed.
func (a *audience) send(d *gauge.Deliveries, aimed bool) gauge.Task {
	return func(ctx context.Context, _, i int) error {
		if !aimed {
			if err := d.Send(i); err != nil {
				return err
			}
		}
		_, err := a.sessions[tabs*i%len(a.sessions)].Send(ctx, gauge.Content(d.Load, i))
		return err
	}
}

// arriveTime is how long the last deliveries may take.
const arriveTime = 5 * time.Second

// arrivals waits for n messages to be with both sessions.
func (a *audience) arrivals(d *gauge.Deliveries, n int64) error {
	for until := time.Now().Add(arriveTime); d.Both.Count() < n; time.Sleep(time.Millisecond) {
		if err := a.trouble(); err != nil {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d of %d messages did not reach both sessions", n-d.Both.Count(), n)
		}
	}
	if err := d.Check(n); err != nil {
		return err
	}
	return a.trouble()
}
