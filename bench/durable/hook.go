package durable

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"parley.example/parley/client"
)

// Topic is what chats stream to, and Secret what signs the deliveries: settings of the server.
const (
	Topic  = "arn:aws:sns:us-east-1:123456789012:durable"
	Secret = "a secret of the webhook"
)

// Hook is a webhook that now and then fails, or breaks the connection when it has taken a delivery.
type Hook struct {
	URL string
	// Seen, when set before the first delivery, is called with the chat of each. It must be quick.
	Seen func(contact string)

	server   http.Server
	mu       sync.Mutex // guards what follows
	notes    map[string][]Note
	ids      map[string]bool
	repeated int
	faults   []string
}

// NewHook opens a webhook on loopback.
func NewHook() (*Hook, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &Hook{URL: "http://" + l.Addr().String(), notes: map[string][]Note{}, ids: map[string]bool{}}
	h.server = http.Server{Handler: http.HandlerFunc(h.take)}
	go h.server.Serve(l) // ends with Close
	return h, nil
}

// Close closes the webhook.
func (h *Hook) Close() error { return h.server.Close() }

func (h *Hook) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return // the server was killed meanwhile
	}
	var in struct {
		MessageID         string `json:"MessageId"`
		Message           string
		MessageAttributes map[string]struct{ Value string }
	}
	var it *client.Item
	err = client.VerifyWebhook([]byte(Secret), r.Header.Get(client.SignatureHeader), body, time.Now())
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err == nil {
		it, err = client.ParseItem([]byte(in.Message))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.faults = append(h.faults, "the webhook has received "+string(body)+": "+err.Error())
		return
	}
	luck := rand.IntN(200)
	if luck == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if !it.Stored() {
		return // typing and the like
	}
	contact := in.MessageAttributes["InitialContactId"].Value
	if h.Seen != nil {
		h.Seen(contact)
	}
	h.notes[contact] = append(h.notes[contact], Note{in.MessageID, flatten(&it.Item)})
	if h.ids[in.MessageID] {
		h.repeated++
	}
	h.ids[in.MessageID] = true
	if luck == 1 {
		panic(http.ErrAbortHandler) // the answer is lost
	}
}

// of returns what was delivered of a chat.
func (h *Hook) of(contact string) []Note {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.notes[contact])
}

func (h *Hook) counts() (notes, repeated int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.notes {
		notes += len(n)
	}
	return notes, h.repeated
}

// wrong returns a line for each delivery that is none.
func (h *Hook) wrong() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.faults)
}
