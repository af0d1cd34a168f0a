package erasure

import (
	"context"
	"slices"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// maxChats bounds the chats of one erasure.
const maxChats = 10_000

// Order is what somebody asks to be erased: chats of an instance, selected by one of the
// other members.
type Order struct {
	Instance         center.InstanceID
	Contact          center.ContactID // one of the chat's
	Customer         string
	Attribute, Value string

	EndActive bool   // end chats that have not ended; without it they refuse the order
	Key       string // the id of the access key that asks
}

// by says how an order selects.
func (o *Order) by() store.ErasedBy {
	switch {
	case o.Contact != "":
		return store.ByContact
	case o.Customer != "":
		return store.ByCustomer
	}
	return store.ByAttribute
}

// Found is what an order would erase.
type Found struct {
	Chats       []center.ContactID
	Contacts    []center.ContactID
	Active      []center.ContactID // chats that have not ended
	Items       int64
	Attachments int64
}

// Find looks up what an order selects. Errors: NotFound for the contact; LimitExceeded for more than 10,000 chats.
func (w *Worker) Find(ctx context.Context, o *Order) (*Found, error) {
	found := &Found{}
	if o.Contact != "" {
		chat, err := w.Store.ChatOf(ctx, o.Contact)
		if err != nil {
			return nil, err
		}
		return found, w.add(ctx, found, o, chat)
	}
	for chat, err := range w.Store.Matching(ctx, store.Selection{Instance: o.Instance, Customer: o.Customer, Attribute: o.Attribute, Value: o.Value}) {
		if err != nil {
			return nil, err
		}
		if len(found.Chats) >= maxChats {
			return nil, center.Errorf(center.LimitExceeded, "the selection has more than %d chats; select fewer at a time", maxChats)
		}
		if err := w.add(ctx, found, o, chat); err != nil && center.ReasonOf(err) != center.NotFound {
			return nil, err
		}
	}
	return found, nil
}

// add adds a chat to what was found.
func (w *Worker) add(ctx context.Context, found *Found, o *Order, id center.ContactID) error {
	chat, err := w.Engine.State(ctx, id)
	if err != nil {
		return err
	}
	if chat.Instance != o.Instance {
		return center.Errorf(center.NotFound, "contact %s does not exist", o.Contact)
	}
	found.Chats = append(found.Chats, id)
	for _, s := range append(chat.Chain(), chat.Aside...) {
		found.Contacts = append(found.Contacts, s.ID)
	}
	if !chat.Ended {
		found.Active = append(found.Active, id)
	}
	found.Attachments += int64(len(chat.Attachments))
	versions, err := w.Store.Versions(ctx, []center.ContactID{id})
	if err == nil && len(versions) == 1 && chat.Gone&center.PartTranscript == 0 {
		found.Items += versions[0].LastSeq
	}
	return err
}

// Ask erases what an order selects, and returns the receipt as it stands. When it returns
// the chats do not exist any more; the receipt is finished once nothing of them is
// left in any file. Errors: those of Find; Conflict when chats are active, and nothing
// is erased then.
func (w *Worker) Ask(ctx context.Context, o *Order) (store.Erasure, error) {
	found, err := w.Find(ctx, o)
	if err != nil {
		return store.Erasure{}, err
	}
	if n := len(found.Active); n > 0 && !o.EndActive {
		return store.Erasure{}, center.Errorf(center.Conflict, "%d of the %d chats have not ended, the first of them %s; end them with StopContact, or ask to have them ended (EndActive)",
			n, len(found.Chats), slices.Min(found.Active))
	}
	now := w.Clock.Now()
	e := store.Erasure{ID: store.NewErasureID(now), Instance: o.Instance, By: o.by(), Key: o.Key, Asked: now}
	if err := w.Store.PutErasure(ctx, e, found.Chats); err != nil {
		return store.Erasure{}, err
	}
	// From here on it happens, whoever waits for it: what fails now the worker does.
	ctx = context.WithoutCancel(ctx)
	defer func() {
		w.Wake()
		if w.Told != nil {
			w.Told()
		}
	}()
	for batch := range slices.Chunk(found.Chats, takeBatch) {
		if err := w.takeNow(ctx, e.ID, batch); err != nil {
			w.Log.Warn("a chat could not be erased at once; it will be retried", "erasure", e.ID, "err", err)
		}
	}
	w.Log.Info("chats were erased on request", "erasure", e.ID, "instance", e.Instance, "by", e.By, "key", e.Key, "chats", len(found.Chats))
	return w.Store.Erasure(ctx, e.ID)
}

// takeNow takes chats that somebody waits for.
func (w *Worker) takeNow(ctx context.Context, erasure string, chats []center.ContactID) error {
	errs := make(chan error, len(chats))
	for _, chat := range chats {
		go func() { errs <- w.take(ctx, store.Doomed{Erasure: erasure, Chat: chat}) }()
	}
	var first error
	for range chats {
		if err := <-errs; err == nil {
			w.erased.Add(1)
		} else if first == nil && center.ReasonOf(err) != center.NotFound {
			first = err
		}
	}
	return first
}
