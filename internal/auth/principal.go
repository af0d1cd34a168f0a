package auth

import (
	"log/slog"

	"parley.example/parley/internal/center"
)

// Principal is who makes a request: the owner of an access key ([Identity]), a
// participant of a chat ([ChatParticipant]) or a user who is signed in ([SignedIn]).
type Principal interface {
	// String is how error messages name the principal.
	String() string
	// LogAttrs is what the access log says of it. It holds no secret.
	LogAttrs() []slog.Attr
}

var _, _, _ Principal = Identity{}, ChatParticipant{}, SignedIn{}

// String returns the ARN, as IAM's messages do.
func (id Identity) String() string { return id.ARN }

// LogAttrs returns the access key id that was presented, whether or not it was accepted.
func (id Identity) LogAttrs() []slog.Attr {
	if id.AccessKey == "" {
		return nil
	}
	return []slog.Attr{slog.String("key", id.AccessKey)}
}

// ChatParticipant is a participant of a chat, as a token names it.
type ChatParticipant struct {
	Chat center.ContactID
	ID   center.ParticipantID
}

// String names the participant and the chat.
func (p ChatParticipant) String() string {
	return "participant " + string(p.ID) + " of contact " + string(p.Chat)
}

// LogAttrs returns both ids.
func (p ChatParticipant) LogAttrs() []slog.Attr {
	return []slog.Attr{slog.String("contact", string(p.Chat)), slog.String("participant", string(p.ID))}
}

// Principal returns the participant that the token names.
func (t Token) Principal() ChatParticipant { return ChatParticipant{t.Chat, t.Participant} }
