package contact

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/content"
	"parley.example/parley/internal/flow/machine"
)

// Bounds of StartChatContact.
const (
	MinDuration     = 60    // ChatDurationInMinutes
	MaxDuration     = 10080 // seven days
	DefaultDuration = 1500  // 25 hours
	connectWindow   = 5 * time.Minute
)

// Start begins a chat (StartChatContact). The flow does not run yet: it starts
// when the customer connects, whether or not what it connects with was given by the
// answer. The caller provides what depends on other chats: Past, Related and
// Inherited. The reply's ID is the StreamingId, if there is an Endpoint.
type Start struct {
	Instance     center.InstanceID
	Contact      center.ContactID // the id of the new contact
	Flow         string           // id or ARN of the inbound flow, with a version or alias of it or without
	DisplayName  string
	Attributes   map[string]string
	Initial      *Message
	Minutes      int // ChatDurationInMinutes; 0 for the default
	ContentTypes []string
	ResponseMode string
	SegmentAttrs map[string]center.SegmentAttribute
	CustomerID   string
	ExitAgent    bool
	Endpoint     string           // that is sent every item of the chat (ChatStreamingConfiguration); "" for none
	Inherited    Inherited        // what RelatedContactId's contact gives the new one
	Related      center.ContactID // RelatedContactId, or the contact a persistent chat continues
	Past         []Past

	// AIAgent is who talks to the customer in place of a flow (StartAssistantContact):
	// Flow is then not looked at.
	AIAgent center.AIAgentID
}

// Inherited is what a new contact takes over from a related one, where
// StartChatContact does not say otherwise. The rules for keys that callers give
// are not for these: flows may have named them.
type Inherited struct {
	Name, Description string
	References        map[string]center.Reference
	Attributes        map[string]string
	SegmentAttrs      map[string]center.SegmentAttribute
}

func (s Start) decide(d *decision) error {
	if err := s.check(d.env.Limits); err != nil {
		return err
	}
	flowID, err := s.flow(d)
	if err != nil {
		return err
	}
	now := d.env.Now.Truncate(time.Millisecond)
	minutes := s.Minutes
	if minutes == 0 {
		minutes = DefaultDuration
	}
	types := []string{center.PlainText}
	if s.ContentTypes != nil {
		types = slices.Compact(slices.Sorted(slices.Values(s.ContentTypes))) // the model bounds the list by nothing
	}
	expires := now.Add(time.Duration(minutes) * time.Minute)
	attributes, segment, err := s.inherit()
	if err != nil {
		return err
	}
	chat := &Chat{
		ID: s.Contact, Instance: s.Instance,
		Started: now, Expires: expires, ConnectBy: now.Add(connectWindow),
		Latest: center.Contact{
			ID: s.Contact, Chat: s.Contact, Instance: s.Instance, Related: s.Related,
			InitiationMethod: center.MethodAPI, CustomerID: s.CustomerID,
			Name: s.Inherited.Name, Description: s.Inherited.Description, References: s.Inherited.References,
			Initiated: now, Updated: now, Flow: flowID, AIAgent: s.AIAgent,
			SegmentAttrs: systemAttributes(segment, minutes, expires),
			Tags:         map[string]string{"aws:connect:instanceId": string(s.Instance)},
		},
		Participants: []Participant{{
			ID: center.ParticipantID(d.newID()), Role: center.RoleCustomer, DisplayName: s.DisplayName,
		}},
		System:     center.ParticipantID(d.newID()),
		Attributes: attributes, ContentTypes: types, ResponseMode: s.ResponseMode,
		InitialMessage: s.Initial, ExitAgent: s.ExitAgent, Past: s.Past, Flow: flowID.Ref(s.Flow), Language: "en-US",
	}
	d.chat, d.change.Chat = chat, chat
	d.change.Contacts = []center.Contact{{ID: s.Contact}}
	d.change.Active = 1
	d.change.Reply = Reply{Contact: s.Contact, Participant: chat.Participants[0].ID}
	if s.Endpoint != "" {
		d.change.Reply.ID = d.stream(chat, s.Endpoint)
	}
	return nil
}

// Operation returns the operation of the API that begins such a chat.
func (s *Start) Operation() string {
	if s.AIAgent != "" {
		return "StartAssistantContact"
	}
	return "StartChatContact"
}

// flow returns the id of the flow, "" for an AI agent's chat.
func (s Start) flow(d *decision) (center.FlowID, error) {
	if s.AIAgent != "" {
		return "", nil
	}
	f, id, err := d.env.Catalog.Published(s.Instance, s.Flow)
	if _, unread := errors.AsType[*Need](err); unread {
		return id, nil // it is there, and is read when it begins
	}
	if err == nil && f == nil {
		err = center.Missing(center.KindFlow, s.Flow)
	}
	return id, err
}

// check applies the rules of StartChatContact's members that need nothing but these members.
func (s Start) check(l Limits) error {
	if err := content.Attributes(s.Attributes); err != nil {
		return err
	}
	if s.Minutes != 0 && (s.Minutes < MinDuration || s.Minutes > MaxDuration) {
		return center.Errorf(center.Invalid, "ChatDurationInMinutes must be from %d to %d, not %d", MinDuration, MaxDuration, s.Minutes)
	}
	if s.ContentTypes != nil && !slices.Contains(s.ContentTypes, center.PlainText) {
		return center.Errorf(center.Invalid, "SupportedMessagingContentTypes must contain %s", center.PlainText)
	}
	for _, t := range s.ContentTypes {
		if _, ok := content.Limits[t]; !ok && t != center.Interactive {
			return center.Errorf(center.Invalid, "SupportedMessagingContentTypes: %q is not a message type; the types are text/plain, text/markdown, application/json and the two interactive ones", t)
		}
	}
	if s.Initial != nil {
		types := s.ContentTypes
		if types == nil {
			types = []string{center.PlainText}
		}
		if err := content.Message(content.Initial, s.Initial.ContentType, s.Initial.Content, types, l.Text()); err != nil {
			return err
		}
	}
	return content.SegmentAttributes(s.SegmentAttrs)
}

// inherit returns all attributes of the new contact, checked against the bounds.
// Attributes of the request override inherited ones.
func (s Start) inherit() (map[string]string, map[string]center.SegmentAttribute, error) {
	attributes, segment := s.Attributes, s.SegmentAttrs
	if len(s.Inherited.Attributes) > 0 {
		attributes = mergeMaps(s.Inherited.Attributes, attributes)
	}
	if len(s.Inherited.SegmentAttrs) > 0 {
		segment = mergeMaps(s.Inherited.SegmentAttrs, segment)
	}
	if len(segment) > content.MaxDetails {
		return nil, nil, center.Errorf(center.Invalid, "SegmentAttributes: a contact may have at most %d, with those of RelatedContactId", content.MaxDetails)
	}
	if err := content.SegmentBytes(segment); err != nil {
		return nil, nil, err
	}
	return attributes, segment, content.AttributeBytes(attributes)
}

// systemAttributes adds what the service itself says of a contact:
// connect:Subtype and connect:ContactExpiry.
func systemAttributes(given map[string]center.SegmentAttribute, minutes int, expires time.Time) map[string]center.SegmentAttribute {
	m := make(map[string]center.SegmentAttribute, len(given)+2)
	maps.Copy(m, given)
	if _, ok := m["connect:Subtype"]; !ok {
		m["connect:Subtype"] = text("connect:Chat")
	}
	m["connect:ContactExpiry"] = center.SegmentAttribute{Map: map[string]center.SegmentAttribute{
		"ExpiryDuration":  text(fmt.Sprint(minutes)),
		"ExpiryTimeStamp": text(expires.Format(time.RFC3339)),
	}}
	return m
}

func text(s string) center.SegmentAttribute { return center.SegmentAttribute{String: &s} }

// begin starts the flow of the current contact.
func (d *decision) begin() error {
	c := d.edit()
	if c.Latest.AIAgent != "" {
		f, err := assistantFlow()
		if err != nil {
			return err
		}
		return d.run(f, "", machine.KindInbound)
	}
	kind := machine.KindInbound
	if c.Current().InitiationMethod == center.MethodDisconnect {
		kind = machine.KindDisconnect
	}
	f, id, err := d.flow(c.Flow)
	if err != nil {
		// The flow was deleted or archived, or its version or alias deleted, between
		// StartChatContact and the customer's connection: the contact cannot continue.
		d.logProblem(c.Flow.ID(), err)
		return d.end(center.ReasonSystemError)
	}
	return d.run(f, id, kind)
}
