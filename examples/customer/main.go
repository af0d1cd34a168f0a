// Command customer is the Go client in one screen: it starts a chat, says one
// thing, prints what is said and leaves.
//
//	go run ./examples/customer --endpoint http://127.0.0.1:8790
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
)

func main() {
	log.SetFlags(0)
	endpoint := flag.String("endpoint", "http://127.0.0.1:8790", "the server's `URL`")
	instance := flag.String("instance", "11111111-1111-4111-8111-111111111111", "the instance's `id`; the demo's by default")
	flow := flag.String("flow", "22222222-2222-4222-8222-222222222222", "the flow's `id`; the demo's by default")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := chat(ctx, *endpoint, *instance, *flow); err != nil {
		log.Fatal(err)
	}
}

func chat(ctx context.Context, endpoint, instance, flow string) error {
	// A server in development mode asks for no credentials. For others, start from
	// client.LoadConfig, which finds them as every AWS tool does.
	c, err := client.New(client.Config{Region: "us-east-1", Endpoint: endpoint})
	if err != nil {
		return err
	}
	session, _, err := c.Start(ctx, c.StartChatContact().
		InstanceID(instance).
		ContactFlowID(flow).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}), client.SessionConfig{})
	if err != nil {
		return err
	}
	defer session.Close()

	asked, heard := false, false
	for item, err := range session.Items(ctx) { // to the end of the chat
		if err != nil {
			return err
		}
		if !item.IsMessage() {
			continue
		}
		fmt.Println(item.Name()+":", item.Text())
		switch {
		case item.Name() == "Ana":
			heard = true
		case !asked: // the greeting
			asked = true
			_, err = session.Send(ctx, "Hello")
		case heard: // the answer
			err = session.End(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
