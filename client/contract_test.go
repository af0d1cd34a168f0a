package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// general are the codes that any operation may answer with: what a server says before it looks at
// the operation, or in the name of one it has not.
var general = []string{
	"NotImplementedException", "MissingAuthenticationTokenException", "InvalidSignatureException", "UnrecognizedClientException",
	"ThrottlingException", "AccessDeniedException", "ValidationException", "SerializationException",
}

// TestEveryOperationAtTheServer sends every operation of both APIs by its builder, signed, to the real
// server: through its handler, and over the wire. Each answer is an output, or an error of the
// service that the operation declares, understood by the client.
func TestEveryOperationAtTheServer(t *testing.T) {
	keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
	})
	srv := servertest.Start(t, func(c *server.Config) { c.Log = slog.New(slog.DiscardHandler) })
	wire := client.NewConnector(client.ConnectorConfig{})
	defer wire.CloseIdleConnections()
	for name, connector := range map[string]client.Connector{"in process": restjson.InProcess(srv.Handler()).Transport, "over the wire": wire} {
		c, err := client.New(client.Config{Region: "us-east-1", Endpoint: srv.URL, Connector: connector, Credentials: keys, Retry: client.NoRetry{}})
		if err != nil {
			t.Fatal(err)
		}
		var outcomes = map[string]int{}
		for calls, ops := range map[any][]restjson.Operation{c.Calls: connect.Operations, c.Participant: participant.Operations} {
			for _, op := range ops {
				builder := reflect.ValueOf(calls).MethodByName(op.Name).Call(nil)[0]
				in := builder.MethodByName("Input").Call(nil)[0]
				for i := range in.Elem().NumField() { // what stands in the path must not be empty
					f := in.Elem().Field(i)
					switch name := in.Elem().Type().Field(i).Name; {
					case f.Kind() == reflect.String && name == "InstanceId" && op.Name != "DeleteInstance":
						f.SetString(catalog.DemoInstance)
					case f.Kind() == reflect.String && strings.Contains(strings.ToLower(op.Path), "{"+strings.ToLower(name)):
						f.SetString("10000000-0000-4000-8000-000000000001")
					}
				}
				builder = builder.MethodByName("With").Call([]reflect.Value{in})[0]
				result := builder.MethodByName("Send").Call([]reflect.Value{reflect.ValueOf(t.Context())})
				err, _ := result[1].Interface().(error)
				if err == nil {
					outcomes["output"]++
					continue
				}
				e, ok := errors.AsType[*client.Error](err)
				if !ok || e.Kind != client.ServiceError || e.RequestID() == "" || e.Operation.Name != op.Name {
					t.Errorf("%s: %s %s: %v", name, op.Service, op.Name, err)
					continue
				}
				if !op.Declares(e.Code()) && !slices.Contains(general, e.Code()) {
					t.Errorf("%s: %s %s answers %s, which it does not declare: %v", name, op.Service, op.Name, e.Code(), err)
				}
				outcomes[e.Code()]++
			}
		}
		t.Logf("%s: %v", name, outcomes)
		if outcomes["output"] < 10 {
			t.Errorf("%s: %v", name, outcomes)
		}
	}
}

// TestGoldenRequest holds the bytes of one call, headers included, to what was recorded. Those of all
// other operations are held to theirs where builders are generated.
func TestGoldenRequest(t *testing.T) {
	connector := &script{answers: []answer{started}}
	c := newClient(t, connector, func(cfg *client.Config) { cfg.UserAgent = "golden/1" })
	_, err := c.StartChatContact().InstanceID("i-1").ContactFlowID("f-1").Attribute("tier", "gold").
		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).
		InitialMessage(connect.ChatMessage{ContentType: "text/plain", Content: "Hi \"there\""}).
		ChatDurationInMinutes(90).SupportedMessagingContentType("text/plain", "text/markdown").ClientToken("t-1").Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := connector.sent[0]
	got := map[string]any{"line": r.Method + " " + r.URL.RequestURI(), "body": connector.body[0], "type": r.Header.Get("Content-Type")}
	want := map[string]any{
		"line": "PUT /contact/chat", "type": "application/json",
		"body": `{"InstanceId":"i-1","ContactFlowId":"f-1","Attributes":{"tier":"gold"},"ParticipantDetails":{"DisplayName":"Ana"},` +
			`"InitialMessage":{"ContentType":"text/plain","Content":"Hi \"there\""},"ClientToken":"t-1","ChatDurationInMinutes":90,` +
			`"SupportedMessagingContentTypes":["text/plain","text/markdown"]}`,
	}
	if !reflect.DeepEqual(got, want) {
		g, _ := json.MarshalIndent(got, "", " ")
		t.Errorf("sent %s", g)
	}
}
