package backup

import (
	"context"
	"fmt"

	"parley.example/parley/internal/blob"
)

// Pruned says what a prune has removed.
type Pruned struct {
	Kept    int      `json:"kept"`
	Removed []string `json:"removed"` // ids
	Freed   Amount   `json:"freed"`   // pieces and files that no backup needs any more
}

// Prune removes all backups but the newest, and then what no backup needs any more, what
// interrupted backups have left behind included. The place must have been opened to write.
// A prune that is interrupted leaves pieces, which the next one removes, and no
// backup without its pieces.
func (p *Place) Prune(ctx context.Context, keep int) (*Pruned, error) {
	if keep < 1 {
		return nil, fmt.Errorf("at least one backup is kept, not %d", keep)
	}
	ids, err := p.ids(ctx)
	if err != nil {
		return nil, err
	}
	gone := ids[:max(0, len(ids)-keep)]
	left := ids[len(gone):]
	// Read first: nothing is removed while it is not known what the others need.
	need, err := p.needed(ctx, left)
	if err != nil {
		return nil, fmt.Errorf("nothing was removed: it is not known which pieces backups need: %w", err)
	}
	out := &Pruned{Kept: len(left)}
	for _, id := range gone {
		if err := p.remove(ctx, backups+"/"+id); err != nil {
			return out, err
		}
		out.Removed = append(out.Removed, id)
	}
	for _, in := range []string{objects, files} {
		var idle []blob.Info
		err := p.store.List(ctx, in, func(f blob.Info) error {
			if s, ok := sumFrom(in, f.Key); ok && !need[in][s] {
				idle = append(idle, f)
			}
			return nil
		})
		if err != nil {
			return out, err
		}
		for _, f := range idle {
			if err := p.remove(ctx, f.Key); err != nil {
				return out, err
			}
			out.Freed.add(f.Size)
		}
	}
	return out, nil
}

func (p *Place) remove(ctx context.Context, key string) error {
	if err := p.holding(); err != nil {
		return err
	}
	return p.store.Delete(ctx, key)
}

// needed returns what backups need, by directory.
func (p *Place) needed(ctx context.Context, ids []string) (map[string]map[sum]bool, error) {
	need := map[string]map[sum]bool{objects: {}, files: {}}
	for _, id := range ids {
		b, err := p.backup(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := p.parts(ctx, b, need[objects], need[files]); err != nil {
			return nil, fmt.Errorf("backup %s: %w", id, err)
		}
	}
	return need, nil
}

// parts adds to the two sets what a backup is made of. A list that is in the set was read before.
func (p *Place) parts(ctx context.Context, b *Backup, pieces, contents map[sum]bool) error {
	for _, name := range b.Database.Lists {
		if pieces[name] {
			continue
		}
		l, err := p.pieces(ctx, name)
		if err != nil {
			return err
		}
		pieces[name] = true
		for _, s := range l {
			pieces[s] = true
		}
	}
	if b.Files == nil {
		return nil
	}
	for _, name := range b.Files.Lists {
		if pieces[name] {
			continue
		}
		l, err := p.fileList(ctx, name)
		if err != nil {
			return err
		}
		pieces[name] = true
		for _, f := range l {
			contents[f.sum] = true
		}
	}
	return nil
}
