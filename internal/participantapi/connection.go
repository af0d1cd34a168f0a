package participantapi

import (
	"context"
	"strings"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// SocketPath is where sockets are opened, below PublicURL; the token is the
// query's parameter "token".
const SocketPath = "/ws"

// How long the results of CreateParticipantConnection are valid.
const (
	// dialWindow is how long a socket's URL may be dialled: the documented 100
	// seconds, and some network latency. It may be dialled more than once: clients
	// do so when a first attempt fails.
	dialWindow = 100*time.Second + 5*time.Second
	// socketLife is Websocket.ConnectionExpiry. Clients reconnect with a new
	// connection before it.
	socketLife = 60 * time.Minute
	// connectionLife is ConnectionCredentials.Expiry. ChatJS renews the token a
	// minute before it, so it must be longer than that, and at most the 24 days of
	// a browser timer.
	connectionLife = 24 * time.Hour
)

// CreateParticipantConnection returns what Type lists, and with ConnectParticipant
// marks the participant as connected without a socket: for the customer that
// starts the flow, like the first subscription of a socket.
//
// Each call returns a fresh URL and token; earlier ones stay valid. A custom
// participant has no socket and must request CONNECTION_CREDENTIALS with
// ConnectParticipant. WEBRTC_CONNECTION is refused: there is no voice. An empty
// request is refused too.
func (s *Service) CreateParticipantConnection(ctx context.Context, in *participant.CreateParticipantConnectionRequest) (*participant.CreateParticipantConnectionResponse, error) {
	m, err := s.attend(ctx, auth.Participant, in.ParticipantToken)
	if err != nil {
		return nil, err
	}
	want, err := wantedConnection(in, m.Role)
	if err != nil {
		return nil, err
	}
	if want.connect {
		if _, err := s.do(ctx, m.Token, contact.Connect{Participant: m.ID}); err != nil {
			return nil, err
		}
	}
	now := s.Now()
	out := &participant.CreateParticipantConnectionResponse{}
	if want.socket {
		out.Websocket = &participant.Websocket{
			Url: new(s.socketURL(ctx, auth.Token{
				Kind: auth.Socket, Chat: m.Chat, Participant: m.ID, Expires: now.Add(dialWindow),
			})),
			ConnectionExpiry: stamp(now.Add(socketLife)),
		}
	}
	if want.credentials {
		expires := now.Add(connectionLife)
		out.ConnectionCredentials = &participant.ConnectionCredentials{
			ConnectionToken: new(s.Sealer.Seal(auth.Token{
				Kind: auth.Connection, Chat: m.Chat, Participant: m.ID, Expires: expires,
			})),
			Expiry: stamp(expires),
		}
	}
	return out, nil
}

// wanted is what a CreateParticipantConnection requests.
type wanted struct{ socket, credentials, connect bool }

func wantedConnection(in *participant.CreateParticipantConnectionRequest, role center.Role) (w wanted, err error) {
	w.connect = in.ConnectParticipant != nil && *in.ConnectParticipant
	for _, t := range in.Type {
		switch t {
		case participant.ConnectionTypeWEBSOCKET:
			w.socket = true
		case participant.ConnectionTypeCONNECTION_CREDENTIALS:
			w.credentials = true
		default:
			return w, center.Errorf(center.Invalid, "Type: %s is not supported; this server has chats, not calls", t)
		}
	}
	switch {
	case role == center.RoleCustomBot && (w.socket || !w.credentials || !w.connect):
		return w, center.Errorf(center.BadRequest, "a custom participant must connect with Type CONNECTION_CREDENTIALS alone and ConnectParticipant true")
	case w == wanted{}:
		return w, center.Errorf(center.BadRequest, "give Type (WEBSOCKET, CONNECTION_CREDENTIALS or both) or ConnectParticipant true")
	}
	return w, nil
}

func (s *Service) socketURL(ctx context.Context, t auth.Token) string {
	base := s.PublicURL(ctx)
	if rest, ok := strings.CutPrefix(base, "http"); ok { // and https
		base = "ws" + rest
	}
	return base + SocketPath + "?token=" + s.Sealer.Seal(t)
}

// DisconnectParticipant removes the caller from the chat. When the customer
// leaves the chat ends; see [contact.Disconnect]. While the chat goes on, a retry
// with the same ClientToken is answered like the first request.
func (s *Service) DisconnectParticipant(ctx context.Context, in *participant.DisconnectParticipantRequest) (*participant.DisconnectParticipantResponse, error) {
	t, err := s.open(ctx, auth.Connection, in.ConnectionToken)
	if err != nil {
		return nil, err
	}
	if _, err := s.do(ctx, t, contact.Disconnect{Participant: t.Participant, ClientToken: deref(in.ClientToken)}); err != nil {
		return nil, err
	}
	return &participant.DisconnectParticipantResponse{}, nil
}
