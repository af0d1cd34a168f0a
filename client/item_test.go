package client_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/client"
)

func TestParseItem(t *testing.T) {
	i, err := client.ParseItem([]byte(`{"AbsoluteTime":"2026-01-05T09:15:02.117Z","Content":"Hello","ContentType":"text/plain","Id":"i-1",
		"Type":"MESSAGE","ParticipantId":"p-1","DisplayName":"Ana","ParticipantRole":"AGENT","InitialContactId":"c-1","ContactId":"c-2","New":{"x":[1]}}`))
	if err != nil || i.ID() != "i-1" || i.Name() != "Ana" || i.Text() != "Hello" || !i.IsMessage() || i.Event() != "" || i.InitialContactID != "c-1" || *i.ContactId != "c-2" || i.Chunk != 0 {
		t.Errorf("%+v, %v", i, err)
	}
	i, err = client.ParseItem([]byte(`{"Type":"EVENT","ContentType":"application/vnd.amazonaws.connect.event.participant.idle"}`))
	if err != nil || i.Event() != client.EventIdle || i.IsMessage() || i.Text() != "" {
		t.Errorf("%+v, %v", i, err)
	}
	for text, chunk := range map[string]int{
		`{"Type":"MESSAGE","Id":"i","MessageMetadata":{"MessageId":"i","MessageCompleted":false,"ChunkNumber":3}}`: 3,
		`{"Type":"MESSAGE","Id":"i","MessageMetadata":{"MessageCompleted":false}}`:                                 1,
		`{"Type":"MESSAGE","Id":"i","MessageMetadata":{"MessageCompleted":true,"ChunkNumber":4}}`:                  0,
	} {
		if i, err := client.ParseItem([]byte(text)); err != nil || i.Chunk != chunk {
			t.Errorf("%s: chunk %d, %v; want %d", text, i.Chunk, err, chunk)
		}
	}
	for _, bad := range []string{"", "[]", `{"Content":1}`} {
		if i, err := client.ParseItem([]byte(bad)); err == nil {
			t.Errorf("%s was read as %+v", bad, i)
		}
	}
}

// TestWindow hands each item on once: repeated at once, after many others, and in pieces.
func TestWindow(t *testing.T) {
	at := func(n int) string { return time.Unix(int64(n+1), 0).UTC().Format("2006-01-02T15:04:05.000Z") }
	w := client.NewWindow()
	item := func(id, at string, chunk int) *client.Item {
		i := &client.Item{Chunk: chunk}
		i.Id, i.AbsoluteTime = &id, &at
		return i
	}
	for n := range 1000 {
		for again := range 3 {
			if got := w.First(item(fmt.Sprint(n), at(n), 0)); got != (again == 0) {
				t.Fatalf("item %d the %d. time: %v", n, again+1, got)
			}
		}
		if old := n - 300; old >= 0 && w.First(item(fmt.Sprint(old), at(old), 0)) {
			t.Fatalf("item %d came again long after", old)
		}
	}
	for range 2 {
		if !w.First(&client.Item{}) {
			t.Error("items without an id are all different")
		}
	}
	got := []bool{
		w.First(item("s", at(2000), 1)), w.First(item("s", at(2000), 2)), w.First(item("s", at(2000), 2)),
		w.First(item("s", at(2000), 0)), w.First(item("s", at(2000), 3)), w.First(item("s", at(2000), 0)),
	}
	if !slices.Equal(got, []bool{true, true, false, true, false, false}) {
		t.Errorf("a message in pieces: %v", got)
	}
	w.Widen()
	for n := range 3000 {
		if !w.First(item(fmt.Sprint("w", n), at(5000), 0)) { // all at one time, as in a burst
			t.Fatalf("item %d of a transcript", n)
		}
	}
	for n := range 3000 {
		if w.First(item(fmt.Sprint("w", n), at(5000), 0)) {
			t.Fatalf("item %d of a transcript came again", n)
		}
	}
	w.Narrow()
	if n := w.Len(); n != 256 {
		t.Errorf("%d items are remembered", n)
	}
}

// TestInteractive reads what a flow asks and answers it in each way.
func TestInteractive(t *testing.T) {
	i := &client.Item{}
	i.ContentType, i.Content = new(client.InteractiveMessage), new(`{"templateType":"ListPicker","version":"1.0","data":{"content":{
		"title":"Where?","listId":"l","nextIndex":2,"referenceId":"r","elements":[{"title":"Here","subtitle":"near"},{"title":"There"}]},"replyMessage":{"title":"Thanks"}}}`)
	m, ok := i.Interactive()
	if !ok || m.TemplateType != client.ListPicker || m.Data.Content.Title != "Where?" || len(m.Data.Content.Elements) != 2 || m.Data.ReplyMessage.Title != "Thanks" {
		t.Fatalf("%+v, %v", m, ok)
	}
	if _, ok := (&client.Item{}).Interactive(); ok {
		t.Error("any item is interactive")
	}
	onStage(t, func(t *testing.T, s *stage) {
		token, _ := s.chat()
		session := s.join(client.SessionConfig{Token: token})
		defer session.Close()
		synctest.Wait()
		list := m.Data.Content.Elements[0]
		list.TemplateIdentifier = "t-1"
		for name, send := range map[string]func() (client.Sent, error){
			"Choose":             func() (client.Sent, error) { return session.Choose(t.Context(), "Here", nil) },
			"Choose in Carousel": func() (client.Sent, error) { return session.Choose(t.Context(), "Here", &list) },
			"Respond": func() (client.Sent, error) {
				return session.Respond(t.Context(), "Submit", map[string]any{"name": "Ana"})
			},
			"More": func() (client.Sent, error) { return session.More(t.Context(), m, "SHOW_MORE") },
		} {
			sent, err := send()
			if err != nil && !strings.Contains(err.Error(), "SupportedMessagingContentTypes") {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if err != nil {
				continue // this chat takes text only
			}
			for item, err := range session.Items(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if item.ID() == sent.ID {
					if name == "Choose in Carousel" {
						var got map[string]string
						if err := json.Unmarshal([]byte(item.Text()), &got); err != nil || !reflect.DeepEqual(got, map[string]string{"templateIdentifier": "t-1", "listTitle": "Here", "selectionText": "Here"}) {
							t.Errorf("said %s", item.Text())
						}
					} else if item.Text() != "Here" {
						t.Errorf("said %s", item.Text())
					}
					break
				}
			}
		}
	})
}
