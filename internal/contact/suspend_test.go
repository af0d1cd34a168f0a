package contact

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// all are the content types of a client that supports interactive messages.
var all = []string{center.PlainText, center.Interactive, center.InteractiveResponse}

// answer delivers the outcome of the only pending effect.
func (p *chatTest) answer(v any) {
	p.t.Helper()
	if len(p.chat.Effects) != 1 {
		p.t.Fatalf("%d effects are under way; want one", len(p.chat.Effects))
	}
	done := EffectDone{ID: p.chat.Effects[0].ID}
	switch v := v.(type) {
	case error:
		done.Err = v.Error()
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			p.t.Fatal(err)
		}
		done.Answer = raw
	}
	p.do(done)
}

// ask returns what the bot is asked now.
func (p *chatTest) ask() machine.Ask {
	p.t.Helper()
	if len(p.chat.Effects) != 1 || p.chat.Effects[0].Ask == nil {
		p.t.Fatalf("effects %+v; want one question", p.chat.Effects)
	}
	return *p.chat.Effects[0].Ask
}

func botSays(texts ...string) (all []machine.BotMessage) {
	for _, text := range texts {
		all = append(all, machine.BotMessage{ContentType: center.PlainText, Content: text})
	}
	return all
}

func TestTalkingToABot(t *testing.T) {
	bot := step("ConnectParticipantWithLexBot", `"Text":"How can I help, $.CustomerEndpoint.DisplayName?",
		"LexV2Bot":{"AliasArn":"arn:aws:lex:$.AwsRegion:1:bot-alias/B/A"},"LexSessionAttributes":{"tier":"$.Attributes.tier"},"LexTimeoutSeconds":{"Text":"120"}`,
		"3", "NoMatchingCondition>2", "NoMatchingError>3", "InputTimeLimitExceeded>4", "=Book>1")
	o := catalogWithQueues(flows{"main": document(t, bot, says("Booked $.Lex.Slots.City with $.Lex.SessionAttributes.seen", "5"), says("What is $.Lex.IntentName?", "5"),
		says("The bot failed", "5"), says("You are silent", "5"), disconnect)})
	asking := machine.Answer{Messages: botSays("Where to?"), Intent: "Book", State: "InProgress", DialogAction: "ElicitSlot", Session: json.RawMessage(`{"s":1}`)}
	booked := machine.Answer{Messages: botSays("Done."), Intent: "Book", State: "Fulfilled", DialogAction: "Close",
		Slots: map[string]any{"City": "Rome"}, SessionAttributes: map[string]string{"seen": "it"}}

	t.Run("until the intent is through", func(t *testing.T) {
		p, ana := startConnected(t, o, Start{Attributes: map[string]string{"tier": "gold"}})
		p.refuse(center.Conflict, AddParticipant{DisplayName: "Robo"})
		p.do(typed(ana, "a trip"))
		ask := p.ask()
		if ask.Alias != "arn:aws:lex:us-east-1:1:bot-alias/B/A" || ask.Locale != "en_US" || ask.Session != string(p.chat.ID) || ask.Text != "a trip" ||
			ask.State != nil || ask.Attributes["tier"] != "gold" || ask.Request["x-amz-lex:channels:platform"] != "Connect Chat" {
			t.Errorf("the bot is asked %+v", ask)
		}
		p.answer(asking)
		p.do(typed(ana, "Rome"))
		if ask := p.ask(); string(ask.State) != `{"s":1}` || ask.Attributes != nil || ask.Text != "Rome" {
			t.Errorf("then the bot is asked %+v", ask)
		}
		p.answer(booked)
		p.wantScript("CUSTOMER joined", "SYSTEM: How can I help, Ana?", "CUSTOMER: a trip", "SYSTEM: Where to?", "CUSTOMER: Rome",
			"SYSTEM: Done.", "SYSTEM: Booked Rome with it", "CUSTOMER left", "ended")
		for i, want := range []string{1: "BOT", 3: "BOT", 5: "BOT", 6: "SYSTEM_MESSAGE"} {
			if want != "" && p.items[i].DisplayName != want {
				t.Errorf("%q is said by %s; want %s", p.items[i].Content, p.items[i].DisplayName, want)
			}
		}
	})
	t.Run("other ends", func(t *testing.T) {
		for name, c := range map[string]struct {
			answer any
			want   string
		}{
			"another intent":   {machine.Answer{Intent: "FallbackIntent", State: "ReadyForFulfillment"}, "SYSTEM: What is FallbackIntent?"},
			"failed":           {machine.Answer{Intent: "Book", State: "Failed", DialogAction: "Close"}, "SYSTEM: The bot failed"},
			"closed":           {machine.Answer{Intent: "Book", DialogAction: "Close"}, "SYSTEM: Booked  with"},
			"no answer":        {fmt.Errorf("the bot is away"), "SYSTEM: The bot failed"},
			"no sense":         {"gibberish", "SYSTEM: The bot failed"},
			"closed, no name":  {machine.Answer{DialogAction: "Close"}, "SYSTEM: What is ?"},
			"elicits all same": {machine.Answer{Intent: "Book", State: "Fulfilled", DialogAction: "ElicitIntent"}, ""},
		} {
			p, ana := startConnected(t, o, Start{})
			p.do(typed(ana, "x"))
			p.answer(c.answer)
			got := ""
			if n := len(p.script()); n > 4 {
				got = strings.TrimSpace(p.script()[3])
			}
			if got != c.want || p.chat.Ended != (c.want != "") {
				t.Errorf("%s: %q; want %q (%v)", name, got, c.want, p.script())
			}
		}
	})
	t.Run("what comes while the bot thinks is not lost", func(t *testing.T) {
		p, ana := startConnected(t, o, Start{})
		for _, s := range []string{"one", "two", "three"} {
			p.do(typed(ana, s))
		}
		var asked []string
		for range 3 {
			asked = append(asked, p.ask().Text)
			p.answer(machine.Answer{DialogAction: "ElicitIntent", Session: json.RawMessage(`{}`)})
		}
		if !slices.Equal(asked, []string{"one", "two", "three"}) || len(p.chat.Effects) != 0 {
			t.Errorf("the bot was asked %q", asked)
		}
	})
	t.Run("silence", func(t *testing.T) {
		p, ana := startConnected(t, o, Start{})
		p.pass(119 * time.Second)
		p.do(typed(ana, "here"))
		p.answer(asking)
		p.pass(119 * time.Second)
		if p.chat.Ended {
			t.Fatal("the customer was given up early")
		}
		p.pass(time.Second)
		if got := p.script(); got[len(got)-3] != "SYSTEM: You are silent" {
			t.Errorf("script %q", got)
		}
	})
	t.Run("the bot is silent", func(t *testing.T) {
		p, ana := startConnected(t, o, Start{})
		p.do(typed(ana, "x"))
		p.pass(time.Minute)
		if got := p.script(); got[len(got)-3] != "SYSTEM: The bot failed" {
			t.Errorf("script %q", got)
		}
	})
	t.Run("a custom participant leaves", func(t *testing.T) {
		p := newChatTest(t, nil)
		p.env.Catalog = o
		ana := p.start(Start{})
		robo := p.do(AddParticipant{DisplayName: "Robo"}).Participant
		p.do(Connect{Participant: robo})
		p.do(Connect{Participant: ana})
		p.wantScript("CUSTOM_BOT joined", "CUSTOMER joined", "CUSTOM_BOT left", "SYSTEM: How can I help, Ana?")
	})
	t.Run("the customer leaves", func(t *testing.T) {
		p, ana := startConnected(t, o, Start{})
		p.do(typed(ana, "x"))
		effect := p.chat.Effects[0].ID
		p.do(Disconnect{Participant: ana})
		if !p.chat.Ended || len(p.chat.Effects) != 0 || len(p.last.Effects) != 0 {
			t.Errorf("ended %t, effects %v", p.chat.Ended, p.chat.Effects)
		}
		p.do(EffectDone{ID: effect})
	})
}

func TestBotBeginsWithTheInitialMessage(t *testing.T) {
	bot := step("ConnectParticipantWithLexBot", `"LexV2Bot":{"AliasArn":"a"},"LexInitializationData":{"InitialMessage":"$.Media.InitialMessage"}`,
		"1", "NoMatchingCondition>1", "NoMatchingError>2")
	o := catalogWithQueues(flows{"main": document(t, bot, disconnect, says("Nothing was said", "1"))})
	p, _ := startConnected(t, o, Start{Initial: &Message{center.PlainText, "my parcel"}})
	if p.ask().Text != "my parcel" {
		t.Errorf("the bot is asked %+v", p.ask())
	}
	p, _ = startConnected(t, o, Start{})
	p.wantScript("CUSTOMER joined", "SYSTEM: Nothing was said", "CUSTOMER left", "ended")
}

// TestJoiningAgentStopsTheBot: a bot in a customer queue flow ends when an agent joins.
func TestJoiningAgentStopsTheBot(t *testing.T) {
	o := catalogWithQueues(flows{"main": numbered(t, queueing("sales")...)})
	o.defaults["CUSTOMER_QUEUE"] = document(t, step("ConnectParticipantWithLexBot", `"Text":"Ask me","LexBot":{"Name":"b","Alias":"l","Region":"us-east-1"}`,
		"1", "NoMatchingCondition>1", "NoMatchingError>1"), says("The bot is through", "2"), ends())
	p, ana := startConnected(t, o, Start{})
	p.do(typed(ana, "hello"))
	if a := p.ask(); a.Name != "b" || a.V1Alias != "l" || a.Region != "us-east-1" || a.Alias != "" {
		t.Errorf("the bot is asked %+v", a)
	}
	effect := p.chat.Effects[0].ID
	p.do(Join{User: "u1", DisplayName: "Bea"})
	p.do(EffectDone{ID: effect, Answer: json.RawMessage(`{"messages":[{"type":"text/plain","content":"late"}]}`)})
	p.do(typed(ana, "hello?"))
	p.wantScript("CUSTOMER joined", "SYSTEM: Ask me", "CUSTOMER: hello", "AGENT joined", "CUSTOMER: hello?")
	if len(p.chat.Effects) != 0 {
		t.Errorf("effects are left: %v", p.chat.Effects)
	}
}

func TestShowingAView(t *testing.T) {
	view := func(more string) string {
		return step("ShowView", `"ViewResource":{"Id":"form","Version":""},"InvocationTimeLimitSeconds":"400","ViewData":{"Name":"$.CustomerEndpoint.DisplayName","Rows":["$.Attributes"]}`+more,
			"3", "NoMatchingCondition>2", "NoMatchingError>3", "TimeLimitExceeded>4", "=Send>1")
	}
	catalog := func(more string) testCatalog {
		return catalogWithQueues(flows{"main": document(t, view(more), says("Sent $.Views.ViewResultData.FormData.extras.0 by $.Views.Action", "5"), says("What?", "5"),
			says("Failed", "5"), says("Too slow", "5"), disconnect)})
	}
	response := func(action, data string) string {
		return fmt.Sprintf(`{"action":%q,"data":%s,"templateType":"ViewResource","version":"1.0"}`, action, data)
	}
	send := func(p *chatTest, ana center.ParticipantID, content string) {
		p.do(Send{Participant: ana, ContentType: center.InteractiveResponse, Content: content})
	}
	show := func(t *testing.T, more string) (*chatTest, center.ParticipantID) {
		p := newChatTest(t, nil)
		p.env.Catalog = catalog(more)
		p.env.ViewToken = func(chat center.ContactID, v machine.View) string { return "token of " + v.ID }
		ana := p.start(Start{ContentTypes: all, Attributes: map[string]string{"a": "1"}})
		p.do(Connect{Participant: ana})
		return p, ana
	}

	p, ana := show(t, "")
	want := `{"templateType":"ViewResource","version":"1.0","data":{"content":{"viewId":"form","viewToken":"token of form","viewData":{"Name":"Ana","Rows":[{"a":"1"}]}}}}`
	if it := p.items[1]; it.ContentType != center.Interactive || it.Content != want {
		t.Errorf("the view is shown as %s\nwant %s", it.Content, want)
	}
	p.do(typed(ana, "just a word")) // is not a response
	send(p, ana, `{"version":"1.0","data":{"actionName":"SHOW_MORE","templateType":"ListPicker"},"action":"SHOW_MORE","templateType":"ListPicker"}`)
	if p.chat.Ended {
		t.Fatal("a response to another message was taken")
	}
	send(p, ana, response("Send", `{"FormData":{"extras":["milk"]}}`))
	if got := p.script(); got[len(got)-3] != "SYSTEM: Sent milk by Send" {
		t.Errorf("script %q", got)
	}
	if kept := p.items[4].Content; !strings.Contains(kept, "milk") {
		t.Errorf("the transcript keeps %s", kept)
	}

	p, ana = show(t, `,"SensitiveDataConfiguration":{"HideResponseOn":["TRANSCRIPT"]}`)
	send(p, ana, response("Send", `{"FormData":{"extras":["secret"]}}`))
	if got := p.items[2].Content; got != response("Send", "{}") {
		t.Errorf("the transcript keeps %s", got)
	}
	if got := p.script(); got[len(got)-3] != "SYSTEM: Sent secret by Send" {
		t.Errorf("script %q", got)
	}

	for name, c := range map[string]struct{ content, want string }{
		"another action": {response("Back", `{}`), "SYSTEM: What?"},
		"free text":      {response(" ", `{"content":"hm"}`), "SYSTEM: What?"},
		"without data":   {`{"action":"Send"}`, "SYSTEM: Sent  by Send"},
	} {
		p, ana := show(t, "")
		send(p, ana, c.content)
		if got := p.script(); got[len(got)-3] != c.want {
			t.Errorf("%s: script %q; want %q", name, got, c.want)
		}
	}
	p, _ = show(t, "")
	p.pass(400 * time.Second)
	if got := p.script(); got[len(got)-3] != "SYSTEM: Too slow" {
		t.Errorf("after 400 seconds: %q", got)
	}
	p, _ = startConnected(t, catalog(""), Start{}) // a client that does not support interactive messages
	if got := p.script(); got[1] != "SYSTEM: Failed" {
		t.Errorf("script %q", got)
	}
}

func TestSigningIn(t *testing.T) {
	o := catalogWithQueues(flows{"main": document(t, step("AuthenticateParticipant",
		`"CognitoConfiguration":{"UserPoolArn":"arn:pool","AppClientId":"app"},"TimeLimitMinutes":"5"`, "1", "TimeLimitExceeded>3", "NoMatchingError>4", "=OptedOut>2"),
		says("Welcome $.CustomerId, $.SegmentAttributes['connect:CustomerAuthentication']['Status']", "5"), says("As you like", "5"), says("Too slow", "5"),
		says("Failed: $.SegmentAttributes['connect:CustomerAuthentication']['Status']", "5"), disconnect)})
	begin := func(t *testing.T) (p *chatTest, ana center.ParticipantID, session string) {
		p, ana = startConnected(t, o, Start{ContentTypes: all})
		var told struct{ SessionId string }
		push := p.pushes[len(p.pushes)-1]
		if err := json.Unmarshal([]byte(push.Item.Content), &told); err != nil || push.Item.ContentType != center.EventAuthInitiated || push.Only != ana {
			t.Fatalf("the customer is told %+v, %v", push, err)
		}
		return p, ana, told.SessionId
	}
	end := func(p *chatTest) string { got := p.script(); return got[len(got)-3] }
	events := func(p *chatTest) (names []string) {
		for _, push := range p.pushes {
			if name, ok := strings.CutPrefix(push.Item.ContentType, "application/vnd.amazonaws.connect.event.authentication."); ok {
				names = append(names, name)
			}
		}
		return names
	}

	p, ana, session := begin(t)
	where, err := p.chat.SignIn(ana, session, p.now.Add(time.Minute))
	if err != nil || where.UserPool != "arn:pool" || where.Client != "app" || !where.Until.Equal(p.now.Add(5*time.Minute)) {
		t.Errorf("SignIn = %+v, %v", where, err)
	}
	if _, err := p.chat.SignIn(ana, session, p.now.Add(time.Minute+1)); center.ReasonOf(err) != center.Invalid || err == nil {
		t.Errorf("SignIn after a minute = %v; want Invalid", err)
	}
	if _, err := p.chat.SignIn("somebody", session, p.now); center.ReasonOf(err) != center.Denied {
		t.Errorf("SignIn of another = %v; want Denied", err)
	}
	p.refuse(center.Invalid, SignedIn{Session: "other"})
	p.refuse(center.Invalid, CancelSignIn{Participant: ana, Session: "other"})
	told := len(p.pushes)
	p.do(SignedIn{Session: session, SignIn: machine.SignIn{CustomerID: "c7", Provider: "Cognito", Method: "CONNECT"}})
	auth := p.chat.Current().SegmentAttrs["connect:CustomerAuthentication"].Map
	if end(p) != "SYSTEM: Welcome c7, AUTHENTICATED" || *auth["ClientId"].String != "app" || *auth["IdentityProvider"].String != "Cognito" || p.chat.Current().CustomerID != "c7" {
		t.Errorf("signed in: %q, %v", p.script(), auth)
	}
	if p.pushes[told].Item.ContentType != center.EventAuthSucceeded {
		t.Errorf("told %q", p.pushedSince(told))
	}
	p.refuse(center.Denied, SignedIn{Session: session})

	p, ana, session = begin(t)
	p.do(CancelSignIn{Participant: ana, Session: session})
	if got := events(p); end(p) != "SYSTEM: As you like" || !slices.Equal(got, []string{"initiated", "cancelled"}) {
		t.Errorf("cancelled: %q, events %q", p.script(), got)
	}
	p, _, session = begin(t)
	p.do(SignedIn{Session: session, SignIn: machine.SignIn{Err: "access_denied"}, DisplayName: "ignored"})
	if got := events(p); end(p) != "SYSTEM: Failed: FAILED" || !slices.Equal(got, []string{"initiated", "failed"}) {
		t.Errorf("failed: %q, events %q", p.script(), got)
	}
	p, _, _ = begin(t)
	p.pass(5 * time.Minute)
	if got := events(p); end(p) != "SYSTEM: Too slow" || !slices.Equal(got, []string{"initiated", "timeout"}) {
		t.Errorf("too slow: %q, events %q", p.script(), got)
	}
	if slices.ContainsFunc(p.items, func(it center.Item) bool { return strings.Contains(it.ContentType, "authentication") }) {
		t.Error("the transcript keeps events of authentication")
	}
}

func TestSigningInChangesTheName(t *testing.T) {
	o := catalogWithQueues(flows{"main": document(t, step("AuthenticateParticipant",
		`"CognitoConfiguration":{"UserPoolArn":"arn:pool","AppClientId":"app"}`, "1", "TimeLimitExceeded>1", "NoMatchingError>1"), waits(60, "2"), disconnect)})
	p, ana := startConnected(t, o, Start{ContentTypes: all})
	p.do(SignedIn{Session: p.chat.Run.Wait.Session, DisplayName: "Ana Quispe"})
	if last := p.pushes[len(p.pushes)-1]; last.Item.ContentType != center.EventDisplayNameUpdated || last.Item.DisplayName != "Ana Quispe" {
		t.Errorf("told %+v", last)
	}
	p.do(typed(ana, "me"))
	if got := p.items[len(p.items)-1].DisplayName; got != "Ana Quispe" {
		t.Errorf("the customer speaks as %q", got)
	}
}

func TestPersistentChatsThatAFlowBegins(t *testing.T) {
	source := "22222222-2222-4222-8222-222222222222"
	o := catalogWithQueues(flows{"main": document(t,
		step("CreatePersistentContactAssociation", `"SourceContactId":"$.Attributes.before","RehydrationType":"From Segment"`, "1", "NoMatchingError>2"),
		says("Welcome back to $.RelatedContactId", "3"), says("Welcome", "3"), waits(60, "4"),
		step("CreatePersistentContactAssociation", `"SourceContactId":"$.Attributes.before","RehydrationType":"ENTIRE_PAST_SESSION"`, "5", "NoMatchingError>6"), disconnect, says("Once is enough", "5"))})
	p, _ := startConnected(t, o, Start{Attributes: map[string]string{"before": source}})
	if c := p.chat.Effects[0].Continue; c == nil || string(c.Source) != source || c.Entire {
		t.Fatalf("effect %+v", p.chat.Effects[0])
	}
	told := len(p.pushes)
	p.answer(Continued{Related: center.ContactID(source), Past: []Past{{Chat: "c", Contact: center.ContactID(source)}}})
	if got := p.pushedSince(told); len(got) < 2 || got[0] != "rehydrated" || got[1] != "SYSTEM: Welcome back to "+source || len(p.chat.Past) != 1 || string(p.chat.Current().Related) != source {
		t.Errorf("told %q, past %v, related %q", got, p.chat.Past, p.chat.Current().Related)
	}
	p.refuse(center.Conflict, Associate{Continued: Continued{Related: "x", Past: []Past{{Chat: "x"}}}})
	p.pass(time.Minute)
	if got := p.script(); !slices.Contains(got, "SYSTEM: Once is enough") {
		t.Errorf("script %q", got)
	}
	for name, outcome := range map[string]any{"failed": fmt.Errorf("it has not ended"), "nothing": Continued{}, "nonsense": 7} {
		p, _ := startConnected(t, o, Start{Attributes: map[string]string{"before": source}})
		p.answer(outcome)
		if got := p.script(); got[1] != "SYSTEM: Welcome" || len(p.chat.Past) != 0 {
			t.Errorf("%s: script %q", name, got)
		}
	}
}

func TestContinue(t *testing.T) {
	c := &Chat{ID: "a", Ended: true, Segments: []Segment{{ID: "a"}, {ID: "b"}}, Latest: center.Contact{ID: "c"}, Past: []Past{{"z", "z"}}}
	for _, test := range []struct {
		source center.ContactID
		entire bool
		want   string
	}{
		{"a", true, "c: c b a z"}, {"b", false, "b: b a z"}, {"a", false, "a: a z"}, {"b", true, "c: c b a z"},
	} {
		found, err := c.Continue(test.source, test.entire)
		var got strings.Builder
		got.WriteString(string(found.Related) + ":")
		for _, p := range found.Past {
			got.WriteString(" " + string(p.Contact))
		}
		if err != nil || got.String() != test.want {
			t.Errorf("Continue(%s, %t) = %q, %v; want %q", test.source, test.entire, got.String(), err, test.want)
		}
	}
	if _, err := c.Continue("x", true); center.ReasonOf(err) != center.NotFound {
		t.Errorf("Continue of a stranger = %v", err)
	}
	if _, err := (&Chat{}).Continue("x", true); center.ReasonOf(err) != center.BadRequest {
		t.Errorf("Continue of a running chat = %v", err)
	}
}

// TestModulesAcrossRestarts waits in the middle of nested modules; each step
// gets the state as the store returns it.
func TestModulesAcrossRestarts(t *testing.T) {
	o := catalogWithQueues(flows{"main": document(t,
		step("UpdateFlowAttributes", `"FlowAttributes":{"mine":{"Value":"kept"}}`, "1", "NoMatchingError>3"),
		step("InvokeFlowModule", `"FlowModuleId":"outer"`, "2", "NoMatchingError>3"),
		says("Back with $.FlowAttributes.mine [$.External.it] $.Attributes.deep", "4"), says("Failed", "4"), disconnect)})
	o.modules["outer"] = document(t, step("InvokeFlowModule", `"FlowModuleId":"inner"`, "1", "NoMatchingError>2"),
		says("Outer [$.FlowAttributes.mine]", "2"), step("EndFlowModuleExecution", "", ""))
	o.modules["inner"] = document(t, step("InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, "1", "NoMatchingError>3"),
		step("UpdateContactAttributes", `"Attributes":{"deep":"$.External.it"}`, "2", "NoMatchingError>3"), waits(60, "3"), step("EndFlowModuleExecution", "", ""))
	p, _ := startConnected(t, o, Start{})
	if p.chat.Flow != "main" || len(p.chat.Run.Stack) != 2 {
		t.Errorf("the chat runs %s, %d callers wait", p.chat.Flow, len(p.chat.Run.Stack))
	}
	p.answer(map[string]string{"it": "down here"})
	p.pass(time.Minute)
	p.wantScript("CUSTOMER joined", "SYSTEM: Outer []", "SYSTEM: Back with kept [] down here", "CUSTOMER left", "ended")
}

// TestModuleDataStaysBehind: what a module has gathered, and its inputs, stay
// private when it transfers to another flow.
func TestModuleDataStaysBehind(t *testing.T) {
	call := step("InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, "1", "NoMatchingError>9")
	invoke := step("InvokeFlowModule", `"FlowModuleId":"m","InputParameters":{"x":"passed"}`, "2", "NoMatchingError>9")
	tell := document(t, says("[$.External.k] [$.Modules.Input.x]", "1"), ends())
	queue := []string{step("UpdateContactTargetQueue", `"QueueId":"sales"`, "2", "NoMatchingError>9"), step("TransferContactToQueue", "", "9", "NoMatchingError>9")}
	for name, to := range map[string]struct{ main, module, waiting *flow.Flow }{
		"a queue":             {numbered(t, call, invoke), numbered(t, append([]string{call}, queue...)...), tell},
		"another flow":        {numbered(t, call, invoke), numbered(t, call, step("TransferToFlow", `"ContactFlowId":"tell"`, "9", "NoMatchingError>9")), nil},
		"a whisper meanwhile": {numbered(t, append([]string{hooks("AgentWhisper", "whisper", "1")}, queue...)...), numbered(t, call, waits(600, "2"), ends()), numbered(t, call, invoke)},
	} {
		t.Run(name, func(t *testing.T) {
			o := catalogWithQueues(flows{"main": to.main, "tell": tell, "whisper": tell.As("AGENT_WHISPER")})
			o.modules["m"] = to.module
			if to.waiting != nil {
				o.defaults["CUSTOMER_QUEUE"] = to.waiting.As("CUSTOMER_QUEUE")
			}
			p, _ := startConnected(t, o, Start{})
			p.answer(map[string]string{"k": "the flow's"})
			p.answer(map[string]string{"k": "the module's"})
			if p.chat.Run != nil {
				p.do(Join{User: "u1", DisplayName: "Bea"})
			}
			if got := p.items[1].Content; got != "[the flow's] []" {
				t.Errorf("the other flow sees %q; want what the flow has gathered", got)
			}
		})
	}
}

func TestChangingTheRelatedContact(t *testing.T) {
	o := catalogWithQueues(flows{"main": document(t,
		step("UpdateContactAttributes", `"Attributes":{"note":"from $.ContactId"},"TargetContact":"Related"`, "1", "NoMatchingError>2"),
		step("UpdateContactData", `"Name":"N","References":{"r":{"Type":"URL","Value":"u"}},"TargetContact":"Related"`, "3", "NoMatchingError>2"),
		says("Failed", "3"), disconnect)})
	p, _ := startConnected(t, o, Start{Related: "before"})
	u := p.chat.Effects[0].Update
	if u == nil || u.Contact != "before" || u.Attributes["note"] != "from "+string(p.chat.ID) || p.chat.Attributes != nil {
		t.Fatalf("effect %+v, attributes %v", p.chat.Effects[0], p.chat.Attributes)
	}
	p.answer(nil)
	u = p.chat.Effects[0].Update
	if u == nil || *u.Name != "N" || u.References["r"].Value != "u" || p.chat.Current().Name != "" {
		t.Fatalf("effect %+v, name %q", p.chat.Effects[0], p.chat.Current().Name)
	}
	p.answer(fmt.Errorf("no"))
	p.wantScript("CUSTOMER joined", "SYSTEM: Failed", "CUSTOMER left", "ended")
	p, _ = startConnected(t, o, Start{}) // without a related contact
	p.wantScript("CUSTOMER joined", "SYSTEM: Failed", "CUSTOMER left", "ended")
}
