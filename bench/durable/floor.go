package durable

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
)

// How many agents there are, and how many chats each has at once.
const (
	staffed = 4
	slots   = 3
)

// floor is the agents of a load, and their queue.
type floor struct {
	queue  string
	agents []*desk
	left   chan struct{} // closed when no more chats come
}

// staff makes agents for a queue.
func (l *Load) staff(ctx context.Context) (*floor, error) {
	queues, err := l.client.ListQueues().InstanceID(l.instance).QueueType(connect.QueueTypeSTANDARD).Send(ctx)
	if err != nil {
		return nil, err
	}
	if len(queues.QueueSummaryList) == 0 {
		return nil, errors.New("a new instance has no queue")
	}
	f := &floor{queue: *queues.QueueSummaryList[0].Id, left: make(chan struct{})}
	chats := connect.ChannelCHAT
	profile, err := l.client.CreateRoutingProfile().InstanceID(l.instance).Name("Chats").Description("Chats of one queue").DefaultOutboundQueueID(f.queue).
		MediaConcurrency(connect.MediaConcurrency{Channel: chats, Concurrency: new(int32(slots))}).
		QueueConfig(connect.RoutingProfileQueueConfig{QueueReference: &connect.RoutingProfileQueueReference{QueueId: f.queue, Channel: chats}, Priority: 1}).Send(ctx)
	if err != nil {
		return nil, fmt.Errorf("routing profile: %w", err)
	}
	security, err := l.client.CreateSecurityProfile().InstanceID(l.instance).SecurityProfileName("Durable").
		Permission("BasicAgentAccess", "ContactAttributes.View", "StopContact.Enabled").Send(ctx)
	if err != nil {
		return nil, fmt.Errorf("security profile: %w", err)
	}
	for n := range staffed {
		name, password := fmt.Sprintf("agent-%d", n), "Durable-"+center.NewUUID()
		user, err := l.client.CreateUser().InstanceID(l.instance).Username(name).Password(password).
			IdentityInfo(connect.UserIdentityInfo{FirstName: &name, LastName: new("Durable")}).PhoneConfig(connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE}).
			RoutingProfileID(*profile.RoutingProfileId).SecurityProfileID(*security.SecurityProfileId).Send(ctx)
		if err != nil {
			return nil, fmt.Errorf("user: %w", err)
		}
		d := &desk{player: player{load: l, rand: rand.New(rand.NewPCG(l.Seed, 1<<40+uint64(n))), name: name}, user: *user.UserId, password: password}
		d.init()
		f.agents = append(f.agents, d)
	}
	return f, nil
}

// users are the ids of the agents.
func (f *floor) users() (ids []string) {
	for _, d := range f.agents {
		ids = append(ids, d.user)
	}
	return ids
}

// open has the agents work until the function that it returns is called. That waits until all their hands are empty. When
// enough is closed, they do not let chats wait any more.
func (f *floor) open(ctx context.Context, enough <-chan struct{}) (leave func()) {
	var working sync.WaitGroup
	for _, d := range f.agents {
		working.Go(func() { d.work(ctx, enough, f.left) })
	}
	return func() {
		close(f.left)
		working.Wait()
	}
}

// holds returns what all agents had in hand, by chat.
func (f *floor) holds() map[string][]*Hold {
	all := map[string][]*Hold{}
	for _, d := range f.agents {
		for _, h := range d.all {
			h.Answered = h.Answered || d.doubtful[h.Chat]
			all[h.Chat] = append(all[h.Chat], &h.Hold)
		}
	}
	return all
}

// summary says what the agents did.
func (f *floor) summary() string {
	rings, accepted, refused, missed, said, streams := 0, 0, 0, 0, 0, 0
	for _, d := range f.agents {
		streams += d.streams
		for _, h := range d.all {
			rings, said = rings+1, said+len(h.Deeds)
			switch {
			case h.was("MISSED"):
				missed++
			case h.was("REJECTED"):
				refused++
			case h.Accepted || h.was("CONNECTED", "ENDED"):
				accepted++
			}
		}
	}
	return fmt.Sprintf("%d rings at %d agents: %d accepted, %d rejected, %d missed; %d messages of agents; %d streams", rings, len(f.agents), accepted, refused, missed, said, streams)
}
