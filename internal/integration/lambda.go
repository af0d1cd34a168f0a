package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/internal/center"
	"parley/internal/flow"
)

const (
	maxAnswer       = 32<<10 - 1 // bytes: an answer of 32 KB or more is an error
	maxRetries      = 3
	firstPause      = 100 * time.Millisecond // before the first retry, doubled with each
	longestFunction = 8 * time.Second        // when a call has no limit of its own

	invokePath = "/2015-03-31/functions/"
	effectID   = "X-Parley-Effect-Id"
)

// Lambda calls functions for the action InvokeLambdaFunction. Where a function
// is found is settled by configuration alone, in this order: the entry of
// Functions for the ARN or name as the flow gives it, for the ARN without its
// version or alias, for the bare name, for "*"; then Endpoint.
//
// The URL of an entry tells what is spoken there:
//
//   - lambda+http://host:port or lambda+https://…: the base of a Lambda Invoke
//     API, as Endpoint is
//   - a URL with /2015-03-31/functions/ in its path: one function's Invoke URL,
//     called as it is written (the Lambda runtime interface emulator has one)
//   - any other http or https URL: a plain HTTP function, which is POSTed the
//     event and answers with its result as JSON and a status of 2xx
type Lambda struct {
	Functions map[string]string
	Endpoint  string                            // base URL of a Lambda Invoke API for all other functions; "" for none
	Client    *http.Client                      // nil for http.DefaultClient; see NewClient
	Sign      func(*http.Request, []byte) error // signs calls of an Invoke API; nil sends them unsigned
	Log       *slog.Logger                      // nil for none
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
// JSON of less than 32 KB. Throttling (429), server errors and calls that did
// not get through are tried again, at most three times, all within
// call.TimeLimit (8 s when it is zero). The header X-Parley-Effect-Id carries
// call.ID, the same each time, by which a function can tell a repetition. With
// call.Async Invoke returns nil as soon as the call was accepted.
//
// An error says in words for the flow's log why there is no answer: nothing is
// configured (reason NotFound), the function failed (X-Amz-Function-Error), it
// did not answer in time, it answered what is not JSON, or too much of it.
func (l *Lambda) Invoke(ctx context.Context, call flow.Invoke, event []byte) (json.RawMessage, error) {
	to, signed, err := l.locate(call.Function)
	if err != nil {
		return nil, err
	}
	limit := call.TimeLimit
	if limit <= 0 {
		limit = longestFunction
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for retries := 0; ; retries++ {
		answer, err := l.try(limited, to, signed, &call, event)
		switch {
		case err == nil:
			return answer, nil
		case ctx.Err() != nil:
			return nil, fmt.Errorf("function %s: %w", call.Function, ctx.Err())
		case errors.Is(err, context.DeadlineExceeded):
			return nil, fmt.Errorf("function %s did not answer within %s: %w", call.Function, limit, context.DeadlineExceeded)
		case retries == maxRetries || !temporary(err) || !pause(limited, firstPause<<retries):
			return nil, fmt.Errorf("function %s %w", call.Function, err)
		}
		if l.Log != nil {
			l.Log.WarnContext(ctx, "function is called again", "function", call.Function, "effect", call.ID, "error", err)
		}
	}
}

// locate finds the URL of a function, and whether calls of it are signed.
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
	if l.Endpoint == "" {
		return "", false, center.Errorf(center.NotFound, "function %s cannot be called: no endpoint is configured for it", function)
	}
	return invokeURL(l.Endpoint, function), true, nil
}

// invokeURL is the URL of the operation Invoke. FunctionName is a label of the
// path and encoded as SDKs do it: everything but unreserved characters.
func invokeURL(base, function string) string {
	label := strings.ReplaceAll(url.QueryEscape(function), "+", "%20")
	return strings.TrimSuffix(base, "/") + invokePath + label + "/invocations"
}

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
func (l *Lambda) try(ctx context.Context, to string, signed bool, call *flow.Invoke, event []byte) (json.RawMessage, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(event))
	if err != nil {
		return nil, &answerError{"cannot be called: its configured URL is not one"}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
	if call.Async {
		r.Header.Set("X-Amz-Invocation-Type", "Event")
	}
	r.Header.Set(effectID, call.ID)
	if signed && l.Sign != nil {
		if err := l.Sign(r, event); err != nil {
			return nil, &answerError{"cannot be called: sign the request: " + err.Error()}
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
		return nil, nil
	case more:
		return nil, &answerError{"answered 32 KB or more"}
	case !json.Valid(body):
		return nil, &answerError{"answered what is not JSON"}
	}
	return body, nil
}

// functionProblem reads the error object of a Lambda runtime.
func functionProblem(body []byte) string {
	var e struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal(body, &e) != nil || e.ErrorType+e.ErrorMessage == "" {
		return quote(body)
	}
	return quote(strings.TrimPrefix(e.ErrorType+": "+e.ErrorMessage, ": "))
}

// serviceProblem reads the refusal of an Invoke API.
func serviceProblem(res *http.Response, body []byte) string {
	code, _, _ := strings.Cut(res.Header.Get("X-Amzn-ErrorType"), ":")
	var e struct{ Message string }
	if json.Unmarshal(body, &e) != nil || e.Message == "" {
		e.Message = string(body)
	}
	return quote(strings.TrimPrefix(code+": "+e.Message, ": "))
}

// pause waits for d with jitter. It reports false, without waiting to the end,
// when ctx is done before.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d/2 + rand.N(d))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
