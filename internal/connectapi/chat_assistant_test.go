package connectapi_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow/machine"
)

type assistantRequest = connect.StartAssistantContactRequest

func (h *hall) startAssistant(change ...func(*assistantRequest)) (*connect.StartAssistantContactResponse, error) {
	in := &assistantRequest{InstanceId: h.instance, AiAgent: &connect.AiAgentInput{AiAgentId: aiAgent},
		ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}}
	for _, f := range change {
		f(in)
	}
	return h.StartAssistantContact(h.Context(), in)
}

// assistant begins a chat with the AI agent.
func (h *hall) assistant(change ...func(*assistantRequest)) *connect.StartAssistantContactResponse {
	h.Helper()
	out, err := h.startAssistant(change...)
	if err != nil {
		h.Fatalf("StartAssistantContact: %v", err)
	}
	return out
}

// parrot is an agent that repeats what it is told until that is "bye".
func parrot(ask machine.Ask) (machine.Answer, error) {
	a := machine.Answer{Messages: []machine.BotMessage{{ContentType: center.PlainText, Content: "Polly: " + ask.Text}}, DialogAction: "ElicitIntent"}
	if ask.Text == "bye" {
		a.DialogAction = "Close"
	}
	return a, nil
}

func TestStartAssistantContact(t *testing.T) {
	inHall(t, func(h *hall) {
		var asked []machine.Ask
		h.agent = func(ask machine.Ask) (machine.Answer, error) {
			asked = append(asked, ask)
			return parrot(ask)
		}
		started := h.assistant(func(in *assistantRequest) {
			in.AiAgent.AiAgentId = "arn:aws:wisdom:us-east-1:123456789012:ai-agent/66666666-2222-4333-8444-555555555555/" + aiAgent + ":3"
			in.InitialMessage = &connect.ChatMessage{ContentType: "text/markdown", Content: "*Hello*"}
			in.Attributes = map[string]string{"tier": "gold"}
		})
		id := *started.ContactId
		if started.ContinuedFromContactId != nil || *started.ParticipantId == "" {
			h.Errorf("the answer is %+v", started)
		}
		synctest.Wait()
		if len(asked) > 0 {
			h.Error("the agent is asked before the customer is there")
		}
		bearer := h.connect(*started.ParticipantToken)
		synctest.Wait()
		h.wantScript(id, "joined CUSTOMER", "*Hello*", "Polly: *Hello*")
		if a := asked[0]; a.Agent != aiAgent+":3" || a.Attributes["tier"] != "gold" || a.Session != id {
			h.Errorf("the agent is asked %+v", a)
		}
		c := h.describe(id)
		if c.WisdomInfo == nil || len(c.WisdomInfo.AiAgents) != 1 || *c.WisdomInfo.AiAgents[0].AiAgentVersionId != aiAgent+":3" ||
			c.WisdomInfo.AiAgents[0].AiUseCase != connect.AiUseCaseSELF_SERVICE || *c.WisdomInfo.AiAgents[0].AiAgentEscalated ||
			c.InitiationMethod != connect.ContactInitiationMethodAPI || c.Attributes["tier"] != "gold" || *c.SegmentAttributes["connect:Subtype"].ValueString != "connect:Chat" {
			h.Errorf("the contact is described as %+v", c)
		}
		h.say(bearer, "bye")
		synctest.Wait()
		h.wantScript(id, "joined CUSTOMER", "*Hello*", "Polly: *Hello*", "bye", "Polly: bye", "left CUSTOMER", "ended ")
		if reason := *h.describe(id).DisconnectReason; reason != "CONTACT_FLOW_DISCONNECT" {
			h.Errorf("the contact ended by %s", reason)
		}

		// What it leaves behind is a chat like any other, for the next one to continue.
		next := h.assistant(func(in *assistantRequest) {
			in.PersistentChat = &connect.PersistentChat{RehydrationType: connect.RehydrationTypeENTIRE_PAST_SESSION, SourceContactId: &id}
		})
		if next.ContinuedFromContactId == nil || *next.ContinuedFromContactId != id {
			h.Errorf("the chat that continues it answers %+v", next)
		}
		h.say(h.connect(*next.ParticipantToken), "again")
		related := h.assistant(func(in *assistantRequest) { in.RelatedContactId = &id })
		if c := h.describe(*related.ContactId); *c.RelatedContactId != id || c.Attributes["tier"] != "gold" {
			h.Errorf("the related contact is described as %+v", c)
		}
	})
}

// TestAssistantShowsChoices: interactive messages of an AI agent reach the customer as
// such, since no member of the request says what the client shows.
func TestAssistantShowsChoices(t *testing.T) {
	inHall(t, func(h *hall) {
		const picker = `{"templateType":"ListPicker","version":"1.0","data":{"content":{"title":"Which?","elements":[{"title":"Roses"}]}}}`
		h.agent = func(ask machine.Ask) (machine.Answer, error) {
			if ask.Text == "Roses" {
				return machine.Answer{DialogAction: "Close", SessionAttributes: map[string]string{"Tool": "Escalate"}}, nil
			}
			return machine.Answer{DialogAction: "ElicitSlot", Messages: []machine.BotMessage{{ContentType: center.Interactive, Content: picker}}}, nil
		}
		started := h.assistant()
		bearer := h.connect(*started.ParticipantToken)
		h.say(bearer, "flowers")
		synctest.Wait()
		out, err := h.part.GetTranscript(h.Context(), &participant.GetTranscriptRequest{ConnectionToken: bearer, SortOrder: participant.SortKeyDESCENDING})
		if err != nil {
			h.Fatal(err)
		}
		if it := out.Transcript[0]; *it.ContentType != center.Interactive || *it.Content != picker || *it.DisplayName != "BOT" {
			h.Errorf("the choice is shown as %s %s", *it.ContentType, *it.Content)
		}
		if _, err := h.part.SendMessage(h.Context(), &participant.SendMessageRequest{ConnectionToken: bearer, ContentType: center.InteractiveResponse, Content: `{"templateType":"ListPicker"}`}); err != nil {
			h.Errorf("the customer cannot answer interactively: %v", err)
		}
		h.say(bearer, "Roses")
		synctest.Wait()
		c := h.describe(*started.ContactId)
		if c.DisconnectTimestamp == nil || !*c.WisdomInfo.AiAgents[0].AiAgentEscalated {
			h.Errorf("an agent that wants a human leaves the contact %+v", c)
		}
	})
}

func TestStartAssistantContactOnce(t *testing.T) {
	inHall(t, func(h *hall) {
		h.agent = parrot
		token := func(in *assistantRequest) { in.ClientToken = new("t1") }
		first, again := h.assistant(token), h.assistant(token)
		if *again.ContactId != *first.ContactId || *again.ParticipantId != *first.ParticipantId {
			h.Errorf("the same ClientToken begins %s and %s", *first.ContactId, *again.ContactId)
		}
		h.connect(*again.ParticipantToken) // is as good
		if chat := h.start(func(in *startRequest) { in.ClientToken = new("t1") }); *chat.ContactId == *first.ContactId {
			h.Error("StartChatContact answers with the chat of an AI agent")
		}
		unconnected := h.assistant()
		enginetest.Pass(5 * time.Minute)
		if reason := *h.describe(*unconnected.ContactId).DisconnectReason; reason != "CUSTOMER_CONNECTION_NOT_ESTABLISHED" {
			h.Errorf("a chat to which nobody connects ends by %s", reason)
		}
	})
}

func TestStartAssistantContactRefuses(t *testing.T) {
	inHall(t, func(h *hall) {
		h.agent = func(machine.Ask) (machine.Answer, error) { return machine.Answer{}, errors.New("away") }
		ended := h.assistant()
		h.say(h.connect(*ended.ParticipantToken), "hi")
		synctest.Wait()
		if reason := *h.describe(*ended.ContactId).DisconnectReason; reason != "SYSTEM_ERROR" {
			h.Errorf("with an agent that cannot be asked the chat ends by %s", reason)
		}
		unknown := "99999999-2222-4333-8444-555555555555"
		for what, c := range map[string]struct {
			change func(*assistantRequest)
			code   string
			status int
		}{
			"an AI agent that no bot is configured for": {func(in *assistantRequest) { in.AiAgent.AiAgentId = unknown }, "ResourceNotFoundException", 404},
			"an id that is no UUID":                     {func(in *assistantRequest) { in.AiAgent.AiAgentId = "parrot" }, "InvalidParameterException", 400},
			"an ARN of another service":                 {func(in *assistantRequest) { in.AiAgent.AiAgentId = "arn:aws:lex:us-east-1:123456789012:bot-alias/B/A" }, "InvalidParameterException", 400},
			"an id in something longer":                 {func(in *assistantRequest) { in.AiAgent.AiAgentId = "x" + aiAgent }, "ResourceNotFoundException", 404},
			"an unknown instance":                       {func(in *assistantRequest) { in.InstanceId = center.NewUUID() }, "ResourceNotFoundException", 404},
			"both relations": {func(in *assistantRequest) {
				in.RelatedContactId = ended.ContactId
				in.PersistentChat = &connect.PersistentChat{RehydrationType: connect.RehydrationTypeFROM_SEGMENT, SourceContactId: ended.ContactId}
			}, "InvalidRequestException", 400},
			"an unknown related contact": {func(in *assistantRequest) { in.RelatedContactId = &unknown }, "ResourceNotFoundException", 404},
			"an attribute with a space":  {func(in *assistantRequest) { in.Attributes = map[string]string{"a b": ""} }, "InvalidParameterException", 400},
			"a message that is no text": {func(in *assistantRequest) {
				in.InitialMessage = &connect.ChatMessage{ContentType: "text/html", Content: "x"}
			}, "InvalidParameterException", 400},
			"no name":                 {func(in *assistantRequest) { in.ParticipantDetails.DisplayName = "" }, "InvalidParameterException", 400},
			"no agent":                {func(in *assistantRequest) { in.AiAgent = nil }, "InvalidParameterException", 400},
			"a name that is too long": {func(in *assistantRequest) { in.ParticipantDetails.DisplayName = strings.Repeat("x", 257) }, "InvalidParameterException", 400},
		} {
			_, err := h.startAssistant(c.change)
			h.refused(what, err, c.code, c.status)
		}
	})
}
