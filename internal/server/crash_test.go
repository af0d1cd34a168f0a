package server_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine/enginetest"
)

// kills is how often the crash test kills the server.
const kills = 50

// TestKilledServerLosesNothing kills a server under load fifty times at
// random moments. Every acknowledged message is in its transcript once and in
// order, nothing else is, and every chat goes on.
func TestKilledServerLosesNothing(t *testing.T) {
	dir := t.TempDir()
	listen := freeAddress(t)
	endpoint := "http://" + listen
	child := startChild(t, dir, listen)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	cfg := restjson.ClientConfig{Endpoint: endpoint, HTTPClient: &http.Client{Timeout: 5 * time.Second}}
	flow, err := connect.NewClient(cfg).CreateContactFlow(ctx, &connect.CreateContactFlowRequest{
		InstanceId: catalog.DemoInstance, Name: "Quiet", Type: connect.ContactFlowTypeCONTACT_FLOW, Content: enginetest.Greet})
	if err != nil {
		t.Fatalf("CreateContactFlow: %v", err)
	}
	var acked atomic.Int64
	var mu sync.Mutex
	var chats []*crashChat
	var load sync.WaitGroup
	for n := range 8 {
		load.Go(func() {
			for ctx.Err() == nil { // a new chat now and then: starting is under fire too
				c := &crashChat{connect: connect.NewClient(cfg), api: participant.NewClient(cfg), name: fmt.Sprintf("w%d", n), flow: *flow.ContactFlowId}
				if !c.start(ctx) {
					return
				}
				mu.Lock()
				chats = append(chats, c)
				mu.Unlock()
				for range 40 {
					if !c.say(ctx) {
						return
					}
					acked.Add(1)
				}
			}
		})
	}
	for n := range kills {
		pause := time.NewTimer(time.Duration(20+rand.IntN(130)) * time.Millisecond)
		<-pause.C
		// A busy machine acknowledges little in that time. It may be killed all the same,
		// as long as there is a message for each kill.
		for acked.Load() <= int64(n) {
			time.Sleep(time.Millisecond)
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatalf("kill: %v", err)
		}
		_ = child.Wait() // it was killed: that is its error
		child = startChild(t, dir, listen)
	}
	stop()
	load.Wait()
	t.Logf("%d messages in %d chats over %d kills", acked.Load(), len(chats), kills)
	for _, c := range chats {
		if err := c.check(t.Context()); err != nil {
			t.Errorf("chat %s: %v", c.contact, err)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	_ = child.Wait()
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startChild starts this binary as a server and returns when it answers.
func startChild(t *testing.T, dir, listen string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envData+"="+dir, envListen+"="+listen)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // most have been killed before
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http://") {
		t.Fatalf("the server printed %q, %v; want its URL", line, err)
	}
	return cmd
}

// crashChat is one customer who writes numbered messages and repeats each,
// under the same ClientToken, until it is acknowledged.
type crashChat struct {
	connect *connect.Client
	api     *participant.Client
	name    string
	flow    string
	contact string
	token   string // participant token
	bearer  string
	acked   int
}

// until repeats f until it succeeds. It reports false when ctx ended first.
func until(ctx context.Context, f func(context.Context) error) bool {
	for ctx.Err() == nil {
		if f(ctx) == nil {
			return true
		}
		pause := time.NewTimer(5 * time.Millisecond)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
	return false
}

func (c *crashChat) start(ctx context.Context) bool {
	clientToken := center.NewUUID()
	return until(ctx, func(ctx context.Context) error {
		out, err := c.connect.StartChatContact(ctx, &connect.StartChatContactRequest{
			InstanceId: catalog.DemoInstance, ContactFlowId: c.flow, ClientToken: &clientToken,
			ParticipantDetails: &connect.ParticipantDetails{DisplayName: c.name}})
		if err != nil {
			return err
		}
		c.contact, c.token = *out.ContactId, *out.ParticipantToken
		return nil
	}) && until(ctx, c.dial)
}

func (c *crashChat) dial(ctx context.Context) error {
	out, err := c.api.CreateParticipantConnection(ctx, &participant.CreateParticipantConnectionRequest{
		ParticipantToken: c.token, ConnectParticipant: new(true),
		Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}})
	if err == nil {
		c.bearer = *out.ConnectionCredentials.ConnectionToken
	}
	return err
}

// say sends the next message. It reports false when ctx is over.
func (c *crashChat) say(ctx context.Context) bool {
	token := center.NewUUID()
	ok := until(ctx, func(ctx context.Context) error {
		_, err := c.api.SendMessage(ctx, &participant.SendMessageRequest{
			ConnectionToken: c.bearer, ContentType: "text/plain", Content: fmt.Sprintf("m%d", c.acked+1), ClientToken: &token})
		return err
	})
	if ok {
		c.acked++
	}
	return ok
}

// check reads the whole transcript: m1, m2, m3 … each once and in order. The
// last one may be there without having been acknowledged.
func (c *crashChat) check(ctx context.Context) error {
	var said []string
	in := &participant.GetTranscriptRequest{ConnectionToken: c.bearer, MaxResults: new(int32(100)),
		ScanDirection: participant.ScanDirectionFORWARD, SortOrder: participant.SortKeyASCENDING,
		StartPosition: &participant.StartPosition{AbsoluteTime: new("2000-01-01T00:00:00.000Z")}}
	for {
		out, err := c.api.GetTranscript(ctx, in)
		if err != nil {
			return err
		}
		for _, it := range out.Transcript {
			if it.ParticipantRole == participant.ParticipantRoleCUSTOMER && it.Type == participant.ChatItemTypeMESSAGE {
				said = append(said, *it.Content)
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	for i, text := range said {
		if want := fmt.Sprintf("m%d", i+1); text != want {
			return fmt.Errorf("message %d is %q; want %q", i+1, text, want)
		}
	}
	if len(said) != c.acked && len(said) != c.acked+1 {
		return fmt.Errorf("%d messages; %d were acknowledged", len(said), c.acked)
	}
	if _, err := c.api.DisconnectParticipant(ctx, &participant.DisconnectParticipantRequest{ConnectionToken: c.bearer}); err != nil {
		return fmt.Errorf("the chat is stuck: %w", err)
	}
	return nil
}
