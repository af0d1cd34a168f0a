package edge

import (
	"net/http"
	"slices"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
)

// OwnPath is below what the APIs of Parley's own are mounted.
const OwnPath = "/parley/"

// Own describes the APIs of Parley's own, for their handlers and their clients: JSON over HTTP in the
// form of the Connect API, signed with AWS Signature Version 4 for the service connect, with the same
// errors. Actions of policies for them begin with parley:.
var Own = &restjson.API{Service: "parley", SigningName: "connect", Version: "2026-11-30"}

// OwnOperation describes an operation of an API of Parley's own; path is below [OwnPath]. Besides
// AccessDeniedException it has the errors named.
func OwnOperation(name, method, path string, errors ...string) *restjson.Operation {
	return &restjson.Operation{Service: Own.Service, Name: name, Method: method, Path: OwnPath + path, ReadOnly: method == http.MethodGet,
		Errors: slices.Sorted(slices.Values(append(errors, auth.AccessDenied)))}
}

// RefuseOwn refuses requests to an API of Parley's own that a page made a browser send, and those
// whose signature is in the URL: a URL is seen and kept in too many places to be worth a key.
func RefuseOwn(r *http.Request, presigned bool) error {
	switch site := r.Header.Get("Sec-Fetch-Site"); {
	case len(r.Header["Origin"]) > 0 || site != "" && site != "none":
		return &auth.Error{Code: auth.AccessDenied, Message: "this is not for web pages", Reason: "the request has an Origin, or was sent for a page"}
	case presigned:
		return &auth.Error{Code: auth.AccessDenied, Message: "this is not for presigned URLs: sign the request in its Authorization header", Reason: "the request is presigned"}
	}
	return nil
}
