package s3test

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const unsigned = "UNSIGNED-PAYLOAD"

// check returns the refusal of a request: of its signature, or of what is not
// understood everywhere. code is "" when it may pass.
func check(r *http.Request) (status int, code string) {
	if r.Header.Get("X-Amz-Trailer") != "" || strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
		return http.StatusNotImplemented, "NotImplemented"
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-Checksum-") || strings.HasPrefix(name, "X-Amz-Sdk-Checksum") {
			return http.StatusNotImplemented, "NotImplemented"
		}
	}
	if r.ContentLength < 0 {
		return http.StatusLengthRequired, "MissingContentLength"
	}
	given := r.Header.Get("Authorization")
	credential, rest, _ := strings.Cut(strings.TrimPrefix(given, "AWS4-HMAC-SHA256 Credential="), ", SignedHeaders=")
	names, _, _ := strings.Cut(rest, ", Signature=")
	scope := strings.Split(credential, "/")
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	sum := r.Header.Get("X-Amz-Content-Sha256")
	empty := sha256.Sum256(nil)
	switch {
	case len(scope) != 5 || scope[3] != "s3" || err != nil:
		return http.StatusForbidden, "AccessDenied"
	case scope[0] != KeyID:
		return http.StatusForbidden, "InvalidAccessKeyId"
	case time.Since(at).Abs() > 15*time.Minute:
		return http.StatusForbidden, "RequestTimeTooSkewed"
	case sum != unsigned && (r.ContentLength > 0 || sum != hex.EncodeToString(empty[:])):
		return http.StatusBadRequest, "XAmzContentSHA256Mismatch"
	}
	signed := strings.Split(names, ";")
	again := r.Clone(r.Context())
	again.URL.Host = r.Host
	again.Header = http.Header{}
	for name, values := range r.Header {
		if slices.Contains(signed, strings.ToLower(name)) {
			again.Header[name] = values
		}
	}
	if !slices.Contains(signed, "content-length") {
		again.ContentLength = 0
	}
	keys := aws.Credentials{AccessKeyID: KeyID, SecretAccessKey: Secret}
	err = v4.NewSigner().SignHTTP(r.Context(), keys, again, sum, "s3", scope[2], at, func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err != nil || subtle.ConstantTimeCompare([]byte(again.Header.Get("Authorization")), []byte(given)) != 1 {
		return http.StatusForbidden, "SignatureDoesNotMatch"
	}
	return 0, ""
}
