package record

import (
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// agentEvent is an event of the agent event stream.
func agentEvent(f *Fact, s *Setting) object {
	return object{
		"AWSAccountId": s.Partition.Account, "AgentARN": s.Partition.ARN(f.Instance, center.KindUser, string(f.User)),
		"CurrentAgentSnapshot": agentSnapshot(f, f.Is, s), "EventId": f.ID, "EventTimestamp": milli(f.At), "EventType": f.Type,
		"InstanceARN": s.Partition.InstanceARN(f.Instance), "PreviousAgentSnapshot": agentSnapshot(f, f.Was, s), "Version": "2017-10-01",
	}
}

// agentSnapshot is null where there is no snapshot. SetBy, who has chosen a status, is Parley's own.
func agentSnapshot(f *Fact, snap *Snapshot, s *Setting) any {
	if snap == nil {
		return nil
	}
	a := s.Agents[f.User]
	o := object{"AgentStatus": nil, "Configuration": configuration(f, snap, &a, s), "Contacts": nil, "NextAgentStatus": nil}
	if st := snap.Status; st != nil {
		o["AgentStatus"] = object{
			"ARN": s.Partition.ARN(f.Instance, center.KindAgentStatus, string(st.ID)), "Name": st.Name, "SetBy": orNull(snap.SetBy), "StartTimestamp": milli(snap.Since), "Type": st.Type,
		}
	}
	if st := snap.Next; st != nil {
		o["NextAgentStatus"] = object{
			"ARN": s.Partition.ARN(f.Instance, center.KindAgentStatus, string(st.ID)), "EnqueuedTimestamp": milli(snap.Chosen), "Name": st.Name, "SetBy": orNull(snap.ChosenBy),
		}
	}
	contacts := make([]object, 0, len(snap.Hands))
	for _, h := range snap.Hands {
		c := object{
			"Channel": "CHAT", "ConnectedToAgentTimestamp": milli(h.Connected), "ContactId": h.Contact, "InitialContactId": orNull(h.Initial),
			"InitiationMethod": h.Method, "Queue": nil, "QueueTimestamp": milli(h.Queued), "State": h.State, "StateStartTimestamp": milli(h.Since),
		}
		if h.Queue != "" {
			c["Queue"] = object{"ARN": s.queueARN(f.Instance, h.Queue), "Name": orNull(s.Queues[h.Queue])}
		}
		contacts = append(contacts, c)
	}
	o["Contacts"] = contacts
	return o
}

// configuration is what has been set up for the agent. His own queue stands first among those he takes contacts from.
func configuration(f *Fact, snap *Snapshot, a *Agent, s *Setting) object {
	channels, concurrency := []string{}, []object{}
	taken := len(snap.Hands)
	for _, h := range snap.Hands {
		if h.Method == center.MethodMonitor {
			taken-- // what he supervises takes no slot
		}
	}
	for _, c := range a.Concurrency {
		channels = append(channels, c.Channel)
		free := c.Max
		if c.Channel == "CHAT" {
			free = max(0, c.Max-int32(taken))
		}
		concurrency = append(concurrency, object{"AvailableSlots": free, "Channel": c.Channel, "MaximumSlots": c.Max})
	}
	own := s.queueARN(f.Instance, center.QueueID(machine.AgentQueue+string(f.User)))
	queues := []object{{"ARN": own, "Channels": channels, "Name": nil}}
	for _, q := range a.Inbound {
		queues = append(queues, object{"ARN": q.ARN, "Channels": q.Channels, "Name": orNull(q.Name)})
	}
	proficiencies := make([]object, 0, len(a.Proficiencies))
	for _, p := range a.Proficiencies {
		proficiencies = append(proficiencies, object{"Name": p.Name, "ProficiencyLevel": p.Level, "Value": p.Value})
	}
	o := object{
		"AgentHierarchyGroups": levels(a.Groups, "Name"), "FirstName": orNull(a.FirstName), "LastName": orNull(a.LastName),
		"Proficiencies": proficiencies, "RoutingProfile": nil, "Username": orNull(a.UserName),
	}
	if a.Profile.ARN != "" {
		profile := object{"ARN": a.Profile.ARN, "Concurrency": concurrency, "DefaultOutboundQueue": nil, "InboundQueues": queues, "Name": a.Profile.Name}
		if q := a.Outbound; q.ARN != "" {
			profile["DefaultOutboundQueue"] = object{"ARN": q.ARN, "Channels": q.Channels, "Name": orNull(strings.TrimSpace(q.Name))}
		}
		o["RoutingProfile"] = profile
	}
	return o
}
