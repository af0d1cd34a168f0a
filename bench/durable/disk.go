package durable

import (
	"errors"
	"math/rand/v2"
	"sync"
)

// Sector is what a disk writes whole or not at all.
const Sector = 512

// ErrNoPower is the error of a disk without power.
var ErrNoPower = errors.New("the disk has no power")

// Disk is a block device with a cache that it loses when the power is cut: what was written
// before the last flush that it has completed is there afterwards, and of what was written later any sectors.
type Disk struct {
	mu     sync.Mutex // guards what follows
	lies   bool
	now    []byte   // what is read
	stable []byte   // what is there without power
	cached []extent // written since the last flush, in order
	cut    bool
}

type extent struct {
	at int
	b  []byte
}

// NewDisk returns a disk with a content, which it keeps.
func NewDisk(content []byte) *Disk {
	return &Disk{now: append([]byte(nil), content...), stable: content}
}

// Size returns how many bytes the disk has.
func (d *Disk) Size() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.now)
}

// Lie makes it a disk that completes flushes without doing anything, and loses what it was told since.
func (d *Disk) Lie() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lies = true
}

// Release gives back the memory of a disk that nobody reads any more.
func (d *Disk) Release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut, d.now, d.stable, d.cached = true, nil, nil, nil
}

// ReadAt reads, without power too, so that nobody waits for ever.
func (d *Disk) ReadAt(b []byte, at int64) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at < 0 || at >= int64(len(d.now)) {
		return 0
	}
	return copy(b, d.now[at:])
}

// WriteAt writes to the cache.
func (d *Disk) WriteAt(b []byte, at int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cut {
		return ErrNoPower
	}
	if at < 0 || at+int64(len(b)) > int64(len(d.now)) {
		return errors.New("beyond the end of the disk")
	}
	copy(d.now[at:], b)
	d.cached = append(d.cached, extent{int(at), append([]byte(nil), b...)})
	return nil
}

// Flush makes what was written durable.
func (d *Disk) Flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cut {
		return ErrNoPower
	}
	if d.lies {
		return nil
	}
	for _, e := range d.cached {
		copy(d.stable[e.at:], e.b)
	}
	d.cached = nil
	return nil
}

// Dirty reports whether anything was written that is not flushed.
func (d *Disk) Dirty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.cached) > 0
}

// Cut cuts the power and returns what is on the disk afterwards, and how many bytes were in its
// cache: none of them survive, all do, or some sectors here and there.
func (d *Disk) Cut(r *rand.Rand) (content []byte, cached int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut = true
	chance := [...]float64{0, 0.1, 0.5, 0.9, 1}[r.IntN(5)]
	if d.lies {
		chance = 0 // the disk as it was once, which is whole
	}
	for _, e := range d.cached {
		cached += len(e.b)
		for i := 0; i < len(e.b); {
			next := min(len(e.b), i+Sector-(e.at+i)%Sector)
			if r.Float64() < chance {
				copy(d.stable[e.at+i:], e.b[i:next])
			}
			i = next
		}
	}
	d.cached = nil
	return d.stable, cached
}
