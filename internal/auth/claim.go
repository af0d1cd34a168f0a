package auth

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Bounds of what a signed request may carry. Real requests stay far below.
const (
	maxAuthorization = 4096
	maxSignedHeaders = 64
	maxQuery         = 16 << 10 // bytes of the query of a presigned request

	// The longest X-Amz-Expires: Amazon's for requests that read, less for those that may change
	// something, because whoever holds the URL may make the request again and again until then.
	maxPresign       = 7 * 24 * time.Hour
	maxPresignChange = time.Hour
)

// claim is what a request says about its own signature.
type claim struct {
	accessKey string
	day       string // of the credential scope: "20060102"
	region    string
	service   string
	signed    string // the signed headers as listed: lower case, sorted, joined by semicolons
	signature [32]byte
	stamp     string // the time of signing in timeFormat
	date      time.Time
	expires   time.Duration // of a presigned request; 0 for the header form
	session   bool          // a session token came along
	payload   string        // what the request calls the hash of its body; "" when it does not say
}

// readClaim finds the signature of a request in its Authorization header or,
// for a presigned one, in its query.
func readClaim(r *http.Request, query string) (claim, error) {
	header := r.Header["Authorization"]
	presigned := isPresigned(query)
	switch {
	case len(header) == 0 && !presigned:
		return claim{}, refuse(MissingAuthenticationToken, "Missing Authentication Token", "no Authorization header, and the query is not presigned")
	case len(header) > 0 && presigned:
		return claim{}, malformed("the request is signed twice: use either the Authorization header or the query, not both")
	case len(header) > 1:
		return claim{}, malformed("the request has %d Authorization headers", len(header))
	case presigned:
		return presignedClaim(r, query)
	}
	return headerClaim(r, header[0])
}

func headerClaim(r *http.Request, authorization string) (claim, error) {
	var c claim
	if len(authorization) > maxAuthorization {
		return c, malformed("the Authorization header is longer than %d bytes", maxAuthorization)
	}
	scheme, rest, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	if scheme != algorithm {
		if strings.HasPrefix(scheme, "AWS4-") {
			return c, malformed("algorithm %s is not supported: sign with %s", short(scheme), algorithm)
		}
		return c, refuse(MissingAuthenticationToken, "Missing Authentication Token", "the Authorization header's scheme is not "+algorithm)
	}
	var credential, signature, none string
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		into := &none
		switch name {
		case "Credential":
			into = &credential
		case "SignedHeaders":
			into = &c.signed
		case "Signature":
			into = &signature
		}
		if into == &none || *into != "" || value == "" {
			return c, malformed("the Authorization header has an unknown, repeated or empty part %s", short(name))
		}
		*into = value
	}
	if err := c.set(credential, signature); err != nil {
		return c, err
	}
	c.session = r.Header.Get("X-Amz-Security-Token") != ""
	c.payload = r.Header.Get("X-Amz-Content-Sha256")
	if stamp := r.Header.Get("X-Amz-Date"); stamp != "" {
		return c, c.setStamp(stamp)
	}
	date := r.Header.Get("Date")
	for _, layout := range [...]string{http.TimeFormat, time.RFC1123Z} {
		if t, err := time.Parse(layout, date); err == nil {
			date = t.UTC().Format(timeFormat)
		}
	}
	return c, c.setStamp(date)
}

func presignedClaim(r *http.Request, query string) (claim, error) {
	var c claim
	var method, credential, signature, stamp, expires, session string
	fields := map[string]*string{"X-Amz-Algorithm": &method, "X-Amz-Credential": &credential, "X-Amz-Date": &stamp, "X-Amz-Expires": &expires,
		"X-Amz-SignedHeaders": &c.signed, "X-Amz-Signature": &signature, "X-Amz-Security-Token": &session, "X-Amz-Content-Sha256": &c.payload}
	if len(query) > maxQuery {
		return c, malformed("the query of a presigned request is longer than %d bytes", maxQuery)
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		into := fields[name]
		if into == nil {
			continue
		}
		if *into != "" {
			return c, malformed("the query has %s twice", name)
		}
		*into = unescape(value)
	}
	if method != algorithm {
		return c, malformed("X-Amz-Algorithm is %s; it must be %s", short(method), algorithm)
	}
	if err := c.set(credential, signature); err != nil {
		return c, err
	}
	longest, changes := maxPresign, r.Method != http.MethodGet && r.Method != http.MethodHead
	if changes {
		longest = maxPresignChange
	}
	seconds, err := strconv.Atoi(expires)
	if err != nil || seconds < 1 || seconds > int(longest/time.Second) {
		return c, malformed("X-Amz-Expires is %s; for a presigned %s it must be a number of seconds from 1 to %d", short(expires), r.Method, longest/time.Second)
	}
	c.expires = time.Duration(seconds) * time.Second
	c.session = session != "" || r.Header.Get("X-Amz-Security-Token") != ""
	if h := r.Header.Get("X-Amz-Content-Sha256"); h != "" {
		c.payload = h
	}
	if changes && c.payload == unsignedPayload {
		return c, malformed("the body of a presigned %s must be signed: X-Amz-Content-Sha256 must not be %s", r.Method, unsignedPayload)
	}
	return c, c.setStamp(stamp)
}

// set reads the credential and the signature, and checks the list of signed headers.
func (c *claim) set(credential, signature string) error {
	if credential == "" || c.signed == "" || signature == "" {
		return malformed("the signature must have a Credential, SignedHeaders and a Signature")
	}
	var end string
	ok := strings.Count(credential, "/") == 4
	if ok {
		c.accessKey, credential, _ = strings.Cut(credential, "/")
		c.day, credential, _ = strings.Cut(credential, "/")
		c.region, credential, _ = strings.Cut(credential, "/")
		c.service, end, _ = strings.Cut(credential, "/")
	}
	if !ok || end != terminator {
		return malformed("the Credential must have the form ACCESSKEY/YYYYMMDD/REGION/SERVICE/%s", terminator)
	}
	if hex.DecodedLen(len(signature)) != len(c.signature) || len(signature)%2 != 0 {
		return malformed("the Signature has %d characters instead of 64", len(signature))
	}
	if _, err := hex.Decode(c.signature[:], []byte(signature)); err != nil {
		return malformed("the Signature is not hexadecimal")
	}
	return checkSigned(c.signed)
}

func (c *claim) setStamp(stamp string) error {
	t, err := time.Parse(timeFormat, stamp)
	if err != nil {
		return malformed("the time of signing is %s; send X-Amz-Date in the form YYYYMMDDTHHMMSSZ", short(stamp))
	}
	c.stamp, c.date = stamp, t
	return nil
}

// checkSigned accepts a list of header names in lower case, sorted, each
// once, and with host among them: without it a signature would be good for
// any server.
func checkSigned(list string) error {
	last, host, n := "", false, 0
	for name := range strings.SplitSeq(list, ";") {
		if n++; n > maxSignedHeaders {
			return malformed("more than %d headers are signed", maxSignedHeaders)
		}
		if name <= last {
			return malformed("SignedHeaders must be sorted, each name once: %s", short(name))
		}
		for i := range len(name) {
			if c := name[i]; c <= ' ' || c > '~' || 'A' <= c && c <= 'Z' || c == ':' || c == ',' {
				return malformed("SignedHeaders must be lower-case header names: %s", short(name))
			}
		}
		host = host || name == "host"
		last = name
	}
	if !host {
		return malformed("'Host' must be a 'SignedHeader' in the AWS Authorization")
	}
	return nil
}

// isPresigned reports whether a query has a parameter that only presigned requests have.
func isPresigned(query string) bool {
	if !strings.Contains(query, "X-Amz-") {
		return false
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if name == "X-Amz-Algorithm" || name == "X-Amz-Signature" {
			return true
		}
	}
	return false
}

// presentedKey returns the access key id that a request names, whatever else
// is wrong with it; "" when it names none.
func presentedKey(r *http.Request, query string) string {
	credential := ""
	if _, rest, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		credential = rest
	} else if isPresigned(query) {
		for pair := range strings.SplitSeq(query, "&") {
			if v, ok := strings.CutPrefix(pair, "X-Amz-Credential="); ok {
				credential = unescape(v)
				break
			}
		}
	}
	id, _, ok := strings.Cut(credential, "/")
	if !ok || !plausibleID(id) {
		return ""
	}
	return id
}

// plausibleID tells whether a string could be an access key id: IAM says 16 to
// 128 characters of [\w]. Shorter ones are let through for development, where
// people write "test".
func plausibleID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c != '_' && (!unreserved[c] || c == '.' || c == '~') {
			return false
		}
	}
	return true
}

func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
		}
		b = append(b, c)
	}
	return string(b)
}

// malformed is the refusal of a signature that cannot be parsed.
func malformed(format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	return refuse(InvalidSignature, message, message)
}

func refuse(code, message, reason string) error {
	return &Error{Code: code, Message: message, Reason: reason}
}

// short quotes what a client sent, cut to a length that is fit for a message.
func short(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return strconv.Quote(s)
}
