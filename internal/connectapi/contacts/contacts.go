// Package contacts answers the operations on contacts: it starts, stops and
// describes chats, adds and configures their participants, and changes what is
// known of them.
//
// Each method translates a request into a question or command of package
// contact, has the engine carry it out, and translates the result; it returns
// when what it did is durable. Start reading at [Contacts].
package contacts

import (
	"context"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/store"
)

// Contacts answers the operations on contacts. All members are needed.
type Contacts struct {
	Catalog   *catalog.Catalog
	Engine    *engine.Engine
	Store     store.Store
	Sealer    *auth.Sealer // makes the tokens of participants
	Partition center.Partition
	Now       func() time.Time
	// PublicURL returns how clients reach the server, without a slash at the end,
	// for the URLs of sockets (StartChatContact, ConnectionTypes).
	PublicURL func(ctx context.Context) string

	// KnowsStream reports whether messages of a chat can be streamed to an
	// endpoint (StreamingEndpointArn of StartContactStreaming and StartChatContact).
	KnowsStream func(arn string) bool

	// KnowsAIAgent reports whether chats can be started with an AI agent
	// (StartAssistantContact, AiAgentId).
	KnowsAIAgent func(id center.AIAgentID) bool

	// SignIns finds out who signed in (UpdateParticipantAuthentication).
	SignIns SignIns
}
