// Command awssdk is a whole chat without anything of Parley's: the AWS SDK for Go
// v2 starts it, as a site's back end does, and the customer's side is requests
// that carry a token and are not signed, and a WebSocket. The SDK's
// service/connectparticipant makes the same requests. It is a module of its own. Endpoint, region and
// credentials come from the environment, as for every program that uses the SDK:
//
//	export AWS_ENDPOINT_URL=http://127.0.0.1:8790 AWS_REGION=us-east-1
//	export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any
//	go run .
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/connect"
	"github.com/aws/aws-sdk-go-v2/service/connect/types"
	"github.com/lxzan/gws"
)

func main() {
	log.SetFlags(0)
	instance := flag.String("instance", "11111111-1111-4111-8111-111111111111", "the instance's `id`; the demo's by default")
	flow := flag.String("flow", "22222222-2222-4222-8222-222222222222", "the flow's `id`; the demo's by default")
	flag.Parse()
	if err := chat(context.Background(), *instance, *flow); err != nil {
		log.Fatal(err)
	}
}

func chat(ctx context.Context, instance, flow string) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	if cfg.BaseEndpoint == nil {
		return errors.New("set AWS_ENDPOINT_URL to the address of the server")
	}
	started, err := connect.NewFromConfig(cfg).StartChatContact(ctx, &connect.StartChatContactInput{
		InstanceId: &instance, ContactFlowId: &flow,
		ParticipantDetails: &types.ParticipantDetails{DisplayName: new("Ana")},
	})
	if err != nil {
		return err
	}
	customer := participant{endpoint: *cfg.BaseEndpoint, token: *started.ParticipantToken}
	var connection struct {
		Websocket             struct{ Url string }
		ConnectionCredentials struct{ ConnectionToken string }
	}
	err = customer.call(ctx, "connection", map[string]any{"Type": []string{"WEBSOCKET", "CONNECTION_CREDENTIALS"}}, &connection)
	if err != nil {
		return err
	}
	customer.token = connection.ConnectionCredentials.ConnectionToken // for all that follows
	items, err := listen(connection.Websocket.Url)
	if err != nil {
		return err
	}
	asked, heard := false, false
	for it := range items {
		if it.Type != "MESSAGE" {
			continue
		}
		fmt.Println(it.DisplayName+":", it.Content)
		switch {
		case it.ParticipantRole == "CUSTOMER":
			heard = true
		case !asked: // the greeting
			asked = true
			err = customer.call(ctx, "message", map[string]any{"ContentType": "text/plain", "Content": "Hello"}, nil)
		case heard: // the answer
			err = customer.call(ctx, "disconnect", map[string]any{}, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// participant makes the requests of one participant.
type participant struct{ endpoint, token string }

func (p *participant) call(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.endpoint+"/participant/"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amz-Bearer", p.token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s %s", path, res.Header.Get("X-Amzn-Errortype"), answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// item is what the socket brings; https://docs.aws.amazon.com/connect-participant/latest/APIReference/API_Item.html has its members.
type item struct{ Type, ContentType, DisplayName, ParticipantRole, Content string }

// socket reads the items of a chat.
type socket struct {
	gws.BuiltinEventHandler
	items chan item
}

// listen opens the socket of a connection and subscribes. The channel is closed with the socket.
func listen(url string) (<-chan item, error) {
	s := &socket{items: make(chan item, 100)}
	conn, _, err := gws.NewClient(s, &gws.ClientOption{Addr: url})
	if err != nil {
		return nil, err
	}
	if err := conn.WriteString(`{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}`); err != nil {
		return nil, err
	}
	go func() {
		for range time.Tick(10 * time.Second) { // a socket without heartbeats is closed after a while
			if conn.WriteString(`{"topic":"aws/heartbeat"}`) != nil {
				return
			}
		}
	}()
	go conn.ReadLoop()
	return s.items, nil
}

func (s *socket) OnMessage(conn *gws.Conn, m *gws.Message) {
	defer m.Close()
	var frame struct {
		Topic   string
		Content json.RawMessage
	}
	var text string // an item is JSON in a string
	var it item
	if json.Unmarshal(m.Bytes(), &frame) != nil || frame.Topic != "aws/chat" ||
		json.Unmarshal(frame.Content, &text) != nil || json.Unmarshal([]byte(text), &it) != nil {
		return // an answer to what we sent
	}
	s.items <- it
	if it.ContentType == "application/vnd.amazonaws.connect.event.chat.ended" {
		conn.WriteClose(1000, nil)
	}
}

func (s *socket) OnClose(*gws.Conn, error) { close(s.items) }
