package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley/api/connect"
	"parley/api/restjson"
	"parley/internal/auth"
	"parley/internal/center"
)

// quietFlow greets and waits for a week.
const quietFlow = `{"Version":"2019-10-30","StartAction":"greet","Metadata":{},"Actions":[
{"Identifier":"greet","Type":"MessageParticipant","Parameters":{"Text":"Hello, how can we help?"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
{"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// region is the default of a server.
const region = "us-east-1"

// centre is what chats are started in: an instance with the quiet flow.
type centre struct {
	addr     string
	key      auth.Key
	instance string
	flow     string
}

// open makes an instance and a flow through the API.
func open(ctx context.Context, s *server) (*centre, error) {
	c := &centre{addr: s.addr, key: s.key}
	client := connect.NewClient(restjson.ClientConfig{Endpoint: "http://" + s.addr, Sign: func(r *http.Request, body []byte) error {
		auth.Sign(r, body, s.key, region, "connect", time.Now())
		return nil
	}})
	made, err := client.CreateInstance(ctx, &connect.CreateInstanceRequest{
		IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new("bench-" + center.NewUUID()[:8]),
		InboundCallsEnabled: false, OutboundCallsEnabled: false})
	if err != nil {
		return nil, fmt.Errorf("CreateInstance: %w", err)
	}
	c.instance = *made.Id
	flow, err := client.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{
		InstanceId: c.instance, Name: "Quiet", Type: connect.ContactFlowTypeCONTACT_FLOW, Content: quietFlow})
	if err != nil {
		return nil, fmt.Errorf("CreateContactFlow: %w", err)
	}
	c.flow = *flow.ContactFlowId
	return c, nil
}

// agent is how the SDK of an ordinary client names itself, in the length it has.
const agent = "User-Agent: aws-sdk-go-v2/1.41.0 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 api/connect#1.150.0 parley-bench\r\nAccept-Encoding: identity\r\n"

// sdkHeaders are the headers that SDKs add to each attempt.
func sdkHeaders() string {
	return "Amz-Sdk-Invocation-Id: " + center.NewUUID() + "\r\nAmz-Sdk-Request: attempt=1; max=3\r\n"
}

// started is what StartChatContact answered.
type started struct{ contact, participant, token string }

// start starts a chat with a signed StartChatContact.
func (c *centre) start(call *caller, name string) (started, error) {
	body, err := json.Marshal(map[string]any{"ClientToken": center.NewUUID(), "InstanceId": c.instance, "ContactFlowId": c.flow,
		"ParticipantDetails": map[string]string{"DisplayName": name}, "Attributes": map[string]string{"customer": name, "channel": "web"}})
	if err != nil {
		return started{}, err
	}
	r, err := http.NewRequest(http.MethodPut, "http://"+c.addr+"/contact/chat", nil)
	if err != nil {
		return started{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	auth.Sign(r, body, c.key, region, "connect", time.Now())
	var head strings.Builder
	head.WriteString("PUT /contact/chat HTTP/1.1\r\nHost: " + c.addr + "\r\n" + agent + sdkHeaders())
	for name, values := range r.Header {
		head.WriteString(name + ": " + values[0] + "\r\n")
	}
	status, answer, err := call.call([]byte(head.String()), body)
	if err := expect(status, answer, err); err != nil {
		return started{}, fmt.Errorf("StartChatContact: %w", err)
	}
	var s started
	for _, m := range []struct {
		name string
		to   *string
	}{{"ContactId", &s.contact}, {"ParticipantId", &s.participant}, {"ParticipantToken", &s.token}} {
		if *m.to, err = member(answer, m.name); err != nil {
			return started{}, fmt.Errorf("StartChatContact: %w", err)
		}
	}
	return s, nil
}

// startMany starts n chats over some connections.
func (c *centre) startMany(ctx context.Context, n, workers int) ([]started, error) {
	list := make([]started, n)
	err := each(ctx, n, workers, func(call *caller, i int) (err error) {
		list[i], err = c.start(call, fmt.Sprintf("Customer %d", i))
		return err
	}, c.addr)
	return list, err
}

// each calls f for 0 to n-1, from some workers with a connection each, until one fails.
func each(ctx context.Context, n, workers int, f func(call *caller, i int) error, addr string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			call := &caller{addr: addr}
			defer call.close()
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := f(call, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// connection is what CreateParticipantConnection gave a customer.
type connection struct {
	path   string // of the socket
	bearer string
}

// connect asks for a socket and a connection token, as ChatJS does.
func connectCustomer(call *caller, s started) (connection, error) {
	head := "POST /participant/connection HTTP/1.1\r\nHost: " + call.addr + "\r\n" + agent + sdkHeaders() +
		"Content-Type: application/json\r\nX-Amz-Bearer: " + s.token + "\r\n"
	status, answer, err := call.call([]byte(head), []byte(`{"Type":["WEBSOCKET","CONNECTION_CREDENTIALS"]}`))
	if err := expect(status, answer, err); err != nil {
		return connection{}, fmt.Errorf("CreateParticipantConnection: %w", err)
	}
	url, err := member(answer, "Url")
	if err != nil {
		return connection{}, fmt.Errorf("CreateParticipantConnection: %w", err)
	}
	token, err := member(answer, "ConnectionToken")
	if err != nil {
		return connection{}, fmt.Errorf("CreateParticipantConnection: %w", err)
	}
	_, path, ok := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
	if !ok {
		return connection{}, fmt.Errorf("CreateParticipantConnection: the URL %s has no path", url)
	}
	return connection{"/" + path, token}, nil
}

// The frames of ChatJS.
var (
	subscribeFrame = textFrame([]byte(`{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}`))
	pingFrame      = textFrame([]byte(`{"topic":"aws/ping"}`))
	heartbeatFrame = textFrame([]byte(`{"topic":"aws/heartbeat"}`))
)

// subscribe opens a socket and subscribes it to the chat.
func subscribe(addr string, c connection) (*socket, error) {
	s, err := dial(addr, c.path)
	if err != nil {
		return nil, err
	}
	s.conn.SetDeadline(time.Now().Add(callTime))
	if err := s.write(subscribeFrame); err != nil {
		s.close()
		return nil, err
	}
	reply, err := s.read()
	if err != nil || !strings.Contains(string(reply), `"success"`) {
		s.close()
		return nil, fmt.Errorf("subscribe was answered %q: %w", reply, err)
	}
	s.conn.SetDeadline(time.Time{})
	return s, nil
}
