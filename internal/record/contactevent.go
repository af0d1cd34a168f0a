package record

import (
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
	"strings"
)

// contactEvent is a contact event, as EventBridge hands it on.
func contactEvent(f *Fact, s *Setting) object {
	c := f.Contact
	return object{
		"version": "0", "id": f.ID, "detail-type": "Amazon Connect Contact Event", "source": "aws.connect",
		"account": s.Partition.Account, "time": second(f.At), "region": s.Partition.Region,
		"resources": []string{s.Partition.ContactARN(c.Instance, c.ID), s.Partition.InstanceARN(c.Instance)},
		"detail":    contactDetail(f, s),
	}
}

func contactDetail(f *Fact, s *Setting) object {
	c := f.Contact
	d := object{
		"eventType": f.Type, "contactId": c.ID, "previousContactId": orNull(c.Previous), "relatedContactId": orNull(c.Related),
		"channel": "CHAT", "instanceArn": s.Partition.InstanceARN(c.Instance), "initiationMethod": c.InitiationMethod,
		"initiationTimestamp": milli(c.Initiated), "connectedToSystemTimestamp": milli(c.ConnectedSystem),
		"customerId": orNull(c.CustomerID),
	}
	if c.Chat != c.ID {
		d["initialContactId"] = c.Chat
	}
	if len(c.Tags) > 0 {
		d["tags"] = c.Tags
	}
	if len(c.SegmentAttrs) > 0 {
		d["segmentAttributes"] = segmentAttributes(c.SegmentAttrs, camel)
	}
	if len(f.Updated) > 0 {
		d["updatedProperties"] = f.Updated
	}
	if f.Criteria != nil {
		d["routingCriteria"] = camel(map[string]any(criteria(f.Criteria, milli)))
	}
	if !c.Enqueued.IsZero() {
		typ := "STANDARD"
		if strings.HasPrefix(string(c.Queue), machine.AgentQueue) {
			typ = "AGENT"
		}
		d["queueInfo"] = object{"queueArn": s.queueARN(c.Instance, c.Queue), "queueType": typ, "enqueueTimestamp": milli(c.Enqueued)}
	}
	ended := f.Type == Disconnected || f.Type == Completed
	if !c.AgentConnected.IsZero() {
		d["agentInfo"] = bare(agentInfo(f, s))
	}
	if ended {
		d["disconnectTimestamp"], d["disconnectReason"] = milli(c.Disconnected), orNull(c.DisconnectReason)
	}
	if f.Type == Completed {
		d["chatMetrics"] = camel(metrics(c, s.Items, "ChatContactMetrics"))
	}
	return bare(d)
}

func agentInfo(f *Fact, s *Setting) object {
	c := f.Contact
	info := object{"agentArn": s.Partition.ARN(c.Instance, center.KindUser, string(c.Agent)), "connectedToAgentTimestamp": milli(c.AgentConnected)}
	if groups := s.Agents[c.Agent].Groups; len(groups) > 0 {
		levels := object{}
		for i, g := range groups {
			levels["level"+string(rune('1'+i))] = object{"arn": g.ARN}
		}
		info["hierarchyGroups"] = levels
	}
	if f.Type == Completed && !c.AfterWork.IsZero() {
		info["afterContactWorkStartTimestamp"], info["afterContactWorkEndTimestamp"] = milli(c.AfterWork), milli(c.AfterWorkEnd)
		info["afterContactWorkDuration"] = between(c.AfterWork, c.AfterWorkEnd)
	}
	return info
}

// queueARN is the ARN of a queue; the id of an agent's own is agent/ID, as in its ARN.
func (s *Setting) queueARN(instance center.InstanceID, id center.QueueID) string {
	return s.Partition.ARN(instance, center.KindQueue, string(id))
}

// metrics are the metrics of a chat, with names as in contact records: whole is the name of those of the contact.
func metrics(c *center.Contact, items []center.Item, whole string) object {
	m := ChatMetrics(c, items)
	w := m.ChatContactMetrics
	of := object{
		"MultiParty": w.MultiParty, "TotalMessages": w.TotalMessages, "TotalBotMessages": w.TotalBotMessages,
		"TotalBotMessageLengthInChars": w.TotalBotMessageLengthInChars, "ConversationTurnCount": w.ConversationTurnCount,
	}
	if w.ConversationCloseTimeInMillis != nil {
		of["ConversationCloseTimeInMillis"] = *w.ConversationCloseTimeInMillis
	}
	if w.AgentFirstResponseTimeInMillis != nil {
		of["AgentFirstResponseTimeInMillis"] = *w.AgentFirstResponseTimeInMillis
	}
	if w.AgentFirstResponseTimestamp != nil {
		of["AgentFirstResponseTimestamp"] = milli(*w.AgentFirstResponseTimestamp)
	}
	out := object{whole: of, "AgentMetrics": object{}, "CustomerMetrics": object{}}
	if p := m.AgentMetrics; p != nil {
		out["AgentMetrics"] = speakerMetrics(*p.ParticipantId, string(p.ParticipantType), *p.MessagesSent, *p.NumResponses, *p.MessageLengthInChars, *p.TotalResponseTimeInMillis, *p.MaxResponseTimeInMillis, *p.LastMessageTimestamp)
	}
	if p := m.CustomerMetrics; p != nil {
		out["CustomerMetrics"] = speakerMetrics(*p.ParticipantId, string(p.ParticipantType), *p.MessagesSent, *p.NumResponses, *p.MessageLengthInChars, *p.TotalResponseTimeInMillis, *p.MaxResponseTimeInMillis, *p.LastMessageTimestamp)
	}
	return out
}

func speakerMetrics(id, typ string, sent, responses, chars int32, total, longest int64, last time.Time) object {
	return object{
		"ParticipantId": id, "ParticipantType": typ, "MessagesSent": sent, "NumResponses": responses, "MessageLengthInChars": chars,
		"TotalResponseTimeInMillis": total, "MaxResponseTimeInMillis": longest, "LastMessageTimestamp": milli(last), "ConversationAbandon": false,
	}
}
