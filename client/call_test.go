package client_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/client"
)

// TestServiceErrors asks an error everything it knows.
func TestServiceErrors(t *testing.T) {
	for name, c := range map[string]struct {
		answer               answer
		text, code, message  string
		id                   string
		status               int
		retryable, throttled bool
		is                   func(error) bool
	}{
		"an exception": {
			answer: refusal(404, "ResourceNotFoundException"), code: "ResourceNotFoundException", message: "because", id: "r-404", status: 404,
			text: "connect StartChatContact: service error: ResourceNotFoundException: because (status 404, request id r-404)",
			is: func(err error) bool {
				e, ok := errors.AsType[*connect.ResourceNotFoundException](err)
				return ok && e.RequestID == "r-404"
			},
		},
		"throttled": {
			answer: refusal(429, "LimitExceededException"), code: "LimitExceededException", message: "because", id: "r-429", status: 429,
			text:      "connect StartChatContact: service error: LimitExceededException: because (status 429, request id r-429)",
			retryable: true, throttled: true,
			is: func(err error) bool { _, ok := errors.AsType[*connect.LimitExceededException](err); return ok },
		},
		"the service's fault": {
			answer: refusal(500, "InternalServiceException"), code: "InternalServiceException", message: "because", id: "r-500", status: 500,
			text:      "connect StartChatContact: service error: InternalServiceException: because (status 500, request id r-500)",
			retryable: true,
			is:        func(err error) bool { _, ok := errors.AsType[*connect.InternalServiceException](err); return ok },
		},
		"unknown to the model": {
			answer: refusal(418, "TeapotException"), code: "TeapotException", message: "because", id: "r-418", status: 418,
			text: "connect StartChatContact: service error: TeapotException: because (status 418, request id r-418)",
			is:   func(err error) bool { _, ok := errors.AsType[*restjson.APIError](err); return ok },
		},
		"without a name": {
			answer: answer{status: 403, body: "<html>no</html>"}, status: 403,
			text: "connect StartChatContact: service error: 403 (status 403)",
			is:   func(err error) bool { _, ok := errors.AsType[*connect.InvalidRequestException](err); return !ok },
		},
		"asked to wait": {
			answer: refusal(400, "InvalidRequestException", "X-Amz-Retry-After", "5"), code: "InvalidRequestException", message: "because",
			id: "r-400", status: 400,
			text: "connect StartChatContact: service error: InvalidRequestException: because (status 400, request id r-400)",
			is:   func(err error) bool { _, ok := errors.AsType[*connect.InvalidRequestException](err); return ok },
		},
	} {
		t.Run(name, func(t *testing.T) {
			api := newClient(t, &script{answers: []answer{c.answer}}, func(cfg *client.Config) { cfg.Retry = client.NoRetry{} })
			_, err := api.StartChatContact().Send(t.Context())
			e := asError(t, err)
			if e.Kind != client.ServiceError || err.Error() != c.text || e.Code() != c.code || e.Message() != c.message || e.RequestID() != c.id || e.Status() != c.status {
				t.Errorf("%v\nKind %v, Code %q, Message %q, RequestID %q, Status %d", err, e.Kind, e.Code(), e.Message(), e.RequestID(), e.Status())
			}
			if e.Retryable() != c.retryable || e.Throttled() != c.throttled || e.Timeout() {
				t.Errorf("Retryable %v, Throttled %v, Timeout %v", e.Retryable(), e.Throttled(), e.Timeout())
			}
			if !c.is(err) {
				t.Errorf("%#v is not what it should be", e.Err)
			}
			if string(e.Response.Body) != c.answer.body || e.Operation.Name != "StartChatContact" {
				t.Errorf("body %q of %s", e.Response.Body, e.Operation.Name)
			}
		})
	}
}

func TestConstructionFailures(t *testing.T) {
	connector := &script{answers: []answer{started}}
	c := newClient(t, connector, nil)
	_, err := c.DescribeQueue().InstanceID("i").Send(t.Context())
	e := asError(t, err)
	want := "connect DescribeQueue: construction failure: QueueId must not be empty: it is a part of the path"
	if e.Kind != client.ConstructionFailure || err.Error() != want || e.Retryable() || e.Code() != "" || e.Status() != 0 || e.RequestID() != "" || e.Message() != "" {
		t.Errorf("%v: %v; want %s", e.Kind, err, want)
	}
	broken := errors.New("the token expired")
	c = newClient(t, connector, func(cfg *client.Config) {
		cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, broken })
	})
	_, err = c.StartChatContact().Send(t.Context())
	if e := asError(t, err); e.Kind != client.ConstructionFailure || !errors.Is(err, broken) || e.Attempts != 1 {
		t.Errorf("%v: %v", e.Kind, err)
	}
	if len(connector.sent) != 0 {
		t.Errorf("%d requests were sent", len(connector.sent))
	}
	if _, err := c.Participant.SendMessage().ConnectionToken("t").Send(t.Context()); err != nil {
		t.Errorf("a participant call needs no credentials: %v", err)
	}
	for _, k := range []fmt.Stringer{client.Kind(9), client.Dispatch(9)} {
		if !strings.HasSuffix(k.String(), "(9)") {
			t.Errorf("an unknown value is %q", k)
		}
	}
}

// TestRequests looks at where requests go and what they carry.
func TestRequests(t *testing.T) {
	keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AK", SecretAccessKey: "SK"}, nil
	})
	for name, c := range map[string]struct {
		config       client.Config
		connect, own string
	}{
		"Amazon's":         {client.Config{Region: "eu-central-1"}, "https://connect.eu-central-1.amazonaws.com/queues/a%2Fb/c%20d", "https://participant.connect.eu-central-1.amazonaws.com/participant/message"},
		"Amazon's China":   {client.Config{Region: "cn-north-1"}, "https://connect.cn-north-1.amazonaws.com.cn/queues/a%2Fb/c%20d", "https://participant.connect.cn-north-1.amazonaws.com.cn/participant/message"},
		"for FIPS":         {client.Config{Region: "us-east-1", UseFIPS: true}, "https://connect-fips.us-east-1.amazonaws.com/queues/a%2Fb/c%20d", "https://participant.connect-fips.us-east-1.amazonaws.com/participant/message"},
		"for FIPS in gov":  {client.Config{Region: "us-gov-west-1", UseFIPS: true}, "https://connect.us-gov-west-1.amazonaws.com/queues/a%2Fb/c%20d", "https://participant.connect.us-gov-west-1.amazonaws.com/participant/message"},
		"dual-stack":       {client.Config{Region: "us-gov-west-1", UseFIPS: true, UseDualStack: true}, "https://connect-fips.us-gov-west-1.api.aws/queues/a%2Fb/c%20d", "https://participant.connect-fips.us-gov-west-1.api.aws/participant/message"},
		"dual-stack China": {client.Config{Region: "cn-north-1", UseDualStack: true}, "https://connect.cn-north-1.api.amazonwebservices.com.cn/queues/a%2Fb/c%20d", "https://participant.connect.cn-north-1.api.amazonwebservices.com.cn/participant/message"},
		"one's own":        {client.Config{Region: "eu-central-1", Endpoint: "http://127.0.0.1:8790"}, "http://127.0.0.1:8790/queues/a%2Fb/c%20d", "http://127.0.0.1:8790/participant/message"},
		"with a path":      {client.Config{Endpoint: "https://h.test/base/v%201/"}, "https://h.test/base/v%201/queues/a%2Fb/c%20d", "https://h.test/base/v%201/participant/message"},
		"two of one's own": {client.Config{Endpoint: "https://a.test", ParticipantEndpoint: "https://b.test"}, "https://a.test/queues/a%2Fb/c%20d", "https://b.test/participant/message"},
	} {
		t.Run(name, func(t *testing.T) {
			connector := &script{answers: []answer{{status: 200, body: "{}"}}}
			c.config.Connector, c.config.Credentials, c.config.UserAgent = connector, keys, "test/7"
			c.config.Now = func() time.Time { return time.Unix(1e9, 0) }
			api, err := client.New(c.config)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := api.DescribeQueue().InstanceID("a/b").QueueID("c d").Send(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := api.Participant.SendMessage().ConnectionToken("secret").ContentType("text/plain").Content("Hi").Send(t.Context()); err != nil {
				t.Fatal(err)
			}
			first, second := connector.sent[0], connector.sent[1]
			if got := first.URL.String(); got != c.connect {
				t.Errorf("sent to %s; want %s", got, c.connect)
			}
			if got := second.URL.String(); got != c.own {
				t.Errorf("sent to %s; want %s", got, c.own)
			}
			if a := first.Header.Get("Authorization"); !strings.HasPrefix(a, "AWS4-HMAC-SHA256 Credential=AK/20010909/"+c.config.Region+"/connect/aws4_request, SignedHeaders=host;x-amz-date, Signature=") {
				t.Errorf("Authorization: %s", a)
			}
			if a := second.Header.Get("Authorization"); a != "" || second.Header.Get("X-Amz-Bearer") != "secret" {
				t.Errorf("Authorization: %q, X-Amz-Bearer: %q", a, second.Header.Get("X-Amz-Bearer"))
			}
			if ua := second.UserAgent(); !strings.HasPrefix(ua, "parley-client/") || !strings.HasSuffix(ua, " test/7") {
				t.Errorf("User-Agent: %s", ua)
			}
			if got := second.Header.Get("Content-Type"); got != "application/json" || second.ContentLength != int64(len(connector.body[1])) {
				t.Errorf("Content-Type %q, Content-Length %d", got, second.ContentLength)
			}
			again, err := second.GetBody()
			if err != nil || again.Close() != nil {
				t.Errorf("the body cannot be had again: %v", err)
			}
		})
	}
	for _, bad := range []client.Config{{}, {Endpoint: "chat.test"}, {Endpoint: "ftp://chat.test"}, {Endpoint: "http://chat.test/?x"}, {Endpoint: "http://x", ParticipantEndpoint: ":"}, {Endpoint: "http://x", Timeout: -1}} {
		if _, err := client.New(bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

// TestMiddleware lets two see, one change and one answer.
func TestMiddleware(t *testing.T) {
	connector := &script{answers: []answer{unavailable, started}}
	var log []string
	note := func(name string) client.Middleware {
		return func(next client.Handler) client.Handler {
			return func(ctx context.Context, call *client.Call) error {
				log = append(log, name+" "+call.Operation.Name)
				err := next(ctx, call)
				log = append(log, fmt.Sprintf("%s %v", name, err))
				return err
			}
		}
	}
	cached := func(next client.Handler) client.Handler {
		return func(ctx context.Context, call *client.Call) error {
			switch in := call.Input.(type) {
			case *connect.StartChatContactRequest:
				call.Input = &connect.StartChatContactRequest{InstanceId: in.InstanceId + "!", ClientToken: in.ClientToken}
			case *participant.GetTranscriptRequest:
				call.Output.(*participant.GetTranscriptResponse).NextToken = new("kept")
				return nil
			}
			return next(ctx, call)
		}
	}
	c := newClient(t, connector, func(cfg *client.Config) {
		cfg.Middleware = []client.Middleware{note("outer"), note("inner"), cached}
		cfg.RetryConfig.Rand = func() float64 { return 0 }
	})
	out, err := c.StartChatContact().InstanceID("i").Send(t.Context())
	if err != nil || *out.ContactId != "c-1" || member(connector.body[1], "InstanceId") != "i!" || len(connector.sent) != 2 {
		t.Fatalf("%+v, %v, sent %v", out, err, connector.body)
	}
	if got := strings.Join(log, "; "); got != "outer StartChatContact; inner StartChatContact; inner <nil>; outer <nil>" {
		t.Errorf("seen: %s", got)
	}
	page, err := c.Participant.GetTranscript().Send(t.Context())
	if err != nil || *page.NextToken != "kept" || len(connector.sent) != 2 {
		t.Errorf("%+v, %v", page, err)
	}
}

// TestOneBuilderManySends sends one builder a thousand times at once, half of them branched from.
func TestOneBuilderManySends(t *testing.T) {
	connector := &script{answers: []answer{started}}
	c := newClient(t, connector, nil)
	base := c.StartChatContact().InstanceID("i").ContactFlowID("f").Attribute("tier", "gold").SupportedMessagingContentType("text/plain")
	var all sync.WaitGroup
	for n := range 1000 {
		all.Go(func() {
			b := base
			if n%2 == 1 {
				b = base.Attribute("n", fmt.Sprint(n)).SupportedMessagingContentType("text/markdown")
			}
			if _, err := b.Send(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	tokens, branched := map[string]bool{}, 0
	for _, body := range connector.body {
		tokens[member(body, "ClientToken")] = true
		if strings.Contains(body, `"n":"`) != strings.Contains(body, "text/markdown") || member(body, "tier") != "gold" {
			t.Fatalf("sent %s", body)
		}
		if strings.Contains(body, "text/markdown") {
			branched++
		}
	}
	if len(tokens) != 1000 || branched != 500 {
		t.Errorf("%d tokens, %d branched sends; want 1000 and 500", len(tokens), branched)
	}
	in := base.Input()
	if len(in.Attributes) != 1 || len(in.SupportedMessagingContentTypes) != 1 || in.ClientToken != nil {
		t.Errorf("the builder changed: %+v", in)
	}
	in.Attributes["tier"] = "none"
	if base.Input().Attributes["tier"] != "gold" {
		t.Error("Input gave away the builder's own map")
	}
	if got := c.StartChatContact().With(in).With(nil).Input(); got.InstanceId != "" {
		t.Errorf("With(nil) kept %+v", got)
	}
}

// TestPages walks pages to their end, stops early, and stops where they lead nowhere.
func TestPages(t *testing.T) {
	page := func(next string, names ...string) answer {
		var list []string
		for _, n := range names {
			list = append(list, `{"Username":"`+n+`"}`)
		}
		body := `{"UserSummaryList":[` + strings.Join(list, ",") + `]`
		if next != "" {
			body += `,"NextToken":"` + next + `"`
		}
		return answer{status: 200, body: body + "}"}
	}
	connector := &script{answers: []answer{page("2", "a", "b"), page("3"), page("", "c")}}
	c := newClient(t, connector, nil)
	var got []string
	for user, err := range c.ListUsers().InstanceID("i").Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, *user.Username)
	}
	if strings.Join(got, "") != "abc" || connector.sent[1].URL.Query().Get("nextToken") != "2" || len(connector.sent) != 3 {
		t.Errorf("got %v by %d requests, the second %s", got, len(connector.sent), connector.sent[1].URL)
	}
	connector.sent = nil
	for range c.ListUsers().InstanceID("i").Items(t.Context()) {
		break
	}
	if len(connector.sent) != 1 {
		t.Errorf("%d requests for one item", len(connector.sent))
	}
	connector.sent, connector.answers = nil, []answer{page("2", "a"), page("2", "b")}
	pages, failures := 0, 0
	for out, err := range c.ListUsers().InstanceID("i").Pages(t.Context()) {
		if err != nil {
			failures++
			continue
		}
		pages += len(out.UserSummaryList)
	}
	if pages != 2 || failures != 1 || len(connector.sent) != 2 {
		t.Errorf("%d pages, %d failures, %d requests", pages, failures, len(connector.sent))
	}
	connector.sent, connector.answers = nil, []answer{page("2", "a"), refusal(404, "ResourceNotFoundException")}
	got = nil
	for user, err := range c.ListUsers().InstanceID("i").Items(t.Context()) {
		if err != nil {
			got = append(got, asError(t, err).Code())
			continue
		}
		got = append(got, *user.Username)
	}
	if strings.Join(got, " ") != "a ResourceNotFoundException" {
		t.Errorf("got %v", got)
	}
}

// TestConnector uses the one that comes with the package, whose limits are kinds of dispatch failures.
func TestConnector(t *testing.T) {
	k := client.NewConnector(client.ConnectorConfig{ReadTimeout: time.Millisecond})
	if k.ResponseHeaderTimeout != time.Millisecond || k.MaxIdleConnsPerHost != 64 {
		t.Errorf("%+v", k)
	}
	c, err := client.New(client.Config{Endpoint: "http://127.0.0.1:1", Retry: client.NoRetry{}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.StartChatContact().Send(t.Context())
	if e := asError(t, err); e.Kind != client.DispatchFailure || e.Dispatch != client.DispatchIO {
		t.Errorf("nobody listens there: %v", err)
	}
	c.CloseIdleConnections()
}
