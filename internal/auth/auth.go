// Package auth decides who may call: it verifies AWS Signature Version 4 on
// requests to the service connect ([Verifier]), keeps access keys with
// IAM-style policies ([Keys], [Policy]), and seals the opaque tokens that
// participants, sockets and attachment URLs carry ([Sealer]). Who makes a request is
// a [Principal].
//
// # What a call is authorised against
//
// An access key's policy ([iam.Policy]) is asked about the ARNs of what a request touches
// ([ResourcesOf]): the resources that it names by id or ARN, each of which must be
// allowed, and the instance that holds them, which must not be denied. A request that
// names nothing but an instance touches the instance; one that names nothing is
// authorised against "*", so that only a statement with the Resource "*" allows it. What
// conditions ask about is looked up when one asks ([Identity.Authorize]).
//
// # Refusals
//
// A refused call gets an [*Error]. Its Code and Message are for the client and
// say nothing that the client could not know already; its Reason is for the
// log only. Any other error means that the question could not be decided, for
// example because the store of keys did not answer. Secrets are never part of
// an error or of a log line.
//
// # Time and blocking
//
// Nothing here reads a clock: each call takes the time as an argument. Only
// [Keys] may block, when it asks its store. All types are safe for use by many
// goroutines.
package auth

import (
	"log/slog"
	"net/http"
)

// The exceptions by which a call is refused, all with status 403. The service
// connect answers them to requests that it cannot attribute, before it looks
// at the operation; the operations' models list AccessDeniedException only.
const (
	InvalidSignature           = "InvalidSignatureException"           // the signature, its scope, its form or its time is wrong
	UnrecognizedClient         = "UnrecognizedClientException"         // the access key or session token is unknown
	MissingAuthenticationToken = "MissingAuthenticationTokenException" // the request is not signed at all
	AccessDenied               = "AccessDeniedException"               // a policy or a participant's token forbids the call
)

// Error is a refusal.
type Error struct {
	Code    string // the name of the exception
	Message string // for the client
	Reason  string // for the log, never for the client
}

// Error returns what the client may know. The reason is left out on purpose,
// so that an edge which prints the error cannot give it away.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Status returns the HTTP status of the refusal.
func (e *Error) Status() int { return http.StatusForbidden }

// LogValue implements [slog.LogValuer]; it includes the reason.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(slog.String("code", e.Code), slog.String("message", e.Message), slog.String("reason", e.Reason))
}
