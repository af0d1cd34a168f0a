package restjson

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// The encoder is a set of append functions. A generated AppendJSON opens a brace, lets one of
// these append each member with a comma after it, and calls End, which turns the last comma into
// the closing brace. Member names are written as they are: the model has none that need escaping.

// JSONAppender is implemented by the structures and unions whose types have code of their own.
type JSONAppender interface{ AppendJSON(b []byte) []byte }

// Marshal encodes what x points to, a structure or union of an API, into a new slice.
func Marshal(x any) []byte { return form[JSONAppender](x).AppendJSON(nil) }

// Key appends a member name and its colon.
func Key(b []byte, name string) []byte {
	b = append(b, '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

// End closes an object.
func End(b []byte) []byte {
	if last := len(b) - 1; b[last] == ',' {
		b[last] = '}'
		return b
	}
	return append(b, '}')
}

// String appends a member that is a string or enum value.
func String[T ~string](b []byte, name string, s T) []byte {
	return append(Quote(Key(b, name), string(s)), ',')
}

// OptString appends a member that is a string, unless it is nil.
func OptString(b []byte, name string, s *string) []byte {
	if s == nil {
		return b
	}
	return String(b, name, *s)
}

// OptEnum appends a member that is an enum value, unless it is empty.
func OptEnum[T ~string](b []byte, name string, s T) []byte {
	if s == "" {
		return b
	}
	return String(b, name, s)
}

// Int appends a member that is a whole number.
func Int[T ~int32 | ~int64](b []byte, name string, n T) []byte {
	return append(AppendInt(Key(b, name), n), ',')
}

// AppendInt appends a whole number.
func AppendInt[T ~int32 | ~int64](b []byte, n T) []byte { return strconv.AppendInt(b, int64(n), 10) }

// OptInt appends a member that is a whole number, unless it is nil.
func OptInt[T ~int32 | ~int64](b []byte, name string, n *T) []byte {
	if n == nil {
		return b
	}
	return Int(b, name, *n)
}

// Float appends a member that is a number.
func Float[T ~float32 | ~float64](b []byte, name string, f T) []byte {
	return append(AppendFloat(Key(b, name), f), ',')
}

// OptFloat appends a member that is a number, unless it is nil.
func OptFloat[T ~float32 | ~float64](b []byte, name string, f *T) []byte {
	if f == nil {
		return b
	}
	return Float(b, name, *f)
}

// AppendFloat appends a number; what JSON cannot write as one becomes a string, see
// [Decoder.Float64].
func AppendFloat[T ~float32 | ~float64](b []byte, f T) []byte {
	v := float64(f)
	switch {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Infinity"`...)
	}
	bits := 64
	if _, ok := any(f).(float32); ok {
		bits = 32
	}
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, v, format, -1, bits)
}

// Bool appends a member that is a boolean.
func Bool(b []byte, name string, v bool) []byte {
	return append(AppendBool(Key(b, name), v), ',')
}

// AppendBool appends a boolean.
func AppendBool(b []byte, v bool) []byte { return strconv.AppendBool(b, v) }

// OptBool appends a member that is a boolean, unless it is nil.
func OptBool(b []byte, name string, v *bool) []byte {
	if v == nil {
		return b
	}
	return Bool(b, name, *v)
}

// Blob appends a member that is bytes, as base64, unless it is nil.
func Blob(b []byte, name string, v []byte) []byte {
	if v == nil {
		return b
	}
	return append(AppendBlob(Key(b, name), v), ',')
}

// AppendBlob appends bytes as a string of base64.
func AppendBlob(b []byte, v []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), v), '"')
}

// Raw appends a member that is JSON already, unless it is nil.
func Raw(b []byte, name string, v json.RawMessage) []byte {
	if v == nil {
		return b
	}
	return append(append(Key(b, name), v...), ',')
}

// Epoch appends a member that is a time in seconds since 1970, unless it is the zero time.
func Epoch(b []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return append(AppendEpoch(Key(b, name), t), ',')
}

// DateTime appends a member that is a time in RFC 3339, see Epoch.
func DateTime(b []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return String(b, name, FormatDateTime(t))
}

// HTTPDate appends a member that is a time as in HTTP headers, see Epoch.
func HTTPDate(b []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return String(b, name, FormatHTTPDate(t))
}

// OptTime appends a member that is a time, unless it is nil, in the format of one of the three
// functions above.
func OptTime(b []byte, name string, t *time.Time, format func([]byte, string, time.Time) []byte) []byte {
	if t == nil {
		return b
	}
	return format(b, name, *t)
}

const hexDigits = "0123456789abcdef"

// Quote appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func Quote[S string | []byte](b []byte, s S) []byte {
	b = append(b, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[done:i]...), "\uFFFD"...)
				done = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[done:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		done = i
	}
	return append(append(b, s[done:]...), '"')
}
