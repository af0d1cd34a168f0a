package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/client/connectcall"
	"parley.example/parley/internal/center"
)

// quietFlow greets and waits for a week.
const quietFlow = `{"Version":"2019-10-30","StartAction":"greet","Metadata":{},"Actions":[
{"Identifier":"greet","Type":"MessageParticipant","Parameters":{"Text":"Hello, how can we help?"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
{"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// region is the default of a server.
const region = "us-east-1"

// centre is a client of a server, and what chats are started in there.
type centre struct {
	*client.Client
	instance string
	flow     string
	refused  *refusals
}

// refusals is the retry policy of a load: it has none, and keeps the first
// failure. Sessions insist on their messages whatever the policy says; a figure
// that hides attempts would be none.
type refusals struct{ first atomic.Pointer[client.Error] }

var _ client.RetryPolicy = (*refusals)(nil)

// Retry implements [client.RetryPolicy].
func (r *refusals) Retry(_ int, err *client.Error) client.Decision {
	r.first.CompareAndSwap(nil, err)
	return client.Decision{}
}

// Succeeded implements [client.RetryPolicy].
func (*refusals) Succeeded(int) {}

// failed returns the first failure of an attempt, nil while there is none.
func (c *centre) failed() error {
	if err := c.refused.first.Load(); err != nil {
		return err
	}
	return nil
}

// reach returns a client of a server that keeps some connections. wrap, where
// it is not nil, stands around what sends its requests.
func reach(s *server, connections int, wrap func(*http.Transport) client.Connector) (*centre, error) {
	c := &centre{refused: &refusals{}}
	transport := client.NewConnector(client.ConnectorConfig{IdleConnections: connections})
	cfg := client.Config{
		Region: region, Endpoint: "http://" + s.addr, Connector: transport, Retry: c.refused, UserAgent: "bench",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return s.key, nil }),
	}
	if len(s.more) > 0 {
		nodes := []string{s.addr}
		for _, p := range s.more {
			nodes = append(nodes, p.addr)
		}
		cfg.Connector = &spread{next: transport, nodes: nodes}
	}
	if wrap != nil {
		cfg.Connector = wrap(transport)
	}
	var err error
	c.Client, err = client.New(cfg)
	return c, err
}

// open makes an instance and a flow through the API.
func open(ctx context.Context, s *server, connections int) (*centre, error) {
	c, err := reach(s, connections, nil)
	if err != nil {
		return nil, err
	}
	made, err := c.CreateInstance().IdentityManagementType(connect.DirectoryTypeCONNECT_MANAGED).
		InstanceAlias("bench-" + center.NewUUID()[:8]).InboundCallsEnabled(false).OutboundCallsEnabled(false).Send(ctx)
	if err != nil {
		return nil, err
	}
	c.instance = *made.Id
	flow, err := c.CreateContactFlow().InstanceID(c.instance).Name("Quiet").
		Type(connect.ContactFlowTypeCONTACT_FLOW).Content(quietFlow).Send(ctx)
	if err != nil {
		return nil, err
	}
	c.flow = *flow.ContactFlowId
	return c, nil
}

// chatting starts a server in a directory of its own, and its chats. The caller kills the server.
func (b *bench) chatting(ctx context.Context, name string) (s *server, c *centre, chats []*connect.StartChatContactResponse, err error) {
	if s, err = b.startServer(ctx, filepath.Join(b.dir, name)); err != nil {
		return nil, nil, nil, err
	}
	if c, err = open(ctx, s, b.sender); err == nil {
		chats, err = c.startMany(ctx, b.chats, b.starter, connection...)
	}
	if err != nil {
		s.kill()
	}
	return s, c, chats, err
}

// chat is a StartChatContact for the i-th customer.
func (c *centre) chat(i int) connectcall.StartChatContact {
	name := fmt.Sprintf("Customer %d", i)
	return c.StartChatContact().InstanceID(c.instance).ContactFlowID(c.flow).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: name}).
		SetAttributes(map[string]string{"customer": name, "channel": "web"})
}

// connection is what a customer connects with.
var connection = []connect.ConnectionType{connect.ConnectionTypeWEBSOCKET, connect.ConnectionTypeCONNECTION_CREDENTIALS}

// startMany starts n chats and returns the answers, with connections of the
// types where the server gives them.
func (c *centre) startMany(ctx context.Context, n, workers int, types ...connect.ConnectionType) ([]*connect.StartChatContactResponse, error) {
	chats := make([]*connect.StartChatContactResponse, n)
	err := each(ctx, n, workers, func(i int) (err error) {
		chats[i], err = c.chat(i).SetConnectionTypes(types).Send(ctx)
		return err
	})
	return chats, err
}

// each calls f for 0 to n-1, from some goroutines, until one fails.
func each(ctx context.Context, n, workers int, f func(i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := f(i); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
