package integration

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// transport answers requests without a network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func client(f transport) *http.Client { return &http.Client{Transport: f} }

func answer(status int, body string, header ...string) *http.Response {
	res := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	for i := 0; i+1 < len(header); i += 2 {
		res.Header.Set(header[i], header[i+1])
	}
	return res
}

const greet = "arn:aws:lambda:us-east-1:123456789012:function:greet"

func TestInvokeRequest(t *testing.T) {
	type request struct {
		method, uri, invocation, effect, context, contentType, signature, body string
	}
	var got request
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = request{r.Method, r.RequestURI, r.Header.Get("X-Amz-Invocation-Type"), r.Header.Get("X-Parley-Effect-Id"),
			r.Header.Get("X-Amz-Client-Context"), r.Header.Get("Content-Type"), scope(r), string(body)}
		w.Header().Set("X-Amzn-RequestId", "request-1")
		w.Write([]byte(`{"name":"Ada"}`))
	}))
	defer srv.Close()
	event := `{"Name":"ContactFlowEvent"}`
	const signed = "AKIATEST/20260801/us-east-1/lambda/aws4_request"
	encoded := "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Agreet/invocations"
	for _, c := range []struct {
		name   string
		lambda Lambda
		call   machine.Invoke
		want   request
		answer string
	}{
		{"endpoint", Lambda{Endpoint: srv.URL + "/"}, machine.Invoke{ID: "e1", Function: greet},
			request{"POST", encoded, "RequestResponse", "e1", "", "application/json", signed, event}, `{"name":"Ada"}`},
		{"asynchronous", Lambda{Endpoint: srv.URL}, machine.Invoke{ID: "e2", Function: greet, Async: true},
			request{"POST", encoded, "Event", "e2", "", "application/json", signed, event}, `{"InvocationId":"request-1"}`},
		{"base of one function", Lambda{Functions: map[string]string{"greet": "lambda+" + srv.URL}, Endpoint: "http://nowhere.invalid"},
			machine.Invoke{ID: "e3", Function: greet + ":live"},
			request{"POST", strings.Replace(encoded, "greet", "greet%3Alive", 1), "RequestResponse", "e3", "", "application/json", signed, event}, `{"name":"Ada"}`},
		{"invoke URL", Lambda{Functions: map[string]string{greet: srv.URL + "/2015-03-31/functions/function/invocations"}},
			machine.Invoke{ID: "e4", Function: greet},
			request{"POST", "/2015-03-31/functions/function/invocations", "RequestResponse", "e4", "", "application/json", signed, event}, `{"name":"Ada"}`},
		{"plain function", Lambda{Functions: map[string]string{"*": srv.URL + "/greet?x=1"}}, machine.Invoke{ID: "e5", Function: "other"},
			request{"POST", "/greet?x=1", "RequestResponse", "e5", "", "application/json", "", event}, `{"name":"Ada"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.lambda.Client, c.lambda.AWS = srv.Client(), testAWS()
			a, err := c.lambda.Invoke(t.Context(), c.call, []byte(event))
			if err != nil || string(a) != c.answer {
				t.Fatalf("Invoke = %s, %v; want %s", a, err, c.answer)
			}
			if got != c.want {
				t.Errorf("request\n%+v; want\n%+v", got, c.want)
			}
		})
	}
}

func TestLocate(t *testing.T) {
	l := Lambda{Functions: map[string]string{
		greet + ":2": "http://a/2", greet: "http://a/1", "greet": "http://a/name", "other": "http://a/other", "*": "http://a/any",
	}}
	for function, want := range map[string]string{
		greet + ":2":                     "http://a/2",
		greet + ":3":                     "http://a/1",
		greet:                            "http://a/1",
		"greet":                          "http://a/name",
		"greet:3":                        "http://a/name",
		"123456789012:function:greet":    "http://a/name",
		"123456789012:function:other:$L": "http://a/other",
		"function":                       "http://a/any",
		"":                               "http://a/any",
	} {
		if got, _, err := l.locate(function); got != want || err != nil {
			t.Errorf("locate(%q) = %q, %v; want %q", function, got, err, want)
		}
	}
	_, err := new(Lambda).Invoke(t.Context(), machine.Invoke{Function: greet}, nil)
	if center.ReasonOf(err) != center.NotFound || !strings.Contains(err.Error(), greet) {
		t.Errorf("Invoke with nothing configured = %v; want NotFound that names the function", err)
	}
}

func TestInvokeAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer *http.Response
		async  bool
		want   string // the answer, or
		err    string // what the error says
	}{
		{"any JSON", answer(200, ` [1, "a"] `), false, ` [1, "a"] `, ""},
		{"largest", answer(200, `"`+strings.Repeat("x", 32765)+`"`), false, `"` + strings.Repeat("x", 32765) + `"`, ""},
		{"too large", answer(200, `"`+strings.Repeat("x", 32766)+`"`), false, "", "answered 32 KB or more"},
		{"huge", answer(200, `"`+strings.Repeat("x", 10<<20)+`"`), false, "", "answered 32 KB or more"},
		{"not JSON", answer(200, "hello"), false, "", "did not answer with JSON"},
		{"empty", answer(200, ""), false, "", "did not answer with JSON"},
		{"accepted", answer(202, "", "X-Amzn-Requestid", "r-7"), true, `{"InvocationId":"r-7"}`, ""},
		{"accepted without an id", answer(204, ""), true, `{"InvocationId":"effect"}`, ""},
		{"accepted with a silly id", answer(202, "", "X-Amzn-Requestid", strings.Repeat("r", 200)), true, `{"InvocationId":"effect"}`, ""},
		{"function error", answer(200, `{"errorType":"KeyError","errorMessage":"'name'\nline 2","stackTrace":[]}`, "X-Amz-Function-Error", "Unhandled"), false,
			"", "function greet failed: KeyError: 'name' line 2"},
		{"function error without words", answer(200, `null`, "X-Amz-Function-Error", "Unhandled"), false, "", "failed: null"},
		{"refusal", answer(404, `{"Type":"User","Message":"Function not found: greet"}`, "X-Amzn-ErrorType", "ResourceNotFoundException:http://x"), false,
			"", "answered 404 Not Found: ResourceNotFoundException: Function not found: greet"},
		{"redirect", answer(302, "", "Location", "http://elsewhere/"), false, "", "answered 302 Found"},
		{"refusal of binary", answer(400, "\x00\xff\x1b[31m"+strings.Repeat("€", 400)), false, "", "answered 400 Bad Request: [31m€"},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			l := Lambda{Endpoint: "http://lambda", Client: client(func(*http.Request) (*http.Response, error) {
				calls++
				return c.answer, nil
			})}
			a, err := l.Invoke(t.Context(), machine.Invoke{ID: "effect", Function: "greet", Async: c.async}, nil)
			if c.err == "" {
				if err != nil || string(a) != c.want {
					t.Fatalf("Invoke = %.50s, %v; want %.50s", a, err, c.want)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.err) || len(err.Error()) > 400 {
				t.Fatalf("Invoke = %.50s, %v; want error with %q", a, err, c.err)
			}
			if calls != 1 {
				t.Errorf("%d calls; want 1", calls)
			}
		})
	}
}

func TestInvokeRetries(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	_, silent := (&net.Dialer{Deadline: time.Unix(1, 0)}).Dial("tcp", "127.0.0.1:1") // what a dialer says whose time is over
	if !errors.Is(silent, context.DeadlineExceeded) {
		t.Fatalf("dial = %v; want a deadline", silent)
	}
	for _, c := range []struct {
		name    string
		answers []any // *http.Response or error; the last one repeats
		limit   time.Duration
		calls   int
		err     string
	}{
		{"throttled once", []any{answer(429, "{}"), answer(200, "{}")}, 0, 2, ""},
		{"restarting", []any{refused, answer(502, ""), answer(503, ""), answer(200, "{}")}, 0, 4, ""},
		{"dead", []any{refused}, 0, 4, "function greet could not be called: dial: connection refused"},
		{"broken", []any{answer(500, "")}, 0, 4, "answered 500 Internal Server Error"},
		{"out of reach once", []any{silent, answer(200, "{}")}, 0, 2, ""},
		{"out of reach", []any{silent}, 0, 4, "function greet could not be called: dial tcp"},
		{"dropped", []any{io.ErrUnexpectedEOF, answer(200, "{}")}, 0, 2, ""},
		{"no time", []any{answer(500, "")}, 40 * time.Millisecond, 1, "answered 500"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls, ids := 0, map[string]bool{}
				l := Lambda{Endpoint: "http://secret:pw@lambda/", Client: client(func(r *http.Request) (*http.Response, error) {
					ids[r.Header.Get("X-Parley-Effect-Id")] = true
					if b, _ := io.ReadAll(r.Body); string(b) != "{}" {
						t.Errorf("call %d has the body %q", calls, b)
					}
					a := c.answers[min(calls, len(c.answers)-1)]
					calls++
					if err, failed := a.(error); failed {
						return nil, err
					}
					return a.(*http.Response), nil
				})}
				_, err := l.Invoke(t.Context(), machine.Invoke{ID: "e", Function: "greet", TimeLimit: c.limit}, []byte("{}"))
				if calls != c.calls || len(ids) != 1 || !ids["e"] {
					t.Errorf("%d calls with ids %v; want %d with e", calls, ids, c.calls)
				}
				if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
					t.Errorf("error %v; want %q", err, c.err)
				}
				if err != nil && (strings.Contains(err.Error(), "pw") || strings.Contains(err.Error(), "http")) {
					t.Errorf("the error shows the URL: %v", err)
				}
			})
		})
	}
}

func TestInvokeTimeLimit(t *testing.T) {
	hang := client(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	trickle := client(func(r *http.Request) (*http.Response, error) {
		pr, pw := io.Pipe()
		context.AfterFunc(r.Context(), func() { pw.CloseWithError(r.Context().Err()) })
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: pr}, nil
	})
	for _, c := range []struct {
		name        string
		client      *http.Client
		limit, want time.Duration
	}{
		{"silent", hang, 3 * time.Second, 3 * time.Second},
		{"without limit", hang, 0, 8 * time.Second},
		{"endless body", trickle, 2 * time.Second, 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := Lambda{Endpoint: "http://lambda", Client: c.client}
				start := time.Now()
				_, err := l.Invoke(t.Context(), machine.Invoke{Function: "greet", TimeLimit: c.limit}, nil)
				if took := time.Since(start); took != c.want {
					t.Errorf("took %v; want %v", took, c.want)
				}
				if err == nil || !strings.Contains(err.Error(), "did not answer within "+c.want.String()) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v; want that it did not answer within %v", err, c.want)
				}
			})
		})
	}
	t.Run("given up by the caller", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			l := Lambda{Endpoint: "http://lambda", Client: hang}
			if _, err := l.Invoke(ctx, machine.Invoke{Function: "greet"}, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v; want context.Canceled", err)
			}
		})
	})
}

func TestLambdaCheck(t *testing.T) {
	good := Lambda{Functions: map[string]string{"a": "http://h/x", "b": "lambda+https://h", "*": "https://h"}, Endpoint: "http://h:4566"}
	if err := good.Check(); err != nil {
		t.Errorf("Check = %v; want nil", err)
	}
	for _, bad := range []Lambda{
		{Functions: map[string]string{"a": "h/x"}}, {Functions: map[string]string{"a": "lambda+ftp://h"}},
		{Functions: map[string]string{"a": "http://"}}, {Endpoint: "http://[::1"}, {Endpoint: "lambda+http://h"},
	} {
		if err := bad.Check(); err == nil {
			t.Errorf("Check of %+v = nil; want an error", bad)
		}
	}
}

func TestInvokeCannotSign(t *testing.T) {
	l := Lambda{AWS: &AWS{Region: "us-east-1", Now: time.Now}, Client: client(func(*http.Request) (*http.Response, error) {
		t.Error("a request that could not be signed was sent")
		return answer(200, "{}"), nil
	})}
	if _, err := l.Invoke(t.Context(), machine.Invoke{Function: "greet"}, nil); err == nil || !strings.Contains(err.Error(), "no AWS credentials") {
		t.Errorf("error %v; want why it could not be signed", err)
	}
}
