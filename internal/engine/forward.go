package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// Where a message is decided: at the home of its chat, whichever node it came to. There messages follow each other in
// memory and share commits; decided at several nodes, all but one of those that are made at a time would be refused by the store,
// and decided again from what it has then. All other commands are decided where they come, since they are few.
//
// A home only saves work. A node that hears nothing from it decides itself: the version of the chat says which of
// two decisions counts, and the ClientToken, which each message on its way to another node has, that they are of one message.

// Peers reach the engines of other nodes.
type Peers interface {
	// Home names the node at which the messages of a chat are decided as long as it is there; "" when that is not known.
	Home(chat center.ContactID) string
	// Ask has another node's [Homes.Answer] answer a request. An error other than [ErrDeclined] does not say whether it has.
	Ask(ctx context.Context, node string, request []byte) ([]byte, error)
}

// ErrDeclined: a node is there, and has not taken a request.
var ErrDeclined = errors.New("the node has not taken the request")

const (
	// askTime is how long a home is waited for: it commits in a few milliseconds.
	askTime = time.Second
	// distrust is for how long one that has not answered is not asked again. By then it has lost its lease, or is back.
	distrust = 5 * time.Second
)

// Homes has messages decided at the homes of their chats.
type Homes struct {
	engine *Engine
	mu     sync.Mutex           // guards silent
	silent map[string]time.Time // since when nodes have not answered, by the monotonic clock
}

// trusted reports whether a node is worth asking.
func (h *Homes) trusted(node string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	since, silent := h.silent[node]
	if silent && time.Since(since) > distrust {
		delete(h.silent, node)
		silent = false
	}
	return !silent
}

func (h *Homes) distrust(node string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.silent == nil {
		h.silent = map[string]time.Time{}
	}
	h.silent[node] = time.Now()
}

// sent is a message on its way to the home of its chat. Members that a node does not know it ignores, so that releases can be
// next to each other.
type sent struct {
	Chat        center.ContactID     `json:"c"`
	Participant center.ParticipantID `json:"p"`
	ContentType string               `json:"t"`
	Content     string               `json:"x"`
	ClientToken string               `json:"k"`
}

// outcome is what became of it.
type outcome struct {
	contact.Reply
	Processing bool          `json:"processing,omitempty"`
	Reason     center.Reason `json:"reason,omitempty"` // with Refused
	Refused    string        `json:"refused,omitempty"`
}

// send decides a message at the home of its chat.
func (h *Homes) send(ctx context.Context, chat center.ContactID, s contact.Send) (contact.Reply, error) {
	e := h.engine
	home := e.Peers.Home(chat)
	if home == "" || home == e.Node || !h.trusted(home) {
		return e.do(ctx, chat, s)
	}
	if s.ClientToken == "" {
		s.ClientToken = center.NewUUID()
	}
	request, err := json.Marshal(sent{chat, s.Participant, s.ContentType, s.Content, s.ClientToken})
	if err != nil {
		return contact.Reply{}, fmt.Errorf("encode a message: %w", err)
	}
	asking, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	answer, err := e.Peers.Ask(asking, home, request)
	if err == nil {
		var o outcome
		if err = json.Unmarshal(answer, &o); err == nil {
			return o.reply()
		}
	}
	if ctx.Err() != nil {
		return contact.Reply{}, ctx.Err()
	}
	e.Log.Info("the home of a chat has not answered; its message is decided here", "chat", chat, "node", home, "err", err)
	if !errors.Is(err, ErrDeclined) {
		h.distrust(home)
	}
	return e.do(ctx, chat, s)
}

func (o *outcome) reply() (contact.Reply, error) {
	if o.Refused != "" {
		return contact.Reply{}, &center.Error{Reason: o.Reason, Message: o.Refused}
	}
	o.Reply.Processing = o.Processing
	return o.Reply, nil
}

// Answer decides what another node has sent to this one, and returns the answer for it; nil for what is not understood.
func (h *Homes) Answer(ctx context.Context, request []byte) []byte {
	e := h.engine
	var s sent
	if err := json.Unmarshal(request, &s); err != nil || s.Chat == "" {
		e.Log.Warn("another node has asked for something that this one does not know", "err", err)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*askTime) // nobody waits for longer
	defer cancel()
	r, err := e.do(ctx, s.Chat, contact.Send{Participant: s.Participant, ContentType: s.ContentType, Content: s.Content, ClientToken: s.ClientToken})
	o := outcome{Reply: r, Processing: r.Processing}
	if err != nil {
		if center.ReasonOf(err) == center.Internal {
			return nil // the other one tries for itself, and tells what it meets
		}
		o = outcome{Reason: center.ReasonOf(err), Refused: err.Error()}
	}
	answer, err := json.Marshal(&o)
	if err != nil {
		return nil
	}
	return answer
}
