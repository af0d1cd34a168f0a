package contacts

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/contact"
)

// StartAssistantContact begins a chat with an AI agent in place of a flow and
// returns its customer's token. Members that it shares with StartChatContact, the
// ClientToken, the five minutes to connect and the quota are the same there; a
// ClientToken of one operation means nothing to the other.
//
// AiAgentId is the UUID of an AI agent or its ARN, with a qualifier or without, and
// means a bot that the server is configured with under that id (--bot UUID=URL); one
// that it is not is a ResourceNotFoundException. From the InitialMessage on, each
// message of the customer is asked of the bot in turn, with the contact as session and
// the contact's attributes as session attributes of the first, and its answers are
// messages of the chat. The customer's client is taken to show all content types,
// interactive messages included, as no member says which.
//
// The API reference leaves open how such a chat ends. Here it ends when the bot closes
// the dialogue or fulfils an intent (CONTACT_FLOW_DISCONNECT); when the bot cannot be
// asked, does not answer within 30 seconds or says that it has failed (SYSTEM_ERROR,
// with the reason in the server's log); when the customer leaves, by StopContact, and
// after 25 hours (EXPIRED). There is no flow that could take over: a bot that closes
// with the session attribute Tool set to Escalate, as Amazon's agents do when they
// want a human, ends the chat too, and DescribeContact shows AiAgentEscalated.
func (s *Contacts) StartAssistantContact(ctx context.Context, in *connect.StartAssistantContactRequest) (*connect.StartAssistantContactResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	agent, ok := center.ParseAIAgentID(in.AiAgent.AiAgentId)
	if !ok {
		return nil, missingAgent(in.AiAgent.AiAgentId)
	}
	cmd := contact.Start{
		Instance: snap.ID(), AIAgent: agent, DisplayName: in.ParticipantDetails.DisplayName, Attributes: in.Attributes,
		Initial:      initialMessage(in.InitialMessage),
		ContentTypes: []string{center.PlainText, center.Markdown, center.JSON, center.Interactive, center.InteractiveResponse},
	}
	refused := missingAgent(in.AiAgent.AiAgentId)
	if s.KnowsAIAgent(agent) {
		refused = s.relate(ctx, snap, &cmd, in.PersistentChat, in.RelatedContactId)
	}
	out, err := s.start(ctx, cmd, connection{}, in.ClientToken, refused)
	if err != nil {
		return nil, err
	}
	return &connect.StartAssistantContactResponse{
		ContactId: out.ContactId, ParticipantId: out.ParticipantId, ParticipantToken: out.ParticipantToken,
		ContinuedFromContactId: out.ContinuedFromContactId,
	}, nil
}

func missingAgent(ref string) error {
	return &center.Error{Reason: center.NotFound, Kind: "ai-agent", ID: ref,
		Message: "AiAgentId: there is no AI agent " + ref + "; start the server with the HTTP bot that is to be asked for it, as in --bot " + agentExample}
}

// agentExample is how an AI agent is configured.
const agentExample = "11111111-2222-4333-8444-555555555555=http://127.0.0.1:8791"

// initialMessage translates InitialMessage, which may be missing.
func initialMessage(m *connect.ChatMessage) *contact.Message {
	if m == nil {
		return nil
	}
	return &contact.Message{ContentType: m.ContentType, Content: m.Content}
}
