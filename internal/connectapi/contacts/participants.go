package contacts

import (
	"context"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/contact"
)

// CreateParticipant adds a custom participant (CUSTOM_BOT) to a chat, the only
// role that can be added this way. It has to connect within 15 seconds. A
// second one is a ServiceQuotaExceededException, a chat with an agent on it or
// one that has ended a ConflictException. The token lives as long as the chat.
func (s *Contacts) CreateParticipant(ctx context.Context, in *connect.CreateParticipantRequest) (*connect.CreateParticipantResponse, error) {
	chat, _, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	details := in.ParticipantDetails
	if details.ParticipantRole != connect.ParticipantRoleCUSTOM_BOT {
		return nil, center.Errorf(center.BadRequest, "ParticipantDetails: ParticipantRole must be CUSTOM_BOT; agents join by routing, supervisors by MonitorContact")
	}
	if details.ParticipantCapabilities != nil {
		return nil, center.Errorf(center.BadRequest, "ParticipantDetails: ParticipantCapabilities are for calls; a chat has none")
	}
	r, err := s.Engine.Do(ctx, chat.ID, contact.AddParticipant{DisplayName: wire.Text(details.DisplayName), ClientToken: wire.Text(in.ClientToken)})
	if err != nil {
		return nil, err
	}
	return &connect.CreateParticipantResponse{
		ParticipantId: new(string(r.Participant)),
		ParticipantCredentials: &connect.ParticipantTokenCredentials{
			ParticipantToken: new(s.Sealer.Seal(auth.Token{Kind: auth.Participant, Chat: chat.ID, Participant: r.Participant})),
			Expiry:           new(chat.Expires.UTC().Format(center.TimeLayout)),
		},
	}, nil
}

// UpdateParticipantRoleConfig sets or unsets idle timers. They count from the
// next time that an agent or custom participant joins.
func (s *Contacts) UpdateParticipantRoleConfig(ctx context.Context, in *connect.UpdateParticipantRoleConfigRequest) (*connect.UpdateParticipantRoleConfigResponse, error) {
	chat, _, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	if in.ChannelConfiguration.Chat == nil {
		return nil, center.Errorf(center.BadRequest, "ChannelConfiguration: Chat is required")
	}
	var cmd contact.SetTimers
	for _, t := range in.ChannelConfiguration.Chat.ParticipantTimerConfigList {
		timer := contact.RoleTimer{Role: center.Role(t.ParticipantRole), Type: contact.TimerType(t.TimerType)}
		if m := t.TimerValue.ParticipantTimerDurationInMinutes; m != nil {
			timer.Timeout = time.Duration(*m) * time.Minute
		}
		cmd.Timers = append(cmd.Timers, timer)
	}
	if _, err := s.Engine.Do(ctx, chat.ID, cmd); err != nil {
		return nil, err
	}
	return &connect.UpdateParticipantRoleConfigResponse{}, nil
}

// StartContactStreaming sends every item of a chat from now on to an endpoint,
// in order, at least once. A third endpoint is a LimitExceededException. The
// endpoint must be one that the server is configured to reach.
func (s *Contacts) StartContactStreaming(ctx context.Context, in *connect.StartContactStreamingRequest) (*connect.StartContactStreamingResponse, error) {
	chat, _, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	endpoint, err := s.endpoint(in.ChatStreamingConfiguration)
	if err != nil {
		return nil, err
	}
	token := in.ClientToken
	if token == "" {
		token = center.NewUUID()
	}
	r, err := s.Engine.Do(ctx, chat.ID, contact.StartStreaming{Endpoint: endpoint, ClientToken: token})
	if err != nil {
		return nil, err
	}
	return &connect.StartContactStreamingResponse{StreamingId: r.ID}, nil
}

// endpoint returns what a chat is to be streamed to, also if that is unknown to the
// server, which is an error; "" for a configuration that is not given.
func (s *Contacts) endpoint(c *connect.ChatStreamingConfiguration) (string, error) {
	switch {
	case c == nil:
		return "", nil
	case s.KnowsStream == nil || !s.KnowsStream(c.StreamingEndpointArn):
		return c.StreamingEndpointArn, center.Errorf(center.Invalid, "ChatStreamingConfiguration: StreamingEndpointArn %s is not an endpoint that this server delivers to; the settings --stream and --sns-endpoint of parley serve say which are", c.StreamingEndpointArn)
	}
	return c.StreamingEndpointArn, nil
}

// StopContactStreaming ends such a stream. What waits for it is still delivered.
func (s *Contacts) StopContactStreaming(ctx context.Context, in *connect.StopContactStreamingRequest) (*connect.StopContactStreamingResponse, error) {
	chat, _, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	if _, err := s.Engine.Do(ctx, chat.ID, contact.StopStreaming{ID: in.StreamingId}); err != nil {
		return nil, err
	}
	return &connect.StopContactStreamingResponse{}, nil
}

// StopContact ends a chat whatever its state, with the reason API. One that
// has ended, or that does not exist, is a ContactNotFoundException, status
// 410. DisconnectReason.Code is for outbound campaigns and is not kept.
func (s *Contacts) StopContact(ctx context.Context, in *connect.StopContactRequest) (*connect.StopContactResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	chat, c, err := s.contactOf(ctx, snap, in.ContactId)
	if err != nil {
		if center.ReasonOf(err) == center.NotFound {
			return nil, center.Errorf(center.Gone, "ContactId: %w", err)
		}
		return nil, err
	}
	if c.Ended() {
		return nil, center.Errorf(center.Gone, "ContactId: contact %s has ended", c.ID)
	}
	if _, err := s.Engine.Do(ctx, chat.ID, contact.Stop{}); err != nil {
		return nil, err
	}
	return &connect.StopContactResponse{}, nil
}
