package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
	"parley.example/parley/client"
	"parley.example/parley/internal/center"
)

// queueFlow puts its customer into the queue %s.
const queueFlow = `{"Version":"2019-10-30","StartAction":"choose","Metadata":{},"Actions":[
{"Identifier":"choose","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"%s"},"Transitions":{"NextAction":"queue","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
{"Identifier":"queue","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"end","Errors":[{"NextAction":"end","ErrorType":"QueueAtCapacity"},{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// slots is how many chats an agent has at once: twice as many as there are under way for each, so that an agent who is
// still clearing one is not what the next has to wait for.
const slots = 4

// offers has agents take chats: each customer starts a chat and comes into a queue, an agent's snapshot has it, and the
// agent accepts, leaves and clears it. A customer's next chat begins when the last one was offered.
func (b *bench) offers(ctx context.Context) error {
	b.report.scenario = "offers"
	workers := 2 * b.agents
	p, err := b.probe(ctx, workers)
	if err != nil {
		return err
	}
	s, err := b.startServer(ctx, filepath.Join(b.dir, "offers"))
	if err != nil {
		return err
	}
	defer s.Kill()
	c, err := target.Open(ctx, s, workers+b.agents)
	if err != nil {
		return err
	}
	d := &floor{c: c, waiting: map[string]chan struct{}{}}
	if err := d.staff(ctx, b.agents); err != nil {
		return err
	}
	defer d.close()
	if err := gauge.Each(ctx, 2*workers, workers, func(i int) error { return d.customer(ctx, i) }); err != nil { // what is slow once
		return err
	}
	d.mu.Lock()
	d.reached = &gauge.Histogram{}
	d.mu.Unlock()
	m, err := newMeter(s)
	if err != nil {
		return err
	}
	profiled := b.profile(s, "offers", b.lasts)
	r, err := gauge.ClosedLoop(ctx, workers, b.lasts, func(ctx context.Context, _, i int) error { return d.customer(ctx, i) })
	if err != nil {
		return errors.Join(err, d.failed())
	}
	u, err := m.read()
	if err != nil {
		return err
	}
	profiled()
	if err := d.failed(); err != nil {
		return err
	}
	b.report.add(fmt.Sprintf("offers to %d agents", b.agents), r.Rate(), "/s").beside("HTTP echo /s", p.HTTP.Rate())
	b.report.add("  from the queue to the agent, p50", gauge.Milliseconds(d.reached.P50()), "ms").beside("fdatasync p50 ms", gauge.Milliseconds(p.Disk.Answers.P50()))
	b.report.add("  from the queue to the agent, p99", gauge.Milliseconds(d.reached.P99()), "ms").beside("fdatasync p99 ms", gauge.Milliseconds(p.Disk.Answers.P99()))
	b.report.add("  from the start of the chat to the agent, p50", gauge.Milliseconds(r.Answers.P50()), "ms")
	u.show(&b.report, "  ", r.Count, p)
	b.report.showProbes(p)
	return s.Stop()
}

// floor is a room of agents.
type floor struct {
	c      *target.Centre
	agents []*client.Agent
	work   sync.WaitGroup // what agents do about contacts

	mu      sync.Mutex               // guards what follows
	waiting map[string]chan struct{} // by contact: closed when it is offered
	reached *gauge.Histogram         // from the queueing of a contact to the snapshot of an agent
	fail    error                    // the first
}

// staff makes the queue's flow, and agents who are available.
func (d *floor) staff(ctx context.Context, n int) error {
	queues, err := d.c.ListQueues().InstanceID(d.c.Instance).QueueType(connect.QueueTypeSTANDARD).Send(ctx)
	if err != nil || len(queues.QueueSummaryList) == 0 {
		return errors.Join(err, errors.New("a new instance has no queue"))
	}
	queue := *queues.QueueSummaryList[0].Id
	flow, err := d.c.CreateContactFlow().InstanceID(d.c.Instance).Name("Queue").
		Type(connect.ContactFlowTypeCONTACT_FLOW).Content(fmt.Sprintf(queueFlow, queue)).Send(ctx)
	if err != nil {
		return err
	}
	d.c.Flow = *flow.ContactFlowId
	chats := connect.ChannelCHAT
	profile, err := d.c.CreateRoutingProfile().InstanceID(d.c.Instance).Name("Chats").Description("Chats of one queue").DefaultOutboundQueueID(queue).
		MediaConcurrency(connect.MediaConcurrency{Channel: chats, Concurrency: new(int32(slots))}).
		QueueConfig(connect.RoutingProfileQueueConfig{QueueReference: &connect.RoutingProfileQueueReference{QueueId: queue, Channel: chats}, Priority: 1}).Send(ctx)
	if err != nil {
		return err
	}
	security, err := d.c.CreateSecurityProfile().InstanceID(d.c.Instance).SecurityProfileName("Bench").Permission("BasicAgentAccess").Send(ctx)
	if err != nil {
		return err
	}
	password := "Bench-" + center.NewUUID()
	d.agents = make([]*client.Agent, n)
	return gauge.Each(ctx, n, 4, func(i int) error {
		name := fmt.Sprintf("agent-%d", i)
		if _, err := d.c.CreateUser().InstanceID(d.c.Instance).Username(name).Password(password).
			IdentityInfo(connect.UserIdentityInfo{FirstName: &name, LastName: new("Bench")}).PhoneConfig(connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE}).
			RoutingProfileID(*profile.RoutingProfileId).SecurityProfileID(*security.SecurityProfileId).Send(ctx); err != nil {
			return err
		}
		var a *client.Agent
		there := make(chan struct{})
		a, err := d.c.SignIn(ctx, client.AgentConfig{InstanceID: d.c.Instance, UserName: name, Password: password, OnEvent: func(e *client.AgentEvent) {
			<-there
			d.event(ctx, a, e)
		}})
		if err != nil {
			return err
		}
		d.agents[i] = a
		close(there)
		_, err = a.SetStatus(ctx, "Available")
		return err
	})
}

// event notes what is offered, and has it taken.
func (d *floor) event(ctx context.Context, a *client.Agent, e *client.AgentEvent) {
	switch e.Kind {
	case client.ContactOffered:
		now := time.Now()
		d.mu.Lock()
		if e.Contact.Enqueued != nil && d.reached != nil {
			d.reached.Add(max(0, now.Sub(*e.Contact.Enqueued)))
		}
		if there := d.waiting[e.Contact.ContactId]; there != nil { // a customer waits since before the flow began
			close(there)
			delete(d.waiting, e.Contact.ContactId)
		}
		d.mu.Unlock()
		d.work.Go(func() { d.take(ctx, a, e.Contact.ContactId) })
	case client.ContactMissed, client.ContactFailed, client.StreamLost:
		d.noted(fmt.Errorf("an agent's %s", e.Kind))
	}
}

// take is all that an agent does about a contact.
func (d *floor) take(ctx context.Context, a *client.Agent, contact string) {
	for _, call := range []func(context.Context, string) error{a.Accept, a.Leave, a.Clear} {
		if err := call(ctx, contact); err != nil {
			d.noted(err)
			return
		}
	}
}

func (d *floor) noted(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail == nil {
		d.fail = err
	}
}

func (d *floor) failed() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fail
}

// customer starts a chat, comes into the queue, and returns when an agent has been offered it.
func (d *floor) customer(ctx context.Context, i int) error {
	out, err := d.c.Chat(i).Send(ctx)
	if err != nil {
		return err
	}
	contact, there := *out.ContactId, make(chan struct{})
	d.mu.Lock()
	d.waiting[contact] = there
	d.mu.Unlock()
	if _, err := d.c.Participant.CreateParticipantConnection().ParticipantToken(*out.ParticipantToken).ConnectParticipant(true).
		Type("CONNECTION_CREDENTIALS").Send(ctx); err != nil {
		return err
	}
	select {
	case <-there:
		return d.failed()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// close lets the agents finish, and ends them.
func (d *floor) close() {
	d.work.Wait()
	for _, a := range d.agents {
		if a != nil {
			_ = a.Close() // it has nothing that could fail
		}
	}
}
