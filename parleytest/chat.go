package parleytest

import (
	"context"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/client/connectcall"
)

// patience is how long a chat waits for what it expects, in real time. It is long, for a test that is right
// never waits for it, and machines that run tests are busy.
const patience = 30 * time.Second

// Chat is a customer in a chat. The session is the customer's: it receives, sends and answers; its Items
// has nothing, for the chat reads them.
type Chat struct {
	*client.Session
	ContactID     string
	ParticipantID string // the customer's

	inbox
}

// Chat starts a chat for the customer Ana with a flow and joins it. With changes the request is another:
//
//	s.Chat(flow, func(r connectcall.StartChatContact) connectcall.StartChatContact {
//		return r.Attribute("tier", "gold")
//	})
func (s *Server) Chat(flow string, change ...func(connectcall.StartChatContact) connectcall.StartChatContact) *Chat {
	s.t.Helper()
	request := s.Client.StartChatContact().InstanceID(s.Instance).ContactFlowID(flow).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"})
	for _, f := range change {
		request = f(request)
	}
	c := &Chat{}
	c.inbox.init(s)
	session, out, err := s.Client.Start(s.t.Context(), request, client.SessionConfig{OnItem: c.received})
	if err != nil {
		s.t.Fatalf("parleytest: no chat: %v", err)
	}
	s.t.Cleanup(func() { session.Close() })
	c.Session, c.ContactID, c.ParticipantID = session, *out.ContactId, *out.ParticipantId
	c.inbox.of(*out.ContactId, *out.ParticipantId, session.Done(), session.Err)
	return c
}

// Say sends a text.
func (c *Chat) Say(text string) {
	c.s.t.Helper()
	ctx, cancel := context.WithTimeout(c.s.t.Context(), patience)
	defer cancel()
	if _, err := c.Send(ctx, text); err != nil {
		c.s.t.Fatalf("parleytest: %q is not sent: %v\n%s", text, err, c)
	}
}

// Items returns what the customer has received so far, own messages included.
func (c *Chat) Items() []*client.Item { return c.inbox.Items() }
