package contacts

import (
	"context"
	"maps"
	"strings"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
)

// StartChatContact begins a chat and returns its customer's token. The flow
// waits until the customer connects, five minutes at most.
//
// With ConnectionTypes it also returns, at once, what CreateParticipantConnection
// would: Websocket, ConnectionCredentials or both. That does not connect the
// customer: the flow starts, and the five minutes end, when a socket subscribes, a
// message is sent with the connection token, or CreateParticipantConnection is
// called with ConnectParticipant, as for a chat that was started without. With
// ChatStreamingConfiguration the chat is streamed from its first item on, as by
// StartContactStreaming. What cannot be given fails the call, and no chat begins:
// the other ConnectionTypes of the model, an endpoint that the server does not know.
//
// A ClientToken that was used in the instance within seven days gives the
// first answer again, whatever else the request says, as long as each of its members
// is valid by itself, and also when the flow has been archived since, or something
// else that the request names is gone; the participant token in it is sealed anew
// and is as good. The StreamingId is that of the first answer; a
// request for streaming that finds a chat begun without is an
// InvalidRequestException. The connection is one that this request asks for, and
// fresh, since the first may not have arrived and its URL has to be dialled within
// 100 seconds. Once the chat has ended, or the customer has left it, there is no
// socket to open and Websocket is left out; ConnectionCredentials still read the
// transcript, as far as anything may after the end.
//
// What a member may be is the rule of
// [contact.Start]; a flow that does not exist, was never published, is archived
// or is not of the type CONTACT_FLOW is a ResourceNotFoundException, as in the
// cloud. Over the instance's quota of concurrent active chats it is a
// LimitExceededException, status 429.
func (s *Contacts) StartChatContact(ctx context.Context, in *connect.StartChatContactRequest) (*connect.StartChatContactResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	want, err := wanted(in.ConnectionTypes)
	if err != nil {
		return nil, err
	}
	cmd, err := startOf(snap.ID(), in)
	if err != nil {
		return nil, err
	}
	refused := s.settle(ctx, snap, &cmd, in)
	return s.start(ctx, cmd, want, in.ClientToken, refused)
}

// start begins a chat, or finds the one that an earlier request with the
// ClientToken has begun. refused is why the chat cannot begin, nil if it can: that
// may have changed since the earlier request, whose answer is given all the same.
func (s *Contacts) start(ctx context.Context, cmd contact.Start, want connection, token *string, refused error) (*connect.StartChatContactResponse, error) {
	cmd.Contact = center.NewContactID(s.Now())
	r, err := s.begin(ctx, &cmd, &want, token, refused)
	if err != nil {
		return nil, err
	}
	out := &connect.StartChatContactResponse{
		ContactId: new(string(r.Contact)), ParticipantId: new(string(r.Participant)), StreamingId: wire.Optional(r.ID),
		ParticipantToken: new(s.Sealer.Seal(auth.Token{Kind: auth.Participant, Chat: r.Contact, Participant: r.Participant})),
	}
	if len(cmd.Past) > 0 {
		out.ContinuedFromContactId = new(string(cmd.Related))
	}
	if want.socket {
		out.Websocket = (*connect.Websocket)(s.Sealer.Websocket(s.PublicURL(ctx), r.Contact, r.Participant, s.Now()))
	}
	if want.credentials {
		out.ConnectionCredentials = (*connect.ConnectionCredentials)(s.Sealer.Credentials(r.Contact, r.Participant, s.Now()))
	}
	return out, nil
}

// begin begins the chat, or completes what an earlier request with the ClientToken has begun. That one may be erased while it
// is read: then the token is good for another.
func (s *Contacts) begin(ctx context.Context, cmd *contact.Start, want *connection, token *string, refused error) (r contact.Reply, err error) {
	for range 3 {
		if refused == nil {
			r, err = s.Engine.Start(ctx, *cmd, wire.Text(token))
		} else {
			r, err = s.Engine.Started(ctx, *cmd, wire.Text(token), refused)
		}
		if err != nil || r.Contact == cmd.Contact {
			return r, err
		}
		if err = replay(ctx, s.Engine, cmd, want, r); center.ReasonOf(err) != center.NotFound {
			return r, err
		}
	}
	return r, center.Errorf(center.Unavailable, "chats with the same ClientToken are started and erased all the time; try again")
}

// settle completes a start by what the server and the instance have: the endpoint,
// the flow, the earlier chat. Nothing that a request asks for can be refused after
// the chat has begun.
func (s *Contacts) settle(ctx context.Context, snap *catalog.Snapshot, cmd *contact.Start, in *connect.StartChatContactRequest) (err error) {
	if cmd.Endpoint, err = s.endpoint(in.ChatStreamingConfiguration); err != nil {
		return err
	}
	if err := snap.CanStart(in.ContactFlowId); err != nil {
		return &center.Error{Reason: center.NotFound, Kind: center.KindFlow, ID: in.ContactFlowId, Err: err,
			Message: "ContactFlowId: " + err.Error()}
	}
	return s.relate(ctx, snap, cmd, in.PersistentChat, in.RelatedContactId)
}

// relate makes a start continue an earlier chat, or relates it to another contact.
func (s *Contacts) relate(ctx context.Context, snap *catalog.Snapshot, cmd *contact.Start, past *connect.PersistentChat, related *string) error {
	switch {
	case past != nil && related != nil:
		return center.Errorf(center.BadRequest, "PersistentChat and RelatedContactId cannot be given together")
	case past != nil:
		return s.continuePast(ctx, snap, cmd, past)
	case related != nil:
		return s.inherit(ctx, snap, cmd, *related)
	}
	return nil
}

// connection is what ConnectionTypes asks for.
type connection struct{ socket, credentials bool }

func wanted(types []connect.ConnectionType) (want connection, err error) {
	for _, t := range types {
		var member *bool
		switch t {
		case connect.ConnectionTypeWEBSOCKET:
			member = &want.socket
		case connect.ConnectionTypeCONNECTION_CREDENTIALS:
			member = &want.credentials
		default:
			return want, center.Errorf(center.Invalid, "ConnectionTypes: a chat cannot be started with %s; give WEBSOCKET, CONNECTION_CREDENTIALS or both", t)
		}
		if *member {
			return want, center.Errorf(center.Invalid, "ConnectionTypes lists %s twice", t)
		}
		*member = true
	}
	return want, nil
}

// replay completes the answer to a request whose ClientToken has begun the chat of
// the reply before: what it continues, and what there is left to connect to.
func replay(ctx context.Context, e *engine.Engine, cmd *contact.Start, want *connection, r contact.Reply) error {
	if cmd.Endpoint != "" && r.ID == "" {
		return center.Errorf(center.BadRequest, "ChatStreamingConfiguration: contact %s was started with this ClientToken and is not streamed; use StartContactStreaming, or another ClientToken", r.Contact)
	}
	chat, err := e.State(ctx, r.Contact)
	if err != nil {
		return err
	}
	cmd.Past, cmd.Related = chat.Past, chat.Related()
	if _, gone := chat.Recipient(r.Participant); gone != nil {
		want.socket = false
	}
	return nil
}

// startOf translates what needs nothing else to be known.
func startOf(instance center.InstanceID, in *connect.StartChatContactRequest) (contact.Start, error) {
	cmd := contact.Start{
		Instance: instance, Flow: in.ContactFlowId, DisplayName: in.ParticipantDetails.DisplayName,
		Attributes: in.Attributes, ContentTypes: in.SupportedMessagingContentTypes,
		Initial: initialMessage(in.InitialMessage), CustomerID: wire.Text(in.CustomerId), ExitAgent: len(in.DisconnectOnCustomerExit) > 0,
	}
	if in.ChatDurationInMinutes != nil {
		cmd.Minutes = int(*in.ChatDurationInMinutes)
	}
	if c := in.ParticipantConfiguration; c != nil {
		cmd.ResponseMode = string(c.ResponseMode)
	}
	var err error
	cmd.SegmentAttrs, err = segmentAttributes(in.SegmentAttributes)
	return cmd, err
}

// continuePast makes a persistent chat of a start: what its source was part of
// is shown behind it, newest first. ENTIRE_PAST_SESSION begins at the last
// contact of the source's chain, FROM_SEGMENT at the source itself. Only a
// chat that has ended can be continued.
func (s *Contacts) continuePast(ctx context.Context, snap *catalog.Snapshot, cmd *contact.Start, p *connect.PersistentChat) error {
	switch {
	case p.RehydrationType == "":
		return center.Errorf(center.BadRequest, "PersistentChat: RehydrationType is required")
	case wire.Text(p.SourceContactId) == "":
		return center.Errorf(center.BadRequest, "PersistentChat: SourceContactId is required")
	}
	chat, source, err := s.contactOf(ctx, snap, *p.SourceContactId)
	if err != nil {
		return wire.InMember("PersistentChat.SourceContactId", err)
	}
	past, err := chat.Continue(source.ID, p.RehydrationType != connect.RehydrationTypeFROM_SEGMENT)
	if err != nil {
		return wire.InMember("PersistentChat.SourceContactId", err)
	}
	cmd.Related, cmd.Past = past.Related, past.Past
	return nil
}

// inherit copies what describes a related contact.
func (s *Contacts) inherit(ctx context.Context, snap *catalog.Snapshot, cmd *contact.Start, related string) error {
	chat, c, err := s.contactOf(ctx, snap, related)
	if err != nil {
		return wire.InMember("RelatedContactId", err)
	}
	cmd.Related = c.ID
	cmd.Inherited = contact.Inherited{
		Name: c.Name, Description: c.Description, References: c.References, Attributes: chat.Attributes,
		SegmentAttrs: maps.Clone(c.SegmentAttrs),
	}
	// The service's own attributes are of one contact.
	maps.DeleteFunc(cmd.Inherited.SegmentAttrs, func(k string, _ center.SegmentAttribute) bool { return strings.HasPrefix(k, "connect:") })
	if cmd.CustomerID == "" {
		cmd.CustomerID = c.CustomerID
	}
	return nil
}
