package edge

import (
	"errors"
	"net/http"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/store"
)

// Exception is an exception of an API with its cause, which logs show and the client does not see.
type Exception struct {
	restjson.Exception
	Cause error
}

// Unwrap returns the cause.
func (e Exception) Unwrap() error { return e.Cause }

// away is the answer while the database is away. The APIs' models have no exception for it: it is among the errors that all services of AWS have in
// common, and SDKs try it again by its status.
type away struct {
	restjson.APIError
	cause error
}

func (a *away) Unwrap() error { return a.cause }

// awayOf returns that answer for an error that comes of it; nil for another.
func awayOf(err error) error {
	if !errors.Is(err, store.ErrAway) {
		return nil
	}
	return &away{restjson.APIError{Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable, Message: "the database does not answer at the moment, so it is not known whether the request was carried out; try again"}, err}
}
