package client_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

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
