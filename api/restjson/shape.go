package restjson

import (
	"reflect"
	"strconv"
	"strings"
	"time"
)

// shape is what can be done with values of a type as its tags describe it. Values that are
// structures are addressable.
type shape struct {
	codec
	check  func(v *Validator, name string, x reflect.Value) // nil where there is nothing to check
	empty  bool                                             // the zero value stands for absence: enums, lists, maps
	opaque bool                                             // nil is never written, required or not: blobs and documents
}

// codec reads and writes the values of a type: in JSON and, where it is simple enough, as text
// outside the body.
type codec struct {
	decode func(d *Decoder, x reflect.Value)
	append func(b []byte, x reflect.Value) []byte
	read   func(t Text, x reflect.Value)
	text   func(x reflect.Value) string
	zero   func(x reflect.Value) bool // reports that a member is not to be written; may be nil
}

var codecs = map[reflect.Kind]codec{
	reflect.String: {
		decode: func(d *Decoder, x reflect.Value) { x.SetString(d.String()) },
		append: func(b []byte, x reflect.Value) []byte { return Quote(b, x.String()) },
		read:   func(t Text, x reflect.Value) { x.SetString(t.String()) },
		text:   reflect.Value.String,
	},
	reflect.Int32: {
		decode: func(d *Decoder, x reflect.Value) { x.SetInt(int64(d.Int32())) },
		append: func(b []byte, x reflect.Value) []byte { return AppendInt(b, x.Int()) },
		read:   func(t Text, x reflect.Value) { x.SetInt(int64(t.Int32())) },
		text:   func(x reflect.Value) string { return Digits(x.Int()) },
	},
	reflect.Int64: {
		decode: func(d *Decoder, x reflect.Value) { x.SetInt(d.Int64()) },
		append: func(b []byte, x reflect.Value) []byte { return AppendInt(b, x.Int()) },
		read:   func(t Text, x reflect.Value) { x.SetInt(t.Int64()) },
		text:   func(x reflect.Value) string { return Digits(x.Int()) },
	},
	reflect.Float32: {
		decode: func(d *Decoder, x reflect.Value) { x.SetFloat(float64(d.Float32())) },
		append: func(b []byte, x reflect.Value) []byte { return AppendFloat(b, float32(x.Float())) },
	},
	reflect.Float64: {
		decode: func(d *Decoder, x reflect.Value) { x.SetFloat(d.Float64()) },
		append: func(b []byte, x reflect.Value) []byte { return AppendFloat(b, x.Float()) },
	},
	reflect.Bool: {
		decode: func(d *Decoder, x reflect.Value) { x.SetBool(d.Bool()) },
		append: func(b []byte, x reflect.Value) []byte { return AppendBool(b, x.Bool()) },
		read:   func(t Text, x reflect.Value) { x.SetBool(t.Bool()) },
		text:   func(x reflect.Value) string { return FormatBool(x.Bool()) },
	},
}

// timeCodecs are those of times, by the tag.
var timeCodecs = map[string]codec{
	"":          timeCodec((*Decoder).Epoch, Text.Epoch, AppendEpoch, FormatEpoch),
	"date-time": timeCodec((*Decoder).DateTime, Text.DateTime, appendDateTime, FormatDateTime),
	"http-date": timeCodec((*Decoder).HTTPDate, Text.HTTPDate, appendHTTPDate, FormatHTTPDate),
}

func appendDateTime(b []byte, t time.Time) []byte { return Quote(b, FormatDateTime(t)) }
func appendHTTPDate(b []byte, t time.Time) []byte { return Quote(b, FormatHTTPDate(t)) }

func timeCodec(decode func(*Decoder) time.Time, read func(Text) time.Time, add func([]byte, time.Time) []byte, format func(time.Time) string) codec {
	at := func(x reflect.Value) time.Time { return x.Interface().(time.Time) }
	return codec{
		decode: func(d *Decoder, x reflect.Value) { x.Set(reflect.ValueOf(decode(d))) },
		append: func(b []byte, x reflect.Value) []byte { return add(b, at(x)) },
		read:   func(t Text, x reflect.Value) { x.Set(reflect.ValueOf(read(t))) },
		text:   func(x reflect.Value) string { return format(at(x)) },
		zero:   func(x reflect.Value) bool { return at(x).IsZero() },
	}
}

var (
	blob = codec{
		decode: func(d *Decoder, x reflect.Value) { x.SetBytes(d.Blob()) },
		append: func(b []byte, x reflect.Value) []byte { return AppendBlob(b, x.Bytes()) },
	}
	document = codec{
		decode: func(d *Decoder, x reflect.Value) { x.SetBytes(d.Raw()) },
		append: func(b []byte, x reflect.Value) []byte { return append(b, x.Bytes()...) },
	}
)

// listShape is the shape of lists of e, with a length as the tag says.
func listShape(t reflect.Type, e *shape, length string) *shape {
	s := &shape{empty: true, check: checkLen(length, (*Validator).Size)}
	s.decode = func(d *Decoder, x reflect.Value) {
		x.Set(reflect.MakeSlice(t, 0, 0))
		if !d.Array() {
			return
		}
		for d.NextElement() && d.count() {
			if d.null() {
				continue
			}
			n := x.Len()
			x.Grow(1)
			x.SetLen(n + 1)
			e.decode(d, x.Index(n))
		}
	}
	s.append = func(b []byte, x reflect.Value) []byte {
		b = append(b, '[')
		for i := range x.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.append(b, x.Index(i))
		}
		return append(b, ']')
	}
	if size := s.check; e.check != nil {
		s.check = func(v *Validator, name string, x reflect.Value) {
			if size != nil {
				size(v, name, x)
			}
			v.Enter(name)
			for i := range x.Len() {
				v.Index(i)
				e.check(v, "", x.Index(i))
			}
			v.Leave()
		}
	}
	return s
}

// mapShape is the shape of maps from k to e, with a length as the tag says.
func mapShape(t reflect.Type, k, e *shape, length string) *shape {
	s := &shape{empty: true, check: checkLen(length, (*Validator).Size)}
	s.decode = func(d *Decoder, x reflect.Value) {
		x.Set(reflect.MakeMap(t))
		if !d.object('m') {
			return
		}
		for d.nextMember() && d.count() {
			if d.null() {
				continue
			}
			key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			key.SetString(string(d.Key()))
			e.decode(d, value)
			x.SetMapIndex(key, value)
		}
	}
	s.append = func(b []byte, x reflect.Value) []byte {
		b = append(b, '{')
		value := reflect.New(t.Elem()).Elem()
		for i := x.MapRange(); i.Next(); {
			value.SetIterValue(i)
			b = append(Quote(b, i.Key().String()), ':')
			b = append(e.append(b, value), ',')
		}
		return End(b)
	}
	if size := s.check; k.check != nil || e.check != nil {
		s.check = func(v *Validator, name string, x reflect.Value) {
			if size != nil {
				size(v, name, x)
			}
			v.Enter(name)
			value := reflect.New(t.Elem()).Elem()
			for i := x.MapRange(); i.Next(); {
				v.Key(i.Key().String())
				if k.check != nil {
					k.check(v, "", i.Key())
				}
				if e.check != nil {
					value.SetIterValue(i)
					e.check(v, "", value)
				}
			}
			v.Leave()
		}
	}
	return s
}

func checkEnum(v *Validator, name string, x reflect.Value) {
	if x.Interface().(interface{ Valid() bool }).Valid() {
		return
	}
	var known []string
	for _, value := range x.MethodByName("Values").Call(nil)[0].Seq2() {
		known = append(known, value.String())
	}
	reportEnum(v, name, known)
}

// checkLen checks the size of what has a length, as check says.
func checkLen(tag string, check func(v *Validator, name string, n, low, high int)) func(*Validator, string, reflect.Value) {
	if tag == "" {
		return nil
	}
	low, high := lengths(tag)
	return func(v *Validator, name string, x reflect.Value) { check(v, name, x.Len(), low, high) }
}

// lengths reads the bounds of a length: 0 and -1 stand for those that are missing.
func lengths(tag string) (low, high int) {
	from, to, _ := strings.Cut(tag, ":")
	high = -1
	if from != "" {
		low = whole(from)
	}
	if to != "" {
		high = whole(to)
	}
	return low, high
}

func whole(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic("restjson: a tag with a broken number: " + err.Error())
	}
	return n
}

func checkString(tag reflect.StructTag, prefix string) func(*Validator, string, reflect.Value) {
	size, source := tag.Get(prefix+"len"), tag.Get(prefix+"pattern")
	if size == "" && source == "" {
		return nil
	}
	low, high := lengths(size)
	if source == "" {
		return func(v *Validator, name string, x reflect.Value) { v.Length(name, x.String(), low, high) }
	}
	pattern := NewPattern(source)
	return func(v *Validator, name string, x reflect.Value) {
		v.Length(name, x.String(), low, high)
		v.Matches(name, x.String(), pattern)
	}
}

func checkRange(tag string) func(*Validator, string, reflect.Value) {
	if tag == "" {
		return nil
	}
	from, to, _ := strings.Cut(tag, ":")
	low, noLow := strconv.ParseFloat(from, 64)
	high, noHigh := strconv.ParseFloat(to, 64)
	return func(v *Validator, name string, x reflect.Value) {
		n := x.Convert(reflect.TypeFor[float64]()).Float()
		if noLow == nil {
			v.AtLeast(name, n, low)
		}
		if noHigh == nil {
			v.AtMost(name, n, high)
		}
	}
}
