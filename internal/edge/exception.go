package edge

import "parley.example/parley/api/restjson"

// Exception is an exception of an API with its cause, which logs show and the client does not see.
type Exception struct {
	restjson.Exception
	Cause error
}

// Unwrap returns the cause.
func (e Exception) Unwrap() error { return e.Cause }
