package sqlite

import (
	"context"
	"encoding/binary"
)

// SQLite overwrites what is deleted (secure_delete), but not what it leaves behind when it
// moves rows from one page to another: the gap between the pointers and the cells of a
// page may have copies of rows that lay there once. So after an erasure all pages are
// looked through, and gaps that are not empty are overwritten.
//
// The pages are read and written as SQLite has them, by its table sqlite_dbpage. What a page is
// the pointer map says, which a database with auto_vacuum has: every 820th page
// tells of those behind it. https://www.sqlite.org/fileformat2.html describes both.

const (
	pageSize = 4096
	// mapped is how many pages a page of the pointer map tells of, 5 bytes for each; the
	// first one is page 2.
	mapped = pageSize / 5
)

// Kinds of pages of B-trees, by the pointer map.
const (
	mapRoot = 1
	mapTree = 5
)

// Scrub implements [store.Store].
func (s eraser) Scrub(ctx context.Context, from int64) (next int64, err error) {
	var dirty []int64
	if err := s.read(ctx, ourselves, func(c *conn) error {
		last, err := c.mapEnd()
		if err != nil {
			return err
		}
		if next = from + 1; next*(mapped+1)+2 > last {
			next = 0
		}
		if last == 0 {
			return nil
		}
		kinds, err := c.page(from*(mapped+1) + 2)
		if err != nil {
			return err
		}
		if from == 0 {
			dirty, err = c.spotted(1, dirty)
		}
		for i := 0; i < mapped && err == nil; i++ {
			if n := from*(mapped+1) + 3 + int64(i); n <= last && isTree(kinds, i) {
				dirty, err = c.spotted(n, dirty)
			}
		}
		return err
	}); err != nil || len(dirty) == 0 {
		return next, err
	}
	return next, s.do(ctx, func(c *conn) error {
		for _, n := range dirty {
			if err := c.scrub(n); err != nil {
				return err
			}
		}
		return nil
	})
}

// mapEnd returns the number of the last page, 0 for a database without a pointer map.
func (c *conn) mapEnd() (int64, error) {
	mode, err := c.Pragma("auto_vacuum")
	if err != nil || mode == 0 {
		return 0, err
	}
	if size, err := c.Pragma("page_size"); err != nil || size != pageSize {
		return 0, err
	}
	return c.Pragma("page_count")
}

// page reads a page, nil when there is none with the number.
func (c *conn) page(n int64) ([]byte, error) {
	r, err := c.First("SELECT data FROM sqlite_dbpage WHERE pgno = ?", n)
	if err != nil || r == nil {
		return nil, err
	}
	return r.Blob(0), nil
}

func isTree(kinds []byte, i int) bool {
	return len(kinds) == pageSize && (kinds[5*i] == mapRoot || kinds[5*i] == mapTree)
}

// spotted adds a page to dirty if it has something where there should be nothing.
func (c *conn) spotted(n int64, dirty []int64) ([]int64, error) {
	data, err := c.page(n)
	if err == nil && wipe(data, n == 1) {
		dirty = append(dirty, n)
	}
	return dirty, err
}

// scrub overwrites what a page has where there should be nothing, if it is still a page
// of a B-tree.
func (c *conn) scrub(n int64) error {
	if n > 1 {
		group := (n - 2) / (mapped + 1)
		kinds, err := c.page(group*(mapped+1) + 2)
		if err != nil || !isTree(kinds, int(n-group*(mapped+1)-3)) {
			return err
		}
	}
	data, err := c.page(n)
	if err != nil || !wipe(data, n == 1) {
		return err
	}
	_, err = c.Exec("UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?", data, n)
	return err
}

// wipe overwrites the gap and the free blocks of a page of a B-tree with zeros, and reports whether
// they were anything else. The header of the file is before that of the first page.
func wipe(page []byte, first bool) (changed bool) {
	header := 0
	if first {
		header = 100
	}
	if len(page) != pageSize {
		return false
	}
	at := func(i int) int { return int(binary.BigEndian.Uint16(page[i:])) }
	pointers := header + 8
	switch page[header] {
	case 2, 5: // inner pages have one pointer more
		pointers += 4
	case 10, 13:
	default:
		return false
	}
	cells := at(header + 5)
	if gap := pointers + 2*at(header+3); gap < cells && cells <= len(page) {
		changed = zero(page[gap:cells])
	}
	for block, last := at(header+1), 0; block > last && block+4 <= len(page); {
		if end := block + at(block+2); block+4 <= end && end <= len(page) {
			changed = zero(page[block+4:end]) || changed
		}
		block, last = at(block), block
	}
	return changed
}

// zero overwrites bytes, and reports whether one was not zero.
func zero(b []byte) (changed bool) {
	for i, c := range b {
		if c != 0 {
			clear(b[i:])
			return true
		}
	}
	return false
}

// Traces implements [store.Store].
func (s eraser) Traces(ctx context.Context) (left bool, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		r, err := c.First("SELECT one FROM traces WHERE one = 1")
		left = r != nil
		return err
	})
	return left, err
}

// Spotless implements [store.Store].
func (s eraser) Spotless(ctx context.Context) error {
	return s.do(ctx, func(c *conn) error {
		_, err := c.Exec("DELETE FROM traces WHERE one = 1 AND NOT EXISTS (SELECT 1 FROM remains)")
		return err
	})
}
