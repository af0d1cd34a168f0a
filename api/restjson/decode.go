package restjson

import (
	"encoding/json"
	"fmt"
	"sync"
)

// MaxDepth bounds how deeply arrays and objects may be nested in a body, skipped members included.
const MaxDepth = 128

// MaxElements bounds the elements of all the lists and maps of a request together: a few bytes each
// could otherwise become hundreds in memory before the model's own limits are checked.
const MaxElements = 1 << 16

// Decoder reads one JSON value from memory, member by member, as generated code asks for it.
// A value of the wrong type is noted as a violation and skipped, so that one answer can name all
// of them; broken JSON ends the reading. Every read after that returns zero values at once.
type Decoder struct {
	data     []byte
	pos      int
	fresh    bool // the innermost container was just opened
	open     []frame
	elements int // of lists and maps, so far
	scratch  []byte
	syntax   string // what is wrong with the text itself; "" while it is fine
	depth    int    // how deeply containers may be nested
	strict   bool   // a request: absent required members and null elements are violations
	v        *Validator
}

// frame is one container being read. Its key or index is the path to the value being read now.
type frame struct {
	kind  byte // 'o' for an object, 'm' for a map, 'a' for an array
	key   []byte
	index int // -1 before the first element
}

// JSONDecoder is implemented by the structures and unions whose types have code of their own.
type JSONDecoder interface{ DecodeJSON(*Decoder) }

var decoders = sync.Pool{New: func() any { return &Decoder{open: make([]frame, 0, 16)} }}

// Unmarshal reads data, one JSON value and nothing after it, into the
// structure or union of an API that x points to. It is lenient as a client
// must be: absent required members and null elements are no error. Empty data leaves x alone.
// The error is a [*ValidationError].
func Unmarshal(data []byte, x any) error {
	v := newValidator()
	defer v.release()
	decodeBody(data, form[JSONDecoder](x), v, false)
	return v.err()
}

// First returns a decoder of the first JSON value in data, which may be nested at most depth levels
// deep. What follows the value is not looked at. It is lenient as [Unmarshal] is, and ended by
// [Decoder.Done].
func First(data []byte, depth int) *Decoder { return decode(data, depth, newValidator(), false) }

// Done ends a decoder that [First] returned, and says what was wrong. The error is a
// [*ValidationError].
func (d *Decoder) Done() error {
	v := d.v
	d.release()
	defer v.release()
	return v.err()
}

// decode returns a decoder at the beginning of data that notes what is wrong in v.
func decode(data []byte, depth int, v *Validator, strict bool) *Decoder {
	d := decoders.Get().(*Decoder)
	d.data, d.pos, d.fresh, d.syntax, d.depth, d.strict, d.v = data, 0, false, "", depth, strict, v
	d.open, d.elements = d.open[:0], 0
	return d
}

// release notes what is wrong with the text and ends the decoder.
func (d *Decoder) release() {
	if d.syntax != "" {
		d.v.note(Violation{Problem: d.syntax}, true)
	}
	d.data, d.v = nil, nil
	decoders.Put(d)
}

// decodeBody reads a whole body into x and notes what is wrong in v.
func decodeBody(data []byte, x JSONDecoder, v *Validator, strict bool) {
	d := decode(data, MaxDepth, v, strict)
	if d.peek() == 0 && d.pos == len(d.data) {
		d.data = []byte("{}") // an absent body has every member absent
		d.pos = 0
	}
	x.DecodeJSON(d)
	if d.syntax == "" && (d.peek() != 0 || d.pos < len(d.data)) {
		d.fail("unexpected text after the value")
	}
	d.release()
}

// Object enters an object. It reports false, having noted why, if the value is something else.
func (d *Decoder) Object() bool { return d.object('o') }

func (d *Decoder) object(kind byte) bool {
	if d.peek() != '{' {
		d.mismatch("an object")
		return false
	}
	return d.enter(kind)
}

// Array enters an array, see Object.
func (d *Decoder) Array() bool {
	if d.peek() != '[' {
		d.mismatch("a list")
		return false
	}
	return d.enter('a')
}

func (d *Decoder) enter(kind byte) bool {
	if len(d.open) >= d.depth {
		d.fail(fmt.Sprintf("nested more than %d levels deep", d.depth))
		return false
	}
	d.pos++
	d.open = append(d.open, frame{kind: kind, index: -1})
	d.fresh = true
	return true
}

// Next moves to the next member of the object that is not null and reports whether there is one;
// otherwise it has left the object. The caller then reads the value or calls Skip.
func (d *Decoder) Next() bool {
	for d.nextMember() {
		if d.peek() != 'n' {
			return true
		}
		if !d.literal("null") {
			return false
		}
	}
	return false
}

// Key is the name of the member Next moved to, valid until the following call.
func (d *Decoder) Key() []byte { return d.open[len(d.open)-1].key }

func (d *Decoder) nextMember() bool {
	if !d.separator('}') {
		return false
	}
	if d.peek() != '"' {
		d.fail("expected a member name in quotes")
		return false
	}
	key, owned := d.text()
	if !owned && d.syntax == "" {
		key = append([]byte(nil), key...) // the scratch buffer will be used again
	}
	if d.syntax != "" {
		return false
	}
	if d.peek() != ':' {
		d.fail("expected a colon after a member name")
		return false
	}
	d.pos++
	d.open[len(d.open)-1].key = key
	return true
}

// NextElement moves to the next element of the array, null or not, and reports whether there is
// one; otherwise it has left the array. The caller then reads the value or calls Skip.
func (d *Decoder) NextElement() bool {
	if !d.separator(']') {
		return false
	}
	d.open[len(d.open)-1].index++
	return true
}

// count counts an element of a list or map against the bound.
func (d *Decoder) count() bool {
	d.elements++
	if d.strict && d.elements > MaxElements {
		d.fail(fmt.Sprintf("more than %d elements", MaxElements))
		return false
	}
	return true
}

// separator reads what stands between two values of a container: it reports true before a value
// and false after the closing bracket.
func (d *Decoder) separator(end byte) bool {
	if d.syntax != "" {
		return false
	}
	c := d.peek()
	first := d.fresh
	d.fresh = false
	switch {
	case c == end:
		d.pos++
		d.open = d.open[:len(d.open)-1]
		return false
	case first:
		return true
	case c == ',':
		d.pos++
		return true
	}
	d.fail(fmt.Sprintf("expected a comma or %q", end))
	return false
}

// Skip reads over one value of any kind.
func (d *Decoder) Skip() {
	switch c := d.peek(); c {
	case '{':
		if d.Object() {
			for d.nextMember() {
				d.Skip()
			}
		}
	case '[':
		if d.Array() {
			for d.NextElement() {
				d.Skip()
			}
		}
	case '"':
		d.text()
	case 't':
		d.literal("true")
	case 'f':
		d.literal("false")
	case 'n':
		d.literal("null")
	default:
		if c == '-' || isDigit(c) {
			d.number()
			return
		}
		d.fail("expected a value")
	}
}

// Raw reads one value of any kind as JSON text: a document of the model.
func (d *Decoder) Raw() json.RawMessage {
	d.peek()
	from := d.pos
	d.Skip()
	return append(json.RawMessage(nil), d.data[from:d.pos]...)
}

// Missing notes the required members of the structure just read whose bit is not set in seen:
// bit 0 stands for the first name.
func (d *Decoder) Missing(seen uint64, names ...string) {
	if !d.strict || d.syntax != "" {
		return
	}
	for i, name := range names {
		if seen&(1<<i) == 0 {
			d.v.note(Violation{Path: join(d.path(), name), Problem: "is required"}, false)
		}
	}
}

// Peek returns the first byte of the value to be read, which says its type, and 0 at the end.
func (d *Decoder) Peek() byte { return d.peek() }

// peek passes over white space and returns the next byte, 0 at the end.
func (d *Decoder) peek() byte {
	for d.pos < len(d.data) {
		switch c := d.data[d.pos]; c {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return c
		}
	}
	return 0
}

// literal reads exactly the word.
func (d *Decoder) literal(word string) bool {
	if d.pos+len(word) <= len(d.data) && string(d.data[d.pos:d.pos+len(word)]) == word {
		d.pos += len(word)
		return true
	}
	d.fail("expected a value")
	return false
}

// fail ends the reading: the text is not JSON from here on.
func (d *Decoder) fail(what string) {
	if d.syntax != "" {
		return
	}
	if d.pos >= len(d.data) {
		d.syntax = "the JSON text ends too early: " + what
	} else {
		d.syntax = fmt.Sprintf("broken JSON at byte %d: %s", d.pos, what)
	}
	if p := d.path(); p != "" {
		d.syntax += " (in " + p + ")"
	}
	d.pos = len(d.data)
}

// mismatch notes that the value is of the wrong type and skips it.
func (d *Decoder) mismatch(want string) {
	if d.syntax != "" {
		return
	}
	var found string
	switch c := d.peek(); c {
	case '{':
		found = "an object"
	case '[':
		found = "a list"
	case '"':
		found = "a string"
	case 't', 'f':
		found = "a boolean"
	case 'n':
		found = "null"
	default:
		if c != '-' && !isDigit(c) {
			d.fail("expected a value")
			return
		}
		found = "a number"
	}
	d.refuse("expected " + want + ", found " + found)
	d.Skip()
}

// refuse notes a structural violation at the value being read.
func (d *Decoder) refuse(problem string) {
	if d.syntax == "" {
		d.v.note(Violation{Path: d.path(), Problem: problem}, true)
	}
}

// path names the value being read, as in Users[2].Name.
func (d *Decoder) path() string {
	var p string
	for _, f := range d.open {
		switch {
		case f.kind == 'a' && f.index >= 0:
			p = fmt.Sprintf("%s[%d]", p, f.index)
		case f.kind == 'm' && f.key != nil:
			p = fmt.Sprintf("%s[%q]", p, shorten(string(f.key)))
		case f.kind == 'o' && f.key != nil:
			p = join(p, shorten(string(f.key)))
		}
	}
	return p
}
