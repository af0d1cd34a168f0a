// Package agentapi is how agents take part in chats: whoever distributes
// contacts calls [Service.Join] once an agent has accepted one. A call returns when
// what it changes is durable.
package agentapi

import (
	"context"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
)

// Service acts for agents. Its members are set once, before the first call.
type Service struct {
	Engine *engine.Engine
	Sealer *auth.Sealer
}

// Join brings an agent to a chat whose contact waits in a queue, and returns the
// participant token with which the agent's client takes part. The token is good
// until the chat ends or the agent leaves. Called again for an agent who is on the
// contact it returns another token. A contact that does not wait is a Conflict,
// one that has ended is Gone.
func (s *Service) Join(ctx context.Context, chat center.ContactID, agent contact.Join) (token string, err error) {
	reply, err := s.Engine.Do(ctx, chat, agent)
	if err != nil {
		return "", err
	}
	return s.Sealer.Seal(auth.Token{Kind: auth.Participant, Chat: chat, Participant: reply.Participant}), nil
}
