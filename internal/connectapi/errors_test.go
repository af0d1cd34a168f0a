package connectapi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi"
	"parley.example/parley/internal/store"
)

func operation(t *testing.T, name string) *restjson.Operation {
	t.Helper()
	for i := range connect.Operations {
		if connect.Operations[i].Name == name {
			return &connect.Operations[i]
		}
	}
	t.Fatalf("there is no operation %s", name)
	return nil
}

func TestEveryReasonIsADeclaredException(t *testing.T) {
	for i := range connect.Operations {
		op := &connect.Operations[i]
		for reason := center.Internal; reason <= center.Unavailable; reason++ {
			err := connectapi.MapError(op, &center.Error{Reason: reason, Message: "why", Problems: []string{"p"}})
			coded, ok := errors.AsType[restjson.Coded](err)
			if !ok {
				t.Fatalf("%s %v is %v, no exception", op.Name, reason, err)
			}
			code := coded.ErrorCode()
			switch {
			case op.Declares(code), code == "InternalServiceException":
			case reason == center.Throttled && code == "TooManyRequestsException", reason == center.Denied && code == "AccessDeniedException":
			default:
				t.Errorf("%s answers %v by %s, which it does not declare", op.Name, reason, code)
			}
		}
	}
}

func TestMapError(t *testing.T) {
	for _, c := range []struct {
		op     string
		err    error
		code   string
		status int
	}{
		{"StartChatContact", center.Errorf(center.LimitExceeded, "m"), "LimitExceededException", 429},
		{"StartChatContact", center.Errorf(center.Throttled, "m"), "TooManyRequestsException", 429},
		{"StartChatContact", center.Errorf(center.NotPublished, "m"), "ResourceNotFoundException", 404},
		{"DescribeContactFlow", center.Errorf(center.Throttled, "m"), "ThrottlingException", 429},
		{"StopContact", center.Errorf(center.Throttled, "m"), "TooManyRequestsException", 429},
		{"StopContact", center.Errorf(center.Gone, "m"), "ContactNotFoundException", 410},
		{"DeleteContactData", center.Errorf(center.NotEnded, "m"), "ContactNotTerminatedException", 409},
		{"CreateParticipant", center.Errorf(center.QuotaExceeded, "m"), "ServiceQuotaExceededException", 402},
		{"CreateInstance", center.Errorf(center.QuotaExceeded, "m"), "ServiceQuotaExceededException", 402},
		{"CreateContactFlow", center.Errorf(center.Duplicate, "m"), "DuplicateResourceException", 409},
		{"CreateContactFlow", center.Errorf(center.InvalidFlow, "m"), "InvalidContactFlowException", 400},
		{"DescribeContactFlow", center.Errorf(center.NotPublished, "m"), "ContactFlowNotPublishedException", 404},
		{"AssociateInstanceStorageConfig", center.Errorf(center.Conflict, "m"), "ResourceConflictException", 409},
		{"DeleteQueue", center.Errorf(center.InUse, "m"), "ResourceInUseException", 409},
		{"ListInstances", center.Errorf(center.Invalid, "m"), "InvalidRequestException", 400},
		{"DescribeUser", center.Errorf(center.Invalid, "m"), "InvalidParameterException", 400},
		{"DescribeQueue", center.Errorf(center.Denied, "m"), "AccessDeniedException", 403},
		{"DescribeQueue", errors.New("disk on fire"), "InternalServiceException", 500},
		{"DescribeQueue", context.Canceled, "InternalServiceException", 500},
		{"DescribeQueue", fmt.Errorf("wrapped: %w", center.Missing(center.KindQueue, "q")), "ResourceNotFoundException", 404},
		{"DescribeQueue", store.ErrClosed, "ThrottlingException", 429},
		{"DescribeQueue", &connect.ResourceNotFoundException{Message: "mine"}, "ResourceNotFoundException", 404},
	} {
		refused(t, fmt.Sprintf("%s with %v", c.op, c.err), connectapi.MapError(operation(t, c.op), c.err), c.code, c.status)
	}
}

func TestErrorsTellNoSecrets(t *testing.T) {
	op := operation(t, "DeleteContactFlow")
	for _, err := range []error{errors.New("secret"), center.Errorf(center.Internal, "secret"), center.Errorf(center.Denied, "secret")} {
		if got := connectapi.MapError(op, err); strings.Contains(got.Error(), "secret") {
			t.Errorf("the client hears %q", got)
		}
	}
	inUse := connectapi.MapError(operation(t, "DeleteQueue"), &center.Error{Reason: center.InUse, Message: "m", Kind: center.KindFlow, ID: "f"})
	if e, ok := errors.AsType[*connect.ResourceInUseException](inUse); !ok || e.ResourceType != connect.ResourceTypeCONTACT_FLOW || *e.ResourceId != "f" {
		t.Errorf("in use: %+v", inUse)
	}
}

func TestUnwrittenOperationsSaySo(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	_, err := o.ListPhoneNumbersV2(t.Context(), &connect.ListPhoneNumbersV2Request{InstanceId: &o.id})
	refused(t, "ListPhoneNumbersV2", err, "NotImplementedException", 501)
	if err == nil || !strings.Contains(err.Error(), "ListPhoneNumbersV2") {
		t.Errorf("%v does not name the operation", err)
	}
}
