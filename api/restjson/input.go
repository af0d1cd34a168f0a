package restjson

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Input is a request being bound to the members of an operation's input. Generated code asks it for
// each member by its location; whatever is absent or wrong is noted and answered at the end.
type Input struct {
	labels []string
	raw    string // the query string
	query  url.Values
	header http.Header
	body   []byte
	v      *Validator

	authorize func(request any) error // is given the pointer to the input; may be nil
}

// Bound is implemented by the inputs whose types have code of their own.
type Bound interface {
	BindHTTP(*Input)
	Validated
}

// read binds, authorises, then validates. The error is a [*ValidationError], or what authorisation says.
func (in *Input) read(request any) error {
	x := form[Bound](request)
	in.v = newValidator()
	defer in.v.release()
	x.BindHTTP(in)
	if in.v.structural {
		return in.v.err()
	}
	if in.authorize != nil {
		if err := in.authorize(request); err != nil {
			return err
		}
	}
	x.Validate(in.v)
	return in.v.err()
}

// Body reads the members that travel in the body.
func (in *Input) Body(x JSONDecoder) { decodeBody(in.body, x, in.v, true) }

// Text is the value of a member outside the body. Its methods turn it into the member's type; those
// with Opt in their name take absence as nil, the others note it.
type Text struct {
	in     *Input
	member string
	value  string
	ok     bool
}

// Label returns the i-th label of the path.
func (in *Input) Label(member string, i int) Text {
	value, err := url.PathUnescape(in.labels[i])
	if err != nil {
		in.v.note(Violation{member, "is not properly percent-encoded"}, true)
	}
	return Text{in, member, strings.ToValidUTF8(value, "\uFFFD"), true}
}

// Query returns a query parameter; of several, the first.
func (in *Input) Query(member, name string) Text {
	values := in.values(name)
	if len(values) == 0 {
		return Text{in: in, member: member}
	}
	return Text{in, member, strings.ToValidUTF8(values[0], "\uFFFD"), true}
}

// QueryList returns all the values of a query parameter; nil if it is absent.
func QueryList[T ~string](in *Input, name string) []T {
	var list []T
	for _, value := range in.values(name) {
		list = append(list, T(strings.ToValidUTF8(value, "\uFFFD")))
	}
	return list
}

// NeedQuery is QueryList for a required member: absence is noted.
func NeedQuery[T ~string](in *Input, member, name string) []T {
	list := QueryList[T](in, name)
	if list == nil {
		in.v.note(Violation{member, "is required"}, false)
	}
	return list
}

func (in *Input) values(name string) []string {
	if in.query == nil {
		query, err := url.ParseQuery(in.raw)
		if err != nil {
			in.v.note(Violation{"", "the query string is not properly encoded"}, true)
		}
		in.query = query
	}
	return in.query[name]
}

// Header returns a header; of several, the first. The name is in canonical form.
func (in *Input) Header(member, name string) Text {
	values := in.header[name]
	if len(values) == 0 {
		return Text{in: in, member: member}
	}
	return Text{in, member, strings.ToValidUTF8(values[0], "\uFFFD"), true}
}

// Raw returns the text, "" if absent: an optional enum.
func (t Text) Raw() string { return t.value }

// String returns the text and notes its absence.
func (t Text) String() string {
	t.present()
	return t.value
}

// OptString returns the text, nil if absent.
func (t Text) OptString() *string { return optional(t, t.value) }

// Int32 returns the text as a number.
func (t Text) Int32() int32 { return int32(t.whole(32)) }

// OptInt32 returns the text as a number, nil if absent.
func (t Text) OptInt32() *int32 {
	if !t.ok {
		return nil
	}
	return new(t.Int32())
}

// Int64 returns the text as a number.
func (t Text) Int64() int64 { return t.whole(64) }

// OptInt64 returns the text as a number, nil if absent.
func (t Text) OptInt64() *int64 {
	if !t.ok {
		return nil
	}
	return new(t.Int64())
}

// Bool returns the text as a boolean.
func (t Text) Bool() bool {
	if t.present() && t.value != "true" && t.value != "false" {
		t.refuse("expected true or false")
	}
	return t.value == "true"
}

// OptBool returns the text as a boolean, nil if absent.
func (t Text) OptBool() *bool {
	if !t.ok {
		return nil
	}
	return new(t.Bool())
}

// DateTime returns the text, RFC 3339, as a time.
func (t Text) DateTime() time.Time { return t.time(parseDateTime, "a time like 2026-01-31T09:00:00Z") }

// OptDateTime returns the text, RFC 3339, as a time, nil if absent.
func (t Text) OptDateTime() *time.Time {
	if !t.ok {
		return nil
	}
	return new(t.DateTime())
}

// HTTPDate returns the text, in the form of HTTP headers, as a time.
func (t Text) HTTPDate() time.Time {
	return t.time(parseHTTPDate, "a time like Sat, 31 Jan 2026 09:00:00 GMT")
}

// OptHTTPDate returns the text, in the form of HTTP headers, as a time, nil if absent.
func (t Text) OptHTTPDate() *time.Time {
	if !t.ok {
		return nil
	}
	return new(t.HTTPDate())
}

// Epoch returns the text, seconds since 1970, as a time.
func (t Text) Epoch() time.Time { return t.time(parseEpoch, "a number of seconds since 1970") }

// OptEpoch returns the text, seconds since 1970, as a time, nil if absent.
func (t Text) OptEpoch() *time.Time {
	if !t.ok {
		return nil
	}
	return new(t.Epoch())
}

func (t Text) whole(bits int) int64 {
	if !t.present() {
		return 0
	}
	n, err := strconv.ParseInt(t.value, 10, bits)
	if err != nil {
		t.refuse("expected a whole number of " + strconv.Itoa(bits) + " bits")
	}
	return n
}

func (t Text) time(parse func(string) (time.Time, bool), want string) time.Time {
	if !t.present() {
		return time.Time{}
	}
	at, ok := parse(t.value)
	if !ok {
		t.refuse("expected " + want)
	}
	return at
}

func (t Text) present() bool {
	if !t.ok {
		t.in.v.note(Violation{t.member, "is required"}, false)
	}
	return t.ok
}

func (t Text) refuse(problem string) { t.in.v.note(Violation{t.member, problem}, true) }

func optional[T any](t Text, value T) *T {
	if !t.ok {
		return nil
	}
	return &value
}
