package server

import (
	"context"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// Join brings an agent to a chat whose contact waits in a queue, and returns the
// participant token with which the agent's client takes part: what has to happen
// when somebody has accepted a contact. The token is good until the chat ends
// or the agent leaves. Asked again for an agent who is on the contact it gives another
// token. A contact that does not wait is a Conflict, one that has ended is Gone.
func (s *Server) Join(ctx context.Context, chat center.ContactID, agent contact.Join) (token string, err error) {
	reply, err := s.engine.Do(ctx, chat, agent)
	if err != nil {
		return "", err
	}
	return s.sealer.Seal(auth.Token{Kind: auth.Participant, Chat: chat, Participant: reply.Participant}), nil
}
