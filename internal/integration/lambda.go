package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

const (
	maxAnswer       = 32<<10 - 1      // bytes: an answer of 32 KB or more is an error
	longestFunction = 8 * time.Second // if a call has no limit of its own
	maxID           = 128             // bytes of an invocation's id

	invokePath = "/2015-03-31/functions/"
	effectID   = "X-Parley-Effect-Id"
)

// Lambda calls functions for the action InvokeLambdaFunction. The configuration
// alone determines where a function is, in this order: the entry of Functions for
// the ARN or name as the flow gives it, for the ARN without its version or alias,
// for the bare name, for "*"; then Endpoint; then AWS. Calls of an Invoke API are
// signed if AWS is set, for the region in the function's ARN.
//
// The URL of an entry determines the protocol:
//
//   - lambda+http://host:port or lambda+https://…: the base of a Lambda Invoke
//     API, as Endpoint is
//   - a URL with /2015-03-31/functions/ in its path: one function's Invoke URL,
//     used as is (the Lambda runtime interface emulator has one)
//   - any other http or https URL: a plain HTTP function, which receives the
//     event by POST and answers its result as JSON with a 2xx status
type Lambda struct {
	Functions map[string]string
	Endpoint  string       // base URL of a Lambda Invoke API for all other functions; "" for none
	AWS       *AWS         // nil for none
	Client    *http.Client // nil for http.DefaultClient; see NewClient
	Log       *slog.Logger // nil for none
}

// Check returns what is wrong with the configuration.
func (l *Lambda) Check() error {
	for name, to := range l.Functions {
		if err := checkURL(strings.TrimPrefix(to, "lambda+")); err != nil {
			return fmt.Errorf("the URL of function %s %w", name, err)
		}
	}
	if l.Endpoint != "" {
		if err := checkURL(l.Endpoint); err != nil {
			return fmt.Errorf("the Lambda endpoint %w", err)
		}
	}
	return nil
}

// Invoke calls a function with an event and returns its answer, which is valid
// JSON of less than 32 KB. Throttling (429), server errors and failed
// connections are retried, at most three times, all within call.TimeLimit (8 s
// if zero). The header X-Parley-Effect-Id carries call.ID, the same each time,
// by which a function can detect a retry.
//
// With call.Async Invoke returns as soon as the call was accepted: the answer is
// {"InvocationId": …} with the service's id of the call, or call.ID if it has none.
//
// The text of an error is for the flow log: the function is not configured
// (reason NotFound), it failed (X-Amz-Function-Error), it did not answer in time,
// or its answer is not JSON, or too long.
func (l *Lambda) Invoke(ctx context.Context, call machine.Invoke, event []byte) (json.RawMessage, error) {
	to, signed, err := l.locate(call.Function)
	if err != nil {
		return nil, err
	}
	limit := call.TimeLimit
	if limit <= 0 {
		limit = longestFunction
	}
	p := callLimit{what: "function " + call.Function, limit: limit, id: call.ID, log: l.Log}
	return retry(ctx, p, func(ctx context.Context) (json.RawMessage, error) {
		return l.try(ctx, to, signed, &call, event)
	})
}

// locate returns the URL of a function, and whether calls of it are signed.
func (l *Lambda) locate(function string) (to string, signed bool, err error) {
	unqualified, name := functionNames(function)
	for _, key := range []string{function, unqualified, name, "*"} {
		to, ok := l.Functions[key]
		if !ok || to == "" {
			continue
		}
		if base, ok := strings.CutPrefix(to, "lambda+"); ok {
			return invokeURL(base, function), true, nil
		}
		return to, strings.Contains(to, invokePath), nil
	}
	switch {
	case l.Endpoint != "":
		return invokeURL(l.Endpoint, function), true, nil
	case l.AWS != nil:
		return invokeURL(l.AWS.url(lambdaService, l.AWS.region(function)), function), true, nil
	}
	return "", false, center.Errorf(center.NotFound, "function %s cannot be called: no endpoint is configured for it", function)
}

// invokeURL returns the URL of the operation Invoke. FunctionName is a label of
// the path, encoded as in SDKs: everything but unreserved characters.
func invokeURL(base, function string) string {
	return strings.TrimSuffix(base, "/") + invokePath + label(function) + "/invocations"
}

// label encodes a text as one segment of a path.
func label(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// functionNames returns a function's ARN (or partial ARN, or name) without the
// version or alias, and its bare name.
func functionNames(ref string) (unqualified, name string) {
	parts := strings.Split(ref, ":")
	i := 0
	for j, p := range parts[:len(parts)-1] {
		if p == "function" { // arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]
			i = j + 1
			break
		}
	}
	return strings.Join(parts[:i+1], ":"), parts[i]
}

// try makes one call.
func (l *Lambda) try(ctx context.Context, to string, signed bool, call *machine.Invoke, event []byte) (json.RawMessage, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(event))
	if err != nil {
		return nil, &answerError{"cannot be called: its configured URL is invalid"}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
	if call.Async {
		r.Header.Set("X-Amz-Invocation-Type", "Event")
	}
	r.Header.Set(effectID, call.ID)
	if signed && l.AWS != nil {
		if err := l.AWS.sign(ctx, r, event, lambdaService, l.AWS.region(call.Function)); err != nil {
			return nil, &answerError{"cannot be called: sign the request: " + quote(err.Error())}
		}
	}
	res, body, more, err := exchange(l.Client, r, maxAnswer)
	switch {
	case err != nil:
		return nil, fmt.Errorf("could not be called: %w", err)
	case res.StatusCode < 200 || res.StatusCode > 299:
		return nil, &statusError{res.StatusCode, serviceProblem(res, body)}
	case res.Header.Get("X-Amz-Function-Error") != "":
		return nil, &answerError{"failed: " + functionProblem(body)}
	case call.Async:
		return accepted(res, call)
	case more:
		return nil, &answerError{"answered 32 KB or more"}
	case !json.Valid(body):
		return nil, &answerError{"did not answer with JSON"}
	}
	return body, nil
}

// functionProblem returns the message of a Lambda runtime's error object.
func functionProblem(body []byte) string {
	var e struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal(body, &e) != nil || e.ErrorType+e.ErrorMessage == "" {
		return quote(body)
	}
	return quote(strings.TrimPrefix(e.ErrorType+": "+e.ErrorMessage, ": "))
}

// serviceProblem returns the message of an Invoke API's error.
func serviceProblem(res *http.Response, body []byte) string {
	code, _, _ := strings.Cut(res.Header.Get("X-Amzn-ErrorType"), ":")
	var e struct{ Message string }
	if json.Unmarshal(body, &e) != nil || e.Message == "" {
		e.Message = string(body)
	}
	return quote(strings.TrimPrefix(code+": "+e.Message, ": "))
}

// accepted returns the answer of an asynchronous call.
func accepted(res *http.Response, call *machine.Invoke) (json.RawMessage, error) {
	id := res.Header.Get("X-Amzn-RequestId")
	if id == "" || len(id) > maxID {
		id = call.ID
	}
	return json.Marshal(struct {
		InvocationID string `json:"InvocationId"`
	}{id})
}
