// Package authtest signs requests for tests with the signer of the AWS SDK, which
// shares no code with the verifier of package auth: what one makes the other has to
// accept. Nothing here blocks; errors are the signer's.
package authtest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Signer signs with an access key, for a service in a region.
type Signer struct {
	ID, Secret      string
	Region, Service string // us-east-1 and connect when empty
}

// Sign signs a request in its headers. A header X-Amz-Content-Sha256 stands for the
// body when there is one. Sign the request last, right before sending it.
func (s Signer) Sign(r *http.Request, body []byte, at time.Time) error {
	r.Header.Del("Authorization")
	return v4.NewSigner().SignHTTP(context.Background(), s.credentials(), r, payload(r, body), s.service(), s.region(), at)
}

// Presign signs a request in its query, so that whoever holds the URL may make
// this one request until expires is over.
func (s Signer) Presign(r *http.Request, body []byte, at time.Time, expires time.Duration) error {
	query := r.URL.Query()
	query.Set("X-Amz-Expires", strconv.Itoa(int(expires/time.Second)))
	r.URL.RawQuery = query.Encode()
	signed, _, err := v4.NewSigner().PresignHTTP(context.Background(), s.credentials(), r, payload(r, body), s.service(), s.region(), at)
	if err != nil {
		return err
	}
	r.URL, err = r.URL.Parse(signed)
	return err
}

func (s Signer) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: s.ID, SecretAccessKey: s.Secret}
}

func (s Signer) region() string  { return cmp.Or(s.Region, "us-east-1") }
func (s Signer) service() string { return cmp.Or(s.Service, "connect") }

// payload is what stands for the body in a signature.
func payload(r *http.Request, body []byte) string {
	sum := sha256.Sum256(body)
	return cmp.Or(r.Header.Get("X-Amz-Content-Sha256"), hex.EncodeToString(sum[:]))
}
