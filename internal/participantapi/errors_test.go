package participantapi_test

import (
	"errors"
	"fmt"
	"testing"

	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/participantapi"
)

// TestMapErrorDeclares: whatever the reason, each operation answers an
// exception of its model, and the cause stays reachable for the log.
func TestMapErrorDeclares(t *testing.T) {
	for i := range participant.Operations {
		op := &participant.Operations[i]
		for reason := center.Internal; reason <= center.Unavailable; reason++ {
			cause := &center.Error{Reason: reason, Message: "because", ID: "x"}
			got := participantapi.MapError(op, fmt.Errorf("while testing: %w", cause))
			var coded restjson.Coded
			if !errors.As(got, &coded) || !op.Declares(coded.ErrorCode()) {
				t.Errorf("%s: %s is answered with %v; want an exception of %v", op.Name, reason, got, op.Errors)
				continue
			}
			if found, ok := errors.AsType[*center.Error](got); !ok || found != cause {
				t.Errorf("%s: the answer to %s does not unwrap to its cause", op.Name, reason)
			}
			hidden := reason == center.Denied || reason == center.Internal || reason == center.Gone
			if said := coded.ErrorMessage() == "because"; said == hidden {
				t.Errorf("%s: the answer to %s says %q", op.Name, reason, coded.ErrorMessage())
			}
		}
	}
}

func TestMapErrorOfTokens(t *testing.T) {
	op := &participant.Operations[0]
	got := participantapi.MapError(op, &auth.Error{Code: auth.AccessDenied, Message: "Access denied", Reason: "forged"})
	var coded restjson.Coded
	if !errors.As(got, &coded) || coded.ErrorCode() != "AccessDeniedException" || coded.ErrorMessage() != "Access denied" {
		t.Fatalf("a refused token is answered with %v; want AccessDeniedException", got)
	}
	if e, ok := errors.AsType[*auth.Error](got); !ok || e.Reason != "forged" {
		t.Errorf("the answer does not unwrap to the reason")
	}
	other := errors.New("disk on fire")
	if got := participantapi.MapError(op, other); got != other {
		t.Errorf("an unknown error is answered with %v; want it left alone", got)
	}
}
