package participantapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/server/servertest"
)

// word is a frame in short: its topic, or of an item its text or the last part
// of its content type.
func word(text string) string {
	var frame struct{ Topic, Content any }
	if json.Unmarshal([]byte(text), &frame) != nil {
		return text
	}
	item, _ := frame.Content.(string)
	var it struct{ Content, ContentType string }
	if json.Unmarshal([]byte(item), &it) != nil {
		return fmt.Sprint(frame.Topic)
	}
	if it.Content != "" {
		return it.Content
	}
	return it.ContentType[strings.LastIndexByte(it.ContentType, '.')+1:]
}

// received checks what a socket has received since it was last asked, in
// words, and returns the frames.
func received(t *testing.T, s *servertest.Socket, want ...string) []string {
	t.Helper()
	synctest.Wait()
	frames := s.Received()
	words := make([]string, len(frames))
	for i, f := range frames {
		words[i] = word(f)
	}
	if !slices.Equal(words, want) {
		t.Fatalf("the socket has received %q; want %q", words, want)
	}
	return frames
}

// subscribed opens a socket of a chat's participant and subscribes; what it
// receives by that is checked by the caller.
func subscribed(c *servertest.Chat) *servertest.Socket {
	s := c.Open()
	s.Write(servertest.Subscribe)
	synctest.Wait()
	return s
}

// begin starts a chat whose customer has credentials and has not connected.
func begin(t *testing.T, s *servertest.Server) *servertest.Chat {
	t.Helper()
	c := s.Begin(t)
	c.Credentials()
	return c
}

func TestSubscribingStartsTheFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t)
		ana := begin(t, s)
		connected := func() *time.Time {
			t.Helper()
			out, err := s.Connect.DescribeContact(t.Context(), &connect.DescribeContactRequest{InstanceId: s.Instance(t), ContactId: ana.Contact})
			if err != nil {
				t.Fatalf("DescribeContact: %v", err)
			}
			return out.Contact.ConnectedToSystemTimestamp
		}
		one := ana.Open()
		enginetest.Pass(time.Minute)
		one.Write(`{"topic":"aws/ping"}`)
		one.Write(`{"topic":"aws/heartbeat"}`)
		received(t, one, "aws/ping", "aws/heartbeat")
		if at := connected(); at != nil { // a socket that only listens to itself begins nothing
			t.Errorf("ConnectedToSystemTimestamp = %s before the subscription", at)
		}
		one.Write(servertest.Subscribe)
		received(t, one, "aws/subscribe", "joined", "Hello")
		if connected() == nil {
			t.Error("ConnectedToSystemTimestamp is not set by the subscription")
		}
	})
}

func TestAllSocketsReceiveEverythingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t)
		ana := begin(t, s)
		one, two := subscribed(ana), subscribed(ana)
		id := ana.Send("to all of mine")
		received(t, one, "aws/subscribe", "joined", "Hello", "to all of mine")
		frames := received(t, two, "aws/subscribe", "to all of mine")
		// The content of a data frame is a string that holds JSON.
		var frame struct{ Topic, ContentType, Content string }
		if err := json.Unmarshal([]byte(frames[1]), &frame); err != nil || frame.Topic != "aws/chat" || frame.ContentType != "application/json" ||
			!strings.Contains(frame.Content, `"Id":"`+id+`"`) {
			t.Errorf("the frame is %s (%v); want the item as text with the Id %s", frames[1], err, id)
		}
		// Whoever leaves receives the end; the sockets close after a while.
		if _, err := s.Participant.DisconnectParticipant(t.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: ana.Bearer}); err != nil {
			t.Fatalf("DisconnectParticipant: %v", err)
		}
		received(t, two, "left", "ended")
		left := time.Now()
		if after := one.ClosedAt().Sub(left); after > time.Minute {
			t.Errorf("the socket closed %s after the end; want a minute at most", after)
		}
	})
}

func TestReceiptReachesTheAuthorsSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t)
		ana := begin(t, s)
		one := subscribed(ana)
		bot := ana.Bot("Botto")
		id := ana.Send("read me")
		if _, err := s.Participant.SendEvent(t.Context(), &participant.SendEventRequest{
			ConnectionToken: bot.Bearer, ContentType: center.EventRead, Content: new(`{"messageId":"` + id + `","disableThrottle":true}`),
			ClientToken: new("INCOMING_READ_RECEIPT"),
		}); err != nil {
			t.Fatalf("SendEvent: %v", err)
		}
		frames := received(t, one, "aws/subscribe", "joined", "Hello", "joined", "read me", "metadata")
		if last := frames[len(frames)-1]; !strings.Contains(last, `\"RecipientParticipantId\":\"`+bot.Participant+`\"`) {
			t.Errorf("the receipt is %s; want its reader in it", last)
		}
	})
}
