package restjson

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// Types of an API come in two forms. Those of busy operations have methods for everything: straight
// code without reflection. The others have none; tags on their fields say what the model says, and
// tagged does the same by reading them. It is slower, and a hundredth of the code to compile:
//
//	name      the member's name on the wire, where the field has another
//	required  "true" where the model says so
//	oneof     "true" on each member of a union
//	label     the member is the label of the path with this number, from 0
//	query     the member is this query parameter
//	header    the member is this header, in canonical form
//	time      date-time or http-date; without it a time is seconds since 1970
//	len       how many characters, bytes or elements, as in 1:100, 1: or :100
//	range     between which numbers
//	pattern   what a string must match, in the syntax of ECMA 262
//
// The last four have each. in front of them when they are about the elements of a list or the
// values of a map, and key. when they are about its keys. A blank field with the tag closed says of the whole
// structure that a member it does not have is refused, where otherwise it is passed over.
type tagged struct {
	*structure
	v reflect.Value // of the structure
}

var (
	_ JSONAppender = tagged{}
	_ JSONDecoder  = tagged{}
	_ Validated    = tagged{}
)

// form returns x itself if its type has the methods of T, else what reads its tags. x is a pointer to
// a structure or union of a generated package; anything else is a mistake of the program.
func form[T any](x any) T {
	if t, ok := x.(T); ok {
		return t
	}
	v := reflect.ValueOf(x)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("restjson: a %T is not a pointer to a structure of an API", x))
	}
	return any(tagged{structureOf(v.Type().Elem()), v.Elem()}).(T)
}

// structure is what the tags of a type say.
type structure struct {
	union    bool
	closed   bool
	members  []*member // all of them
	bound    []*member // those outside the body
	body     []*member
	named    map[string]*member // those in the body by name
	required []string           // of those in the body, by bit
	all      uint64             // the bits of the required ones
}

// member is one field.
type member struct {
	*shape
	field    int
	name     string
	typ      reflect.Type // behind the pointer, where there is one
	pointer  bool
	required bool
	bit      uint64 // of a required member in the body
	location location
	key      string // of a query parameter or header
	label    int
}

type location byte

const (
	inBody location = iota
	inLabel
	inQuery
	inHeader
)

// structures keeps what structureOf has read, by type. There are as many as there are types.
var structures sync.Map

func structureOf(t reflect.Type) *structure {
	if s, ok := structures.Load(t); ok {
		return s.(*structure)
	}
	s, _ := structures.LoadOrStore(t, readStructure(t))
	return s.(*structure)
}

func readStructure(t reflect.Type) *structure {
	s := &structure{named: map[string]*member{}}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" {
			s.closed = s.closed || f.Tag.Get("closed") != ""
			continue
		}
		m := &member{field: i, name: f.Name, typ: f.Type, required: f.Tag.Get("required") != ""}
		if name := f.Tag.Get("name"); name != "" {
			m.name = name
		}
		if m.pointer = f.Type.Kind() == reflect.Pointer; m.pointer {
			m.typ = f.Type.Elem()
		}
		s.union = s.union || f.Tag.Get("oneof") != ""
		m.shape = readShape(m.typ, f.Tag, "")
		m.readLocation(f.Tag)
		s.members = append(s.members, m)
		if m.location != inBody {
			s.bound = append(s.bound, m)
			continue
		}
		s.body = append(s.body, m)
		s.named[m.name] = m
		if m.required {
			m.bit = 1 << len(s.required)
			s.all |= m.bit
			s.required = append(s.required, m.name)
		}
	}
	return s
}

func (m *member) readLocation(tag reflect.StructTag) {
	if digits, ok := tag.Lookup("label"); ok {
		m.location, m.label = inLabel, whole(digits)
	} else if m.key, ok = tag.Lookup("query"); ok {
		m.location = inQuery
	} else if m.key, ok = tag.Lookup("header"); ok {
		m.location = inHeader
	}
}

// absent reports whether the field v has no value. Only pointers, enums, lists and maps can be without.
func (m *member) absent(v reflect.Value) bool {
	return (m.pointer || m.empty) && v.IsZero()
}

// value returns the member's value, behind the pointer; not for absent ones.
func (m *member) value(v reflect.Value) reflect.Value {
	if m.pointer {
		return v.Elem()
	}
	return v
}

// settable returns what to set for the member of the field v: a new value, where it is a pointer.
func (m *member) settable(v reflect.Value) reflect.Value {
	if !m.pointer {
		return v
	}
	v.Set(reflect.New(m.typ))
	return v.Elem()
}

// AppendJSON appends the members that travel in a body.
func (t tagged) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	for _, m := range t.body {
		v := t.v.Field(m.field)
		if m.absent(v) && (!m.required || m.pointer || m.opaque) {
			continue
		}
		if v = m.value(v); m.zero != nil && m.zero(v) {
			continue
		}
		b = append(m.append(Key(b, m.name), v), ',')
	}
	return End(b)
}

// DecodeJSON reads the members that travel in a body.
func (t tagged) DecodeJSON(d *Decoder) {
	if len(t.body) == 0 {
		d.Skip()
		return
	}
	if !d.Object() {
		return
	}
	var seen uint64
	for d.Next() {
		m := t.named[string(d.Key())]
		if m == nil {
			if t.closed {
				d.refuse("is not a member; there are " + strings.Join(slices.Sorted(maps.Keys(t.named)), ", "))
			}
			d.Skip()
			continue
		}
		seen |= m.bit
		m.decode(d, m.settable(t.v.Field(m.field)))
	}
	if seen != t.all {
		d.Missing(seen, t.required...)
	}
}

// Validate checks the constraints of the model.
func (t tagged) Validate(v *Validator) {
	if t.union {
		set := make([]bool, len(t.members))
		for i, m := range t.members {
			set[i] = !m.absent(t.v.Field(m.field))
		}
		v.ExactlyOne(set...)
	}
	for _, m := range t.members {
		if m.check == nil {
			continue
		}
		field := t.v.Field(m.field)
		if m.absent(field) && (!m.required || m.pointer) {
			continue
		}
		m.check(v, m.name, m.value(field))
	}
}

// readShape returns the shape of a type as the tags behind the prefix describe it. Types and tags that
// no generator has written are a mistake of the program.
func readShape(t reflect.Type, tag reflect.StructTag, prefix string) *shape {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return &shape{codec: timeCodecs[tag.Get(prefix+"time")]}
	case t == reflect.TypeFor[json.RawMessage]():
		return &shape{codec: document, empty: true, opaque: true}
	case t == reflect.TypeFor[[]byte]():
		return &shape{codec: blob, check: checkLen(tag.Get(prefix+"len"), (*Validator).Bytes), empty: true, opaque: true}
	case t.Implements(reflect.TypeFor[interface{ Valid() bool }]()):
		return &shape{codec: codecs[reflect.String], check: checkEnum, empty: true}
	}
	switch t.Kind() {
	case reflect.Slice:
		return listShape(t, readShape(t.Elem(), tag, prefix+"each."), tag.Get(prefix+"len"))
	case reflect.Map:
		return mapShape(t, readShape(t.Key(), tag, prefix+"key."), readShape(t.Elem(), tag, prefix+"each."), tag.Get(prefix+"len"))
	case reflect.Struct:
		return &shape{codec: codec{decode: decodeStruct, append: appendStruct}, check: checkStruct}
	case reflect.String:
		return &shape{codec: codecs[reflect.String], check: checkString(tag, prefix)}
	}
	c, ok := codecs[t.Kind()]
	if !ok {
		panic("restjson: no type of an API holds a " + t.String())
	}
	return &shape{codec: c, check: checkRange(tag.Get(prefix + "range"))}
}

// decodeStruct and appendStruct serve structures and unions, whichever form their types have.
func decodeStruct(d *Decoder, x reflect.Value) {
	form[JSONDecoder](x.Addr().Interface()).DecodeJSON(d)
}

func appendStruct(b []byte, x reflect.Value) []byte {
	return form[JSONAppender](x.Addr().Interface()).AppendJSON(b)
}

// checkStruct checks a structure: a member, when it has a name, or an element.
func checkStruct(v *Validator, name string, x reflect.Value) {
	inside := form[Validated](x.Addr().Interface())
	if name == "" {
		inside.Validate(v)
		return
	}
	v.Enter(name)
	inside.Validate(v)
	v.Leave()
}
