package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// unsigned lists the headers that proxies and transports add or change; a
// signature over them would break on the way. Lower case, sorted.
var unsigned = []string{"accept-encoding", "authorization", "connection", "content-length", "expect", "transfer-encoding",
	"upgrade", "user-agent", "x-amzn-trace-id"}

// Sign signs an outgoing request with AWS Signature Version 4: it sets
// X-Amz-Date and Authorization, and covers the host and every header that is
// set when it is called, except those that transports change. body is what
// will be sent, nil for none; a header X-Amz-Content-Sha256 with the value
// UNSIGNED-PAYLOAD leaves it out. Sign the request last, right before sending it.
func Sign(r *http.Request, body []byte, key Key, region, service string, now time.Time) {
	stamp := now.UTC().Format(timeFormat)
	r.Header.Del("Authorization")
	r.Header.Set("X-Amz-Date", stamp)
	c := claim{accessKey: key.ID, stamp: stamp, day: stamp[:8], region: region, service: service, signed: signedHeaders(r),
		payload: r.Header.Get("X-Amz-Content-Sha256")}
	path, query := target(r)
	signature := c.sign(r, path, query, body, key.Secret)
	r.Header.Set("Authorization", algorithm+" Credential="+key.ID+"/"+string(appendScope(nil, c.day, region, service))+
		", SignedHeaders="+c.signed+", Signature="+signature)
}

// Presign signs an outgoing request in its query, so that whoever holds the
// URL may make this one request until expires is over (whole seconds, at most
// seven days). Headers that are set when it is called must be sent as they are.
func Presign(r *http.Request, body []byte, key Key, region, service string, now time.Time, expires time.Duration) {
	stamp := now.UTC().Format(timeFormat)
	c := claim{stamp: stamp, day: stamp[:8], region: region, service: service, signed: signedHeaders(r), payload: r.Header.Get("X-Amz-Content-Sha256")}
	credential := key.ID + "/" + string(appendScope(nil, c.day, region, service))
	query := r.URL.RawQuery
	if query != "" {
		query += "&"
	}
	query += "X-Amz-Algorithm=" + algorithm + "&X-Amz-Credential=" + canonicalQuery(credential) + "&X-Amz-Date=" + stamp +
		"&X-Amz-Expires=" + strconv.Itoa(int(expires/time.Second)) + "&X-Amz-SignedHeaders=" + canonicalQuery(c.signed)
	path, _ := target(r)
	r.URL.RawQuery = query + "&X-Amz-Signature=" + c.sign(r, path, query, body, key.Secret)
}

// sign returns the signature in hexadecimal. Unlike the verifier it takes
// whatever hash of the body the request declares.
func (c *claim) sign(r *http.Request, path, query string, body []byte, secret string) string {
	payload := []byte(c.payload)
	if len(payload) == 0 {
		payload = appendDigest(nil, body)
	}
	var w workspace
	// The two ways to fail are reserved for requests that came from outside: the
	// headers listed are those that the request has, and nobody calls connect
	// with 512 parameters; if somebody did, the server would refuse the result.
	_ = w.stringToSign(r, cleanPath(path), query, payload, c)
	key := deriveKey(secret, c.day, c.region, c.service)
	mac := hmac.New(sha256.New, key[:])
	mac.Write(w.toSign)
	return hex.EncodeToString(mac.Sum(nil))
}

// signedHeaders lists what [Sign] covers.
func signedHeaders(r *http.Request) string {
	names := []string{"host"}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if _, skip := slices.BinarySearch(unsigned, name); !skip && len(values) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ";")
}
