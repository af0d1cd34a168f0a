package record

import (
	"maps"
	"slices"
	"time"

	"parley.example/parley/internal/center"
)

// contactRecord is the record of a contact, with all its members: null where there is nothing, and empty
// lists and objects where readers expect those.
func contactRecord(f *Fact, s *Setting) object {
	c := f.Contact
	r := object{
		"AWSAccountId": s.Partition.Account, "AWSContactTraceRecordFormatVersion": "2017-03-10",
		"Agent": nil, "AgentConnectionAttempts": c.Rings, "AnsweringMachineDetectionStatus": nil,
		"Attributes": texts(f.Attributes), "Campaign": nil, "Channel": "CHAT",
		"ChatMetrics":                metrics(c, s.Items, "ContactMetrics"),
		"ConnectedToSystemTimestamp": second(c.ConnectedSystem), "ContactAssociationId": c.Chat, "ContactDetails": object{},
		"ContactEvaluations": object{}, "ContactId": c.ID, "CustomerEndpoint": nil, "CustomerId": orNull(c.CustomerID),
		"DisconnectReason": orNull(c.DisconnectReason), "DisconnectTimestamp": second(c.Disconnected),
		"InitialContactId": nil, "InitiationMethod": c.InitiationMethod, "InitiationTimestamp": second(c.Initiated),
		"InstanceARN": s.Partition.InstanceARN(c.Instance), "LastPausedTimestamp": nil, "LastResumedTimestamp": nil,
		"LastUpdateTimestamp": second(c.Updated), "MediaStreams": []object{{"Type": "CHAT"}},
		"NextContactId": orNull(c.Next), "PreviousContactId": orNull(c.Previous), "Queue": nil,
		"Recording": nil, "Recordings": nil, "References": references(c.References), "RelatedContactId": orNull(c.Related),
		"RoutingCriteria": nil, "ScheduledTimestamp": nil, "SegmentAttributes": segmentAttributes(c.SegmentAttrs, asIs),
		"SystemEndpoint": nil, "Tags": texts(c.Tags), "TotalPauseCount": 0, "TotalPauseDurationInSeconds": 0,
		"TransferCompletedTimestamp": second(c.Transferred), "TransferredToEndpoint": nil, "VoiceIdResult": nil,
	}
	if c.Chat != c.ID {
		r["InitialContactId"] = c.Chat
	}
	if !c.AgentConnected.IsZero() {
		r["Agent"] = agentOf(c, s)
	}
	if !c.Enqueued.IsZero() {
		left := c.AgentConnected // DequeueTimestamp: when it was connected, abandoned or transferred
		if left.IsZero() {
			left = c.Disconnected
		}
		r["Queue"] = object{
			"ARN": s.queueARN(c.Instance, c.Queue), "DequeueTimestamp": second(left), "Duration": between(c.Enqueued, left),
			"EnqueueTimestamp": second(c.Enqueued), "Name": orNull(s.Queues[c.Queue]),
		}
	}
	if len(c.Criteria) > 0 {
		sets := make([]object, len(c.Criteria))
		for i := range c.Criteria {
			sets[i] = criteria(&c.Criteria[i], second)
		}
		r["RoutingCriteria"] = sets
	}
	if p := s.Place; p != nil {
		location := p.Bucket + "/" + p.Key
		r["Recording"] = object{"DeletionReason": nil, "Location": location, "Status": "AVAILABLE", "Type": "CHAT"}
		r["Recordings"] = []object{{
			"DeletionReason": nil, "FragmentStartNumber": nil, "FragmentStopNumber": nil, "Location": location, "MediaStreamType": "CHAT",
			"ParticipantType": nil, "StartTimestamp": nil, "Status": "AVAILABLE", "StopTimestamp": nil, "StorageType": "S3",
		}}
	}
	return r
}

// agentOf is the agent of a contact record: the last one whom the contact was connected to. The time of the interaction
// lasts until after-contact work begins.
func agentOf(c *center.Contact, s *Setting) object {
	a := s.Agents[c.Agent]
	left := c.AfterWork
	if left.IsZero() {
		left = c.Disconnected
	}
	o := object{
		"ARN":                      s.Partition.ARN(c.Instance, center.KindUser, string(c.Agent)),
		"AfterContactWorkDuration": between(c.AfterWork, c.AfterWorkEnd), "AfterContactWorkEndTimestamp": second(c.AfterWorkEnd),
		"AfterContactWorkStartTimestamp": second(c.AfterWork), "AgentInitiatedHoldDuration": 0,
		"AgentInteractionDuration": between(c.AgentConnected, left), "AgentPauseDurationInSeconds": 0, "Capabilities": nil,
		"ConnectedToAgentTimestamp": second(c.AgentConnected), "CustomerHoldDuration": 0, "DeviceInfo": nil,
		"HierarchyGroups": levels(a.Groups, "GroupName"), "LongestHoldDuration": 0, "NumberOfHolds": 0,
		"RoutingProfile": nil, "StateTransitions": nil, "Username": orNull(a.UserName),
	}
	if a.Profile.ARN != "" {
		o["RoutingProfile"] = object{"ARN": a.Profile.ARN, "Name": a.Profile.Name}
	}
	if states := Transitions(c); len(states) > 0 {
		list := make([]object, len(states))
		for i, t := range states {
			list[i] = object{"State": t.State, "StateEndTimestamp": second(t.End), "StateStartTimestamp": second(t.Start)}
		}
		o["StateTransitions"] = list
	}
	return o
}

// Transition is a state of a supervisor's part in a chat (StateTransition, ParticipantState).
type Transition struct {
	State      string
	Start, End time.Time // End is zero for one that lasts
}

// Transitions are what became of a supervisor, whose contact it is: connected at once, and disconnected in the end. For the contacts of
// agents there are none.
func Transitions(c *center.Contact) []Transition {
	if c.InitiationMethod != center.MethodMonitor {
		return nil
	}
	all := []Transition{{"INITIAL", c.Initiated, c.AgentConnected}, {"CONNECTED", c.AgentConnected, c.Disconnected}}
	if c.Ended() {
		all = append(all, Transition{State: "DISCONNECTED", Start: c.Disconnected})
	}
	return all
}

// levels are the groups of a hierarchy, by level; those that are not used are null. name is what their names are called.
func levels(groups []Named, name string) any {
	if len(groups) == 0 {
		return nil
	}
	out := object{"Level1": nil, "Level2": nil, "Level3": nil, "Level4": nil, "Level5": nil}
	for i, g := range groups {
		out["Level"+string(rune('1'+i))] = object{"ARN": g.ARN, name: g.Name}
	}
	return out
}

// texts is a map that is never null.
func texts(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func references(m map[string]center.Reference) []object {
	out := make([]object, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, object{"Name": name, "Status": nil, "Type": m[name].Type, "Value": m[name].Value})
	}
	return out
}
