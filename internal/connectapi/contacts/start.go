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
)

// StartChatContact begins a chat and returns its customer's token. The flow
// waits until the customer connects, five minutes at most.
//
// A ClientToken that was used in the instance within seven days gives the
// first answer again, whatever else the request says; the token in it is
// sealed anew and is as good. What a member may be is the rule of
// [contact.Start]; a flow that does not exist, was never published, is archived
// or is not of the type CONTACT_FLOW is a ResourceNotFoundException, as in the
// cloud. Over the instance's quota of concurrent active chats it is a
// LimitExceededException, status 429.
func (s *Contacts) StartChatContact(ctx context.Context, in *connect.StartChatContactRequest) (*connect.StartChatContactResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	if err := snap.CanStart(in.ContactFlowId); err != nil {
		return nil, &center.Error{Reason: center.NotFound, Kind: center.KindFlow, ID: in.ContactFlowId, Err: err,
			Message: "ContactFlowId: " + err.Error()}
	}
	if in.PersistentChat != nil && in.RelatedContactId != nil {
		return nil, center.Errorf(center.BadRequest, "PersistentChat and RelatedContactId cannot be given together")
	}
	cmd, err := startOf(snap.ID(), in)
	if err != nil {
		return nil, err
	}
	cmd.Contact = center.NewContactID(s.Now())
	switch {
	case in.PersistentChat != nil:
		err = s.continuePast(ctx, snap, &cmd, in.PersistentChat)
	case in.RelatedContactId != nil:
		err = s.inherit(ctx, snap, &cmd, *in.RelatedContactId)
	}
	if err != nil {
		return nil, err
	}
	r, err := s.Engine.Start(ctx, cmd, wire.Text(in.ClientToken))
	if err != nil {
		return nil, err
	}
	out := &connect.StartChatContactResponse{
		ContactId: new(string(r.Contact)), ParticipantId: new(string(r.Participant)),
		ParticipantToken: new(s.Sealer.Seal(auth.Token{Kind: auth.Participant, Chat: r.Contact, Participant: r.Participant})),
	}
	if r.Contact != cmd.Contact { // the answer of an earlier request with this ClientToken
		chat, err := s.Engine.State(ctx, r.Contact)
		if err != nil {
			return nil, err
		}
		cmd.Past, cmd.Related = chat.Past, chat.Related()
	}
	if len(cmd.Past) > 0 {
		out.ContinuedFromContactId = new(string(cmd.Related))
	}
	return out, nil
}

// startOf translates what needs nothing else to be known.
func startOf(instance center.InstanceID, in *connect.StartChatContactRequest) (contact.Start, error) {
	cmd := contact.Start{
		Instance: instance, Flow: in.ContactFlowId, DisplayName: in.ParticipantDetails.DisplayName,
		Attributes: in.Attributes, ContentTypes: in.SupportedMessagingContentTypes,
		CustomerID: wire.Text(in.CustomerId), ExitAgent: len(in.DisconnectOnCustomerExit) > 0,
	}
	if in.ChatDurationInMinutes != nil {
		cmd.Minutes = int(*in.ChatDurationInMinutes)
	}
	if m := in.InitialMessage; m != nil {
		cmd.Initial = &contact.Message{ContentType: m.ContentType, Content: m.Content}
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
