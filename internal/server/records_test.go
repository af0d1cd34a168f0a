package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/erasure"
	"parley.example/parley/internal/integration"
	records "parley.example/parley/internal/recorder"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// heard is one request to a webhook of records, its signature verified.
type heard struct {
	kind, id, key, body string
}

// ear is a webhook that records are sent to.
type ear struct {
	*httptest.Server
	notes  chan heard
	answer func(n int) int // the status for the nth request; 0 breaks the connection
}

func newEar(t *testing.T, answer func(n int) int) *ear {
	e := &ear{notes: make(chan heard, 10_000), answer: answer}
	var mu sync.Mutex
	n := 0
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the server was killed
		}
		if err := client.VerifyWebhook([]byte(scanSecret), r.Header.Get(integration.SignatureHeader), body, time.Now()); err != nil {
			t.Errorf("VerifyWebhook: %v", err)
		}
		mu.Lock()
		n++
		status := e.answer(n)
		mu.Unlock()
		if status == 0 || status == http.StatusOK { // broken off, it has heard all the same
			e.notes <- heard{r.Header.Get(records.KindHeader), r.Header.Get(records.IDHeader), r.Header.Get(records.KeyHeader), string(body)}
		}
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(e.Close)
	return e
}

// well answers everything with success.
func well(int) int { return http.StatusOK }

// history is what was told of contacts, each thing once, in the order in which it was told first.
type history struct {
	ids    map[string]bool
	events map[string][]string
	// kept are the records, the last of each contact, transcripts by their keys.
	kept, transcripts map[string]map[string]any
	twice             int
}

func newHistory() *history {
	return &history{ids: map[string]bool{}, events: map[string][]string{}, kept: map[string]map[string]any{}, transcripts: map[string]map[string]any{}}
}

// hear adds what is told next.
func (h *history) hear(t *testing.T, e *ear) {
	t.Helper()
	var n heard
	select {
	case n = <-e.notes:
	case <-t.Context().Done():
		t.Fatal("nothing more was told")
	}
	if h.ids[n.id] {
		h.twice++
		return
	}
	h.ids[n.id] = true
	var v map[string]any
	if err := json.Unmarshal([]byte(n.body), &v); err != nil {
		t.Fatalf("%s: %v", n.body, err)
	}
	switch n.kind {
	case "contact-events":
		d := v["detail"].(map[string]any)
		id := d["contactId"].(string)
		h.events[id] = append(h.events[id], d["eventType"].(string))
	case "contact-records":
		h.kept[v["ContactId"].(string)] = v
	case "chat-transcripts":
		h.transcripts[n.key] = v
	}
}

// whole reports whether everything was told of a contact.
func (h *history) whole(contact string) bool {
	n := 0
	for _, t := range h.transcripts {
		if t["ContactId"] == contact {
			n++
		}
	}
	return slices.Contains(h.events[contact], "COMPLETED") && h.kept[contact] != nil && n > 0
}

func recording(to, dir string) func(*server.Config) {
	return func(c *server.Config) {
		c.Records, c.StreamSecret, c.Data = map[string]string{"all": to}, scanSecret, dir
	}
}

// TestRecordsOfAChat follows one chat through a webhook that fails at first, breaks connections off, and is slow to recover.
func TestRecordsOfAChat(t *testing.T) {
	statuses := []int{503, 0, 200, 400, 0}
	e := newEar(t, func(n int) int {
		if n <= len(statuses) {
			return statuses[n-1]
		}
		return http.StatusOK
	})
	s := servertest.Start(t, recording(e.URL, ""))
	if _, err := s.Connect.AssociateInstanceStorageConfig(t.Context(), &connect.AssociateInstanceStorageConfigRequest{
		InstanceId: s.Instance(t), ResourceType: "CHAT_TRANSCRIPTS", StorageConfig: &connect.InstanceStorageConfig{
			StorageType: "S3", S3Config: &connect.S3Config{BucketName: "archive", BucketPrefix: "connect/demo/ChatTranscripts"}},
	}); err != nil {
		t.Fatal(err)
	}
	ana := s.Chat(t)
	ana.Send("hello")
	ana.Stop()
	h := newHistory()
	for !h.whole(ana.Contact) {
		s.Clock().Advance(20 * time.Second) // past the back-off of what failed
		h.hear(t, e)
	}
	if got, want := strings.Join(h.events[ana.Contact], " "), "INITIATED CONNECTED_TO_SYSTEM DISCONNECTED COMPLETED"; got != want {
		t.Errorf("events %s; want %s", got, want)
	}
	r := h.kept[ana.Contact]
	location := r["Recording"].(map[string]any)["Location"].(string)
	if !strings.HasPrefix(location, "archive/connect/demo/ChatTranscripts/") {
		t.Errorf("Location = %s", location)
	}
	for key, script := range h.transcripts {
		if key != location {
			t.Errorf("the transcript is at %s; its record says %s", key, location)
		}
		text, err := json.Marshal(script["Transcript"])
		if err != nil || !strings.Contains(string(text), `"Content":"hello"`) {
			t.Errorf("the transcript %s, %v", text, err)
		}
	}
}

// TestRecordsInFiles reads what a server has written into a directory, once it has stopped.
func TestRecordsInFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "records")
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t, recording(dir, ""))
		s.Chat(t).Stop()
		time.Sleep(5 * time.Second) // of the bubble: the outbox looks each second
		s.Stop()
	})
	text, err := os.ReadFile(filepath.Join(dir, "contact-events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for line := range strings.Lines(string(text)) {
		var v struct{ Detail struct{ EventType string } }
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if !slices.Contains(types, v.Detail.EventType) {
			types = append(types, v.Detail.EventType)
		}
	}
	if got, want := strings.Join(types, " "), "INITIATED CONNECTED_TO_SYSTEM DISCONNECTED COMPLETED"; got != want {
		t.Errorf("events %s; want %s", got, want)
	}
	var v struct{ Recording struct{ Location string } }
	text, err = os.ReadFile(filepath.Join(dir, "contact-records.jsonl"))
	if err != nil || json.Unmarshal([]byte(strings.Split(string(text), "\n")[0]), &v) != nil {
		t.Fatalf("%s, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(v.Recording.Location))); err != nil {
		t.Errorf("the transcript of the record: %v", err)
	}
}

// TestErasedContactIsNotTold erases somebody of whom things are still to be told.
func TestErasedContactIsNotTold(t *testing.T) {
	a := newArchive(t, func(c *server.Config) { c.Records = map[string]string{"all": "http://127.0.0.1:1/nobody"} })
	c := a.leave("zqdora")
	a.present("zqdora")
	if r := a.erase(&erasure.EraseRequest{ContactId: c.Contact}); r.Counts["deliveries"] < 6 {
		t.Errorf("the receipt is %+v", r)
	}
	a.gone("zqdora")
}

// TestKilledServerTellsEverything kills a server again and again while chats begin and end: all that was
// answered is told, in order.
func TestKilledServerTellsEverything(t *testing.T) {
	e := newEar(t, well)
	t.Setenv(envRecord, e.URL)
	dir, listen := t.TempDir(), freeAddress(t)
	cfg := restjson.ClientConfig{Endpoint: "http://" + listen, HTTPClient: &http.Client{Timeout: time.Minute}}
	api, customer := connect.NewClient(cfg), participant.NewClient(cfg)
	var ended []string
	for round := range 4 {
		child := startChild(t, dir, listen)
		ctx, stop := context.WithCancel(t.Context())
		var mu sync.Mutex
		var chats sync.WaitGroup
		done := make(chan struct{}, 1000)
		for range 4 {
			chats.Go(func() {
				for ctx.Err() == nil {
					id, err := oneChat(ctx, api, customer)
					if err != nil {
						return // killed meanwhile
					}
					mu.Lock()
					ended = append(ended, id)
					mu.Unlock()
					done <- struct{}{}
				}
			})
		}
		for range 5 + 5*round {
			<-done
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // it was killed: that is its error
		stop()
		chats.Wait()
	}
	startChild(t, dir, listen)
	h := newHistory()
	for _, id := range ended {
		for !h.whole(id) {
			h.hear(t, e)
		}
		// The demo flow sets an attribute.
		if got, want := strings.Join(h.events[id], " "), "INITIATED CONNECTED_TO_SYSTEM CONTACT_DATA_UPDATED DISCONNECTED COMPLETED"; got != want {
			t.Errorf("events of %s: %s; want %s", id, got, want)
		}
	}
	t.Logf("%d chats, %d repetitions", len(ended), h.twice)
}

// oneChat begins a chat, connects and stops it.
func oneChat(ctx context.Context, api *connect.Client, customer *participant.Client) (string, error) {
	chat, err := api.StartChatContact(ctx, &connect.StartChatContactRequest{InstanceId: string(catalog.DemoInstance), ContactFlowId: string(catalog.DemoFlow),
		ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}})
	if err != nil {
		return "", err
	}
	if _, err := customer.CreateParticipantConnection(ctx, &participant.CreateParticipantConnectionRequest{ParticipantToken: *chat.ParticipantToken,
		ConnectParticipant: new(true), Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}}); err != nil {
		return "", err
	}
	if _, err := api.StopContact(ctx, &connect.StopContactRequest{InstanceId: string(catalog.DemoInstance), ContactId: *chat.ContactId}); err != nil {
		return "", fmt.Errorf("stop: %w", err)
	}
	return *chat.ContactId, nil
}
