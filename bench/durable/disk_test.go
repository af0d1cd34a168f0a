package durable

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestDisk: what was flushed survives a cut, of the rest any sectors do, each whole, and
// without power nothing is taken any more.
func TestDisk(t *testing.T) {
	const sectors = 8
	lost, kept := 0, 0
	for seed := range uint64(200) {
		d := NewDisk(make([]byte, sectors*Sector))
		write := func(b byte, at, n int) {
			t.Helper()
			if err := d.WriteAt(bytes.Repeat([]byte{b}, n), int64(at)); err != nil {
				t.Fatal(err)
			}
		}
		write('a', 0, sectors*Sector)
		if err := d.Flush(); err != nil {
			t.Fatal(err)
		}
		write('b', 2*Sector, 4*Sector)
		write('c', 3*Sector, Sector)
		read := make([]byte, Sector)
		if n := d.ReadAt(read, 3*Sector); n != Sector || read[0] != 'c' {
			t.Fatalf("read %d bytes of %c; want what was written last", n, read[0])
		}
		if !d.Dirty() {
			t.Fatal("nothing is in the cache")
		}
		content, cached := d.Cut(rand.New(rand.NewPCG(seed, 0)))
		if cached != 5*Sector {
			t.Errorf("%d bytes were in the cache; want %d", cached, 5*Sector)
		}
		for i := range sectors {
			s := content[i*Sector : (i+1)*Sector]
			if bytes.Count(s, s[:1]) != Sector {
				t.Fatalf("sector %d is torn", i)
			}
			if may := map[bool]string{false: "a", true: "ab"}[i >= 2 && i < 6]; !bytes.Contains([]byte(may), s[:1]) && (i != 3 || s[0] != 'c') {
				t.Errorf("sector %d is %c", i, s[0])
			}
			if i >= 2 && i < 6 {
				if s[0] == 'a' {
					lost++
				} else {
					kept++
				}
			}
		}
		if d.WriteAt(read, 0) == nil || d.Flush() == nil {
			t.Fatal("a disk without power takes what is written")
		}
	}
	if lost == 0 || kept == 0 {
		t.Errorf("%d sectors were lost and %d kept in the cache; want both", lost, kept)
	}
	d := NewDisk(make([]byte, Sector))
	if d.WriteAt(make([]byte, 2), Sector-1) == nil {
		t.Error("the disk took bytes beyond its end")
	}
	d.Lie()
	if err := d.WriteAt([]byte("x"), 0); err != nil || d.Flush() != nil {
		t.Fatal(err)
	}
	if _, cached := d.Cut(rand.New(rand.NewPCG(1, 1))); cached != 1 {
		t.Error("a lying disk flushed")
	}
}
