package durable

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
)

// Look compares what the server says of agents, of their slots and of the contacts of their queue, which must be there
// and not being killed. Nobody calls it meanwhile. That two agents have one chat is a fault at once; what is wrong
// otherwise may be under way, and is a fault when it stays so. Faults are found in the end.
func (l *Load) Look(ctx context.Context) error {
	l.still.Lock()
	defer l.still.Unlock()
	late, wait := time.Now().Add(patience), 5*time.Millisecond
	for {
		if l.Faulty() {
			return nil // nobody plays any more
		}
		m, err := l.moment(ctx)
		if status := statusOf(err); err != nil && (status >= 400 && status < 500 && status != http.StatusTooManyRequests || time.Now().After(late)) {
			return fmt.Errorf("look at the agents: %w", err)
		}
		if err == nil {
			twice, wrong := m.twice(), m.check()
			if len(twice) == 0 && len(wrong) == 0 {
				l.looks++
				return nil
			}
			if late := time.Now().After(late); late || len(twice) > 0 {
				for _, w := range append(twice, wrong...) {
					l.fault("%s", w)
				}
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
			wait = min(2*wait, time.Second)
		}
	}
}

// moment is what the server says: hands were as they are here at one time.
type moment struct {
	hands    map[string]map[string]string // states of contacts, by agent and contact
	open     map[string]bool              // agents who may be offered something
	users    map[string]connect.UserData
	contacts map[string]*connect.Contact // those of the queue that may not have ended, by id
	queued   map[string]bool             // of these, those whose customers are connected
	waiting  int                         // contacts in the queue
}

func (l *Load) moment(ctx context.Context) (*moment, error) {
	m := &moment{contacts: map[string]*connect.Contact{}, queued: map[string]bool{}, users: map[string]connect.UserData{}}
	l.mu.Lock()
	chats := slices.Clone(l.begun)
	l.mu.Unlock()
	var before, after string
	for before == "" || before != after {
		var err error
		if before, err = m.look(ctx, l); err != nil {
			return nil, err
		}
		clear(m.contacts)
		for _, v := range chats {
			if !v.flow.staffed || v.over.Load() {
				continue
			}
			out, err := l.client.DescribeContact().InstanceID(l.instance).ContactID(v.Contact).Send(ctx)
			if err != nil {
				return nil, err
			}
			m.contacts[v.Contact], m.queued[v.Contact] = out.Contact, v.queues.Load()
		}
		metrics, err := l.client.GetCurrentMetricData().InstanceID(l.instance).Filters(connect.Filters{Queues: []string{l.floor.queue}, Channels: []connect.Channel{connect.ChannelCHAT}}).
			CurrentMetric(connect.CurrentMetric{Name: connect.CurrentMetricNameCONTACTS_IN_QUEUE, Unit: connect.UnitCOUNT}).Send(ctx)
		if err != nil {
			return nil, err
		}
		m.waiting = 0
		for _, r := range metrics.MetricResults {
			for _, c := range r.Collections {
				m.waiting += int(*c.Value)
			}
		}
		data := l.client.GetCurrentUserData().InstanceID(l.instance)
		for u, err := range data.Filters(connect.UserDataFilters{Agents: l.floor.users()}).Items(ctx) {
			if err != nil {
				return nil, err
			}
			m.users[*u.User.Id] = u
		}
		if after, err = m.look(ctx, l); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// look asks what is in each agent's hands. Two answers that are the same say that nothing has happened between them: states
// come with the time since when they last.
func (m *moment) look(ctx context.Context, l *Load) (all string, err error) {
	m.hands, m.open = map[string]map[string]string{}, map[string]bool{}
	for _, d := range l.floor.agents {
		if d.session() == "" {
			continue // has not signed in yet
		}
		s, err := d.ask(ctx)
		if err != nil {
			return "", err
		}
		hands, open := map[string]string{}, s.Status.Type == agent.AgentStatusTypeROUTABLE && s.NextStatus == nil
		all += fmt.Sprint(d.name, s.Status, s.NextStatus != nil)
		for _, c := range s.Contacts {
			hands[c.ContactId] = string(c.State)
			open = open && c.State != agent.AgentContactStateMISSED && c.State != agent.AgentContactStateREJECTED && c.State != agent.AgentContactStateERROR
			all += fmt.Sprint(c.ParticipantId, c.State, c.Since)
		}
		m.hands[d.user], m.open[d.user] = hands, open
	}
	return all + ".", nil
}

// twice: no contact is with two agents.
func (m *moment) twice() (faults []string) {
	with := map[string]string{}
	for user, hands := range m.hands {
		for contact, state := range hands {
			if state != "CONNECTING" && state != "CONNECTED" {
				continue
			}
			if other, ok := with[contact]; ok {
				faults = append(faults, fmt.Sprintf("contact %s is with agents %s and %s", contact, other, user))
			}
			with[contact] = user
		}
	}
	return faults
}

// check: each contact of the queue waits, is with the agent of whom its record tells, or has ended; the slots that are
// counted are those in use.
func (m *moment) check() (faults []string) {
	waiting := 0
	for id, c := range m.contacts {
		agent := ""
		for user, hands := range m.hands {
			if hands[id] == "CONNECTED" {
				agent = user
			}
			if state := hands[id]; c.DisconnectTimestamp != nil && (state == "CONNECTING" || state == "CONNECTED") {
				faults = append(faults, fmt.Sprintf("contact %s has ended, and is %s at agent %s", id, state, user))
			}
		}
		switch {
		case c.DisconnectTimestamp != nil:
		case agent != "" && (c.AgentInfo == nil || *c.AgentInfo.Id != agent):
			faults = append(faults, fmt.Sprintf("contact %s is with agent %s; its record says %v", id, agent, c.AgentInfo))
		case agent != "":
		case c.AgentInfo != nil:
			faults = append(faults, fmt.Sprintf("contact %s is with agent %s by its record, and not in his hands", id, *c.AgentInfo.Id))
		case c.QueueInfo != nil:
			waiting++
		case m.queued[id]:
			faults = append(faults, fmt.Sprintf("contact %s is lost: it is in no queue, and with nobody", id))
		}
	}
	if waiting != m.waiting {
		faults = append(faults, fmt.Sprintf("%d contacts wait; the queue counts %d", waiting, m.waiting))
	}
	for user, hands := range m.hands {
		u, shown := m.users[user], map[string]string{}
		for _, c := range u.Contacts {
			shown[*c.ContactId] = string(c.AgentContactState)
		}
		if !maps.Equal(shown, hands) {
			faults = append(faults, fmt.Sprintf("agent %s has %v in hand; GetCurrentUserData says %v", user, hands, shown))
		}
		active, free := 0, 0
		for _, state := range hands {
			if state == "CONNECTED" || state == "ENDED" {
				active++
			}
		}
		if m.open[user] {
			free = slots - len(hands)
		}
		chat := connect.ChannelCHAT
		if got := u.ActiveSlotsByChannel[chat]; int(got) != active {
			faults = append(faults, fmt.Sprintf("agent %s: %d slots are active; %d contacts are", user, got, active))
		}
		if got := u.AvailableSlotsByChannel[chat]; int(got) != free {
			faults = append(faults, fmt.Sprintf("agent %s: %d slots are available; %d should be", user, got, free))
		}
	}
	return faults
}
