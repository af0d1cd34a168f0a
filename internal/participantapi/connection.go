package participantapi

import (
	"context"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// CreateParticipantConnection returns what Type lists, and with ConnectParticipant
// marks the participant as connected without a socket: for the customer that
// starts the flow, like the first subscription of a socket.
//
// Each call returns a fresh URL and token; earlier ones stay valid. A custom
// participant has no socket and must request CONNECTION_CREDENTIALS with
// ConnectParticipant. WEBRTC_CONNECTION is refused: there is no voice. An empty
// request is refused too.
//
// An agent in after-contact work is given credentials with which he may read the
// transcript, and do nothing else: ConnectParticipant connects nobody, and there is no socket.
func (s *Service) CreateParticipantConnection(ctx context.Context, in *participant.CreateParticipantConnectionRequest) (*participant.CreateParticipantConnectionResponse, error) {
	t, err := s.open(ctx, auth.Participant, in.ParticipantToken)
	if err != nil {
		return nil, err
	}
	chat, err := s.chat(ctx, t)
	if err != nil {
		return nil, err
	}
	p, gone := chat.Recipient(t.Participant)
	if gone != nil && chat.InAfterWork(t.Participant) {
		p = chat.Participant(t.Participant)
	}
	if p == nil {
		return nil, gone
	}
	want, err := wantedConnection(in, p.Role)
	if err != nil {
		return nil, err
	}
	if gone != nil && want.socket {
		return nil, gone
	}
	now := s.Now() // before the flow speaks: its socket is owed what is said from here on
	if want.connect && gone == nil {
		if _, err := s.do(ctx, t, contact.Connect{Participant: p.ID}); err != nil {
			return nil, err
		}
	}
	out := &participant.CreateParticipantConnectionResponse{}
	if want.socket {
		out.Websocket = (*participant.Websocket)(s.Sealer.Websocket(s.PublicURL(ctx), t.Chat, p.ID, now))
	}
	if want.credentials {
		out.ConnectionCredentials = (*participant.ConnectionCredentials)(s.Sealer.Credentials(t.Chat, p.ID, now))
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
