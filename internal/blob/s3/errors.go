package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/center"
)

// cut is the error of a body that broke off.
type cut struct{ err error }

func (c *cut) Error() string         { return "the connection broke: " + c.err.Error() }
func (c *cut) Unwrap() error         { return c.err }
func (c *cut) ConnectionError() bool { return true } // as the SDK asks whether to retry

// mapped returns what an error means to the caller of a [blob.Store]: nil
// stays nil, and what is the operator's to mend has no reason of its own.
func (s *Store) mapped(ctx context.Context, verb, key string, err error) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("%s %s in %s: %w", verb, key, s.where, ended)
	}
	status, code := answered(err)
	switch {
	case status == http.StatusNotFound && code != noBucket:
		return blob.Missing(key)
	case status == http.StatusPreconditionFailed:
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

var retryable = retry.IsErrorRetryables(retry.DefaultRetryables)

// transient reports whether a later attempt may succeed.
func transient(err error) bool {
	status, _ := answered(err)
	return status >= 500 || retryable.IsErrorRetryable(err).Bool()
}

// answered returns the status and the code of an error that the service has
// answered with, 0 and "" when it has not.
func answered(err error) (status int, code string) {
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = e.HTTPStatusCode()
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		code = e.ErrorCode()
	}
	return status, code
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

// explained returns an error of the first requests as a sentence for operators.
func explained(verb string, err error) error {
	status, code := answered(err)
	if status == http.StatusForbidden && advice[code] == "" { // an answer without a body names no code
		code = "AccessDenied"
	}
	if text := advice[code]; text != "" {
		return fmt.Errorf("cannot %s an object: %s", verb, text)
	}
	if sent, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("cannot be reached: %w", sent.Err)
	}
	return fmt.Errorf("cannot %s an object: %w", verb, err)
}
