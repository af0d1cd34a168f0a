package golang

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/codegen/model"
)

// sampler makes values of a model's shapes twice: as Go values of the generated types and as what
// the wire must show. It knows the model, not the generator, so the two can be held together.
type sampler struct {
	t       *testing.T
	m       *model.Model
	round   int // chooses the members of unions and which optional members are absent
	n       int // numbers the samples, so that neighbours differ
	sparse  bool
	single  bool           // lists and maps have one element where they may
	reading []*model.Shape // the shapes around the one being made, to end recursion
}

// sample is one value in both forms.
type sample struct {
	value reflect.Value
	wire  any
}

// request is what an input must look like on the wire.
type request struct {
	labels, query map[string][]string
	header        map[string]string
	body          map[string]any
}

// input fills the structure x points to and says what must be sent.
func (g *sampler) input(s *model.Shape, x reflect.Value) request {
	r := request{map[string][]string{}, map[string][]string{}, map[string]string{}, map[string]any{}}
	for _, m := range s.Members {
		if g.leaveOut(m) {
			continue
		}
		one := g.member(s, m, x)
		switch {
		case m.Traits.Label:
			r.labels[m.Name] = texts(one)
		case m.Traits.Query != "":
			r.query[m.Traits.Query] = texts(one)
		case m.Traits.Header != "":
			r.header[m.Traits.Header] = texts(one)[0]
		default:
			r.body[m.Wire()] = one.wire
		}
	}
	return r
}

// texts is a sample as it stands outside a body.
func texts(s sample) []string {
	if list, ok := s.wire.([]any); ok {
		var all []string
		for _, e := range list {
			all = append(all, fmt.Sprint(e))
		}
		return all
	}
	return []string{fmt.Sprint(s.wire)}
}

func (g *sampler) leaveOut(m *model.Member) bool {
	return g.sparse && !m.Traits.Required && !m.Traits.Label
}

// member makes the value of one member and sets the field.
func (g *sampler) member(owner *model.Shape, m *model.Member, x reflect.Value) sample {
	g.t.Helper()
	field := x.FieldByName(strings.ToUpper(m.Name[:1]) + m.Name[1:])
	if !field.IsValid() {
		g.t.Fatalf("%s has no field for %s", x.Type(), m.Name)
	}
	typ := field.Type()
	pointer := typ.Kind() == reflect.Pointer
	if pointer {
		typ = typ.Elem()
	}
	target := g.m.Shapes[m.Target]
	simple := strings.Contains("string integer long float double boolean timestamp", target.Type)
	absentable := owner.Type == "union" || !m.Traits.Required
	if want := target.Type == "structure" || target.Type == "union" || simple && absentable; pointer != want {
		g.t.Fatalf("%s.%s is a %s", x.Type(), m.Name, field.Type())
	}
	one := g.shape(m, typ)
	if pointer {
		p := reflect.New(typ)
		p.Elem().Set(one.value)
		field.Set(p)
	} else {
		field.Set(one.value)
	}
	return one
}

// shape makes a value of the shape m refers to, as the type says.
func (g *sampler) shape(m *model.Member, typ reflect.Type) sample {
	s := g.m.Shapes[m.Target]
	g.n++
	v := reflect.New(typ).Elem()
	switch s.Type {
	case "string":
		text := g.text(s)
		v.SetString(text)
		return sample{v, text}
	case "enum":
		e := s.Members[(g.n+g.round)%len(s.Members)]
		text := e.Traits.EnumValue
		v.SetString(text)
		return sample{v, text}
	case "integer", "long":
		n := int64(g.number(s))
		v.SetInt(n)
		return sample{v, json.Number(strconv.FormatInt(n, 10))}
	case "float", "double":
		f := g.number(s)
		v.SetFloat(f)
		return sample{v, json.Number(strconv.FormatFloat(f, 'f', -1, 64))}
	case "boolean":
		v.SetBool(g.n%2 == 0)
		return sample{v, v.Bool()}
	case "timestamp":
		return g.time(m, s, v)
	case "blob":
		text := []byte{0xff, byte(g.n), '>', '?'}[:g.size(s)]
		v.SetBytes(text)
		return sample{v, base64.StdEncoding.EncodeToString(text)}
	case "document":
		text := json.RawMessage(fmt.Sprintf(`{"n":[%d,null,"é"]}`, g.n))
		v.Set(reflect.ValueOf(text))
		return sample{v, text}
	case "structure", "union":
		g.reading = append(g.reading, s)
		defer func() { g.reading = g.reading[:len(g.reading)-1] }()
		return sample{v, g.structure(s, v)}
	case "list":
		return g.list(s, v)
	case "map":
		return g.mapping(s, v)
	}
	g.t.Fatalf("no sample for a %s", s.Type)
	return sample{}
}

func (g *sampler) structure(s *model.Shape, x reflect.Value) map[string]any {
	wire := map[string]any{}
	if s.Type == "union" {
		m := s.Members[g.round%len(s.Members)]
		for i := 0; g.endless(m) && i < len(s.Members); i++ {
			m = s.Members[i]
		}
		wire[m.Wire()] = g.member(s, m, x).wire
		return wire
	}
	for _, m := range s.Members {
		if g.leaveOut(m) || !m.Traits.Required && g.endless(m) {
			continue
		}
		wire[m.Wire()] = g.member(s, m, x).wire
	}
	return wire
}

// endless reports whether m leads back to a structure being made for the third time.
func (g *sampler) endless(m *model.Member) bool {
	s := g.m.Shapes[m.Target]
	for s.Type == "list" || s.Type == "map" {
		if s.Type == "list" {
			s = g.m.Shapes[s.Member.Target]
		} else {
			s = g.m.Shapes[s.Value.Target]
		}
	}
	times := 0
	for _, r := range g.reading {
		if r == s {
			times++
		}
	}
	return times >= 2 || len(g.reading) > 12
}

func (g *sampler) size(s *model.Shape) int {
	n := 2
	if g.single {
		n = 1
	}
	if b := s.Traits.Length; b != nil {
		if b.Min != nil {
			n = max(n, int(*b.Min))
		}
		if b.Max != nil {
			n = min(n, int(*b.Max))
		}
	}
	return n
}

func (g *sampler) list(s *model.Shape, v reflect.Value) sample {
	wire := []any{}
	v.Set(reflect.MakeSlice(v.Type(), 0, 2))
	if g.endless(s.Member) {
		return sample{v, wire}
	}
	for range g.size(s) {
		one := g.shape(s.Member, v.Type().Elem())
		v.Set(reflect.Append(v, one.value))
		wire = append(wire, one.wire)
	}
	return sample{v, wire}
}

func (g *sampler) mapping(s *model.Shape, v reflect.Value) sample {
	wire := map[string]any{}
	v.Set(reflect.MakeMap(v.Type()))
	if g.endless(s.Value) {
		return sample{v, wire}
	}
	for range g.size(s) {
		key, one := g.shape(s.Key, v.Type().Key()), g.shape(s.Value, v.Type().Elem())
		v.SetMapIndex(key.value, one.value)
		wire[key.value.String()] = one.wire
	}
	return sample{v, wire}
}

func (g *sampler) number(s *model.Shape) float64 {
	f := float64(g.n)
	if s.Type == "float" || s.Type == "double" {
		f += 0.5
	}
	if b := s.Traits.Range; b != nil {
		if b.Min != nil {
			f = max(f, *b.Min)
		}
		if b.Max != nil {
			f = min(f, *b.Max)
		}
	}
	return f
}

func (g *sampler) time(m *model.Member, s *model.Shape, v reflect.Value) sample {
	at := time.Unix(1_700_000_000+int64(g.n), 250_000_000).UTC()
	format := m.Traits.TimestampFormat + s.Traits.TimestampFormat
	var wire any
	switch {
	case m.Traits.Header != "" || format == "http-date":
		at = at.Truncate(time.Second)
		wire = at.Format("Mon, 02 Jan 2006 15:04:05 GMT")
	case format == "date-time" || m.Bound() && format == "":
		wire = at.Format("2006-01-02T15:04:05.00Z")
	default:
		wire = json.Number(fmt.Sprintf("%d.25", at.Unix()))
	}
	v.Set(reflect.ValueOf(at))
	return sample{v, wire}
}

// candidates are strings of every kind the models' patterns ask for; the first that a shape allows
// is its sample. Those at the front are the hardest to carry.
var candidates = []string{
	"ü/a b+c=d&e?f%%#€𝄞\"\\%d", "a/b:c+d=e%d", "arn:aws:connect:eu-west-1:123456789012:instance/0000000a-1111-2222-3333-44444444444%d",
	"0000000a-1111-2222-3333-44444444444%d", "abcdefgh-%d", "name%d", "a", "2026-01-0%dT10:00:00Z", "2026-01-01", "+1555000%d", "eu-west-1",
	"d-0123456789", "someone%d@example.com", "arn:aws:connect:eu-west-1:123456789012:traffic-distribution-group/0000000a-1111-2222-3333-44444444444%d",
	"s3://bucket/key%d", "Abcdefg%dh", "10:3%d", "404", strings.Repeat("0123456789abcdef", 4), "$.a[0]", "{}", "https://example.com/%d", "-", "",
}

// text is a string the shape's length and pattern allow.
func (g *sampler) text(s *model.Shape) string {
	g.t.Helper()
	for _, c := range candidates {
		c = strings.Replace(strings.Replace(c, "%d", strconv.Itoa(g.n%10), 1), "%%", "%", 1)
		if b := s.Traits.Length; b != nil && b.Min != nil {
			for utf8.RuneCountInString(c) < int(*b.Min) {
				c += "0"
			}
		}
		if c != "" && allows(s, c) {
			return c
		}
	}
	g.t.Fatalf("no sample text for %s: %s", s.ID, s.Traits.Pattern)
	return ""
}

func allows(s *model.Shape, text string) bool {
	if b := s.Traits.Length; b != nil && b.Max != nil && utf8.RuneCountInString(text) > int(*b.Max) {
		return false
	}
	return s.Traits.Pattern == "" || pattern(s).Match(text)
}

// patterns keeps them compiled, by shape: every sample of a string asks for one.
var patterns sync.Map

func pattern(s *model.Shape) *restjson.Pattern {
	p, _ := patterns.LoadOrStore(s.ID, restjson.NewPattern(s.Pattern()))
	return p.(*restjson.Pattern)
}
