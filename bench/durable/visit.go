package durable

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/client"
	"parley.example/parley/internal/center"
)

// visit is one chat while it is played: by one goroutine, so that everything in it has an order.
type visit struct {
	Chat
	player
	flow   flow
	enough <-chan struct{}

	token, bearer string            // of the customer
	bot           string            // connection token of the bot
	before        map[string]string // files as they were before the chat ended
	session       *client.Session

	queues, over atomic.Bool // its customer is connected, so that its flow runs; nobody waits for anything of it any more

	mu    sync.Mutex // guards heard
	heard []Item
}

// patience is how long a visit waits for what has to come by itself, once nobody kills the server
// any more, before it calls it lost.
const patience = 3 * time.Minute

// play is a chat from its start to its end, or to where it is left open.
func (v *visit) play(ctx context.Context) {
	v.Says, v.Streamed = v.flow.says, -1
	v.Set, v.Unsure, v.Files, v.before = map[string]string{"name": v.name}, map[string]string{}, map[string]string{}, map[string]string{}
	if !v.start(ctx) {
		return
	}
	v.load.mu.Lock()
	v.load.chats = append(v.load.chats, v)
	v.load.mu.Unlock()
	streams, bots := v.rand.IntN(2) == 0, v.rand.IntN(2) == 0 && !v.flow.ends()
	if v.rand.IntN(2) == 0 {
		v.listen(ctx)
	}
	for n := 5 + v.rand.IntN(40); n > 0 && ctx.Err() == nil; n-- {
		switch {
		case streams && v.rand.IntN(4) == 0:
			streams = false
			v.stream(ctx)
		case bots && v.rand.IntN(4) == 0:
			bots = false
			v.invite(ctx)
		default:
			v.act(ctx)
		}
		select {
		case <-v.enough:
			n = 0
		case <-ctx.Done():
		case <-time.After(time.Duration(v.rand.IntN(30)) * time.Millisecond):
		}
	}
	v.end(ctx)
	// Whoever has to reconnect waits longer each time, and may meet a server that is just being killed.
	v.load.settling.Go(func() {
		if v.flow.ends() {
			v.awaitEnd(ctx)
		}
		v.settle(ctx)
		v.over.Store(true)
	})
}

// need makes a call that has to succeed sooner or later; a chat that its flow has ended may refuse it.
func (v *visit) need(ctx context.Context, what string, call func(context.Context) error) bool {
	fate, err := v.attempt(ctx, false, call)
	if fate != Acknowledged && ctx.Err() == nil && !v.flow.ends() {
		v.load.fault("chat %s: %s: %v", v.Contact, what, err)
	}
	return fate == Acknowledged
}

// start starts the chat, now and then twice under one ClientToken, and connects its customer.
func (v *visit) start(ctx context.Context) bool {
	call := v.load.client.StartChatContact().InstanceID(v.load.instance).ContactFlowID(v.flow.id).ClientToken(center.NewUUID()).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: v.name}).SetAttributes(map[string]string{"name": v.name})
	for again := range 2 {
		_, err := v.attempt(ctx, false, func(ctx context.Context) error {
			out, err := call.Send(ctx)
			if err != nil {
				return err
			}
			if v.Contact != "" && v.Contact != *out.ContactId {
				v.load.fault("a start was answered with chat %s and, when it was repeated, with %s", v.Contact, *out.ContactId)
			}
			v.Contact, v.token = *out.ContactId, *out.ParticipantToken
			return nil
		})
		if err != nil {
			if ctx.Err() == nil {
				v.load.fault("start: %v", err)
			}
			return false
		}
		if again == 0 && v.rand.IntN(4) > 0 {
			break
		}
	}
	v.load.mu.Lock()
	v.load.begun = append(v.load.begun, v)
	v.load.mu.Unlock()
	if v.bearer = v.dial(ctx, v.token); v.bearer != "" {
		v.queues.Store(v.flow.staffed)
		v.Joined = append(v.Joined, "CUSTOMER")
	}
	return v.bearer != ""
}

// dial connects a participant and returns its connection token.
func (v *visit) dial(ctx context.Context, token string) (bearer string) {
	v.need(ctx, "CreateParticipantConnection", func(ctx context.Context) error {
		out, err := v.load.client.Participant.CreateParticipantConnection().ParticipantToken(token).ConnectParticipant(true).
			Type(participant.ConnectionTypeCONNECTION_CREDENTIALS).Send(ctx)
		if err == nil {
			bearer = *out.ConnectionCredentials.ConnectionToken
		}
		return err
	})
	return bearer
}

// listen has a session receive the chat by a socket.
func (v *visit) listen(ctx context.Context) {
	v.need(ctx, "Join", func(ctx context.Context) (err error) {
		v.session, err = v.load.client.Join(ctx, client.SessionConfig{Token: v.token, OnItem: func(it *client.Item) {
			if it.Stored() {
				v.mu.Lock()
				defer v.mu.Unlock()
				v.heard = append(v.heard, flatten(&it.Item))
			}
		}})
		return err
	})
	v.Listened = v.session != nil
}

// stream has the server deliver the chat to the webhook.
func (v *visit) stream(ctx context.Context) {
	call := v.load.client.StartContactStreaming().InstanceID(v.load.instance).ContactID(v.Contact).ClientToken(center.NewUUID()).
		ChatStreamingConfiguration(connect.ChatStreamingConfiguration{StreamingEndpointArn: Topic})
	fate, err := v.attempt(ctx, false, func(ctx context.Context) error { _, err := call.Send(ctx); return err })
	switch {
	case fate == Acknowledged:
		v.Streamed = len(v.Deeds)
	case v.flow.ends(): // it has ended meanwhile
		v.MayStream = fate == Unknown
	case ctx.Err() == nil:
		v.load.fault("chat %s: StartContactStreaming: %v", v.Contact, err)
	}
}

// invite adds a bot.
func (v *visit) invite(ctx context.Context) {
	var token string
	call := v.load.client.CreateParticipant().InstanceID(v.load.instance).ContactID(v.Contact).ClientToken(center.NewUUID()).
		ParticipantDetails(connect.ParticipantDetailsToAdd{ParticipantRole: connect.ParticipantRoleCUSTOM_BOT, DisplayName: new("Robo")})
	if v.need(ctx, "CreateParticipant", func(ctx context.Context) error {
		out, err := call.Send(ctx)
		if err == nil {
			token = *out.ParticipantCredentials.ParticipantToken
		}
		return err
	}) {
		if v.bot = v.dial(ctx, token); v.bot != "" {
			v.Joined = append(v.Joined, "CUSTOM_BOT")
		}
	}
}

// act is one of the things that participants do.
func (v *visit) act(ctx context.Context) {
	switch n := v.rand.IntN(100); {
	case n < 25 && v.bot != "":
		i := v.say(ctx, "CUSTOM_BOT", v.bot)
		if d := &v.Deeds[i]; d.Fate == Acknowledged {
			d.Read = v.event(ctx, "message.read", `{"messageId":"`+d.ID+`"}`)
		}
	case n < 32:
		v.event(ctx, "typing", "")
	case n < 42:
		v.attribute(ctx)
	case n < 50 && !v.flow.ends():
		v.attach(ctx)
	case n < 56 && v.flow.staffed:
		v.route(ctx)
	default:
		v.say(ctx, "CUSTOMER", v.bearer)
	}
}

// say sends a message and returns which deed it is.
func (v *visit) say(ctx context.Context, role, bearer string) int {
	v.Deeds = append(v.Deeds, v.player.say(ctx, v.Contact, role, bearer))
	return len(v.Deeds) - 1
}

// event sends an event of the customer's and reports whether it was acknowledged.
func (v *visit) event(ctx context.Context, name, content string) bool {
	call := v.load.client.Participant.SendEvent().ConnectionToken(v.bearer).ContentType("application/vnd.amazonaws.connect.event." + name)
	if content != "" {
		call = call.Content(content)
	}
	fate, _ := v.attempt(ctx, true, func(ctx context.Context) error { _, err := call.Send(ctx); return err })
	return fate == Acknowledged
}

// route changes how the chat is routed, if it waits: its priority, or who is to have it.
func (v *visit) route(ctx context.Context) {
	call := func(ctx context.Context) error {
		_, err := v.load.client.UpdateContactRoutingData().InstanceID(v.load.instance).ContactID(v.Contact).QueuePriority(int64(1 + v.rand.IntN(9))).Send(ctx)
		return err
	}
	if user := v.load.floor.agents[v.rand.IntN(len(v.load.floor.agents))].user; v.rand.IntN(2) == 0 {
		call = func(ctx context.Context) error {
			_, err := v.load.client.AssociateContactWithUser().InstanceID(v.load.instance).ContactID(v.Contact).UserID(user).Send(ctx)
			return err
		}
	}
	v.attempt(ctx, true, call) // somebody else may have it, and has no slot
}

// attribute sets one of a few attributes to something new.
func (v *visit) attribute(ctx context.Context) {
	v.said++
	key, value := fmt.Sprintf("key%d", v.rand.IntN(3)), fmt.Sprint(v.said)
	call := v.load.client.UpdateContactAttributes().InstanceID(v.load.instance).InitialContactID(v.Contact).SetAttributes(map[string]string{key: value})
	switch fate, _ := v.attempt(ctx, false, func(ctx context.Context) error { _, err := call.Send(ctx); return err }); fate {
	case Acknowledged:
		v.Set[key] = value
		delete(v.Unsure, key)
	case Unknown:
		v.Unsure[key] = value
	}
}

// attach announces a file, uploads it and completes it.
func (v *visit) attach(ctx context.Context) {
	v.said++
	text := strings.Repeat(fmt.Sprintf("%s file %d\n", v.name, v.said), 1+v.rand.IntN(2000))
	var up *participant.StartAttachmentUploadResponse
	call := v.load.client.Participant.StartAttachmentUpload().ConnectionToken(v.bearer).ClientToken(center.NewUUID()).
		AttachmentName("notes.txt").ContentType("text/plain").AttachmentSizeInBytes(int64(len(text)))
	if !v.need(ctx, "StartAttachmentUpload", func(ctx context.Context) (err error) { up, err = call.Send(ctx); return err }) ||
		!v.need(ctx, "the upload", func(ctx context.Context) error { return put(ctx, up.UploadMetadata, text) }) {
		return
	}
	id := *up.AttachmentId
	complete := v.load.client.Participant.CompleteAttachmentUpload().ConnectionToken(v.bearer).ClientToken(center.NewUUID()).AttachmentID(id)
	fate, err := v.attempt(ctx, true, func(ctx context.Context) error { _, err := complete.Send(ctx); return err })
	if fate == Refused {
		v.load.fault("chat %s: CompleteAttachmentUpload: %v", v.Contact, err)
	}
	if fate == Acknowledged {
		v.Files[id] = text
	}
	v.Deeds = append(v.Deeds, Deed{Role: "CUSTOMER", Text: id, Fate: fate})
}

// end ends the chat in one of the ways there are, or leaves it open, or to its flow's timer.
func (v *visit) end(ctx context.Context) {
	switch {
	case v.flow.staffed && v.rand.IntN(5) == 0: // the customer has had enough
		v.attempt(ctx, false, func(ctx context.Context) error {
			_, err := v.load.client.Participant.DisconnectParticipant().ConnectionToken(v.bearer).Send(ctx)
			return err
		})
		return
	case v.flow.ends():
		return
	}
	for id := range v.Files { // nobody can fetch them after the end
		var err error
		if v.before[id], err = v.fetch(ctx, id); err != nil && ctx.Err() == nil {
			v.load.fault("chat %s: file %s: %v", v.Contact, id, err)
		}
	}
	call := func(ctx context.Context) error {
		_, err := v.load.client.StopContact().InstanceID(v.load.instance).ContactID(v.Contact).Send(ctx)
		return err
	}
	switch n := v.rand.IntN(10); {
	case n < 3:
		return
	case n < 7 && v.bot == "":
		call = func(ctx context.Context) error {
			_, err := v.load.client.Participant.DisconnectParticipant().ConnectionToken(v.bearer).Send(ctx)
			return err
		}
	}
	// One whose answer was lost is refused when it is repeated: the chat has ended.
	fate, err := v.attempt(ctx, false, call)
	if fate == Refused {
		v.load.fault("chat %s cannot be ended: %v", v.Contact, err)
	}
	v.Ended = fate == Acknowledged || ctx.Err() == nil
}

// awaitEnd waits until the flow's timer, or an agent, has ended the chat.
func (v *visit) awaitEnd(ctx context.Context) {
	v.eventually(ctx, func() bool {
		items, err := v.transcript(ctx)
		v.Ended = err == nil && len(items) > 0 && items[len(items)-1].Text == "ended"
		return v.Ended
	})
	if !v.Ended && ctx.Err() == nil {
		v.load.fault("chat %s: no timer and no agent has ended it", v.Contact)
	}
}

// settle waits until what is in the transcript has come to the socket and the webhook.
func (v *visit) settle(ctx context.Context) {
	var items []Item
	v.eventually(ctx, func() (ok bool) {
		var err error
		items, err = v.transcript(ctx)
		return err == nil && (v.Ended || v.flow.ends() || v.saidAll(items)) // a function may not have answered yet
	})
	last := func(have []Item) bool {
		return len(items) == 0 || len(have) > 0 && have[len(have)-1].ID == items[len(items)-1].ID
	}
	if v.session != nil {
		v.eventually(ctx, func() bool {
			v.mu.Lock()
			defer v.mu.Unlock()
			return last(v.heard)
		})
		v.mu.Lock()
		if !last(v.heard) && ctx.Err() == nil {
			v.load.fault("chat %s: its session has not received everything, and is in state %v: %v", v.Contact, v.session.State(), v.session.Err())
		}
		v.mu.Unlock()
		_ = v.session.Close() // the chat may have ended
	}
	if v.Streamed >= 0 && len(v.Deeds) > v.Streamed || v.Streamed >= 0 && v.Ended {
		v.eventually(ctx, func() bool {
			notes := v.load.Hook.of(v.Contact)
			have := make([]Item, len(notes))
			for i, n := range notes {
				have[i] = n.Item
			}
			return last(have)
		})
	}
}

// saidAll reports whether the flow has said what it says.
func (v *visit) saidAll(items []Item) bool {
	said := 0
	for _, it := range items {
		if it.Role == "SYSTEM" && !it.Event {
			said++
		}
	}
	return said >= len(v.Says)
}

// eventually waits for a condition, for as long as that may take.
func (v *visit) eventually(ctx context.Context, met func() bool) {
	enough, late := v.enough, (<-chan time.Time)(nil)
	for !met() && !v.load.Faulty() {
		select {
		case <-ctx.Done():
			return
		case <-enough:
			enough, late = nil, time.After(patience)
		case <-late:
			return // the check finds what is missing
		case <-time.After(50 * time.Millisecond):
		}
	}
}
