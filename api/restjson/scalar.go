package restjson

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// String reads a string. Escaped lone surrogates and bytes that are not UTF-8 become U+FFFD.
func (d *Decoder) String() string { return string(d.Text()) }

// Text reads a string as String does, into memory that is good until the next call and must not
// be changed: for what is looked at and not kept.
func (d *Decoder) Text() []byte {
	if d.peek() != '"' {
		d.mismatch("a string")
		return nil
	}
	text, _ := d.text()
	return text
}

// text reads a string. The bytes are a part of the input if owned is true and otherwise of the
// scratch buffer, valid until the next call.
func (d *Decoder) text() (text []byte, owned bool) {
	from := d.pos + 1
	ascii := true
	for i := from; i < len(d.data); i++ {
		switch c := d.data[i]; {
		case c == '"':
			if ascii || utf8.Valid(d.data[from:i]) {
				d.pos = i + 1
				return d.data[from:i], true
			}
			return d.slowText(from), false
		case c == '\\':
			return d.slowText(from), false
		case c < ' ':
			d.pos = i
			d.fail("a control character in a string")
			return nil, true
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	d.pos = len(d.data)
	d.fail("a string without its closing quote")
	return nil, true
}

// slowText reads a string that holds escapes or broken UTF-8, from its first character.
func (d *Decoder) slowText(i int) []byte {
	b := d.scratch[:0]
	for i < len(d.data) {
		c := d.data[i]
		switch {
		case c == '"':
			d.pos = i + 1
			d.scratch = b
			return b
		case c == '\\':
			r, n := unescape(d.data[i:])
			if n == 0 {
				d.pos = i
				d.fail("an escape that JSON does not know")
				return nil
			}
			b = utf8.AppendRune(b, r)
			i += n
		case c < ' ':
			d.pos = i
			d.fail("a control character in a string")
			return nil
		case c < utf8.RuneSelf:
			from := i
			for i++; i < len(d.data) && plain(d.data[i]); i++ {
			}
			b = append(b, d.data[from:i]...)
		default:
			r, n := utf8.DecodeRune(d.data[i:])
			b = utf8.AppendRune(b, r)
			i += n
		}
	}
	d.pos = len(d.data)
	d.fail("a string without its closing quote")
	return nil
}

// plain reports whether a byte of a string stands for itself and ends nothing.
func plain(c byte) bool { return c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' }

// unescape reads one escape, a surrogate pair included, and the number of bytes it takes: 0 if
// there is no such escape.
func unescape(s []byte) (rune, int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case '"', '\\', '/':
		return rune(s[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r := hex4(s[2:])
		if r < 0 {
			return 0, 0
		}
		if !utf16.IsSurrogate(r) {
			return r, 6
		}
		if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
			if pair := utf16.DecodeRune(r, hex4(s[8:])); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return utf8.RuneError, 6
	}
	return 0, 0
}

// hex4 reads four hexadecimal digits; -1 if they are not.
func hex4(s []byte) rune {
	if len(s) < 4 {
		return -1
	}
	var r rune
	for _, c := range s[:4] {
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// Bool reads true or false.
func (d *Decoder) Bool() bool {
	switch d.peek() {
	case 't':
		return d.literal("true")
	case 'f':
		d.literal("false")
		return false
	}
	d.mismatch("a boolean")
	return false
}

// Int32 reads a whole number of 32 bits. A fraction of zeros is allowed, as some clients write 5.0.
func (d *Decoder) Int32() int32 {
	n := d.whole("a whole number")
	if n < math.MinInt32 || n > math.MaxInt32 {
		d.refuse("the number does not fit into 32 bits")
		return 0
	}
	return int32(n)
}

// Int64 reads a whole number of 64 bits, see Int32.
func (d *Decoder) Int64() int64 { return d.whole("a whole number") }

func (d *Decoder) whole(want string) int64 {
	num, ok := d.numeric(want)
	if !ok {
		return 0
	}
	digits := num
	for i, c := range num {
		switch c {
		case '.':
			digits = num[:i]
			for _, z := range num[i+1:] {
				if z != '0' {
					d.refuse("expected " + want + ", found a fraction")
					return 0
				}
			}
		case 'e', 'E':
			d.refuse("expected " + want + " without an exponent")
			return 0
		}
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		d.refuse("the number does not fit into 64 bits")
	}
	return n
}

// Float64 reads a number, or one of the strings "NaN", "Infinity" and "-Infinity".
func (d *Decoder) Float64() float64 {
	if d.peek() == '"' {
		text, _ := d.text()
		f, ok := namedFloat(string(text))
		if !ok {
			d.refuse("expected a number, found a string")
		}
		return f
	}
	num, ok := d.numeric("a number")
	if !ok {
		return 0
	}
	f, err := strconv.ParseFloat(string(num), 64)
	if err != nil {
		d.refuse("the number is too large")
		return 0
	}
	return f
}

// Float32 reads a number, see Float64.
func (d *Decoder) Float32() float32 {
	f := d.Float64()
	if math.Abs(f) > math.MaxFloat32 && !math.IsInf(f, 0) {
		d.refuse("the number is too large")
		return 0
	}
	return float32(f)
}

func namedFloat(s string) (float64, bool) {
	switch s {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	return 0, false
}

// numeric returns the text of a number, or notes that something else stands there.
func (d *Decoder) numeric(want string) ([]byte, bool) {
	if c := d.peek(); c != '-' && !isDigit(c) {
		d.mismatch(want)
		return nil, false
	}
	num := d.number()
	return num, d.syntax == ""
}

// number passes over a number of JSON's grammar and returns its text.
func (d *Decoder) number() []byte {
	from, i := d.pos, d.pos
	digits := func() bool {
		start := i
		for i < len(d.data) && isDigit(d.data[i]) {
			i++
		}
		return i > start
	}
	at := func(set string) bool {
		if i < len(d.data) {
			for j := range len(set) {
				if d.data[i] == set[j] {
					i++
					return true
				}
			}
		}
		return false
	}
	at("-")
	ok := at("0") || digits()
	if ok && at(".") {
		ok = digits()
	}
	if ok && at("eE") {
		at("+-")
		ok = digits()
	}
	d.pos = i
	if !ok {
		d.fail("a number with a digit missing")
		return nil
	}
	return d.data[from:i]
}

// Blob reads bytes: a string in base64.
func (d *Decoder) Blob() []byte {
	if d.peek() != '"' {
		d.mismatch("a string of base64")
		return nil
	}
	text, _ := d.text()
	b := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(b, text)
	if err != nil {
		d.refuse("expected base64")
		return nil
	}
	return b[:n]
}

// Epoch reads a time as seconds since 1970, with a fraction of up to nine digits.
func (d *Decoder) Epoch() time.Time {
	num, ok := d.numeric("a number of seconds since 1970")
	if !ok {
		return time.Time{}
	}
	t, ok := parseEpoch(string(num))
	if !ok {
		d.refuse("the time is not between the years 1 and 9999")
	}
	return t
}

// DateTime reads a time as RFC 3339 text.
func (d *Decoder) DateTime() time.Time {
	return d.timeText(parseDateTime, "a time like 2026-01-31T09:00:00Z")
}

// HTTPDate reads a time as HTTP headers write it.
func (d *Decoder) HTTPDate() time.Time {
	return d.timeText(parseHTTPDate, "a time like Sat, 31 Jan 2026 09:00:00 GMT")
}

func (d *Decoder) timeText(parse func(string) (time.Time, bool), want string) time.Time {
	if d.peek() != '"' {
		d.mismatch(want)
		return time.Time{}
	}
	text, _ := d.text()
	t, ok := parse(string(text))
	if !ok {
		d.refuse("expected " + want)
	}
	return t
}
