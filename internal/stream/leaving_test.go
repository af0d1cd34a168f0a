package stream

import (
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/socket/sockettest"
	"parley.example/parley/internal/websocket"
)

// An agent who has transferred the chat is told so, alone, and of nothing that follows; so is a supervisor
// who leaves without being seen. Their sockets close; one that is silent again stays.
func TestLastWords(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, h *Hub, _ *chats) {
		customer, agent := subscribedPipe(t, h, customerToken), subscribedPipe(t, h, agentToken)
		silent, gone := subscribedPipe(t, h, "chat-1/SUPERVISOR"), subscribedPipe(t, h, "chat-1/GONE")
		event := func(contentType string, role center.Role, who center.ParticipantID) center.Push {
			p := push("chat-1", contentType)
			p.Item.Type, p.Item.ContentType, p.Item.Role, p.Item.Participant = center.TypeEvent, contentType, role, who
			return p
		}
		succeeded := event(center.EventTransferSucceeded, "", "")
		succeeded.Only = "AGENT"
		publish(h, []center.Push{
			event(center.EventLeft, center.RoleSupervisor, "SUPERVISOR"), event(center.EventLeft, center.RoleAgent, "AGENT"), succeeded,
			{Chat: "chat-1", Gone: "GONE"}, push("chat-1", "next, please"),
		})
		const left, text = "participant.left", "next, please"
		for _, c := range []struct {
			name   string
			socket *sockettest.Client
			want   []string
		}{
			{"the customer", customer, []string{left, left, text}},
			{"the agent", agent, []string{left, left, "transfer.succeeded"}},
			{"a supervisor who is silent again", silent, []string{left, left, text}},
			{"a supervisor who leaves", gone, []string{left, left}},
		} {
			for _, want := range c.want {
				if got := c.socket.Text(); !strings.Contains(got, want) {
					t.Errorf("%s is sent %s; want %s", c.name, got, want)
				}
			}
		}
		for _, c := range []*sockettest.Client{customer, silent} {
			c.Send(heartbeat)
			c.Expect(heartbeat)
			c.Write(sockettest.Frame(websocket.Close, nil))
			c.Next()
		}
		between(t, "the agent's socket closes", agent.ClosedAfter(1000), 10*time.Second, 12*time.Second)
		gone.ExpectClose(1000)
	})
}
