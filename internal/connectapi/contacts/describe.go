package contacts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/store"
)

// metricItems is how many items of a contact its metrics are taken from: its first ones.
const metricItems = 1000

// DescribeContact returns what is known of a contact, live or ended. Members
// that say nothing of a chat, or that nobody has set, are absent;
// InitialContactId is absent on the first contact of a chain. ChatMetrics are
// counted from the transcript, of a very long one from its first 1,000 items.
// WisdomInfo names the AI agent of a chat that was started with one, as
// UUID:QUALIFIER or UUID, whichever it was started with.
func (s *Contacts) DescribeContact(ctx context.Context, in *connect.DescribeContactRequest) (*connect.DescribeContactResponse, error) {
	chat, c, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	root, err := s.root(ctx, chat)
	if err != nil {
		return nil, err
	}
	w := s.wireContact(chat, c)
	w.ContactAssociationId = new(string(root))
	if !c.ConnectedSystem.IsZero() {
		items, err := s.Store.Items(ctx, store.ItemQuery{Chat: chat.ID, Contact: c.ID, Limit: metricItems})
		if err != nil {
			return nil, err
		}
		w.ChatMetrics = record.ChatMetrics(c, items)
	}
	return &connect.DescribeContactResponse{Contact: w}, nil
}

func (s *Contacts) wireContact(chat *contact.Chat, c *center.Contact) *connect.Contact {
	w := &connect.Contact{
		Arn: new(s.Partition.ContactARN(c.Instance, c.ID)), Id: new(string(c.ID)),
		InitialContactId: initial(c), PreviousContactId: wire.Optional(string(c.Previous)), RelatedContactId: wire.Optional(string(c.Related)),
		InitiationMethod: connect.ContactInitiationMethod(c.InitiationMethod), Channel: connect.ChannelCHAT,
		Name: wire.Optional(c.Name), Description: wire.Optional(c.Description), CustomerId: wire.Optional(c.CustomerID),
		InitiationTimestamp: wire.Moment(c.Initiated), ConnectedToSystemTimestamp: wire.Moment(c.ConnectedSystem),
		DisconnectTimestamp: wire.Moment(c.Disconnected), LastUpdateTimestamp: wire.Moment(c.Updated),
		DisconnectReason: wire.Optional(c.DisconnectReason), Tags: wire.Tags(c.Tags), Attributes: wire.Map(chat.Attributes),
		SegmentAttributes: wireSegmentAttributes(c.SegmentAttrs),
		TotalPauseCount:   new(int32(0)), TotalPauseDurationInSeconds: new(int32(0)), // a chat cannot be paused: records of chats have 0 too
	}
	if c.Queue != "" {
		w.QueueInfo = &connect.QueueInfo{Id: new(string(c.Queue)), EnqueueTimestamp: wire.Moment(c.Enqueued)}
	}
	if c.Agent != "" {
		w.AgentInfo = &connect.AgentInfo{Id: new(string(c.Agent)), ConnectedToAgentTimestamp: wire.Moment(c.AgentConnected), AgentPauseDurationInSeconds: new(int32(0))}
	}
	for _, t := range record.Transitions(c) {
		w.AgentInfo.StateTransitions = append(w.AgentInfo.StateTransitions, connect.StateTransition{
			State: connect.ParticipantState(t.State), StateStartTimestamp: wire.Moment(t.Start), StateEndTimestamp: wire.Moment(t.End),
		})
	}
	if c.AIAgent != "" {
		w.WisdomInfo = &connect.WisdomInfo{AiAgents: []connect.AiAgentInfo{{
			AiUseCase: connect.AiUseCaseSELF_SERVICE, AiAgentVersionId: new(string(c.AIAgent)), AiAgentEscalated: &c.Escalated,
		}}}
	}
	if c.QueuePriority != 0 {
		w.QueuePriority = new(c.QueuePriority)
	}
	if c.QueueTimeAdjust != 0 {
		w.QueueTimeAdjustmentSeconds = new(int32(c.QueueTimeAdjust))
	}
	if c.ID == chat.Current().ID && chat.Queue != nil {
		w.RoutingCriteria = wireCriteria(chat.Queue)
	}
	return w
}

// initial is InitialContactId, which the first contact of a chain does not have.
func initial(c *center.Contact) *string {
	if c.Chat == c.ID {
		return nil
	}
	return new(string(c.Chat))
}

// maxTree bounds how many chats of a contact tree are looked at.
const maxTree = 500

// root returns the contact at which a chat's tree begins: the first contact of
// the chain, or of the chain that it is related to, and so on.
func (s *Contacts) root(ctx context.Context, chat *contact.Chat) (center.ContactID, error) {
	for range maxTree {
		related := chat.Related()
		if related == "" {
			break
		}
		id, err := s.Store.ChatOf(ctx, related)
		if err != nil {
			return "", err
		}
		if chat, err = s.Engine.State(ctx, id); err != nil {
			return "", err
		}
	}
	return chat.ID, nil
}

// ListAssociatedContacts returns the contact tree that a contact belongs to,
// oldest first: its chain, the chain that this one is related to, and so on
// to the root, and every chain that is related to one of these.
func (s *Contacts) ListAssociatedContacts(ctx context.Context, in *connect.ListAssociatedContactsRequest) (*connect.ListAssociatedContactsResponse, error) {
	chat, _, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	root, err := s.root(ctx, chat)
	if err != nil {
		return nil, err
	}
	tree, err := s.tree(ctx, root)
	if err != nil {
		return nil, err
	}
	list, next, err := query.Within(query.Page{List: "ListAssociatedContacts", Token: in.NextToken, Max: in.MaxResults}, string(chat.ID), tree, treePosition,
		func(c center.Contact) connect.AssociatedContactSummary {
			return connect.AssociatedContactSummary{
				ContactId: new(string(c.ID)), ContactArn: new(s.Partition.ContactARN(c.Instance, c.ID)),
				InitiationTimestamp: wire.Moment(c.Initiated), DisconnectTimestamp: wire.Moment(c.Disconnected),
				InitialContactId: initial(&c), PreviousContactId: wire.Optional(string(c.Previous)), RelatedContactId: wire.Optional(string(c.Related)),
				InitiationMethod: connect.ContactInitiationMethod(c.InitiationMethod), Channel: connect.ChannelCHAT,
			}
		})
	return &connect.ListAssociatedContactsResponse{ContactSummaryList: list, NextToken: next}, err
}

// tree collects the contacts of a tree from its root, at most maxTree chains of it.
func (s *Contacts) tree(ctx context.Context, root center.ContactID) ([]center.Contact, error) {
	chains := []center.ContactID{root}
	seen := map[center.ContactID]bool{root: true}
	var all []center.Contact
	for i := 0; i < len(chains); i++ {
		first := len(all)
		for c, err := range s.Store.Contacts(ctx, store.ContactQuery{Chat: chains[i]}) {
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
		for _, c := range all[first:] {
			for related, err := range s.Store.Contacts(ctx, store.ContactQuery{Related: c.ID, Limit: maxTree}) {
				if err != nil {
					return nil, err
				}
				if !seen[related.Chat] && len(chains) < maxTree {
					seen[related.Chat] = true
					chains = append(chains, related.Chat)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b center.Contact) int { return strings.Compare(treePosition(&a), treePosition(&b)) })
	return all, nil
}

// treePosition orders contacts by their beginning.
func treePosition(c *center.Contact) string {
	return fmt.Sprintf("%015d %s", c.Initiated.UnixMilli(), c.ID)
}

// ListContactReferences returns the references of a contact that are of one of
// the types asked for, by name, all on one page.
func (s *Contacts) ListContactReferences(ctx context.Context, in *connect.ListContactReferencesRequest) (*connect.ListContactReferencesResponse, error) {
	_, c, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	if wire.Text(in.NextToken) != "" {
		return nil, center.Errorf(center.Invalid, "NextToken: the references of a contact have one page")
	}
	out := &connect.ListContactReferencesResponse{ReferenceSummaryList: []connect.ReferenceSummary{}}
	names := make([]string, 0, len(c.References))
	for name, r := range c.References {
		if slices.Contains(in.ReferenceTypes, connect.ReferenceType(r.Type)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		out.ReferenceSummaryList = append(out.ReferenceSummaryList, wireReference(name, c.References[name]))
	}
	return out, nil
}

func wireReference(name string, r center.Reference) connect.ReferenceSummary {
	switch connect.ReferenceType(r.Type) {
	case connect.ReferenceTypeURL:
		return connect.ReferenceSummary{Url: &connect.UrlReference{Name: &name, Value: &r.Value}}
	case connect.ReferenceTypeNUMBER:
		return connect.ReferenceSummary{Number: &connect.NumberReference{Name: &name, Value: &r.Value}}
	case connect.ReferenceTypeDATE:
		return connect.ReferenceSummary{Date: &connect.DateReference{Name: &name, Value: &r.Value}}
	case connect.ReferenceTypeEMAIL:
		return connect.ReferenceSummary{Email: &connect.EmailReference{Name: &name, Value: &r.Value}}
	}
	return connect.ReferenceSummary{String: &connect.StringReference{Name: &name, Value: &r.Value}}
}
