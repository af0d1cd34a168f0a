package backup

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/blob/dir"
	"parley.example/parley/internal/store/sqlite"
)

// dying is a store whose process dies after so many deletions.
type dying struct {
	blob.Lister
	left int
}

var errDied = errors.New("died")

func (d *dying) Delete(ctx context.Context, key string) error {
	if d.left--; d.left < 0 {
		return errDied
	}
	return d.Lister.Delete(ctx, key)
}

// TestInterruptedPrune lets a prune die after each of its deletions: every backup that is
// still listed is whole, and the next prune completes the work.
func TestInterruptedPrune(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	files, err := dir.Open(filepath.Join(data, "files"))
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	for left := 0; ; left++ {
		p, ctx, err := OpenToWrite(t.Context(), Where{URL: filepath.Join(t.TempDir(), "place")})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"one", "two", "three"} { // a file that is in one backup only
			if err := files.Put(ctx, "attachments/a/b", strings.NewReader(text), int64(len(text))); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Save(ctx, Options{Data: data, Now: time.Now}); err != nil {
				t.Fatal(err)
			}
		}
		store := p.store
		p.store = &dying{store, left}
		_, died := p.Prune(ctx, 1)
		p.store = store
		if found, err := p.Check(ctx, Choice{}, nil); err != nil || len(found.Wrong) > 0 || len(found.Backups) == 0 {
			t.Fatalf("after %d deletions: %+v, %v", left, found, err)
		}
		if _, err := p.Prune(ctx, 1); err != nil {
			t.Fatal(err)
		}
		found, err := p.Check(ctx, Choice{}, nil)
		if err != nil || len(found.Wrong) > 0 || len(found.Backups) != 1 || found.Contents.Count != 1 {
			t.Fatalf("after %d deletions and a second prune: %+v, %v", left, found, err)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if died == nil {
			if left < 4 {
				t.Errorf("a whole prune makes %d deletions", left)
			}
			return
		}
		if !errors.Is(died, errDied) {
			t.Fatal(died)
		}
	}
}

// unnamed is a store whose process dies before it writes a manifest.
type unnamed struct{ blob.Lister }

func (u unnamed) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if strings.HasPrefix(key, backups+"/") {
		return errDied
	}
	return u.Lister.Put(ctx, key, r, size)
}

// TestInterruptedBackupIsResumed: what a backup has stored before it died is not stored again.
func TestInterruptedBackupIsResumed(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, ctx, err := OpenToWrite(t.Context(), Where{URL: filepath.Join(t.TempDir(), "place")})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	store := p.store
	p.store = unnamed{store}
	if _, err := p.Save(ctx, Options{Data: data, Now: time.Now}); !errors.Is(err, errDied) {
		t.Fatalf("Save = %v", err)
	}
	if list, err := p.List(ctx); err != nil || len(list) != 0 {
		t.Errorf("an interrupted backup is listed: %v, %v", list, err)
	}
	p.store = store
	saved, err := p.Save(ctx, Options{Data: data, Now: time.Now})
	if err != nil || saved.NewPieces.Count != 0 || saved.Added.Count != 0 || saved.Database.Bytes == 0 {
		t.Errorf("the next backup stores %+v, %v", saved, err)
	}
}

// TestPruneOfADamagedPlace: nothing is removed while it is not known what is needed.
func TestPruneOfADamagedPlace(t *testing.T) {
	data, place := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "place")
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, ctx, err := OpenToWrite(t.Context(), Where{URL: place})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var last *Saved
	for range 2 {
		if last, err = p.Save(ctx, Options{Data: data, Now: time.Now}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(place, filepath.FromSlash(last.Database.Lists[0].key(objects)))); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Prune(ctx, 1); err == nil || !strings.Contains(err.Error(), "nothing was removed") {
		t.Errorf("Prune = %v", err)
	}
	if ids, err := p.ids(ctx); err != nil || len(ids) != 2 {
		t.Errorf("there are %v, %v", ids, err)
	}
	if _, err := p.Prune(ctx, 0); err == nil {
		t.Error("a prune keeps nothing")
	}
}
