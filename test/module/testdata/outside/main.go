// A program of somebody else's, which knows Parley as a dependency only: it
// chats with the server at the address, in the instance and with the flow that
// its arguments name.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := chat(ctx, os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func chat(ctx context.Context, endpoint, instance, flow string) error {
	c, err := client.New(client.Config{Region: "us-east-1", Endpoint: endpoint})
	if err != nil {
		return err
	}
	started, err := c.StartChatContact().
		InstanceID(instance).
		ContactFlowID(flow).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).
		Send(ctx)
	if err != nil {
		return err
	}
	session, err := c.Join(ctx, client.SessionConfig{Token: *started.ParticipantToken})
	if err != nil {
		return err
	}
	defer session.Close()
	for item, err := range session.Items(ctx) {
		if err != nil {
			return err
		}
		if item.IsMessage() {
			fmt.Printf("%s: %s\n", item.Name(), item.Text())
		}
		switch item.Text() {
		case "Hello":
			_, err = session.Send(ctx, "Good morning")
		case "Good morning":
			err = session.End(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
