package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/client"
	"parley.example/parley/client/connectcall"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/server"
)

// The examples chat with a Parley in development mode, at demo.URL; demo.Flow greets and waits.
type demo struct {
	URL, Instance, Flow string
	close               func()
}

func openDemo() demo {
	ctx, stop := context.WithCancel(context.Background())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	srv, err := server.New(ctx, server.Config{Dev: true, PublicURL: "http://" + l.Addr().String(), CloseSpan: time.Millisecond, Log: slog.New(slog.DiscardHandler)})
	check(err)
	up, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		check(srv.ServeOn(ctx, l, func(string) { close(up) }))
	}()
	<-up
	d := demo{URL: "http://" + l.Addr().String(), Instance: catalog.DemoInstance, close: func() { stop(); <-done }}
	c := d.client()
	defer c.CloseIdleConnections()
	out, err := c.CreateContactFlow().InstanceID(d.Instance).Name("Greet").Type(connect.ContactFlowTypeCONTACT_FLOW).Content(enginetest.Greet).Send(ctx)
	check(err)
	d.Flow = *out.ContactFlowId
	return d
}

func (d demo) client() *client.Client {
	c, err := client.New(client.Config{Region: "us-east-1", Endpoint: d.URL})
	check(err)
	return c
}

// start starts a chat for Ana.
func (d demo) start(ctx context.Context, c *client.Client) *connect.StartChatContactResponse {
	out, err := c.StartChatContact().InstanceID(d.Instance).ContactFlowID(d.Flow).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).Send(ctx)
	check(err)
	return out
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// A customer starts a chat, says something and ends it.
func Example() {
	demo := openDemo()
	defer demo.close()
	ctx := context.Background()

	c, err := client.New(client.Config{Region: "us-east-1", Endpoint: demo.URL})
	check(err)
	chat, err := c.StartChatContact().
		InstanceID(demo.Instance).
		ContactFlowID(demo.Flow).
		Attribute("tier", "gold").
		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).
		Send(ctx)
	check(err)

	session, err := c.Join(ctx, client.SessionConfig{Token: *chat.ParticipantToken})
	check(err)
	defer session.Close()
	for item, err := range session.Items(ctx) {
		check(err)
		switch {
		case item.IsMessage():
			fmt.Println(item.Name()+":", item.Text())
		case item.Event() == client.EventEnded:
			fmt.Println("the chat has ended")
		}
		switch item.Text() {
		case "Hello":
			_, err := session.Send(ctx, "Hi there")
			check(err)
		case "Hi there":
			check(session.End(ctx))
		}
	}
	// Output:
	// SYSTEM_MESSAGE: Hello
	// Ana: Hi there
	// the chat has ended
}

// Starting and joining in one go saves a round trip where the service gives the connection with the chat.
func ExampleClient_Start() {
	demo := openDemo()
	defer demo.close()
	ctx := context.Background()
	c := demo.client()

	session, chat, err := c.Start(ctx, c.StartChatContact().
		InstanceID(demo.Instance).
		ContactFlowID(demo.Flow).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}), client.SessionConfig{})
	check(err)
	defer session.Close()
	fmt.Println(chat.Websocket != nil)
	for item, err := range session.Items(ctx) {
		check(err)
		if item.IsMessage() {
			fmt.Println(item.Text())
			break
		}
	}
	// Output:
	// true
	// Hello
}

// One type has all errors; exceptions of the service are found in it.
func ExampleError() {
	demo := openDemo()
	defer demo.close()
	c := demo.client()

	_, err := c.DescribeQueue().InstanceID(demo.Instance).QueueID("10000000-0000-4000-8000-00000000dead").Send(context.Background())
	if e, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(e.Kind, e.Code(), e.Status(), e.Retryable())
	}
	if _, ok := errors.AsType[*connect.ResourceNotFoundException](err); ok {
		fmt.Println("there is no such queue")
	}
	// Output:
	// service error ResourceNotFoundException 404 false
	// there is no such queue
}

// Operations with pages are ranged over, page by page or element by element.
func Example_pages() {
	demo := openDemo()
	defer demo.close()
	c := demo.client()

	for queue, err := range c.ListQueues().InstanceID(demo.Instance).QueueType(connect.QueueTypeSTANDARD).MaxResults(1).Items(context.Background()) {
		check(err)
		fmt.Println(*queue.Name)
	}
	// Output:
	// BasicQueue
}

// Builders are values: they can be kept, branched from and sent many times.
func Example_builders() {
	demo := openDemo()
	defer demo.close()
	c := demo.client()

	base := c.StartChatContact().InstanceID(demo.Instance).ContactFlowID(demo.Flow).Attribute("source", "shop")
	for _, name := range []string{"Ana", "Bo"} {
		out, err := base.ParticipantDetails(connect.ParticipantDetails{DisplayName: name}).Send(context.Background())
		check(err)
		fmt.Println(name, out.ContactId != nil)
	}
	in := base.Input() // the plain input, for whoever wants one
	in.Attributes["source"] = "phone"
	again := connectcall.StartChatContact{}.With(in)
	fmt.Println(base.Input().Attributes["source"], again.Input().Attributes["source"])
	// Output:
	// Ana true
	// Bo true
	// shop phone
}

// Middleware stands around every call, all attempts included.
func ExampleMiddleware() {
	demo := openDemo()
	defer demo.close()
	logged := func(next client.Handler) client.Handler {
		return func(ctx context.Context, call *client.Call) error {
			err := next(ctx, call)
			if out, ok := call.Output.(*connect.ListInstancesResponse); ok && err == nil {
				fmt.Println(call.Operation.Name, len(out.InstanceSummaryList))
			}
			return err
		}
	}
	c, err := client.New(client.Config{Region: "us-east-1", Endpoint: demo.URL, Middleware: []client.Middleware{logged}})
	check(err)
	_, err = c.ListInstances().Send(context.Background())
	check(err)
	// Output:
	// ListInstances 1
}

// Retries and time limits are set when a client is made; With makes another one that shares
// connections and quota.
func ExampleRetryConfig() {
	c, err := client.New(client.Config{
		Region:         "eu-central-1",
		RetryConfig:    client.RetryConfig{MaxAttempts: 5, MaxBackoff: 5 * time.Second},
		AttemptTimeout: 10 * time.Second,
		Timeout:        time.Minute,
	})
	check(err)
	_, err = c.With(func(cfg *client.Config) { cfg.Timeout = 5 * time.Second })
	fmt.Println(err)
	// Output:
	// <nil>
}

// LoadConfig reads what every AWS tool reads: the environment and the profile.
func ExampleLoadConfig() {
	check(os.Setenv("AWS_REGION", "eu-central-1"))
	check(os.Setenv("AWS_ENDPOINT_URL_CONNECT", "http://127.0.0.1:8790"))
	defer os.Unsetenv("AWS_REGION")
	defer os.Unsetenv("AWS_ENDPOINT_URL_CONNECT")

	cfg, err := client.LoadConfig(context.Background())
	check(err)
	cfg.ParticipantEndpoint = cfg.Endpoint // a Parley answers both APIs at one address
	c, err := client.New(cfg)
	fmt.Println(cfg.Region, cfg.Endpoint, c != nil, err)
	// Output:
	// eu-central-1 http://127.0.0.1:8790 true <nil>
}

// A session can go on where an earlier one was: nothing is read twice.
func ExampleSessionConfig_after() {
	demo := openDemo()
	defer demo.close()
	ctx := context.Background()
	c := demo.client()
	chat := demo.start(ctx, c)

	read := func(after, until string) (last string) {
		session, err := c.Join(ctx, client.SessionConfig{Token: *chat.ParticipantToken, After: after})
		check(err)
		defer session.Close()
		for item, err := range session.Items(ctx) {
			check(err)
			if item.IsMessage() {
				fmt.Println(item.Text())
			}
			if item.Text() == until {
				return item.ID()
			}
			if item.Text() == "Hello" {
				_, err := session.Send(ctx, "first")
				check(err)
			}
		}
		return ""
	}
	last := read("", "first")
	other, err := c.Join(ctx, client.SessionConfig{Token: *chat.ParticipantToken, SendOnly: true})
	check(err)
	_, err = other.Send(ctx, "second")
	check(err)
	read(last, "second")
	// Output:
	// Hello
	// first
	// second
}

// Files go up and down with their progress.
func ExampleSession_Attach() {
	demo := openDemo()
	defer demo.close()
	ctx := context.Background()
	c := demo.client()
	session, err := c.Join(ctx, client.SessionConfig{Token: *demo.start(ctx, c).ParticipantToken})
	check(err)
	defer session.Close()

	const text = "what was agreed"
	id, err := session.Attach(ctx, client.Upload{
		Name: "notes.txt", ContentType: "text/plain", Size: int64(len(text)), Body: strings.NewReader(text),
		Progress: func(sent, total int64) { fmt.Println(sent, "of", total) },
	})
	check(err)
	var got strings.Builder
	_, err = session.Download(ctx, id, io.Writer(&got), nil)
	fmt.Println(got.String(), err)
	// Output:
	// 15 of 15
	// what was agreed <nil>
}

// A bot takes part in a chat as a custom participant.
func ExampleBot() {
	demo := openDemo()
	defer demo.close()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	c := demo.client()
	chat := demo.start(ctx, c)

	added, err := c.CreateParticipant().InstanceID(demo.Instance).ContactID(*chat.ContactId).
		ParticipantDetails(connect.ParticipantDetailsToAdd{ParticipantRole: connect.ParticipantRoleCUSTOM_BOT, DisplayName: new("Robo")}).
		Send(ctx)
	check(err)
	robo, err := c.Join(ctx, client.SessionConfig{
		Token: *added.ParticipantCredentials.ParticipantToken, ConnectParticipant: true, Poll: 100 * time.Millisecond,
	})
	check(err)
	defer robo.Close()
	bot := &client.Bot{Client: c, Handle: func(ctx context.Context, turn *client.Turn) error {
		return turn.Reply(ctx, "You said: "+turn.Item.Text())
	}}
	go bot.Attend(ctx, robo)

	ana, err := c.Join(ctx, client.SessionConfig{Token: *chat.ParticipantToken})
	check(err)
	defer ana.Close()
	_, err = ana.Send(ctx, "Is anybody there?")
	check(err)
	for item, err := range ana.Items(ctx) {
		check(err)
		if item.ParticipantRole == participant.ParticipantRoleCUSTOM_BOT && item.IsMessage() {
			fmt.Println(item.Name()+":", item.Text())
			return
		}
	}
	// Output:
	// Robo: You said: Is anybody there?
}
