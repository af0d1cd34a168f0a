package client

import (
	"context"
	"iter"

	"parley.example/parley/api/agent"
	"parley.example/parley/client/agentcall"
)

// Colleagues is what an [Agent] does with others: handing chats over, inviting to them, and, for supervisors, watching them. Its
// methods are the agent's.
type Colleagues struct {
	calls agentcall.Calls
	token string
}

// QuickConnects yields where a contact in hand can be transferred to, and whom one can invite to it, by name, with who is there at
// the moment: what the queue that it came from offers. With "" it is what all queues of the routing profile offer.
func (c *Colleagues) QuickConnects(ctx context.Context, contact string) iter.Seq2[agent.QuickConnectSummary, error] {
	call := c.calls.ListQuickConnects().SessionToken(c.token)
	if contact != "" {
		call = call.ContactID(contact)
	}
	return call.Items(ctx)
}

// Transfer transfers a chat to where a quick connect leads, by its id or ARN, and returns the new contact's id. It returns when the transfer
// has begun, once, however often the call is sent; what becomes of it is told by an item: [EventTransferSucceeded] when the agent has left, or
// [EventTransferFailed] when the chat stays. Until then Remove with the new contact's id cancels it.
func (c *Colleagues) Transfer(ctx context.Context, contact, quickConnect string) (string, error) {
	out, err := c.calls.TransferContact().SessionToken(c.token).ContactID(contact).QuickConnectID(quickConnect).Send(ctx)
	if err != nil {
		return "", err
	}
	return out.ContactId, nil
}

// Invite has a chat ring at another agent, to whom a quick connect leads, and returns the id of the participant to be. To hand the chat over, leave
// it once the other has accepted. Who was invited already has the same id.
func (c *Colleagues) Invite(ctx context.Context, contact, quickConnect string) (string, error) {
	out, err := c.calls.InviteParticipant().SessionToken(c.token).ContactID(contact).QuickConnectID(quickConnect).Send(ctx)
	if err != nil {
		return "", err
	}
	return out.ParticipantId, nil
}

// Remove removes a connection of a contact: another agent, an invitation that rings, a transfer under way, or the customer, which ends the
// chat and needs the permission StopContact.Enabled. What is not there any more is removed already.
func (c *Colleagues) Remove(ctx context.Context, contact, connection string) error {
	_, err := c.calls.RemoveParticipant().SessionToken(c.token).ContactID(contact).ParticipantID(connection).Send(ctx)
	return err
}

// Active yields the contacts that a supervisor may watch, the one that has been connected to an agent longest first. It needs the
// permission ManagerListenIn, as Monitor does.
func (c *Colleagues) Active(ctx context.Context) iter.Seq2[agent.ActiveContact, error] {
	return c.calls.ListActiveContacts().SessionToken(c.token).Items(ctx)
}

// Monitor has a supervisor read along in a chat that is connected to an agent, seen by nobody, and returns his own contact's id. It begins
// with the event [ContactMonitored], and ends with Leave, or with the contact that is watched.
func (c *Colleagues) Monitor(ctx context.Context, contact string) (string, error) {
	out, err := c.calls.MonitorContact().SessionToken(c.token).ContactID(contact).Send(ctx)
	if err != nil {
		return "", err
	}
	return out.ContactId, nil
}

// Barge has a supervisor take part in the chat that he watches, which needs the permission ManagerBargeIn. Silence has him watch again, if two
// others are there.
func (c *Colleagues) Barge(ctx context.Context, contact string) error {
	return c.mode(ctx, contact, agent.MonitorCapabilityBARGE)
}

// Silence has a supervisor who has barged in watch again: see Barge.
func (c *Colleagues) Silence(ctx context.Context, contact string) error {
	return c.mode(ctx, contact, agent.MonitorCapabilitySILENT_MONITOR)
}

// QuickResponses yields what agents often say, filled in for a contact in hand, of which the shortcut, name, description or content has the
// words, of which the last may be a beginning; those first that match best. Without words it is all of them, without a contact nothing of one is filled in.
func (c *Colleagues) QuickResponses(ctx context.Context, contact, words string) iter.Seq2[agent.QuickResponseResult, error] {
	call := c.calls.SearchQuickResponses().SessionToken(c.token)
	if contact != "" {
		call = call.ContactID(contact)
	}
	for i, field := range agent.QuickResponseField("").Values() {
		if words != "" { // CONTENT, NAME, DESCRIPTION, SHORTCUT_KEY
			call = call.Query(agent.QuickResponseQuery{Name: field, Values: []string{words}, Operator: agent.QuickResponseOperatorCONTAINS_AND_PREFIX,
				Priority: []agent.QuickResponsePriority{"LOW", "MEDIUM", "LOW", "HIGH"}[i]})
		}
	}
	return call.Items(ctx)
}

func (c *Colleagues) mode(ctx context.Context, contact string, mode agent.MonitorCapability) error {
	_, err := c.calls.UpdateMonitorParticipantState().SessionToken(c.token).ContactID(contact).TargetMonitorMode(mode).Send(ctx)
	return err
}
