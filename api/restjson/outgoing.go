package restjson

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Outgoing is a request being made from an operation's input.
type Outgoing struct {
	path    string // the template, its labels replaced one by one
	query   url.Values
	header  http.Header
	body    []byte
	problem string
}

// Label puts a member into the path.
func (o *Outgoing) Label(member, value string) {
	if value == "" {
		o.problem = member + " must not be empty: it is a part of the path"
		return
	}
	o.path = strings.Replace(o.path, "{"+member+"}", escapeLabel(value), 1)
}

// Query adds a query parameter.
func (o *Outgoing) Query(name, value string) {
	if o.query == nil {
		o.query = url.Values{}
	}
	o.query.Add(name, value)
}

// OptQuery adds a query parameter, unless value is nil.
func (o *Outgoing) OptQuery(name string, value *string) {
	if value != nil {
		o.Query(name, *value)
	}
}

// QueryAll adds a query parameter once for each value.
func QueryAll[T ~string](o *Outgoing, name string, values []T) {
	for _, value := range values {
		o.Query(name, string(value))
	}
}

// Header sets a header. Its name is in canonical form.
func (o *Outgoing) Header(name, value string) { o.header[name] = []string{value} }

// OptHeader sets a header, unless value is nil.
func (o *Outgoing) OptHeader(name string, value *string) {
	if value != nil {
		o.Header(name, *value)
	}
}

// Body sends x as the body.
func (o *Outgoing) Body(x JSONAppender) { o.body = x.AppendJSON(make([]byte, 0, usualBody)) }

// usualBody is a capacity that most bodies fit, so that encoding one does not grow it step by step.
const usualBody = 512

// Digits writes a number for a label, a query parameter or a header.
func Digits[T ~int32 | ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// FormatEpoch writes t as seconds since 1970.
func FormatEpoch(t time.Time) string { return string(AppendEpoch(nil, t)) }

// escapeLabel escapes everything that RFC 3986 does not call unreserved, as the SDKs do.
func escapeLabel(s string) string {
	const upper = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(upper[c>>4])
		b.WriteByte(upper[c&15])
	}
	return b.String()
}

// FormatBool writes a boolean.
func FormatBool(v bool) string { return strconv.FormatBool(v) }
