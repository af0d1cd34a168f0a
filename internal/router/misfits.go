package router

import (
	"context"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// misfit is somebody with a chat in hand that is not, or not in this way, for him.
type misfit struct {
	instance center.InstanceID
	chat     center.ContactID
	user     center.UserID
}

// fitting returns what to do about a contact in somebody's hands, nil for nothing: one who does not exist loses
// it, and so does a supervisor without ManagerListenIn; one who has barged in without ManagerBargeIn is silent again.
func fitting(snap *catalog.Snapshot, w *contact.Work) contact.Command {
	u, err := catalog.Get[*catalog.User](snap, w.User)
	switch {
	case err != nil && !w.Guest:
		return contact.Lose{User: w.User}
	case err != nil || w.Watch == nil:
		return nil
	case access.Of(snap, u).Require(permission.ManagerListenIn) != nil:
		return contact.Lose{User: w.User, Watch: true}
	case !w.Watch.Barged.IsZero() && access.Of(snap, u).Require(permission.ManagerBargeIn) != nil:
		return contact.Supervise{User: w.User}
	}
	return nil
}

// review looks for misfits among those who have a chat in hand.
func (in *instance) review(id center.ContactID, c *chat) {
	if c.chat == nil {
		return
	}
	for i := range c.chat.Work {
		if w := &c.chat.Work[i]; fitting(in.snap, w) != nil {
			in.misfits = append(in.misfits, misfit{in.id, id, w.User})
		}
	}
}

// end puts an end to a misfit, as the instance and the chat are by now. What fails is tried again.
func (r *Router) end(ctx context.Context, m misfit) {
	err := r.tryEnd(ctx, m)
	if err == nil || ctx.Err() != nil {
		return
	}
	switch center.ReasonOf(err) {
	case center.NotFound, center.Gone:
		return // the instance, the chat, or what he had of it
	}
	r.Log.ErrorContext(ctx, "somebody still has a contact in hand that is not for him; it is tried again", "contact", m.chat, "user", m.user, "err", err)
	time.AfterFunc(retry, func() { r.SetUp(m.instance) })
}

func (r *Router) tryEnd(ctx context.Context, m misfit) error {
	snap, err := r.Catalog.SnapshotWith(ctx, center.KindUser, string(m.instance))
	if err != nil {
		return err
	}
	state, err := r.engine.State(ctx, m.chat)
	if err != nil {
		return err
	}
	w := state.WorkOf(m.user)
	if w == nil {
		return nil
	}
	cmd := fitting(snap, w)
	if cmd == nil {
		return nil
	}
	_, err = r.engine.Do(ctx, m.chat, cmd)
	if _, silence := cmd.(contact.Supervise); silence && err != nil && center.ReasonOf(err) == center.Conflict {
		_, err = r.engine.Do(ctx, m.chat, contact.Lose{User: m.user, Watch: true}) // without him too few would be there
	}
	return err
}
