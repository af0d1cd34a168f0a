package connectapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/engine/enginetest"
)

// A function that masks digits and rejects what is rude.
func redact(event []byte) (json.RawMessage, error) {
	var in struct {
		ChatContent struct{ Content, ContentType string }
	}
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, err
	}
	if strings.Contains(in.ChatContent.Content, "damn") {
		return json.RawMessage(`{"status":"REJECTED"}`), nil
	}
	masked := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '*'
		}
		return r
	}, in.ChatContent.Content)
	return json.Marshal(map[string]any{"status": "PROCESSED", "result": map[string]any{
		"processedChatContent": map[string]string{"content": masked, "contentType": in.ChatContent.ContentType}}})
}

func TestMediaProcessing(t *testing.T) {
	const function = "arn:aws:lambda:us-east-1:123456789012:function:redact"
	inHall(t, func(h *hall) {
		h.functions = map[string]func([]byte) (json.RawMessage, error){function: redact}
		id, ana := h.join()
		start := func(arn string, mode connect.ContactMediaProcessingFailureMode) error {
			_, err := h.StartContactMediaProcessing(h.Context(), &connect.StartContactMediaProcessingRequest{
				InstanceId: &h.instance, ContactId: &id, ProcessorArn: &arn, FailureMode: mode})
			return err
		}
		h.refused("a function that is not associated", start(function, ""), "ResourceNotFoundException", 404)
		if _, err := h.AssociateLambdaFunction(h.Context(), &connect.AssociateLambdaFunctionRequest{InstanceId: h.instance, FunctionArn: function}); err != nil {
			t.Fatal(err)
		}
		h.refused("no function", start("", ""), "InvalidParameterException", 400)
		h.refused("a function with an endless name", start(strings.Repeat("f", 1025), ""), "InvalidParameterException", 400)
		_, err := h.StartContactMediaProcessing(h.Context(), &connect.StartContactMediaProcessingRequest{ProcessorArn: new(function), ContactId: &id})
		h.refused("no instance", err, "InvalidParameterException", 400)
		if err := start(function, connect.ContactMediaProcessingFailureModeDO_NOT_DELIVER_UNPROCESSED_MESSAGE); err != nil {
			t.Fatal(err)
		}

		send := func(text string) *participant.SendMessageResponse {
			out, err := h.part.SendMessage(h.Context(), &participant.SendMessageRequest{ConnectionToken: ana, ContentType: "text/plain", Content: text})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		sent := send("my card is 4111")
		if sent.MessageMetadata == nil || sent.MessageMetadata.MessageProcessingStatus != participant.MessageProcessingStatusPROCESSING {
			t.Errorf("SendMessage answers %+v; want PROCESSING", sent.MessageMetadata)
		}
		rude := send("damn 4111")
		enginetest.Pass(0)
		h.wantScript(id, "joined CUSTOMER", "Hello", "my card is ****", "damn 4111")
		shown := func(bearer string) map[string]participant.Item {
			out, err := h.part.GetTranscript(h.Context(), &participant.GetTranscriptRequest{ConnectionToken: bearer, MaxResults: new(int32(100))})
			if err != nil {
				t.Fatal(err)
			}
			items := map[string]participant.Item{}
			for _, it := range out.Transcript {
				items[*it.Id] = it
			}
			return items
		}
		own := shown(ana)
		if it, ok := own[*sent.Id]; !ok || *it.Content != "my card is ****" || it.MessageMetadata != nil || *it.AbsoluteTime != *sent.AbsoluteTime {
			t.Errorf("the sender is shown %+v", it)
		}
		if m := own[*rude.Id].MessageMetadata; m == nil || m.MessageProcessingStatus != participant.MessageProcessingStatusREJECTED || *m.MessageId != *rude.Id {
			t.Errorf("the sender is shown the metadata %+v of the rejected message; want REJECTED", m)
		}
		others := shown(h.bot(id))
		if _, ok := others[*rude.Id]; ok || len(others) != len(own) { // one less, and the bot's joined
			t.Errorf("others are shown %d items, the rejected one: %t", len(others), ok)
		}

		h.functions[function] = nil // it is gone
		lost := send("7")
		enginetest.Pass(0)
		if m := shown(ana)[*lost.Id].MessageMetadata; m == nil || m.MessageProcessingStatus != participant.MessageProcessingStatusFAILED {
			t.Errorf("the sender is shown the metadata %+v of the failed message; want FAILED", m)
		}
		if err := start(function, connect.ContactMediaProcessingFailureModeDELIVER_UNPROCESSED_MESSAGE); err != nil {
			t.Fatal(err)
		}
		kept := send("8")
		enginetest.Pass(0)
		if it := shown(ana)[*kept.Id]; it.Content == nil || *it.Content != "8" || it.MessageMetadata != nil {
			t.Errorf("the sender is shown %+v; want the message as it was", it)
		}
		if _, err := h.StopContactMediaProcessing(h.Context(), &connect.StopContactMediaProcessingRequest{InstanceId: &h.instance, ContactId: &id}); err != nil {
			t.Fatal(err)
		}
		if plain := send("9"); plain.MessageMetadata != nil {
			t.Errorf("after the stop SendMessage answers %+v", plain.MessageMetadata)
		}
		h.leave(ana)
		h.refused("after the end", start(function, ""), "InvalidRequestException", 400)
	})
}
