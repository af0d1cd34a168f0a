package erasure

import (
	"context"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Service answers from a worker. Its errors are [center.Error] and those of Authorize.
type Service struct {
	*Worker
	// Authorize says whether the caller of a context may do something to an instance, and returns the
	// id of the caller's access key. The operation is [OpErase] or [OpList].
	Authorize func(ctx context.Context, operation string, instance center.InstanceID) (key string, err error)
}

var _ API = (*Service)(nil)

// Erase implements [API].
func (s *Service) Erase(ctx context.Context, in *EraseRequest) (*Receipt, error) {
	o, err := s.order(ctx, in)
	if err != nil {
		return nil, err
	}
	e, err := s.Ask(ctx, o)
	if err != nil {
		return nil, err
	}
	return receiptOf(&e), nil
}

// PreviewErasure implements [API].
func (s *Service) PreviewErasure(ctx context.Context, in *EraseRequest) (*Preview, error) {
	o, err := s.order(ctx, in)
	if err != nil {
		return nil, err
	}
	found, err := s.Find(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Preview{ContactIds: found.Contacts, ActiveContactIds: found.Active, Counts: map[string]int64{
		"chats": int64(len(found.Chats)), "contacts": int64(len(found.Contacts)), "items": found.Items, "attachments": found.Attachments,
	}}, nil
}

// order reads a request of somebody who may make it.
func (s *Service) order(ctx context.Context, in *EraseRequest) (*Order, error) {
	o := &Order{Customer: in.CustomerId, EndActive: in.EndActive}
	var ok bool
	if o.Instance, ok = s.Catalog.Resolve(in.InstanceId); !ok {
		return nil, center.Errorf(center.BadRequest, "InstanceId is neither the id nor the ARN of an instance")
	}
	given := 0
	for _, g := range []bool{in.ContactId != "", in.CustomerId != "", in.Attribute != nil} {
		if g {
			given++
		}
	}
	if given != 1 {
		return nil, center.Errorf(center.BadRequest, "give exactly one of ContactId, CustomerId and Attribute, which has a Name and a Value")
	}
	if in.ContactId != "" {
		if o.Contact, ok = center.ParseContactID(in.ContactId); !ok {
			return nil, center.Errorf(center.NotFound, "contact %.100s does not exist", in.ContactId)
		}
	}
	if in.Attribute != nil {
		o.Attribute, o.Value = in.Attribute.Name, in.Attribute.Value
	}
	var err error
	if o.Key, err = s.Authorize(ctx, OpErase, o.Instance); err != nil {
		return nil, err
	}
	_, err = s.Catalog.Snapshot(ctx, string(o.Instance))
	return o, err
}

// perPage is how many receipts one answer lists.
const perPage = 100

// ListErasures implements [API].
func (s *Service) ListErasures(ctx context.Context, in *ListErasuresRequest) (*ListErasuresResponse, error) {
	found, err := s.Store.Erasures(ctx, in.Before, perPage)
	if err != nil {
		return nil, err
	}
	out := &ListErasuresResponse{}
	var refused error
	for i := range found {
		if _, err := s.Authorize(ctx, OpList, found[i].Instance); err != nil {
			refused = err
			continue
		}
		out.Erasures = append(out.Erasures, *receiptOf(&found[i]))
	}
	more := len(found) == perPage
	if len(out.Erasures) == 0 && refused != nil && !more {
		return nil, refused
	}
	if more {
		out.NextBefore = &found[len(found)-1].ID
	}
	return out, nil
}

// GetErasure implements [API].
func (s *Service) GetErasure(ctx context.Context, in *GetErasureRequest) (*Receipt, error) {
	e, err := s.Store.Erasure(ctx, in.ErasureId)
	if err != nil {
		return nil, err
	}
	if _, err := s.Authorize(ctx, OpList, e.Instance); err != nil {
		return nil, err
	}
	return receiptOf(&e), nil
}

func receiptOf(e *store.Erasure) *Receipt {
	r := &Receipt{ErasureId: e.ID, InstanceId: e.Instance, SelectedBy: e.By, AccessKeyId: e.Key, AskedAt: e.Asked, Counts: e.Counts, ContactIds: e.Contacts}
	if e.Waiting > 0 {
		r.Waiting = &e.Waiting
	}
	if !e.Finished.IsZero() {
		r.FinishedAt = &e.Finished
	}
	return r
}
