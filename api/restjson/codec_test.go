package restjson

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// anything reads and keeps a value of any kind, with the decoder's own reading of each.
type anything struct{ value any }

func (x *anything) DecodeJSON(d *Decoder) {
	switch c := d.peek(); c {
	case '{':
		x.value = DecodeMap[string](d, (*anything).DecodeJSON)
	case '[':
		x.value = DecodeList(d, (*anything).DecodeJSON)
	case '"':
		x.value = d.String()
	case 't', 'f':
		x.value = d.Bool()
	default:
		x.value = d.Float64()
	}
}

// plain unwraps to what encoding/json would give.
func (x anything) plain() any {
	switch v := x.value.(type) {
	case map[string]anything:
		m := map[string]any{}
		for k, e := range v {
			m[k] = e.plain()
		}
		return m
	case []anything:
		l := []any{}
		for _, e := range v {
			l = append(l, e.plain())
		}
		return l
	}
	return x.value
}

// skipper skips.
type skipper struct{}

func (skipper) DecodeJSON(d *Decoder) { d.Skip() }

// withoutNulls removes what the decoder treats as absent.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if e == nil {
				delete(v, k)
			} else {
				v[k] = withoutNulls(e)
			}
		}
	case []any:
		l := []any{}
		for _, e := range v {
			if e != nil {
				l = append(l, withoutNulls(e))
			}
		}
		return l
	}
	return v
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `""`, `0`, `-1.5e+7`, `true`, `null`, ` {"a" : [ 1 , "x" , { } ] } `, `{"a":{"b":[[null]]}}`,
		`"\ud834\udd1e\ud834x\u00e9\\\/"`, "\"a\xffb\"", `{"a":1,"a":2}`, `{"a":1,}`, `[1,]`, `01`, `1.`, `.5`, `+1`, `-`, `1e`, "\"\x01\"",
		`"say \"yes\" or \"é\", then\n"`, `"\x"`, `"\u12"`, `{"a"}`, `{a:1}`, `tru`, `[`, `{"a":`, `{} {}`, "\ufeff{}", `"\uDFFF"`, `1e400`, strings.Repeat("[", 200),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		valid := json.Valid(data)
		err := Unmarshal(data, skipper{})
		if len(bytes.TrimSpace(data)) == 0 || err != nil && strings.Contains(err.Error(), "nested more than") {
			return
		}
		if (err == nil) != valid {
			t.Fatalf("%q: skipping says %v; encoding/json says %t", data, err, valid)
		}
		var x anything
		if err := Unmarshal(data, &x); err != nil {
			// The only differences: a null where a value is asked for, and numbers out of range.
			if valid && !strings.Contains(err.Error(), "found null") && !strings.Contains(err.Error(), "number is too large") {
				t.Fatalf("%q: %v", data, err)
			}
			return
		}
		var want any
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatalf("%q was read as %v; encoding/json says %v", data, x.plain(), err)
		}
		if got := x.plain(); !reflect.DeepEqual(got, withoutNulls(want)) {
			t.Fatalf("%q was read as %#v; want %#v", data, got, want)
		}
	})
}

func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "plain", "\"\\/\b\f\n\r\t\x00\x1f\x7f", "é€𝄞\u2028", "a\xffb\xe2\x82", "<&>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted := Quote(nil, s)
		if !utf8.Valid(quoted) {
			t.Fatalf("Quote(%q) = %q is not UTF-8", s, quoted)
		}
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil {
			t.Fatalf("Quote(%q) = %s: %v", s, quoted, err)
		}
		var x anything
		if err := Unmarshal(quoted, &x); err != nil || x.value != back {
			t.Fatalf("Quote(%q) = %s was read as %q, %v; encoding/json reads %q", s, quoted, x.value, err, back)
		}
		if utf8.ValidString(s) && back != s {
			t.Fatalf("Quote(%q) means %q", s, back)
		}
	})
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		got  []byte
		want string
	}{
		{AppendFloat(nil, 0.1), "0.1"},
		{AppendFloat(nil, float32(0.1)), "0.1"},
		{AppendFloat(nil, 100.0), "100"},
		{AppendFloat(nil, 1e21), "1e+21"},
		{AppendFloat(nil, 1e-7), "1e-07"},
		{AppendFloat(nil, math.NaN()), `"NaN"`},
		{AppendFloat(nil, math.Inf(1)), `"Infinity"`},
		{AppendFloat(nil, math.Inf(-1)), `"-Infinity"`},
		{AppendInt(nil, int64(math.MinInt64)), "-9223372036854775808"},
	} {
		if string(c.got) != c.want {
			t.Errorf("got %s; want %s", c.got, c.want)
		}
	}
}

// number reads one value as each of the numeric types.
type number struct {
	i32 int32
	f32 float32
	f64 float64
	as  string
}

func (x *number) DecodeJSON(d *Decoder) {
	switch x.as {
	case "i32":
		x.i32 = d.Int32()
	case "f32":
		x.f32 = d.Float32()
	default:
		x.f64 = d.Float64()
	}
}

func TestNumbersRead(t *testing.T) {
	for _, c := range []struct {
		as, text string
		want     number
		err      string
	}{
		{"i32", "-2147483648", number{i32: math.MinInt32}, ""},
		{"i32", "2147483648", number{}, "32 bits"},
		{"i32", "-2147483649", number{}, "32 bits"},
		{"f32", "3.5", number{f32: 3.5}, ""},
		{"f32", "1e39", number{}, "too large"},
		{"f32", `"-Infinity"`, number{f32: float32(math.Inf(-1))}, ""},
		{"f64", `"Infinity"`, number{f64: math.Inf(1)}, ""},
		{"f64", `"many"`, number{}, "found a string"},
	} {
		got := number{as: c.as}
		err := Unmarshal([]byte(c.text), &got)
		c.want.as = c.as
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s as %s: %+v, %v", c.text, c.as, got, err)
		}
	}
	nan := number{as: "f64"}
	if err := Unmarshal([]byte(`"NaN"`), &nan); err != nil || !math.IsNaN(nan.f64) {
		t.Errorf("NaN was read as %v, %v", nan.f64, err)
	}
}

func TestTimes(t *testing.T) {
	at := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at         time.Time
		epoch, iso string
	}{
		{at, "1769850000", "2026-01-31T09:00:00Z"},
		{at.Add(7 * time.Millisecond), "1769850000.007", "2026-01-31T09:00:00.007Z"},
		{at.Add(120 * time.Millisecond), "1769850000.12", "2026-01-31T09:00:00.12Z"},
		{at.Add(500 * time.Millisecond).In(time.FixedZone("x", 3600)), "1769850000.5", "2026-01-31T09:00:00.5Z"},
		{time.Unix(0, 0), "0", "1970-01-01T00:00:00Z"},
		{time.Unix(-2, 750_000_000), "-1.25", "1969-12-31T23:59:58.75Z"},
	} {
		if got := FormatEpoch(c.at); got != c.epoch {
			t.Errorf("FormatEpoch(%v) = %s; want %s", c.at, got, c.epoch)
		}
		if got, ok := parseEpoch(c.epoch); !ok || !got.Equal(c.at) {
			t.Errorf("parseEpoch(%s) = %v, %t; want %v", c.epoch, got, ok, c.at)
		}
		if got := FormatDateTime(c.at); got != c.iso {
			t.Errorf("FormatDateTime(%v) = %s; want %s", c.at, got, c.iso)
		}
		if got, ok := parseDateTime(c.iso); !ok || !got.Equal(c.at) {
			t.Errorf("parseDateTime(%s) = %v, %t; want %v", c.iso, got, ok, c.at)
		}
	}
	if got, ok := parseHTTPDate("Sat, 31 Jan 2026 09:00:00 GMT"); !ok || !got.Equal(at) || FormatHTTPDate(at) != "Sat, 31 Jan 2026 09:00:00 GMT" {
		t.Errorf("the HTTP date is %v, %t", got, ok)
	}
	for _, bad := range []string{"", "x", "1.x", "1.-5", "253402300800", "-62135596801", "1e99", "0x10", "1.2.3", "NaN"} {
		if got, ok := parseEpoch(bad); ok {
			t.Errorf("parseEpoch(%q) = %v", bad, got)
		}
	}
}

func TestMembersThatAreAbsent(t *testing.T) {
	b := []byte("{")
	b = OptString(b, "A", nil)
	b = OptEnum(b, "B", "")
	b = OptInt[int32](b, "C", nil)
	b = OptFloat[float64](b, "D", nil)
	b = OptBool(b, "E", nil)
	b = OptTime(b, "F", nil, Epoch)
	b = Epoch(b, "G", time.Time{})
	b = DateTime(b, "H", time.Time{})
	b = HTTPDate(b, "I", time.Time{})
	b = Blob(b, "J", nil)
	b = Raw(b, "K", nil)
	b = AppendList(b, "L", nil, StringElement[string])
	b = AppendMap(b, "M", map[string]string(nil), StringElement[string])
	if b = End(b); string(b) != "{}" {
		t.Errorf("got %s; want {}", b)
	}
	b = AppendList([]byte("{"), "L", []string{}, StringElement[string])
	b = AppendMap(b, "M", map[string]string{}, StringElement[string])
	b = Blob(b, "J", []byte{})
	if b = End(b); string(b) != `{"L":[],"M":{},"J":""}` {
		t.Errorf("got %s", b)
	}
}

func TestValidationErrorText(t *testing.T) {
	v := newValidator()
	v.Length("A", "", 1, -1)
	v.Length("A", "", 2, -1) // the same member again: the first word stands
	v.Bytes("B", 5, 0, 1)
	v.AtMost("C", math.NaN(), 1)
	v.Enter("D")
	v.Key(strings.Repeat("k", 100))
	v.Report("E", "is wrong")
	v.Leave()
	err := v.err()
	want := "4 validation errors: A: must have at least 1 character, has 0; B: must have at most 1 byte, has 5; " +
		`C: must be at most 1; D["` + strings.Repeat("k", 64) + `…"].E: is wrong`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	v.release()
	if v := newValidator(); v.err() != nil || len(v.path) != 0 {
		t.Error("a released validator remembers")
	}
}

func TestLengthCountsCharacters(t *testing.T) {
	for _, c := range []struct {
		s         string
		low, high int
		ok        bool
	}{
		{"𝄞𝄞", 2, 2, true}, {"𝄞", 2, 2, false}, {"𝄞𝄞𝄞", 1, 2, false}, {"abc", 0, 3, true}, {"abcd", 0, 3, false}, {"", 0, 0, true}, {"abcd", 1, -1, true},
	} {
		v := newValidator()
		v.Length("S", c.s, c.low, c.high)
		if err := v.err(); (err == nil) != c.ok {
			t.Errorf("Length(%q, %d, %d): %v", c.s, c.low, c.high, err)
		}
	}
}

func TestPattern(t *testing.T) {
	p := NewPattern(`^(?!aws:)[a-z:]+$`)
	for s, want := range map[string]bool{"a": true, "saws:": true, "aws:x": false, "A": false, "": false} {
		if got := p.Match(s); got != want {
			t.Errorf("Match(%q) = %t; want %t", s, got, want)
		}
	}
}

// First reads one value and looks at nothing behind it; what is nested too deep, or is not JSON, is
// an error.
func TestFirst(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":["x",null,{"y":1}],"b":"\u0061"})`: `x null {"y":1} a`,
		` {"a":[]} {"a":["other"]}`:              "",
		`{"a":["x" "y"]}`:                        "error",
		`{"a":[[[]]]}`:                           "error",
		`{"a":["x"]`:                             "error",
		"":                                       "error",
	} {
		d := First([]byte(text), 3)
		var got []string
		for d.Object(); d.Next(); {
			if d.Peek() != '[' {
				got = append(got, d.String())
				continue
			}
			for d.Array(); d.NextElement(); {
				if d.Peek() == '"' {
					got = append(got, d.String())
				} else {
					got = append(got, string(d.Raw()))
				}
			}
		}
		if err := d.Done(); (err != nil) != (want == "error") || err == nil && strings.Join(got, " ") != want {
			t.Errorf("%s is read as %q, %v; want %s", text, got, err, want)
		}
	}
}
