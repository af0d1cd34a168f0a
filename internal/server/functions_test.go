package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// calling is a flow that calls the function of an attribute, says what it
// answered or that it failed, and waits.
const calling = `{"Version":"2019-10-30","StartAction":"call","Actions":[
 {"Identifier":"call","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"$.Attributes.function","InvocationTimeLimitSeconds":"1","LambdaInvocationAttributes":{"who":"$.CustomerEndpoint.DisplayName"}},"Transitions":{"NextAction":"good","Errors":[{"NextAction":"bad","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"good","Type":"MessageParticipant","Parameters":{"Text":"good: $.External.word"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"bad","Type":"MessageParticipant","Parameters":{"Text":"bad"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"600"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// cloud stands in for Lambda: functions that are good, slow, wrong, huge or refused.
type cloud struct {
	mu    sync.Mutex // guards what follows
	calls map[string]int
	event []byte // of the last call of greet
	scope string
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/invocations")
	name := path[strings.LastIndexByte(path, ':')+1:]
	event, err := io.ReadAll(r.Body)
	if err != nil {
		return // the server has given up
	}
	c.mu.Lock()
	c.calls[name]++
	n := c.calls[name]
	if name == "greet" {
		_, c.scope, _ = strings.Cut(r.Header.Get("Authorization"), "Credential=")
		c.scope, _, _ = strings.Cut(c.scope, ",")
		c.event = event
	}
	c.mu.Unlock()
	switch name {
	case "greet":
		io.WriteString(w, `{"word":"hello"}`)
	case "moody": // throttled once
		if n == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		io.WriteString(w, `{"word":"at last"}`)
	case "slow":
		<-r.Context().Done()
	case "numbers":
		io.WriteString(w, `{"word":7}`)
	case "list":
		io.WriteString(w, `["word"]`)
	case "prose":
		io.WriteString(w, `word`)
	case "huge":
		io.WriteString(w, `{"word":"`+strings.Repeat("x", 32<<10)+`"}`)
	case "broken":
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		io.WriteString(w, `{"errorType":"KeyError","errorMessage":"word"}`)
	default:
		w.Header().Set("X-Amzn-ErrorType", "ResourceNotFoundException")
		w.WriteHeader(http.StatusNotFound)
	}
}

// TestFunctionsOfAWS calls functions where the configuration of AWS SDKs says,
// through flows of a whole server.
func TestFunctionsOfAWS(t *testing.T) {
	c := &cloud{calls: map[string]int{}}
	lambda := httptest.NewServer(c)
	defer lambda.Close()
	dead := httptest.NewServer(nil)
	dead.Close()
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "config"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "credentials"), "AWS_PROFILE": "",
		"AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "", "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_LAMBDA": lambda.URL,
	} {
		t.Setenv(name, value)
	}
	s := servertest.Start(t, func(cfg *server.Config) {
		cfg.AWS, cfg.Lambda = true, map[string]string{"dead": dead.URL}
	})
	flow := s.Flow(t, "Calling", calling)
	const prefix = "arn:aws:lambda:us-west-2:123456789012:function:"
	var last *servertest.Chat
	t.Run("all", func(t *testing.T) {
		for name, want := range map[string]string{
			"greet": "good: hello", "moody": "good: at last", "slow": "bad", "numbers": "bad", "list": "bad", "prose": "bad", "huge": "bad",
			"broken": "bad", "unknown": "bad", "dead": "bad",
		} {
			chat := s.Chat(t, func(in *connect.StartChatContactRequest) {
				in.ContactFlowId, in.Attributes = flow, map[string]string{"function": prefix + name}
			})
			if name == "greet" {
				last = chat
			}
			t.Run(name, func(t *testing.T) {
				socket := chat.Socket()
				for len(chat.Texts()) == 0 {
					socket.Next()
				}
				if texts := chat.Texts(); texts[0] != want {
					t.Errorf("the flow says %q; want %q", texts, want)
				}
			})
		}
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, want := range map[string]int{"greet": 1, "moody": 2, "broken": 1, "unknown": 1, "numbers": 1} {
		if c.calls[name] != want {
			t.Errorf("%s was called %d times; want %d", name, c.calls[name], want)
		}
	}
	if scope := strings.Split(c.scope, "/"); len(scope) != 5 || scope[0] != "AKIDTEST" || scope[2] != "us-west-2" || scope[3] != "lambda" {
		t.Errorf("the call is signed for %q; want the region of the function's ARN", c.scope)
	}
	var got, want any
	arn := "arn:aws:connect:us-east-1:123456789012:instance/" + catalog.DemoInstance
	expected := `{"Details":{"ContactData":{"Attributes":{"function":"` + prefix + `greet"},"Channel":"CHAT","ContactId":"` + last.Contact + `",
 "CustomerEndpoint":null,"CustomerId":null,"Description":null,"InitialContactId":"` + last.Contact + `","InitiationMethod":"API","InstanceARN":"` + arn + `",
 "LanguageCode":"en-US","MediaStreams":{"Customer":{"Audio":null}},"Name":null,"PreviousContactId":"` + last.Contact + `","Queue":null,"References":{},"SystemEndpoint":null},
 "Parameters":{"who":"Ana"}},"Name":"ContactFlowEvent"}`
	if err := json.Unmarshal(c.event, &got); err != nil {
		t.Fatalf("the event %s: %v", c.event, err)
	}
	if err := json.Unmarshal([]byte(expected), &want); err != nil {
		t.Fatal(err)
	}
	data := got.(map[string]any)["Details"].(map[string]any)["ContactData"].(map[string]any)
	for _, extra := range []string{"RelatedContactId", "SegmentAttributes", "Tags"} { // what newer contacts carry besides
		delete(data, extra)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the event is\n%s\nwant\n%s", c.event, expected)
	}
}

// TestAWSIsNotCalledUnlessConfigured: without --aws nothing of the environment is called.
func TestAWSIsNotCalledUnlessConfigured(t *testing.T) {
	lambda := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was called", r.URL)
	}))
	defer lambda.Close()
	t.Setenv("AWS_ENDPOINT_URL", lambda.URL)
	s := servertest.Start(t)
	chat := s.Chat(t, func(in *connect.StartChatContactRequest) {
		in.ContactFlowId, in.Attributes = s.Flow(t, "Calling", calling), map[string]string{"function": "greet"}
	})
	socket := chat.Socket()
	for len(chat.Texts()) == 0 {
		socket.Next()
	}
	if texts := chat.Texts(); texts[0] != "bad" {
		t.Errorf("the flow says %q", texts)
	}
	broken := server.Config{Dev: true, AWS: true}
	t.Setenv("AWS_PROFILE", "nobody")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	if srv, err := server.New(t.Context(), broken); err == nil {
		srv.Close()
		t.Error("a profile that does not exist was taken")
	} else if !strings.HasPrefix(err.Error(), "aws: ") {
		t.Errorf("New = %v; want an error about aws", err)
	}
}
