package office

import (
	"context"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
)

// reads reports whether the user may look at a contact of an agent, which came from a queue: any that he sees by ContactSearch.View,
// and by MyContacts.View his own.
func (a *asker) reads(agent center.UserID, queue center.QueueID) bool {
	return a.Rights.SeesContact(agent, queue)
}

// SearchContacts finds the contacts that the user may look at. Who has MyContacts.View alone finds those of which he is the agent. TotalCount is
// absent where contacts may have been left out.
func (s *Service) SearchContacts(ctx context.Context, in *connect.SearchContactsRequest) (*connect.SearchContactsResponse, error) {
	a, err := s.admit(ctx, "SearchContacts", in)
	if err != nil {
		return nil, err
	}
	criteria := connect.SearchCriteria{}
	if in.SearchCriteria != nil {
		criteria = *in.SearchCriteria
	}
	scope, denied := a.Rights.Within(permission.ContactSearchView)
	if denied != nil {
		self := string(a.User.ID)
		if slices.ContainsFunc(criteria.AgentIds, func(ref string) bool { return center.IDOf(ref) != self }) {
			return nil, denied
		}
		criteria.AgentIds = []string{self}
		asked := *in
		asked.SearchCriteria = &criteria
		return s.Connect.SearchContacts(ctx, &asked)
	}
	a.scope = scope
	if err := all(criteria.AgentIds, a.agent); err != nil {
		return nil, err
	}
	if err := all(criteria.QueueIds, a.queue); err != nil {
		return nil, err
	}
	out, err := s.Connect.SearchContacts(ctx, in)
	if err != nil || !a.Rights.NarrowContacts() {
		return out, err
	}
	out.TotalCount = nil
	out.Contacts = slices.DeleteFunc(out.Contacts, func(c connect.ContactSearchSummary) bool {
		var agent, queue string
		if c.AgentInfo != nil {
			agent = text(c.AgentInfo.Id)
		}
		if c.QueueInfo != nil {
			queue = text(c.QueueInfo.Id)
		}
		return !a.reads(center.UserID(agent), center.QueueID(queue))
	})
	return out, nil
}

// DescribeContact describes a contact that the user may look at.
func (s *Service) DescribeContact(ctx context.Context, in *connect.DescribeContactRequest) (*connect.DescribeContactResponse, error) {
	a, err := s.admit(ctx, "DescribeContact", in)
	if err != nil {
		return nil, err
	}
	return s.describe(ctx, &a, in)
}

func (s *Service) describe(ctx context.Context, a *asker, in *connect.DescribeContactRequest) (*connect.DescribeContactResponse, error) {
	out, err := s.Connect.DescribeContact(ctx, in)
	if err != nil {
		return nil, err
	}
	var agent, queue string
	if out.Contact.AgentInfo != nil {
		agent = text(out.Contact.AgentInfo.Id)
	}
	if out.Contact.QueueInfo != nil {
		queue = text(out.Contact.QueueInfo.Id)
	}
	if a.reads(center.UserID(agent), center.QueueID(queue)) {
		return out, nil
	}
	if err := a.Rights.Require(permission.ContactSearchView); err != nil {
		return nil, err
	}
	return nil, access.Denied("your security profiles do not let you see contact %s: not its agent, or not its queue", in.ContactId)
}

// GetContactAttributes returns the attributes of a contact that the user may look at.
func (s *Service) GetContactAttributes(ctx context.Context, in *connect.GetContactAttributesRequest) (*connect.GetContactAttributesResponse, error) {
	a, err := s.admit(ctx, "GetContactAttributes", in)
	if err != nil {
		return nil, err
	}
	if _, err := s.describe(ctx, &a, &connect.DescribeContactRequest{InstanceId: in.InstanceId, ContactId: in.InitialContactId}); err != nil {
		return nil, err
	}
	return s.Connect.GetContactAttributes(ctx, in)
}
