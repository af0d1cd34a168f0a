package contacts

import (
	"context"
	"math"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/contact"
)

// GetContactAttributes returns the user-defined attributes of a chat, which
// any contact of its chain names.
func (s *Contacts) GetContactAttributes(ctx context.Context, in *connect.GetContactAttributesRequest) (*connect.GetContactAttributesResponse, error) {
	chat, _, err := s.chatOf(ctx, in.InstanceId, in.InitialContactId)
	if err != nil {
		return nil, err
	}
	return &connect.GetContactAttributesResponse{Attributes: wire.Map(chat.Attributes)}, nil
}

// UpdateContactAttributes merges user-defined attributes into those of a chat,
// also after its end. An empty value stays as an empty value.
func (s *Contacts) UpdateContactAttributes(ctx context.Context, in *connect.UpdateContactAttributesRequest) (*connect.UpdateContactAttributesResponse, error) {
	chat, _, err := s.chatOf(ctx, in.InstanceId, in.InitialContactId)
	if err != nil {
		return nil, err
	}
	if _, err := s.Engine.Do(ctx, chat.ID, contact.SetAttributes{Attributes: in.Attributes}); err != nil {
		return nil, err
	}
	return &connect.UpdateContactAttributesResponse{}, nil
}

// UpdateContact changes the name, description, references and segment
// attributes of a contact; at least one must be given. References and segment
// attributes are merged by key. Queue, user and endpoints of a chat are
// settled by routing and by its channel, and are refused.
func (s *Contacts) UpdateContact(ctx context.Context, in *connect.UpdateContactRequest) (*connect.UpdateContactResponse, error) {
	chat, c, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	for member, given := range map[string]bool{
		"QueueInfo": in.QueueInfo != nil, "UserInfo": in.UserInfo != nil,
		"CustomerEndpoint": in.CustomerEndpoint != nil, "SystemEndpoint": in.SystemEndpoint != nil,
	} {
		if given {
			return nil, center.Errorf(center.BadRequest, "%s cannot be changed for a chat", member)
		}
	}
	cmd := contact.Describe{Contact: c.ID, Name: in.Name, Description: in.Description}
	if cmd.SegmentAttrs, err = segmentAttributes(in.SegmentAttributes); err != nil {
		return nil, err
	}
	if in.References != nil {
		cmd.References = make(map[string]center.Reference, len(in.References))
		for name, r := range in.References {
			if !simpleReference[r.Type] {
				return nil, center.Errorf(center.Invalid, "References: the type %s of %.64q is not one of URL, NUMBER, STRING, DATE and EMAIL", r.Type, name)
			}
			cmd.References[name] = center.Reference{Type: string(r.Type), Value: wire.Text(r.Value)}
		}
	}
	if _, err := s.Engine.Do(ctx, chat.ID, cmd); err != nil {
		return nil, err
	}
	return &connect.UpdateContactResponse{}, nil
}

// simpleReference are the types of reference that are a value and nothing more.
var simpleReference = map[connect.ReferenceType]bool{
	connect.ReferenceTypeURL: true, connect.ReferenceTypeNUMBER: true, connect.ReferenceTypeSTRING: true,
	connect.ReferenceTypeDATE: true, connect.ReferenceTypeEMAIL: true,
}

// TagContact sets tags of a contact, also after its end.
func (s *Contacts) TagContact(ctx context.Context, in *connect.TagContactRequest) (*connect.TagContactResponse, error) {
	chat, c, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	if _, err := s.Engine.Do(ctx, chat.ID, contact.Tag{Contact: c.ID, Set: in.Tags}); err != nil {
		return nil, err
	}
	return &connect.TagContactResponse{}, nil
}

// UntagContact removes tags. Those that the contact does not have, and those
// of the service itself, are passed over.
func (s *Contacts) UntagContact(ctx context.Context, in *connect.UntagContactRequest) (*connect.UntagContactResponse, error) {
	chat, c, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	if _, err := s.Engine.Do(ctx, chat.ID, contact.Tag{Contact: c.ID, Remove: in.TagKeys}); err != nil {
		return nil, err
	}
	return &connect.UntagContactResponse{}, nil
}

// segmentAttributes translates what a caller may give: each value is one of
// ValueString, ValueInteger and ValueMap; lists and ARNs are the service's own.
func segmentAttributes(in map[string]connect.SegmentAttributeValue) (map[string]center.SegmentAttribute, error) {
	if in == nil {
		return nil, nil
	}
	out := make(map[string]center.SegmentAttribute, len(in))
	for k, v := range in {
		var a center.SegmentAttribute
		given := 0
		if v.ValueString != nil {
			given++
			a.String = v.ValueString
		}
		if v.ValueInteger != nil {
			given++
			a.Integer = new(int64(*v.ValueInteger))
		}
		if v.ValueMap != nil {
			given++
			m, err := segmentAttributes(v.ValueMap)
			if err != nil {
				return nil, err
			}
			a.Map = m
		}
		if given != 1 || v.ValueList != nil || v.ValueArn != nil {
			return nil, center.Errorf(center.Invalid, "SegmentAttributes: give %.140q exactly one of ValueString, ValueInteger and ValueMap", k)
		}
		out[k] = a
	}
	return out, nil
}

// wireSegmentAttributes is the reverse, for everything there is.
func wireSegmentAttributes(in map[string]center.SegmentAttribute) map[string]connect.SegmentAttributeValue {
	if in == nil {
		return nil
	}
	out := make(map[string]connect.SegmentAttributeValue, len(in))
	for k, v := range in {
		out[k] = wireSegmentAttribute(v)
	}
	return out
}

func wireSegmentAttribute(v center.SegmentAttribute) connect.SegmentAttributeValue {
	w := connect.SegmentAttributeValue{ValueString: v.String, ValueMap: wireSegmentAttributes(v.Map), ValueArn: v.ARN}
	if v.Integer != nil {
		w.ValueInteger = new(int32(min(max(*v.Integer, math.MinInt32), math.MaxInt32)))
	}
	for _, e := range v.List {
		w.ValueList = append(w.ValueList, wireSegmentAttribute(e))
	}
	return w
}
