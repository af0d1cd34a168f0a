package participantapi

import (
	"context"
	"slices"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/store"
)

// defaultPage is GetTranscript's MaxResults when it is not given; at most 100 may be asked for.
const defaultPage = 10

// GetTranscript returns a page of the chat's transcript: messages, attachments
// and the events that are kept, those that the caller's role may see, of all
// contacts of the chain unless ContactId names one. A ContactId outside the
// chain gives an empty page.
//
// ScanDirection determines which items are in the page: BACKWARD (the default
// without a StartPosition) older ones from the newest on, FORWARD (the default
// with one) newer ones. FORWARD without a StartPosition is refused, as observed
// on the service, though clients also cope with an empty page. SortOrder only
// determines how the page is sorted, DESCENDING by default. The item at the
// StartPosition is in the page; {} counts as no StartPosition.
// StartPosition.MostRecent counts from the end.
//
// NextToken continues where the page ended and is absent at the end. It is bound
// to the caller, the ScanDirection, the ContactId and the StartPosition of its
// request; these may be omitted beside it, but must not differ. With MaxResults
// 0 the page is empty and the token points to its beginning.
//
// When NextToken is followed BACKWARD beyond the chat's first item, the items of
// the chats that a persistent chat continues follow. They have RelatedContactId
// in place of ContactId, and neither StartPosition nor ContactId finds them.
//
// An agent in after-contact work reads up to his leaving, until he clears the contact.
// For everybody else it is refused after the end of the chat, unless the request has the header
// [AfterEndHeader]: then the transcript is what the participant could have read
// last, including chat.ended unless it had left before, for as long as its token
// is valid.
func (s *Service) GetTranscript(ctx context.Context, in *participant.GetTranscriptRequest) (*participant.GetTranscriptResponse, error) {
	m, until, err := s.reader(ctx, in.ConnectionToken)
	if err != nil {
		return nil, err
	}
	sc := scan{member: m, limit: defaultPage, now: s.Now(), until: until, nothing: until < 0}
	if in.MaxResults != nil {
		sc.limit = int(*in.MaxResults)
	}
	out := &participant.GetTranscriptResponse{InitialContactId: new(string(m.chat.ID)), Transcript: []participant.Item{}}
	switch {
	case sc.nothing:
	case in.NextToken != nil:
		err = s.resume(&sc, in)
	default:
		err = s.begin(ctx, &sc, in)
	}
	if err != nil || sc.nothing {
		return out, err
	}
	items, err := s.scan(ctx, &sc)
	if err != nil {
		return nil, err
	}
	if sc.more {
		out.NextToken = new(s.pageToken(&sc))
	}
	if sc.Back != (in.SortOrder != participant.SortKeyASCENDING) {
		slices.Reverse(items)
	}
	receipts, err := s.receipts(ctx, items)
	if err != nil {
		return nil, err
	}
	for i := range items {
		out.Transcript = append(out.Transcript, wireItem(m.chat, &items[i], receipts[items[i].ID]))
	}
	return out, nil
}

// scan is one page's way through the history that a participant sees: first
// the chat, then, backward only, the past contacts of a persistent chat.
type scan struct {
	member
	position
	limit         int
	now           time.Time
	before, after time.Time // of StartPosition.AbsoluteTime, for the first page
	until         int64     // the last item of the chat that may be read; 0 for all
	nothing       bool      // there is nothing to look for
	more          bool      // the page did not reach the end; position is where the next one begins
}

// begin reads the position of a first page from the request.
func (s *Service) begin(ctx context.Context, sc *scan, in *participant.GetTranscriptRequest) error {
	start, err := startOf(in.StartPosition)
	if err != nil {
		return err
	}
	sc.Back = in.ScanDirection == participant.ScanDirectionBACKWARD || in.ScanDirection == "" && start == nil
	if !sc.Back && start == nil {
		return center.Errorf(center.BadRequest, "ScanDirection FORWARD requires a StartPosition")
	}
	if in.ContactId != nil {
		id, ok := center.ParseContactID(*in.ContactId)
		if !ok || !sc.chat.Has(id) {
			sc.nothing = true
			return nil
		}
		sc.Contact = id
	}
	if start == nil {
		return nil
	}
	sc.Start = fingerprint(start)
	switch {
	case start.Id != nil:
		item, ok, err := s.item(ctx, sc.query(), center.ItemID(*start.Id))
		if err != nil {
			return err
		}
		if !ok || sc.until > 0 && item.Seq > sc.until {
			return center.Errorf(center.Invalid, "StartPosition: Id %q is not an item of this chat", *start.Id)
		}
		sc.Seq = item.Seq
	case start.AbsoluteTime != nil:
		t, err := time.Parse(time.RFC3339, *start.AbsoluteTime)
		if err != nil {
			return center.Errorf(center.Invalid, "StartPosition: AbsoluteTime %q is not a time like 2026-01-05T09:15:02.117Z", *start.AbsoluteTime)
		}
		if sc.Back {
			sc.before = t
		} else {
			sc.after = t.Add(time.Millisecond - 1) // the store compares whole milliseconds
		}
	default:
		return s.mostRecent(ctx, sc, int(*start.MostRecent))
	}
	return nil
}

// startOf returns nil for a position without members, as ChatJS sends it.
func startOf(p *participant.StartPosition) (*participant.StartPosition, error) {
	if p == nil {
		return nil, nil
	}
	given := 0
	for _, member := range []bool{p.Id != nil, p.AbsoluteTime != nil, p.MostRecent != nil} {
		if member {
			given++
		}
	}
	switch given {
	case 0:
		return nil, nil
	case 1:
		return p, nil
	}
	return nil, center.Errorf(center.BadRequest, "StartPosition must have exactly one of Id, AbsoluteTime and MostRecent")
}

// mostRecent begins a scan at the n-th newest item, or the oldest if there are
// fewer. 0 is after the newest.
func (s *Service) mostRecent(ctx context.Context, sc *scan, n int) error {
	if n == 0 {
		sc.nothing = !sc.Back
		return nil
	}
	q := sc.query()
	q.Descending, q.Limit = true, n
	items, err := s.Store.Items(ctx, q)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		sc.nothing = !sc.Back || len(sc.chat.Past) == 0
		return nil
	}
	sc.Seq = items[len(items)-1].Seq
	return nil
}

// query returns the query for the scan's part of the chat.
func (sc *scan) query() store.ItemQuery {
	return store.ItemQuery{Chat: sc.Chat, Contact: sc.Contact, To: sc.until, Hidden: hiddenFrom(sc.Role)}
}

// scan returns the page's items in the order of the scan and leaves the
// position at the next page's beginning.
func (s *Service) scan(ctx context.Context, sc *scan) ([]center.Item, error) {
	if sc.Session > 0 {
		return s.scanPast(ctx, sc)
	}
	q := sc.query()
	q.Limit, q.Descending, q.Before, q.After = sc.limit+1, sc.Back, sc.before, sc.after
	switch {
	case !sc.Back:
		q.From = sc.Seq
	case sc.Seq > 0 && (q.To == 0 || sc.Seq < q.To):
		q.To = sc.Seq
	}
	items, err := s.Store.Items(ctx, q)
	if err != nil {
		return nil, err
	}
	switch {
	case len(items) > sc.limit:
		sc.more, sc.Seq = true, items[sc.limit].Seq
		items = items[:sc.limit]
	case sc.Back && sc.Contact == "" && len(sc.chat.Past) > 0:
		sc.more, sc.Session, sc.Seq = true, 1, 0
	}
	return items, nil
}

// scanPast continues through the past contacts, of which package contact keeps a
// bounded number, until the page is full.
func (s *Service) scanPast(ctx context.Context, sc *scan) (items []center.Item, err error) {
	for ; sc.Session <= len(sc.chat.Past); sc.Session++ {
		past := sc.chat.Past[sc.Session-1]
		q := store.ItemQuery{Chat: past.Chat, Contact: past.Contact, Hidden: hiddenFrom(sc.Role),
			To: sc.Seq, Descending: true, Limit: sc.limit - len(items) + 1}
		found, err := s.Store.Items(ctx, q)
		if err != nil && center.ReasonOf(err) != center.NotFound { // removed by retention
			return nil, err
		}
		items = append(items, found...)
		if len(items) > sc.limit {
			sc.more, sc.Seq = true, items[sc.limit].Seq
			return items[:sc.limit], nil
		}
		sc.Seq = 0
	}
	return items, nil
}

// receipts returns the receipts of the items' messages.
func (s *Service) receipts(ctx context.Context, items []center.Item) (map[center.ItemID][]center.Receipt, error) {
	byChat := map[center.ContactID][]center.ItemID{}
	for i := range items {
		if it := &items[i]; it.Type != center.TypeEvent {
			byChat[it.Chat] = append(byChat[it.Chat], it.ID)
		}
	}
	found := map[center.ItemID][]center.Receipt{}
	for chat, ids := range byChat {
		receipts, err := s.Store.Receipts(ctx, chat, ids)
		if err != nil {
			return nil, err
		}
		for _, r := range receipts {
			found[r.Item] = append(found[r.Item], r)
		}
	}
	return found, nil
}

// wireItem converts an item for GetTranscript of a participant of chat.
func wireItem(chat *contact.Chat, it *center.Item, receipts []center.Receipt) participant.Item {
	w := participant.Item{
		AbsoluteTime: stamp(it.Time), Id: new(string(it.ID)), Type: participant.ChatItemType(it.Type),
		Content: optional(it.Content), ContentType: optional(it.ContentType),
	}
	if it.Chat == chat.ID {
		w.ContactId = new(string(it.Contact))
	} else {
		w.RelatedContactId = new(string(it.Contact))
	}
	if it.Participant != "" {
		w.ParticipantId, w.DisplayName = new(string(it.Participant)), new(it.DisplayName)
		w.ParticipantRole = participant.ParticipantRole(it.Role)
	}
	if a := it.Attachment; a != nil {
		w.Attachments = []participant.AttachmentItem{{
			AttachmentId: new(a.ID), AttachmentName: new(a.Name), ContentType: new(a.ContentType), Status: participant.ArtifactStatus(a.Status),
		}}
	}
	if len(receipts) > 0 || it.Processing != "" {
		meta := &participant.MessageMetadata{
			MessageId: new(string(it.ID)), MessageProcessingStatus: participant.MessageProcessingStatus(it.Processing),
		}
		for _, r := range receipts {
			meta.Receipts = append(meta.Receipts, wireReceipt(r))
		}
		w.MessageMetadata = meta
	}
	return w
}

func wireReceipt(r center.Receipt) participant.Receipt {
	w := participant.Receipt{RecipientParticipantId: new(string(r.Recipient))}
	if !r.Delivered.IsZero() {
		w.DeliveredTimestamp = stamp(r.Delivered)
	}
	if !r.Read.IsZero() {
		w.ReadTimestamp = stamp(r.Read)
	}
	return w
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
