package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Words of AWS Signature Version 4.
const (
	algorithm       = "AWS4-HMAC-SHA256"
	terminator      = "aws4_request"
	timeFormat      = "20060102T150405Z"
	unsignedPayload = "UNSIGNED-PAYLOAD"
)

// maxParameters bounds the query parameters of a signed request. The largest
// list that connect takes in a query, the tag keys of UntagResource, has 50.
const maxParameters = 512

// target returns the path and the query exactly as the client sent them:
// signatures cover those bytes, not what a router makes of them. A request
// that was built by a client and not received has no RequestURI; its URL says
// what will be sent.
func target(r *http.Request) (path, query string) {
	uri := r.RequestURI
	if uri == "" {
		return r.URL.EscapedPath(), r.URL.RawQuery
	}
	if !strings.HasPrefix(uri, "/") { // the absolute form, which proxies use
		if _, rest, ok := strings.Cut(uri, "://"); ok {
			uri = "/"
			if i := strings.IndexAny(rest, "/?"); i >= 0 {
				uri = rest[i:]
			}
		}
	}
	path, query, _ = strings.Cut(uri, "?")
	return path, query
}

// host returns the value of the Host header.
func host(r *http.Request) string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}

// unreserved tells which bytes are never percent-encoded (RFC 3986, section 2.3).
var unreserved = func() (t [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~" {
		t[c] = true
	}
	return t
}()

const upperHex = "0123456789ABCDEF"

func appendEscaped(b []byte, c byte) []byte {
	if unreserved[c] {
		return append(b, c)
	}
	return append(b, '%', upperHex[c>>4], upperHex[c&15])
}

// appendPath appends the canonical form of a path as sent: every service but
// S3 encodes the encoded path once more. An empty path is "/".
func appendPath(b []byte, path string) []byte {
	if path == "" {
		return append(b, '/')
	}
	for i := range len(path) {
		if c := path[i]; c == '/' {
			b = append(b, c)
		} else {
			b = appendEscaped(b, c)
		}
	}
	return b
}

// cleanPath removes dot segments and repeated slashes, as the signing
// specification wants it and most clients do. The AWS SDK for Go signs the
// path as it is, so a verifier has to know both forms when they differ.
func cleanPath(path string) string {
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") {
		return path
	}
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, segment)
		}
	}
	clean := "/" + strings.Join(kept, "/")
	if len(kept) > 0 && strings.HasSuffix(path, "/") {
		clean += "/"
	}
	return clean
}

// appendQuery appends the canonical form of a query as sent: names and values
// decoded and encoded one way, sorted by name, then value, the signature
// itself left out. It reports false when there are too many parameters.
func appendQuery(b []byte, query string) ([]byte, bool) {
	if query == "" {
		return b, true
	}
	if strings.Count(query, "&") >= maxParameters {
		return b, false
	}
	var few [16]parameter
	list := few[:0]
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		p := parameter{canonicalQuery(name), canonicalQuery(value)}
		if p.name != "X-Amz-Signature" {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, parameter.compare)
	for i, p := range list {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b, true
}

type parameter struct{ name, value string }

func (p parameter) compare(q parameter) int {
	if c := strings.Compare(p.name, q.name); c != 0 {
		return c
	}
	return strings.Compare(p.value, q.value)
}

// canonicalQuery encodes one name or value the one way that signatures use.
// What a client sent is nearly always in that form already and is returned as it is.
func canonicalQuery(s string) string {
	ok := true
	for i := range len(s) {
		if !unreserved[s[i]] {
			ok = false
			break
		}
	}
	if ok {
		return s
	}
	b := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '+': // a space in a form-encoded query, which is how servers read it
			c = ' '
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
		}
		b = appendEscaped(b, c)
	}
	return string(b)
}

// appendHeaders appends the canonical form of the headers named in signed (a
// list in lower case, separated by semicolons), and names the first one that
// the request does not have. The host is the one given.
func appendHeaders(b []byte, r *http.Request, host, signed string) (_ []byte, missing string) {
	var buf [64]byte
	for name := range strings.SplitSeq(signed, ";") {
		b = append(b, name...)
		b = append(b, ':')
		switch values := r.Header[string(appendMIME(buf[:0], name))]; {
		case name == "host":
			b = appendTrimmed(b, host)
		case len(values) > 0:
			for i, v := range values {
				if i > 0 {
					b = append(b, ',')
				}
				b = appendTrimmed(b, v)
			}
		case name == "content-length" && r.ContentLength >= 0:
			b = strconv.AppendInt(b, r.ContentLength, 10)
		default:
			return b, name
		}
		b = append(b, '\n')
	}
	return b, ""
}

// appendMIME spells a lower-case header name as [http.Header] does.
func appendMIME(b []byte, name string) []byte {
	start := true
	for i := range len(name) {
		c := name[i]
		if start && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		start = c == '-'
		b = append(b, c)
	}
	return b
}

// appendTrimmed appends a header's value without white space around it, and
// with one space for each run of white space inside it.
func appendTrimmed(b []byte, v string) []byte {
	start, space := len(b), false
	for i := range len(v) {
		if c := v[i]; c == ' ' || '\t' <= c && c <= '\r' {
			space = true
			continue
		}
		if space && len(b) > start {
			b = append(b, ' ')
		}
		space = false
		b = append(b, v[i])
	}
	return b
}

// appendDigest appends the SHA-256 of data in hexadecimal.
func appendDigest(b, data []byte) []byte {
	sum := sha256.Sum256(data)
	return hex.AppendEncode(b, sum[:])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}
