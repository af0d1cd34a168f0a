package backup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Checked says what a check has found. All is well when Wrong is empty.
type Checked struct {
	Backups []*Backup // those that can be read
	*Backup           // the one whose database was put together and examined
	Facts
	Pieces, Contents Amount // what was compared with its name
	Took             time.Duration
}

// Check reads all that the backups of a place are made of, compares each piece with its name,
// puts the database of one backup together in a temporary directory (TMPDIR) and examines it. What is wrong is
// in the result; an error says that the check itself could not be done.
func (p *Place) Check(ctx context.Context, c Choice, progress func(Progress)) (_ *Checked, err error) {
	began := time.Now()
	out := &Checked{}
	var bad notes
	ids, err := p.ids(ctx)
	if err != nil {
		return nil, err
	}
	pieces, contents := map[sum]bool{}, map[sum]bool{}
	for _, id := range ids {
		b, err := p.backup(ctx, id)
		if err == nil {
			out.Backups = append(out.Backups, b)
			err = p.parts(ctx, b, pieces, contents)
		}
		if err := found(err, &bad, "backup "+id); err != nil {
			return nil, err
		}
	}
	if out.Pieces, err = p.verify(ctx, pieces, &bad, progress, "objects", func(ctx context.Context, s sum) (int64, error) {
		b, err := p.object(ctx, s)
		return int64(len(b)), err
	}); err != nil {
		return nil, err
	}
	if out.Contents, err = p.verify(ctx, contents, &bad, progress, "files", p.content); err != nil {
		return nil, err
	}
	chosen, err := p.Choose(ctx, c)
	switch _, broken := errors.AsType[*damage](err); {
	case broken: // it is among what is wrong
	case err != nil:
		return nil, err
	default:
		out.Backup = chosen
		if err := p.rehearse(ctx, out, &bad, progress); err != nil {
			return nil, err
		}
	}
	out.Wrong, out.Took = bad.all(), time.Since(began)
	return out, nil
}

// found notes an error that says that something stored is damaged; it returns any other.
func found(err error, bad *notes, where string) error {
	if err == nil {
		return nil
	}
	d, broken := errors.AsType[*damage](err)
	if !broken {
		return err
	}
	bad.add("%s: %v", where, d)
	return nil
}

// verify compares contents with their names, a few at once, and says how much there is.
func (p *Place) verify(ctx context.Context, all map[sum]bool, bad *notes, progress func(Progress), what string, read func(context.Context, sum) (int64, error)) (Amount, error) {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(hands)
	var mu sync.Mutex
	var n Amount
	for s := range all {
		g.Go(func() error {
			size, err := read(gctx, s)
			mu.Lock()
			defer mu.Unlock()
			n.add(size)
			tell(progress, what, n.Bytes, 0)
			return found(err, bad, what)
		})
	}
	return n, g.Wait()
}

// content compares a file with its name.
func (p *Place) content(ctx context.Context, s sum) (int64, error) {
	key := s.key(files)
	f, size, err := p.store.Open(ctx, key)
	if err != nil {
		return 0, damaged(key, err)
	}
	defer f.Close()
	got, err := sumReader(f)
	if err == nil && got != s {
		err = &damage{key, errors.New("its content is not what its name says")}
	}
	return size, err
}

// rehearse puts the database of a backup together, examines it and deletes it.
func (p *Place) rehearse(ctx context.Context, out *Checked, bad *notes, progress func(Progress)) (err error) {
	tmp, err := os.MkdirTemp("", "parley-check-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	path := filepath.Join(tmp, databaseName)
	sizes, err := p.sizes(ctx, out.Backup)
	if err == nil {
		err = p.assemble(ctx, out.Backup, path, progress)
	}
	if err != nil {
		return found(err, bad, "backup "+out.ID+" cannot be restored")
	}
	tell(progress, "examining the database", 0, 0)
	facts, err := examine(ctx, path, sizes)
	if err != nil {
		return err
	}
	out.Facts = *facts
	for _, line := range facts.Wrong {
		bad.add("backup %s: %s", out.ID, line)
	}
	return nil
}

// sizes returns the sizes of a backup's files by key, nil when it has left them out.
func (p *Place) sizes(ctx context.Context, b *Backup) (map[string]int64, error) {
	if b.Files == nil {
		return nil, nil
	}
	sizes := map[string]int64{}
	for _, list := range b.Files.Lists {
		l, err := p.fileList(ctx, list)
		if err != nil {
			return nil, err
		}
		for _, f := range l {
			sizes[f.key] = f.size
		}
	}
	return sizes, nil
}
