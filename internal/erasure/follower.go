package erasure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/disk"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/flowlog"
	"parley.example/parley/internal/store"
)

// Left is what a node's [Worker] has taken out of its flow logs, and other nodes are to take out of theirs.
type Left struct {
	Instance center.InstanceID
	Contacts []center.ContactID // none: all of the instance
}

// Encode returns what one node tells another.
func (l Left) Encode() ([]byte, error) { return json.Marshal(l) }

// DecodeLeft reads what Encode has written. The error says that it is nothing of the kind.
func DecodeLeft(data []byte) (l Left, err error) {
	if err = json.Unmarshal(data, &l); err == nil && l.Instance == "" {
		err = errors.New("an erasure of no instance")
	}
	return l, err
}

// Follower takes out of this node's flow logs what other nodes erase: as soon as they tell, and by the receipts of erasures for what
// was told while this node was not there, or could not be reached. It knows in the directory of the flow logs up to which receipt it has followed.
//
// What retention erases has no receipts: of that, lines whose notice was lost stay until their file rotates.
type Follower struct {
	Store   store.Store
	Catalog *catalog.Catalog
	Clock   *engine.Clock
	FlowLog *flowlog.Log // whose Run goes on for as long as this one's
	Dir     string       // of the flow logs
	Log     *slog.Logger

	told chan Left
	// Run's own.
	upTo     string          // all erasures up to this one are followed
	followed map[string]bool // and these after it
}

const (
	// followEvery is how often receipts are looked at.
	followEvery = 30 * time.Second
	// settled is after what time no erasure of an earlier id appears any more, and none is finished later than those that were asked for after it
	// without being seen: clocks of nodes differ by less, and so do the times that their commits take.
	settled = 10 * time.Minute
	// maxTold bounds what waits to be taken out. What does not fit is found by its receipt.
	maxTold = 64
	// followPage is how many receipts are read at once.
	followPage = 100
	// followedName is the file that says up to which receipt all are followed.
	followedName = "erasures.followed"
)

// NewFollower returns a follower. It may be told before it runs.
func NewFollower(f Follower) *Follower {
	f.told, f.followed = make(chan Left, maxTold), map[string]bool{}
	return &f
}

// Tell says what another node has taken out of its flow logs. It never blocks.
func (f *Follower) Tell(l Left) {
	select {
	case f.told <- l:
	default:
		f.Log.Warn("too much is erased at once: lines of flow logs go later", "instance", l.Instance, "contacts", len(l.Contacts))
	}
}

// Run follows until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	if f.Dir == "" {
		return
	}
	data, err := disk.ReadFile(filepath.Join(f.Dir, followedName), 1000)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		f.Log.Warn("it is not known which erasures the flow logs have followed: all are followed again", "err", err)
	}
	f.upTo = string(data)
	t := time.NewTicker(followEvery)
	defer t.Stop()
	for {
		if err := f.look(ctx); err != nil && ctx.Err() == nil {
			f.Log.Error("flow logs may have lines of erased chats; it will be tried again", "err", err)
		}
		for waiting := true; waiting; {
			select {
			case l := <-f.told:
				if err := f.take(ctx, l); err != nil && ctx.Err() == nil {
					f.Log.Error("flow logs may have lines of erased chats; it will be tried again", "instance", l.Instance, "err", err)
				}
			case <-t.C:
				waiting = false
			case <-ctx.Done():
				return
			}
		}
	}
}

// take takes lines out of the flow logs.
func (f *Follower) take(ctx context.Context, l Left) error {
	if len(l.Contacts) > 0 {
		contacts := make(map[center.ContactID]int64, len(l.Contacts))
		for _, id := range l.Contacts {
			contacts[id] = 0
		}
		return f.FlowLog.Erase(ctx, l.Instance, contacts)
	}
	_, err := f.Catalog.Snapshot(ctx, string(l.Instance))
	if center.ReasonOf(err) == center.NotFound { // else it was made again, with the same id
		err = f.FlowLog.Erase(ctx, l.Instance, nil)
	}
	return err
}

// look follows the erasures that are finished and not followed yet.
func (f *Follower) look(ctx context.Context) error {
	fresh, err := f.fresh(ctx)
	if err != nil {
		return err
	}
	left := map[center.InstanceID][]center.ContactID{}
	upTo, gap, now := f.upTo, false, f.Clock.Now()
	var done []string
	for _, e := range fresh { // oldest first
		if e.Finished.IsZero() {
			gap = true
			continue
		}
		if !gap && now.Sub(e.Asked) > settled {
			upTo = e.ID
		}
		if f.followed[e.ID] {
			continue
		}
		done = append(done, e.ID)
		if e.By == store.ByInstance {
			if err := f.take(ctx, Left{Instance: e.Instance}); err != nil {
				return err
			}
			continue
		}
		full, err := f.Store.Erasure(ctx, e.ID)
		if err != nil {
			return err
		}
		left[e.Instance] = append(left[e.Instance], full.Contacts...)
		if len(left[e.Instance]) >= clearBatch {
			if err := f.take(ctx, Left{e.Instance, left[e.Instance]}); err != nil {
				return err
			}
			delete(left, e.Instance)
		}
	}
	for instance, contacts := range left {
		if len(contacts) == 0 {
			continue
		}
		if err := f.take(ctx, Left{instance, contacts}); err != nil {
			return err
		}
	}
	for _, id := range done {
		f.followed[id] = true
	}
	if upTo == f.upTo {
		return nil
	}
	if err := f.keep(upTo); err != nil {
		return fmt.Errorf("note which erasures are followed: %w", err)
	}
	for id := range f.followed {
		if id <= upTo {
			delete(f.followed, id)
		}
	}
	return nil
}

// fresh returns the erasures after those that are followed, oldest first, without their contacts.
func (f *Follower) fresh(ctx context.Context) (fresh []store.Erasure, err error) {
	for before := ""; ; {
		page, err := f.Store.Erasures(ctx, before, followPage)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if page[i].ID <= f.upTo {
				page = page[:i]
				break
			}
		}
		fresh = append(fresh, page...)
		if len(page) < followPage {
			slices.Reverse(fresh)
			return fresh, nil
		}
		before = page[len(page)-1].ID
	}
}

func (f *Follower) keep(upTo string) error {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return err
	}
	name := filepath.Join(f.Dir, followedName)
	if err := disk.WriteFile(name, []byte(upTo)); err != nil {
		return err
	}
	f.upTo = upTo
	return nil
}
