package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/center"
)

// mapped returns what an error means to the caller of a [blob.Store]: nil
// stays nil, and what is the operator's to mend has no reason of its own.
func (s *Store) mapped(ctx context.Context, verb, key string, err error) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("%s %s in %s: %w", verb, key, s.where, ended)
	}
	r, _ := errors.AsType[*refusal](err)
	switch {
	case r == nil:
	case r.status == http.StatusNotFound && r.code != noBucket:
		return blob.Missing(key)
	case r.status == http.StatusPreconditionFailed:
		return &center.Error{Reason: center.Conflict, Message: fmt.Sprintf("file %q was replaced while it was read", key), Err: err}
	}
	err = fmt.Errorf("%s %s in %s: %w", verb, key, s.where, err)
	if transient(err) {
		return &unavailable{err}
	}
	return err
}

// unavailable is reason Unavailable with a cause that logs show in full.
type unavailable struct{ error }

func (u *unavailable) Unwrap() []error {
	return []error{&center.Error{Reason: center.Unavailable, Message: "the store of files does not answer; try again", Err: u.error}, u.error}
}

const noBucket = "NoSuchBucket"

// advice is what an operator can do about what a service answers, by its code.
var advice = map[string]string{
	noBucket:                       "the bucket does not exist; create it, or name another one",
	"AccessDenied":                 "access is denied; the credentials need s3:PutObject, s3:GetObject, s3:DeleteObject and, to tell missing files from forbidden ones, s3:ListBucket",
	"InvalidAccessKeyId":           "the service does not know the access key; set AWS_ACCESS_KEY_ID, or AWS_PROFILE",
	"SignatureDoesNotMatch":        "the secret does not fit the access key; set AWS_SECRET_ACCESS_KEY",
	"ExpiredToken":                 "the credentials have expired; renew them",
	"RequestTimeTooSkewed":         "the clocks of this machine and of the service differ by too much; set them",
	"PermanentRedirect":            "the bucket is in another region; set AWS_REGION",
	"AuthorizationHeaderMalformed": "the bucket is in another region; set AWS_REGION",
}

// codes are what answers without a body mean, by their status.
var codes = map[int]string{http.StatusForbidden: "AccessDenied", http.StatusMovedPermanently: "PermanentRedirect", http.StatusNotFound: noBucket}

// explained returns an error of the first requests as a sentence for operators.
func explained(verb string, err error) error {
	if r, ok := errors.AsType[*refusal](err); ok {
		if text := advice[cmp.Or(r.code, codes[r.status])]; text != "" {
			return fmt.Errorf("cannot %s an object: %s", verb, text)
		}
	}
	if sent, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("cannot be reached: %w", sent.Err)
	}
	return fmt.Errorf("cannot %s an object: %w", verb, err)
}
