package target

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley.example/parley/api/connect"
	"parley.example/parley/bench/gauge"
	"parley.example/parley/client"
	"parley.example/parley/client/connectcall"
	"parley.example/parley/internal/center"
)

// quietFlow greets and waits for a week.
const quietFlow = `{"Version":"2019-10-30","StartAction":"greet","Metadata":{},"Actions":[
{"Identifier":"greet","Type":"MessageParticipant","Parameters":{"Text":"Hello, how can we help?"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
{"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// Region is the default of a server.
const Region = "us-east-1"

// Centre is a client of a server, and what chats are started in there.
type Centre struct {
	*client.Client
	Instance string
	Flow     string
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

// Failed returns the first failure of an attempt, nil while there is none.
func (c *Centre) Failed() error {
	if err := c.refused.first.Load(); err != nil {
		return err
	}
	return nil
}

// Reach returns a client of a server that keeps some connections. wrap, where
// it is not nil, stands around what sends its requests.
func Reach(s *Server, connections int, wrap func(*http.Transport) client.Connector) (*Centre, error) {
	c := &Centre{refused: &refusals{}}
	transport := client.NewConnector(client.ConnectorConfig{IdleConnections: connections})
	cfg := client.Config{
		Region: Region, Endpoint: "http://" + s.Addr, Connector: transport, Retry: c.refused, UserAgent: "bench",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return s.Key, nil }),
	}
	if len(s.More) > 0 {
		nodes := []string{s.Addr}
		for _, p := range s.More {
			nodes = append(nodes, p.Addr)
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

// Open makes an instance and a flow through the API.
func Open(ctx context.Context, s *Server, connections int) (*Centre, error) {
	c, err := Reach(s, connections, nil)
	if err != nil {
		return nil, err
	}
	made, err := c.CreateInstance().IdentityManagementType(connect.DirectoryTypeCONNECT_MANAGED).
		InstanceAlias("bench-" + center.NewUUID()[:8]).InboundCallsEnabled(false).OutboundCallsEnabled(false).Send(ctx)
	if err != nil {
		return nil, err
	}
	c.Instance = *made.Id
	flow, err := c.CreateContactFlow().InstanceID(c.Instance).Name("Quiet").
		Type(connect.ContactFlowTypeCONTACT_FLOW).Content(quietFlow).Send(ctx)
	if err != nil {
		return nil, err
	}
	c.Flow = *flow.ContactFlowId
	return c, nil
}

// Chat is a StartChatContact for the i-th customer.
func (c *Centre) Chat(i int) connectcall.StartChatContact {
	name := fmt.Sprintf("Customer %d", i)
	return c.StartChatContact().InstanceID(c.Instance).ContactFlowID(c.Flow).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: name}).
		SetAttributes(map[string]string{"customer": name, "channel": "web"})
}

// Connection is what a customer connects with.
var Connection = []connect.ConnectionType{connect.ConnectionTypeWEBSOCKET, connect.ConnectionTypeCONNECTION_CREDENTIALS}

// StartMany starts n chats and returns the answers, with connections of the
// types where the server gives them.
func (c *Centre) StartMany(ctx context.Context, n, workers int, types ...connect.ConnectionType) ([]*connect.StartChatContactResponse, error) {
	chats := make([]*connect.StartChatContactResponse, n)
	err := gauge.Each(ctx, n, workers, func(i int) (err error) {
		chats[i], err = c.Chat(i).SetConnectionTypes(types).Send(ctx)
		return err
	})
	return chats, err
}
