package record

import (
	"time"
	"unicode/utf8"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
)

// ChatMetrics sums up the items of one contact (ChatMetrics of DescribeContact).
//
// A message is a message or an attachment. A response is a message of one side
// behind one or more of the other; its time counts from the first of those,
// which is how long somebody waited. Whispers do not count. The sides are the customer and everybody
// else; a turn is a change between them. Flows and custom participants count
// as bots.
func ChatMetrics(c *center.Contact, items []center.Item) *connect.ChatMetrics {
	var customer, agent speaker
	var joined, firstAgent time.Time // of an agent
	var total, bots, botChars, turns int32
	agents := map[center.ParticipantID]bool{}
	var waiting time.Time // since when the current side waits for an answer
	var side center.Role
	for i := range items {
		it := &items[i]
		if it.ContentType == center.EventJoined && it.Role == center.RoleAgent {
			agents[it.Participant] = true
			if joined.IsZero() {
				joined = it.Time
			}
		}
		if it.Type != center.TypeMessage && it.Type != center.TypeAttachment || it.Whispered() {
			continue
		}
		total++
		chars := int32(utf8.RuneCountInString(it.Content))
		now := center.RoleAgent // everybody but the customer
		if it.Role == center.RoleCustomer {
			now = center.RoleCustomer
		}
		var answered time.Duration
		response := side != "" && side != now
		if response {
			turns++
			answered = it.Time.Sub(waiting)
		}
		if side != now {
			waiting, side = it.Time, now
		}
		switch it.Role {
		case center.RoleCustomer:
			customer.said(it, chars, response, answered)
		case center.RoleAgent, center.RoleSupervisor:
			if firstAgent.IsZero() {
				firstAgent = it.Time
			}
			agent.said(it, chars, response, answered)
		default:
			bots++
			botChars += chars
		}
	}
	m := &connect.ChatMetrics{
		ChatContactMetrics: &connect.ChatContactMetrics{
			MultiParty: new(len(agents) > 1), TotalMessages: &total, TotalBotMessages: &bots,
			TotalBotMessageLengthInChars: &botChars, ConversationTurnCount: &turns,
		},
		CustomerMetrics: customer.metrics(connect.ParticipantTypeCUSTOMER),
		AgentMetrics:    agent.metrics(connect.ParticipantTypeAGENT),
	}
	whole := m.ChatContactMetrics
	if c.Ended() && !customer.last.IsZero() {
		whole.ConversationCloseTimeInMillis = millis(c.Disconnected.Sub(customer.last))
	}
	if !firstAgent.IsZero() {
		whole.AgentFirstResponseTimestamp = &firstAgent
		if !joined.IsZero() {
			whole.AgentFirstResponseTimeInMillis = millis(firstAgent.Sub(joined))
		}
	}
	return m
}

// speaker is what one side, or one kind of it, said.
type speaker struct {
	id                         center.ParticipantID
	messages, responses, chars int32
	total, longest             time.Duration
	last                       time.Time
}

func (s *speaker) said(it *center.Item, chars int32, response bool, after time.Duration) {
	s.id, s.last = it.Participant, it.Time
	s.messages++
	s.chars += chars
	if response {
		s.responses++
		s.total += after
		s.longest = max(s.longest, after)
	}
}

// metrics is nil for a side that said nothing.
func (s *speaker) metrics(kind connect.ParticipantType) *connect.ParticipantMetrics {
	if s.messages == 0 {
		return nil
	}
	return &connect.ParticipantMetrics{
		ParticipantId: new(string(s.id)), ParticipantType: kind,
		MessagesSent: &s.messages, NumResponses: &s.responses, MessageLengthInChars: &s.chars,
		TotalResponseTimeInMillis: millis(s.total), MaxResponseTimeInMillis: millis(s.longest), LastMessageTimestamp: &s.last,
	}
}

func millis(d time.Duration) *int64 { return new(max(d, 0).Milliseconds()) }
