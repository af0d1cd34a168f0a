package agentapi

import (
	"context"
	"slices"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/internal/agentapi/desk"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/router"
	"parley.example/parley/internal/store"
)

// from is where a page of a transcript begins.
type from struct {
	Contact center.ContactID `json:"c"`
	Seq     int64            `json:"s"`
	Newest  bool             `json:"d,omitempty"` // those before it follow
}

// GetContactTranscript returns what was said in a contact, up to now, as agents see it: whispers are there, and what a message processor has kept
// back from customers' side is not. It may be read by
//
//   - who has ContactTranscripts.Unredacted.Access, as far as he sees its agent and its queue;
//   - who has handled it himself, with MyContacts.View;
//   - who is connected to the contact's chat;
//   - who has a contact of the same customer in hand, accepted and not cleared, of those that are over: see [Console.ListCustomerContacts].
func (s Console) GetContactTranscript(ctx context.Context, in *agent.GetContactTranscriptRequest) (*agent.GetContactTranscriptResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	state, record, err := s.recordOf(ctx, &c, in.ContactId)
	if err != nil {
		return nil, err
	}
	if err := s.mayRead(ctx, &c, state, record); err != nil {
		return nil, err
	}
	at := from{Contact: record.ID, Newest: in.SortOrder != agent.SortOrderASCENDING}
	if in.NextToken != nil {
		var asked from
		if err := fromToken(in.NextToken, &asked); err != nil {
			return nil, err
		}
		if asked.Contact != at.Contact || asked.Newest != at.Newest {
			return nil, center.Errorf(center.Invalid, "NextToken belongs to another request")
		}
		at = asked
	}
	limit := pageOf(in.MaxResults)
	q := store.ItemQuery{Chat: state.ID, Contact: record.ID, Descending: at.Newest, Limit: limit + 1, Hidden: []center.Visibility{center.VisibleCustomer, center.VisibleNone}}
	if at.Newest {
		q.To = at.Seq
	} else {
		q.From = at.Seq
	}
	items, err := s.Engine.Store.Items(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &agent.GetContactTranscriptResponse{InitialContactId: string(state.ID), Transcript: []agent.TranscriptItem{}}
	if len(items) > limit {
		at.Seq = items[limit].Seq
		out.NextToken, items = new(tokenOf(at)), items[:limit]
	}
	for i := range items {
		out.Transcript = append(out.Transcript, itemShown(&items[i]))
	}
	return out, nil
}

// recordOf finds a contact of the caller's instance, and its chat. A supervisor's own contact is the one that he watches.
func (s Console) recordOf(ctx context.Context, c *caller, ref string) (*contact.Chat, *center.Contact, error) {
	state, err := s.chatOf(ctx, c, ref)
	if err != nil {
		return nil, nil, err
	}
	id, _ := center.ParseContactID(ref) // chatOf has read it
	if w := state.WorkOf(c.user.ID); w != nil && w.Watch != nil && w.Contact == id {
		id = w.Watch.Contact
	}
	if id == state.Current().ID {
		return state, state.Current(), nil
	}
	for record, err := range s.Engine.Store.Contacts(ctx, store.ContactQuery{IDs: []center.ContactID{id}}) {
		return state, &record, err
	}
	return nil, nil, center.Errorf(center.NotFound, "contact %s does not exist", ref)
}

// mayRead refuses a caller who may not read what was said in a contact.
func (s Console) mayRead(ctx context.Context, c *caller, state *contact.Chat, record *center.Contact) error {
	denied := c.rights.ReadTranscript(record.Agent, record.Queue)
	if denied == nil || handled(state, record, c.user.ID) && c.rights.Require(permission.MyContactsView) == nil {
		return nil
	}
	if w := state.WorkOf(c.user.ID); w != nil && w.State == contact.WorkConnected {
		return nil
	}
	if record.CustomerID != "" && record.Ended() {
		held, err := desk.Load(ctx, s.Engine, c.Instance, c.user.ID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(held.Chats, func(h desk.Chat) bool {
			return accepted(h.State.WorkOf(c.user.ID)) && h.State.Current().CustomerID == record.CustomerID
		}) {
			return nil
		}
	}
	if missing := c.rights.Require(permission.UnredactedTranscripts, permission.MyContactsView); missing != nil {
		return missing // names both
	}
	return denied
}

// accepted reports whether a contact in hand is connected, or was and is not cleared yet.
func accepted(w *contact.Work) bool {
	return w.State == contact.WorkConnected || w.State == contact.WorkEnded
}

// handled reports whether a user was an agent of a contact.
func handled(state *contact.Chat, record *center.Contact, user center.UserID) bool {
	return record.Agent == user || slices.ContainsFunc(state.Participants, func(p contact.Participant) bool {
		return p.User == user && p.Role == center.RoleAgent && !p.Joined.IsZero() &&
			(p.Left.IsZero() || p.Left.After(record.Initiated)) && (!record.Ended() || p.Joined.Before(record.Disconnected))
	})
}

// itemShown is an item as clients are sent it.
func itemShown(it *center.Item) agent.TranscriptItem {
	out := agent.TranscriptItem{
		Id: string(it.ID), AbsoluteTime: it.Time, Type: string(it.Type), ContentType: it.ContentType, Content: optional(it.Content), ContactId: string(it.Contact),
		ParticipantId: optional(it.Participant), DisplayName: optional(it.DisplayName), ParticipantRole: optional(it.Role),
	}
	if a := it.Attachment; a != nil {
		out.Attachments = []agent.TranscriptAttachment{{AttachmentId: a.ID, AttachmentName: a.Name, ContentType: a.ContentType, Status: string(a.Status)}}
	}
	if it.Visibility == center.VisibleAgent {
		out.Visibility = agent.ItemVisibilityAGENT
	}
	return out
}

// ListCustomerContacts lists the contacts of a customer that are over, the newest first, to who has accepted a contact of the customer and has it
// in hand. A customer is known by the CustomerId of StartChatContact, or what a flow has set since; of one without it, or with one of more than 100
// characters, there is nothing to list. The contacts of the chat in hand are not among them. A page may have fewer contacts than were asked for, as long as there is a NextToken.
func (s Console) ListCustomerContacts(ctx context.Context, in *agent.ListCustomerContactsRequest) (*agent.ListCustomerContactsResponse, error) {
	c, state, w, err := s.held(ctx, in.ContactId)
	if err != nil {
		return nil, err
	}
	if !accepted(w) {
		return nil, notInHand(in.ContactId)
	}
	out := &agent.ListCustomerContactsResponse{CustomerContacts: []agent.CustomerContact{}}
	customer := state.Current().CustomerID
	if customer == "" {
		return out, nil
	}
	limit := pageOf(in.MaxResults)
	q := store.ContactSearch{
		Instance: c.Instance, Range: store.TimeRange{Of: store.TimeInitiated, From: time.UnixMilli(0), To: s.Clock.Now()},
		Attributes: store.Conditions{All: []store.KeyValues{{Key: store.CustomerKey, Values: []string{customer}}}},
		Sort:       store.ContactSort{Time: store.TimeInitiated}, Descending: true,
	}
	if in.NextToken != nil {
		q.After = &store.ContactKey{}
		if err := fromToken(in.NextToken, q.After); err != nil {
			return nil, err
		}
	}
	for range maxReads {
		q.Limit = limit - len(out.CustomerContacts) + 1
		found, err := s.Engine.Store.SearchContacts(ctx, q)
		if err != nil {
			return nil, err
		}
		more := len(found) == q.Limit
		if more {
			found = found[:q.Limit-1]
		}
		for i := range found {
			if is := &found[i].Contact; is.CustomerID == customer && is.Chat != state.ID && is.InitiationMethod != center.MethodMonitor && is.Ended() {
				out.CustomerContacts = append(out.CustomerContacts, c.customerShown(is))
			}
		}
		if out.NextToken = nil; !more {
			break
		}
		q.After = &found[len(found)-1].Key
		if out.NextToken = new(tokenOf(*q.After)); len(out.CustomerContacts) == limit {
			break
		}
	}
	return out, nil
}

// maxReads is how often the store is asked for a page of a customer's contacts, some of which are left out.
const maxReads = 10

// customerShown is an earlier contact of a customer as clients are sent it.
func (c *caller) customerShown(is *center.Contact) agent.CustomerContact {
	out := agent.CustomerContact{
		ContactId: string(is.ID), InitialContactId: string(is.Chat), Channel: agent.ChannelCHAT, InitiationMethod: is.InitiationMethod,
		Initiated: is.Initiated, Disconnected: is.Disconnected, DisconnectReason: optional(is.DisconnectReason), Name: optional(is.Name), Attributes: is.Attributes,
	}
	if out.Attributes == nil {
		out.Attributes = map[string]string{}
	}
	if is.Agent != "" {
		out.Agent = &agent.ContactAgent{UserId: string(is.Agent)}
		if u, err := catalog.Get[*catalog.User](c.snap, is.Agent); err == nil {
			out.Agent.DisplayName = new(router.IdentityOf(u).DisplayName)
		}
	}
	if is.Queue != "" {
		out.Queue = desk.QueueShown(c.snap, is.Queue)
	}
	return out
}

// SendWhisper says something to the agents and supervisors of a chat alone: see [contact.Whisper]. Of who watches it asks that he still may.
func (s Console) SendWhisper(ctx context.Context, in *agent.SendWhisperRequest) (*agent.SendWhisperResponse, error) {
	c, state, w, err := s.held(ctx, in.ContactId)
	if err != nil {
		return nil, err
	}
	if w.Watch != nil {
		if err := c.rights.Watch(router.AgentsOf(c.snap, state)...); err != nil {
			return nil, err
		}
	} else if w.State != contact.WorkConnected {
		return nil, notConnected(w)
	}
	if in.ContentType != center.PlainText {
		return nil, center.Errorf(center.Invalid, "ContentType: a whisper is %s, not %q", center.PlainText, in.ContentType)
	}
	said := contact.Whisper{User: c.user.ID, Content: in.Content}
	if in.ClientToken != nil {
		said.Token = *in.ClientToken
	}
	reply, err := s.Engine.Do(ctx, state.ID, said)
	if err != nil {
		return nil, unready(err)
	}
	return &agent.SendWhisperResponse{Id: string(reply.Item), AbsoluteTime: reply.Time}, nil
}
