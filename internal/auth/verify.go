package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"strings"
	"sync"
	"time"
)

// MaxSkew is how far the time of signing may lie from the server's, either way.
// SDKs that correct their own clock do so by the Date header of the refusal,
// when its code is [InvalidSignature].
const MaxSkew = 5 * time.Minute

// What a [Verifier] assumes unless it is set.
const (
	DefaultRegion  = "us-east-1"
	DefaultService = "connect"
	DefaultAccount = "123456789012"
)

// KeySource finds access keys. [Keys] is one.
type KeySource interface {
	// Key returns the key with an id. It reports false when there is none or
	// it is disabled; an error means that the question was not answered.
	Key(ctx context.Context, id string, now time.Time) (Key, bool, error)
}

// Verifier verifies AWS Signature Version 4 on requests, in the Authorization
// header or in the query (presigned). Set the fields before the first call.
type Verifier struct {
	Keys    KeySource
	Region  string // the region of the credential scope; DefaultRegion when empty
	Service string // the service of the credential scope; DefaultService when empty
	Account string // the account in the ARNs of identities; DefaultAccount when empty

	// AcceptAny believes every request, signed well, badly or not at all. It
	// is for development: the identity then says which access key was
	// presented, and may do everything. Only a key that is one of Keys is held to its
	// policy, so that policies can be tried.
	AcceptAny bool

	// Addresses returns how a client may have addressed the server when a proxy has
	// rewritten that: they are tried after what the request itself says. It may be nil.
	Addresses func(*http.Request) []Address
	// Secure reports whether a request that came without TLS came over it to a proxy. It may be nil.
	Secure func(*http.Request) bool

	mu      sync.RWMutex
	signing map[signingID]*signingKey // guarded by mu, at most maxSigning
}

// Address is where a client believes it sends its requests: the host and the path
// before that of the API are part of what it signs.
type Address struct {
	Host string // with the port unless that is the scheme's own
	Path string // without a slash at the end; "" for the root
}

// maxSigning bounds the cache of signing keys: one per access key and day of
// signing. When it is full an arbitrary one is evicted.
const maxSigning = 4096

// Verify returns who signed r, whose body has been read into body. The errors
// are an [*Error] with one of these codes, or what the key source said:
//
//   - [MissingAuthenticationToken]: no signature, or another scheme.
//   - [InvalidSignature]: wrong signature, unreadable signature, a body that
//     differs from its signed hash, a scope of another region, service or day;
//     signed more than [MaxSkew] ago or ahead, or presigned and past
//     X-Amz-Expires, or presigned for too long: seven days at most to read, an hour
//     to change anything, and then with the body signed.
//   - [UnrecognizedClient]: an access key that does not exist or is disabled,
//     or a session token, which this server never hands out.
func (v *Verifier) Verify(r *http.Request, body []byte, now time.Time) (Identity, error) {
	s, err := v.VerifyHeader(r, now)
	if err != nil {
		return Identity{}, err
	}
	return s.VerifyBody(body)
}

// Signed is a request whose signature is verified as far as can be without its body.
type Signed struct {
	// Proven says that the signature is right: the request declares the hash of its
	// body, or leaves it unsigned. Otherwise only an enabled key, a time and a scope
	// are known to be good, which whoever has seen a key's id can name.
	Proven bool
	// Presigned says that the signature is in the query, not in the header Authorization.
	Presigned bool

	identity Identity
	v        *Verifier
	r        *http.Request
	claim    claim
	secret   string
}

// VerifyHeader verifies what can be before the body is read: all but the hash of the
// body if the request declares it in X-Amz-Content-Sha256, else all but the
// signature. The errors are those of [Verifier.Verify]. It keeps r.
func (v *Verifier) VerifyHeader(r *http.Request, now time.Time) (*Signed, error) {
	path, query := target(r)
	if v.AcceptAny {
		id, err := v.presented(r, query, now)
		if err != nil {
			return nil, err
		}
		return &Signed{Proven: true, v: v, identity: id}, nil
	}
	c, err := readClaim(r, query)
	if err != nil {
		return nil, err
	}
	if err := v.checkScope(&c); err != nil {
		return nil, err
	}
	key, err := v.key(r.Context(), &c, now)
	if err != nil {
		return nil, err
	}
	if err := c.checkTime(now); err != nil {
		return nil, err
	}
	s := &Signed{Presigned: c.expires > 0, v: v, r: r, claim: c, secret: key.Secret,
		identity: Identity{AccessKey: key.ID, Name: key.Name, ARN: v.arn(key.Name), Policy: key.Policy, Verified: true, Origin: v.originOf(r)}}
	if c.payload != "" {
		if err := c.checkPayload(); err != nil {
			return nil, err
		}
		if err := v.checkSignature(r, path, query, c.payload, &c, key.Secret); err != nil {
			return nil, err
		}
		s.Proven = true
	}
	return s, nil
}

// presented returns the identity that a request claims, in development.
func (v *Verifier) presented(r *http.Request, query string, now time.Time) (Identity, error) {
	id := presentedKey(r, query)
	identity := Identity{AccessKey: id, Name: id, ARN: v.arn(id), Policy: FullAccess(), Origin: v.originOf(r)}
	if v.Keys == nil || id == "" {
		return identity, nil
	}
	key, ok, err := v.Keys.Key(r.Context(), id, now)
	if err != nil {
		return identity, fmt.Errorf("look up access key %s: %w", id, err)
	}
	if ok {
		identity.Name, identity.ARN, identity.Policy = key.Name, v.arn(key.Name), key.Policy
	}
	return identity, nil
}

// Identity returns who signed the request, once that is [Signed.Proven].
func (s *Signed) Identity() Identity { return s.identity }

// VerifyBody verifies what depends on the body, and returns who signed the request.
// The errors are those of [Verifier.Verify].
func (s *Signed) VerifyBody(body []byte) (Identity, error) {
	if s.v.AcceptAny || s.claim.payload == unsignedPayload {
		return s.identity, nil
	}
	var hex64 [sha256.Size * 2]byte
	sum := appendDigest(hex64[:0], body)
	if s.Proven {
		if s.claim.payload != string(sum) {
			return Identity{}, errOtherBody
		}
		return s.identity, nil
	}
	path, query := target(s.r)
	if err := s.v.checkSignature(s.r, path, query, string(sum), &s.claim, s.secret); err != nil {
		return Identity{}, err
	}
	return s.identity, nil
}

func (v *Verifier) arn(name string) string {
	account := or(v.Account, DefaultAccount)
	if name == "" {
		return "arn:aws:iam::" + account + ":root"
	}
	return "arn:aws:iam::" + account + ":user/" + name
}

func (v *Verifier) checkScope(c *claim) error {
	if service := or(v.Service, DefaultService); c.service != service {
		return malformed("Credential should be scoped to correct service: '%s', not %s.", service, short(c.service))
	}
	if region := or(v.Region, DefaultRegion); c.region != region {
		return malformed("Credential should be scoped to a valid region: '%s', not %s.", region, short(c.region))
	}
	if c.day != c.stamp[:8] {
		return malformed("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: %s != '%s', from '%s'.", short(c.day), c.stamp[:8], c.stamp)
	}
	return nil
}

func (v *Verifier) key(ctx context.Context, c *claim, now time.Time) (Key, error) {
	unknown := func(reason string) error {
		return refuse(UnrecognizedClient, "The security token included in the request is invalid.", reason)
	}
	if !plausibleID(c.accessKey) {
		return Key{}, unknown("the access key id is not a valid one")
	}
	if c.session {
		return Key{}, unknown("the request carries a session token; access keys of this server have none")
	}
	if v.Keys == nil {
		return Key{}, unknown("no access keys are configured")
	}
	key, ok, err := v.Keys.Key(ctx, c.accessKey, now)
	if err != nil {
		return Key{}, fmt.Errorf("look up access key %s: %w", c.accessKey, err)
	}
	if !ok {
		return Key{}, unknown("access key " + c.accessKey + " does not exist or is disabled")
	}
	return key, nil
}

func (c *claim) checkTime(now time.Time) error {
	back := MaxSkew
	if c.expires > 0 {
		back = c.expires
	}
	now = now.UTC()
	if oldest := now.Add(-back); c.date.Before(oldest) {
		return refuse(InvalidSignature, fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %s.)",
			c.stamp, oldest.Format(timeFormat), now.Format(timeFormat), span(back)), "signed "+now.Sub(c.date).String()+" ago")
	}
	if newest := now.Add(MaxSkew); c.date.After(newest) {
		return refuse(InvalidSignature, fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %s.)",
			c.stamp, newest.Format(timeFormat), now.Format(timeFormat), span(MaxSkew)), "signed "+c.date.Sub(now).String()+" ahead")
	}
	return nil
}

func span(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// checkSignature computes the signature as the client should have and compares.
// payload stands for the body in the canonical request.
func (v *Verifier) checkSignature(r *http.Request, path, query, payload string, c *claim, secret string) error {
	key := v.signingKey(c, secret)
	w := scratch.Get().(*workspace)
	defer w.release()
	asked := host(r)
	if err := w.stringToSign(r, asked, path, query, payload, c); err != nil {
		return err
	}
	if key.matches(w.toSign, &c.signature) {
		return nil
	}
	wrong := hex.EncodeToString(w.digest[:])
	addresses := []Address{{Host: asked}}
	if v.Addresses != nil {
		addresses = append(addresses, v.Addresses(r)...)
	}
	for i, a := range addresses {
		for j, path := range []string{a.Path + path, a.Path + cleanPath(path)} {
			if i == 0 && j == 0 {
				continue // has been tried
			}
			if err := w.stringToSign(r, a.Host, path, query, payload, c); err != nil {
				return err
			}
			if key.matches(w.toSign, &c.signature) {
				return nil
			}
		}
	}
	return refuse(InvalidSignature, "The request signature we calculated does not match the signature you provided. "+
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
		fmt.Sprintf("wrong signature by %s over %s, with the host %s; the canonical request should have the SHA-256 %s", c.accessKey, c.signed, short(asked), wrong))
}

var errOtherBody = malformed("The provided 'x-amz-content-sha256' header does not match what was computed from the body.")

// checkPayload refuses a declared hash that is that of no body. UNSIGNED-PAYLOAD
// is the client's decision to leave the body to TLS.
func (c *claim) checkPayload() error {
	if strings.HasPrefix(c.payload, "STREAMING-") {
		return malformed("x-amz-content-sha256 is %s; this service does not support streamed bodies", short(c.payload))
	}
	if c.payload != unsignedPayload && len(c.payload) != 2*sha256.Size {
		return errOtherBody
	}
	return nil
}

type signingID struct{ accessKey, day string }

// signingKey is the key of one access key for one day, with states of HMAC
// that have taken it in already.
type signingKey struct {
	secret string // the secret it was derived from
	macs   sync.Pool
}

// signingKey returns the key to check c with, derived once a day.
func (v *Verifier) signingKey(c *claim, secret string) *signingKey {
	id := signingID{c.accessKey, c.day}
	v.mu.RLock()
	k := v.signing[id]
	v.mu.RUnlock()
	if k != nil && k.secret == secret {
		return k
	}
	derived := deriveKey(secret, c.day, c.region, c.service)
	k = &signingKey{secret: secret}
	k.macs.New = func() any { return hmac.New(sha256.New, derived[:]) }
	id = signingID{strings.Clone(id.accessKey), strings.Clone(id.day)} // or the whole header would stay in memory
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.signing == nil {
		v.signing = make(map[signingID]*signingKey)
	}
	for old := range v.signing {
		if len(v.signing) < maxSigning {
			break
		}
		delete(v.signing, old)
	}
	v.signing[id] = k
	return k
}

// matches compares in constant time.
func (k *signingKey) matches(toSign []byte, signature *[32]byte) bool {
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	mac.Write(toSign)
	var sum [sha256.Size]byte
	return hmac.Equal(mac.Sum(sum[:0]), signature[:])
}

// deriveKey makes the key that signs a day's requests to a service in a region.
func deriveKey(secret, day, region, service string) [sha256.Size]byte {
	key := []byte("AWS4" + secret)
	for _, part := range [...]string{day, region, service, terminator} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return [sha256.Size]byte(key)
}

// workspace holds the two texts of a signature while they are made.
type workspace struct {
	canonical, toSign []byte
	digest            [sha256.Size]byte // of canonical
}

var scratch = sync.Pool{New: func() any { return &workspace{canonical: make([]byte, 0, 1024), toSign: make([]byte, 0, 256)} }}

// release gives the workspace back, unless an unusual request made it large.
func (w *workspace) release() {
	if cap(w.canonical) <= 16<<10 {
		scratch.Put(w)
	}
}

// stringToSign puts the canonical request and the string to sign into w; host and path
// are what the client is taken to have asked.
func (w *workspace) stringToSign(r *http.Request, host, path, query, payload string, c *claim) error {
	b := append(w.canonical[:0], r.Method...)
	b = append(b, '\n')
	b = appendPath(b, path)
	b = append(b, '\n')
	b, ok := appendQuery(b, query)
	if !ok {
		return malformed("the query has more than %d parameters", maxParameters)
	}
	b = append(b, '\n')
	b, missing := appendHeaders(b, r, host, c.signed)
	if missing != "" {
		return malformed("header %s is signed but was not sent", short(missing))
	}
	b = append(b, '\n')
	b = append(b, c.signed...)
	b = append(b, '\n')
	w.canonical = append(b, payload...)
	w.digest = sha256.Sum256(w.canonical)

	b = append(w.toSign[:0], algorithm...)
	b = append(b, '\n')
	b = append(b, c.stamp...)
	b = append(b, '\n')
	b = appendScope(b, c.day, c.region, c.service)
	b = append(b, '\n')
	w.toSign = hex.AppendEncode(b, w.digest[:])
	return nil
}

func appendScope(b []byte, day, region, service string) []byte {
	b = append(b, day...)
	b = append(b, '/')
	b = append(b, region...)
	b = append(b, '/')
	b = append(b, service...)
	return append(b, "/"+terminator...)
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
