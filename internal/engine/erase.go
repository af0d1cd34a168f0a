package engine

import (
	"context"
	"errors"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/measure"
	"parley.example/parley/internal/store"
)

// Erase takes a chat with all its contacts away, for an erasure or, with "", because
// its time is over. When it returns the chat does not exist, here and in the store, which
// has what is left of it to delete: see [store.Eraser]. Errors: NotFound, NotEnded
// for a chat that has not ended; one that loses its whole instance need not have.
func Erase(ctx context.Context, e *Engine, chat center.ContactID, erasure string, active bool) error {
	for range maxAttempts {
		err := e.chats.run(ctx, chat, func(h *chatEntry) (write, error) {
			state := h.state.chat
			if !state.Ended && !active {
				return nil, center.Errorf(center.NotEnded, "contact %s has not ended", state.Latest.ID)
			}
			moves := contact.MovesOut(state) // what agents still have in hand of it leaves their hands
			sc := &store.Change{
				Chat: chat, Version: h.version, Quotas: handsOf(state.Instance, moves, nil),
				Erase: &store.Remove{Parts: center.AllParts, Files: state.Files(), Contacts: chainOf(state), Erasure: erasure},
			}
			for _, t := range measure.OfWork(state, moves, e.Clock.Now().UnixMilli()) {
				sc.Tallies = append(sc.Tallies, tallyOf(state.Instance, t))
			}
			return func(report func(error)) {
				e.Store.Submit(sc, func(err error) {
					if err == nil {
						h.reload.Store(true)
						if len(moves) > 0 {
							e.notify(&Commit{Chat: chat, Instance: state.Instance, Contact: state.Current(), Change: &contact.Change{Work: moves}, Erased: true})
						}
						// Sockets that are still open close, and other nodes look again.
						e.Bus.Publish(bus.Message{Subject: bus.Chat(chat), Origin: e.Node, Version: nextVersion(sc.Version), Events: []bus.Event{{Last: true}}})
					}
					report(err)
				})
			}, nil
		})
		switch {
		case err == nil:
			e.chats.entries.forget(chat)
			return nil
		case !errors.Is(err, store.ErrConflict):
			return failedOr(e, chat, err)
		}
	}
	return center.Errorf(center.Unavailable, "the chat %s is too busy; try again", chat)
}

// failedOr is Engine.failed for what is not an error of the domain already.
func failedOr(e *Engine, chat center.ContactID, err error) error {
	if _, ok := errors.AsType[*center.Error](err); ok {
		return err
	}
	return e.failed(chat, err)
}

// chainOf returns the contacts of a chat, with those that are not of its chain.
func chainOf(chat *contact.Chat) []center.ContactID {
	var ids []center.ContactID
	for _, s := range append(chat.Chain(), chat.Aside...) {
		ids = append(ids, s.ID)
	}
	return ids
}
