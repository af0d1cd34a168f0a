package measure

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
)

// Cells are kept by columns, since a question is about few of them: the numbers of texts of a dimension, the values of a sum, the times of a
// class. Columns lie one behind the other in pieces, which are read one by one; those of a few cells are all in the first.
//
// The first piece begins with how many cells there are, and for each column its number, how many pieces it is further than the one
// before, and how many bytes long; a column that is 0 in all cells is left out. A column of a dimension has its texts, and then, where there are several, the
// number of each cell's. Numbers have one width in a column, so that reading them takes no decisions. All else is varints.

// column is the number of a column. The sums come last: there may be more of them.
type column int

const (
	longestColumn column = column(dims)
	timesColumn   column = longestColumn + 1 // that of the first class
	sumColumn     column = timesColumn + column(classes)

	columns = int(sumColumn) + sums
)

// column is a number of a cell: the one that a column has of it.
func (c *Cell) column(n column) *int64 {
	if n == longestColumn {
		return &c.Longest
	}
	return &c.Sums[n-sumColumn]
}

// numberColumns yields the columns of numbers.
func numberColumns(yield func(column) bool) {
	for n := longestColumn; int(n) < columns; n++ {
		if (n == longestColumn || n >= sumColumn) && !yield(n) {
			return
		}
	}
}

// pieceSize is how long a piece is to be, unless a single column is longer.
const pieceSize = 16 << 10

// Encode returns the pieces in which cells are kept. The same cells give the same bytes.
func (c Cells) Encode() (pieces [][]byte) {
	keys := slices.SortedFunc(maps.Keys(c), compareDims)
	members := make([][dims]string, len(keys))
	cells := make([]*Cell, len(keys))
	for i, d := range keys {
		members[i], cells[i] = d.members(), c[d]
	}
	directory := binary.AppendUvarint(nil, uint64(len(keys)))
	pieces = [][]byte{nil}
	at := 0 // the piece of the column before
	add := func(n column, body []byte) {
		last := len(pieces) - 1
		if len(pieces[last]) > 0 && len(pieces[last])+len(body) > pieceSize {
			pieces = append(pieces, nil)
			last++
		}
		pieces[last] = append(pieces[last], body...)
		directory = binary.AppendUvarint(directory, uint64(n)+1)
		directory = binary.AppendUvarint(directory, uint64(last-at))
		directory = binary.AppendUvarint(directory, uint64(len(body)))
		at = last
	}
	for d := range dims {
		add(column(d), textColumn(members, d))
	}
	for class := range classes {
		if body := appendTimes(nil, cells, class); len(body) > 0 {
			add(timesColumn+column(class), body)
		}
	}
	numbers := make([]int64, len(cells))
	for n := range numberColumns {
		any := int64(0)
		for i, cell := range cells {
			numbers[i] = *cell.column(n)
			any |= numbers[i]
		}
		if any != 0 {
			add(n, appendNumbers(nil, numbers))
		}
	}
	pieces[0] = append(binary.AppendUvarint(directory, 0), pieces[0]...)
	return pieces
}

func textColumn(members [][dims]string, d int) (body []byte) {
	known := map[string]int64{}
	var texts []string
	numbers := make([]int64, len(members))
	for i := range members {
		text := members[i][d]
		n, ok := known[text]
		if !ok {
			n = int64(len(texts))
			known[text] = n
			texts = append(texts, text)
		}
		numbers[i] = n
	}
	body = binary.AppendUvarint(nil, uint64(len(texts)))
	for _, text := range texts {
		body = append(binary.AppendUvarint(body, uint64(len(text))), text...)
	}
	if len(texts) > 1 {
		body = appendNumbers(body, numbers)
	}
	return body
}

// appendNumbers appends the width of numbers in bytes, and the numbers.
func appendNumbers(body []byte, all []int64) []byte {
	low, high := slices.Min(all), slices.Max(all)
	width := byte(8)
	for _, w := range []struct {
		bytes byte
		most  int64
	}{{4, math.MaxInt32}, {2, math.MaxInt16}, {1, math.MaxInt8}} {
		if high <= w.most && low >= -w.most-1 {
			width = w.bytes
		}
	}
	body = append(body, width)
	for _, v := range all {
		switch width {
		case 1:
			body = append(body, byte(v))
		case 2:
			body = binary.LittleEndian.AppendUint16(body, uint16(v))
		case 4:
			body = binary.LittleEndian.AppendUint32(body, uint32(v))
		default:
			body = binary.LittleEndian.AppendUint64(body, uint64(v))
		}
	}
	return body
}

// appendTimes appends the times of a class, the shortest first: for each, how much longer it is than the one before, of how many
// cells it is, and for each of these how much further it is than the one before, and how many contacts took so long.
func appendTimes(body []byte, cells []*Cell, class int) []byte {
	type taken struct {
		cell int
		Taken
	}
	var all []taken
	for i, c := range cells {
		for _, t := range c.Times[class] {
			all = append(all, taken{i, t})
		}
	}
	slices.SortStableFunc(all, func(a, b taken) int { return cmp.Compare(a.Seconds, b.Seconds) }) // cells stay in their order
	before := int64(0)
	for from := 0; from < len(all); {
		seconds, to := all[from].Seconds, from
		for to < len(all) && all[to].Seconds == seconds {
			to++
		}
		body = binary.AppendUvarint(binary.AppendVarint(body, seconds-before), uint64(to-from))
		before = seconds
		cell := 0
		for _, t := range all[from:to] {
			body = binary.AppendVarint(binary.AppendUvarint(body, uint64(t.cell-cell)), t.Contacts)
			cell = t.cell
		}
		from = to
	}
	return body
}

var errCells = errors.New("kept cells are damaged")

// Kept reads cells that were kept, column by column.
type Kept struct {
	piece   func(n int) ([]byte, error)
	cells   int
	columns [columns]place
	last    int // the piece that was read last
	read    []byte
}

// place is where a column is.
type place struct{ piece, from, to int }

// OpenKept returns a reader of what [Cells.Encode] returned, of which first is the first piece. piece returns one by its number; it may be asked
// for one again.
func OpenKept(first []byte, piece func(n int) ([]byte, error)) (*Kept, error) {
	k := &Kept{piece: piece, read: first}
	r := reader{rest: first}
	k.cells = r.int()
	var order []*place
	at, end := 0, 0
	for n := r.int(); n != 0 && !r.bad; n = r.int() {
		further, length := r.int(), r.int()
		if further > 0 {
			at, end = at+further, 0
		}
		p := place{at, end, end + length}
		end = p.to
		if n <= columns {
			k.columns[n-1] = p
			order = append(order, &k.columns[n-1])
		}
	}
	if r.bad {
		return nil, errCells
	}
	for _, p := range order {
		if head := len(first) - len(r.rest); p.piece == 0 {
			p.from, p.to = p.from+head, p.to+head
		}
	}
	return k, nil
}

// body returns a column; nil when it is 0 in all cells.
func (k *Kept) body(n column) ([]byte, error) {
	p := k.columns[n]
	if p.to == 0 {
		return nil, nil
	}
	if p.piece != k.last {
		read, err := k.piece(p.piece)
		if err != nil {
			return nil, err
		}
		k.last, k.read = p.piece, read
	}
	if p.to > len(k.read) || p.from > p.to {
		return nil, errCells
	}
	return k.read[p.from:p.to], nil
}

// texts returns the texts of a dimension, and the number of each cell's. Where the cells are damaged there may be no such text.
func (k *Kept) texts(d dim) (texts []string, of numbers, err error) {
	body, err := k.body(column(d))
	if err != nil {
		return nil, of, err
	}
	r := reader{rest: body}
	n := r.int()
	if n > len(body) || n == 0 && k.cells > 0 {
		return nil, of, errCells
	}
	texts = make([]string, n)
	all := string(body) // once for all of them
	for i := range texts {
		length := r.int()
		from := len(body) - len(r.rest)
		if r.bytes(length); r.bad {
			return nil, of, errCells
		}
		texts[i] = all[from : from+length]
	}
	if n > 1 {
		of, err = k.numbersOf(r.rest)
	}
	return texts, of, err
}

// numbers returns the values of a column.
func (k *Kept) numbers(n column) (of numbers, err error) {
	body, err := k.body(n)
	if err != nil || body == nil {
		return of, err
	}
	return k.numbersOf(body)
}

func (k *Kept) numbersOf(body []byte) (of numbers, err error) {
	if len(body) > 0 {
		of = numbers{int(body[0]), body[1:]}
	}
	if !slices.Contains([]int{1, 2, 4, 8}, of.width) || len(of.body) != k.cells*of.width {
		return of, errCells
	}
	return of, nil
}

// numbers are numbers of one width. The zero value is 0 everywhere.
type numbers struct {
	width int
	body  []byte
}

func (n *numbers) at(i int) int64 {
	switch n.width {
	case 1:
		return int64(int8(n.body[i]))
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(n.body[2*i:])))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(n.body[4*i:])))
	case 8:
		return int64(binary.LittleEndian.Uint64(n.body[8*i:]))
	}
	return 0
}

// addTo adds each cell's number to the sum that it belongs to. There are as many of belongs as cells.
func (n *numbers) addTo(sums []int64, belongs []int32) {
	switch b := n.body; n.width {
	case 1:
		for i, to := range belongs {
			sums[to] += int64(int8(b[i]))
		}
	case 2:
		for i, to := range belongs {
			sums[to] += int64(int16(binary.LittleEndian.Uint16(b[2*i:])))
		}
	case 4:
		for i, to := range belongs {
			sums[to] += int64(int32(binary.LittleEndian.Uint32(b[4*i:])))
		}
	case 8:
		for i, to := range belongs {
			sums[to] += int64(binary.LittleEndian.Uint64(b[8*i:]))
		}
	}
}

// raise raises the numbers to each cell's that is higher than the one it belongs to.
func (n *numbers) raise(to []int64, belongs []int32) {
	for i, at := range belongs {
		to[at] = max(to[at], n.at(i))
	}
}

// times calls each with the times of a class, the shortest first, as long as it wants more.
func (k *Kept) times(class Class, each func(seconds int64, contacts int64, cell int) (more bool)) error {
	body, err := k.body(timesColumn + column(class))
	if err != nil {
		return err
	}
	r := reader{rest: body}
	for seconds := int64(0); len(r.rest) > 0; {
		seconds += r.signed()
		cell := 0
		for range r.int() {
			cell += r.int()
			contacts := r.signed()
			if r.bad || cell >= k.cells {
				return errCells
			}
			if !each(seconds, contacts, cell) {
				return nil
			}
		}
	}
	if r.bad {
		return errCells
	}
	return nil
}

// All returns all cells.
func (k *Kept) All() (Cells, error) {
	members := make([][dims]string, k.cells)
	cells := make([]Cell, k.cells)
	for d := range dims {
		texts, of, err := k.texts(dim(d))
		if err != nil {
			return nil, err
		}
		for i := range members {
			n := of.at(i)
			if n < 0 || n >= int64(len(texts)) {
				return nil, errCells
			}
			members[i][d] = texts[n]
		}
	}
	for n := range numberColumns {
		of, err := k.numbers(n)
		if err != nil {
			return nil, err
		}
		for i := range cells {
			*cells[i].column(n) = of.at(i)
		}
	}
	for class := range classes {
		if err := k.times(Class(class), func(seconds, contacts int64, cell int) bool {
			cells[cell].Times[class].add(seconds, contacts)
			return true
		}); err != nil {
			return nil, err
		}
	}
	all := make(Cells, k.cells)
	for i := range cells {
		all[dimsOf(&members[i])] = &cells[i]
	}
	return all, nil
}

// reader reads varints. Behind the end everything is 0, and bad is set.
type reader struct {
	rest []byte
	bad  bool
}

// int reads a number that is not negative, and not longer than anything can be.
func (r *reader) int() int {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > math.MaxInt32 {
		r.rest, r.bad = nil, true
		return 0
	}
	r.rest = r.rest[n:]
	return int(v)
}

func (r *reader) signed() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.rest, r.bad = nil, true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.rest) {
		r.rest, r.bad = nil, true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}
