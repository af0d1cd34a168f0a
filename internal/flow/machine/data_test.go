package machine

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/flowdoc"
)

func TestUpdateContactData(t *testing.T) {
	long := strings.Repeat("x", 5000)
	tests := []struct {
		name, parameters string
		want             func(*Contact) bool // nil: the error branch
	}{
		{"texts", `"Name":"N $.Channel","Description":"D","LanguageCode":"de-DE","CustomerId":"c"`, func(c *Contact) bool {
			return c.Name == "N CHAT" && c.Description == "D" && c.LanguageCode == "de-DE" && c.CustomerID == "c"
		}},
		{"what is not named stays", `"Name":"N"`, func(c *Contact) bool { return c.Description == "before" }},
		{"emptied", `"Description":""`, func(c *Contact) bool { return c.Description == "" }},
		{"references", `"References":{"order":{"Type":"NUMBER","Value":"$.Attributes.n"},"plain":{"Value":"v"}}`, func(c *Contact) bool {
			return maps.Equal(c.References, map[string]center.Reference{"old": {Type: "URL", Value: "u"}, "order": {Type: "NUMBER", Value: "7"}, "plain": {Type: "STRING", Value: "v"}})
		}},
		{"segment attributes", `"SegmentAttributes":{"a":"$.Attributes.n","b":{"Value":"x"},"c":{"ValueString":"y"},"d":{"ValueInteger":"$.Attributes.n"}}`, func(c *Contact) bool {
			s := c.SegmentAttributes
			return *s["a"].String == "7" && *s["b"].String == "x" && *s["c"].String == "y" && *s["d"].Integer == 7 && *s["old"].String == "o"
		}},
		{"a system attribute", `"SegmentAttributes":{"connect:Subtype":"x"}`, nil},
		{"a system attribute by reference", `"SegmentAttributes":{"$.Attributes.system":"x"}`, nil},
		{"an integer that is none", `"SegmentAttributes":{"a":{"ValueInteger":"many"}}`, nil},
		{"a segment attribute without text", `"SegmentAttributes":{"a":{}}`, nil},
		{"a nameless reference", `"References":{"$.Attributes.none":{"Value":"x"}}`, nil},
		{"a reference that is no object", `"References":{"a":"b"}`, nil},
		{"no language", `"LanguageCode":"German"`, nil},
		{"an absent language", `"LanguageCode":"$.Attributes.none"`, nil},
		{"a long name", fmt.Sprintf(`"Name":%q`, long), nil},
		{"a long description", fmt.Sprintf(`"Description":%q`, long), nil},
		{"voice", `"Name":"N","WatchlistId":"w"`, nil},
		{"voice that is switched off", `"Name":"N","IsVoiceIdStreamingEnabled":"False","IsVoiceAuthenticationEnabled":"false","IsFraudDetectionEnabled":false`, func(c *Contact) bool { return c.Name == "N" }},
		{"nothing but voice that is switched off", `"IsVoiceIdStreamingEnabled":"False"`, func(c *Contact) bool { return c.Description == "before" }},
		{"voice that is switched on", `"IsVoiceIdStreamingEnabled":"True"`, nil},
		{"voice that data switches", `"IsVoiceIdStreamingEnabled":"$.Attributes.n"`, nil},
		{"a threshold of voice", `"FraudDetectionThreshold":"0"`, nil},
		{"a session that has not been created", `"WisdomSessionArn":"$.Wisdom.SessionArn"`, nil},
		{"a session", `"WisdomSessionArn":"arn:aws:wisdom:us-east-1:123456789012:session/a/s"`, func(c *Contact) bool { return c.Description == "before" }},
		{"nothing", ``, nil},
		{"related, which there is none", `"Name":"N","TargetContact":"Related"`, nil},
	}
	for _, test := range tests {
		s, _ := settled()
		s.Contact.Description, s.Contact.Attributes = "before", map[string]string{"n": "7", "system": "connect:x"}
		s.Contact.References = map[string]center.Reference{"old": {Type: "URL", Value: "u"}}
		s.Contact.SegmentAttributes = map[string]center.SegmentAttribute{"old": {String: new("o")}}
		before := *s.Contact
		out := s.start(t, flowdoc.One("UpdateContactData", test.parameters))
		if test.want == nil {
			check(t, test.name, out, "failed | end")
			if !reflect.DeepEqual(*s.Contact, before) {
				t.Errorf("%s: a part was set: %+v", test.name, s.Contact)
			}
			continue
		}
		check(t, test.name, out, "ok | end")
		if !test.want(s.Contact) {
			t.Errorf("%s: the contact is %+v", test.name, s.Contact)
		}
	}
	if len(newWorld().Contact.References) != 0 {
		t.Error("the worlds share a map")
	}
}

func TestTooManyDetails(t *testing.T) {
	s, _ := settled()
	s.Contact.References = map[string]center.Reference{}
	for i := range 100 {
		s.Contact.References[fmt.Sprint(i)] = center.Reference{}
	}
	check(t, "one more", s.start(t, flowdoc.One("UpdateContactData", `"References":{"more":{"Value":"v"}}`)), "failed | end")
	check(t, "one of them", s.start(t, flowdoc.One("UpdateContactData", `"References":{"7":{"Value":"v"}}`)), "ok | end")
}

func TestTags(t *testing.T) {
	six, seven := `"a":"1","b":"1","c":"1","d":"1","e":"1","f":"1"`, `"a":"1","b":"1","c":"1","d":"1","e":"1","f":"1","g":"1"`
	tests := []struct {
		name, typ, parameters string
		want                  []string // the keys; nil: the error branch
	}{
		{"set", "TagContact", `"Tags":{"team":"$.Channel"}`, []string{"aws:system", "old", "team"}},
		{"replaced", "TagContact", `"Tags":{"old":"new"}`, []string{"aws:system", "old"}},
		{"six", "TagContact", `"Tags":{` + six + `}`, []string{"a", "aws:system", "b", "c", "d", "e", "f", "old"}},
		{"seven", "TagContact", `"Tags":{` + seven + `}`, nil},
		{"none", "TagContact", `"Tags":{}`, nil},
		{"the service's", "TagContact", `"Tags":{"AWS:x":"1"}`, nil},
		{"a long value", "TagContact", `"Tags":{"x":"` + strings.Repeat("x", 257) + `"}`, nil},
		{"a long key", "TagContact", `"Tags":{"` + strings.Repeat("x", 129) + `":"1"}`, nil},
		{"no texts", "TagContact", `"Tags":{"x":[]}`, nil},
		{"removed", "UntagContact", `"TagKeys":["old","never"]`, []string{"aws:system"}},
		{"removed seven", "UntagContact", `"TagKeys":["1","2","3","4","5","6","old"]`, []string{"aws:system"}},
		{"removed by reference", "UntagContact", `"TagKeys":["$.Attributes.key"]`, []string{"aws:system"}},
		{"removed the service's", "UntagContact", `"TagKeys":["aws:system"]`, nil},
		{"removed none", "UntagContact", `"TagKeys":[]`, nil},
		{"removed no list", "UntagContact", `"TagKeys":"old"`, nil},
	}
	for _, test := range tests {
		s, _ := settled()
		s.Contact.Attributes = map[string]string{"key": "old"}
		given := map[string]string{"old": "1", "aws:system": "1"}
		s.Contact.Tags = given
		out := s.start(t, flowdoc.One(test.typ, test.parameters))
		want, way := test.want, "ok | end"
		if want == nil {
			want, way = []string{"aws:system", "old"}, "failed | end"
		}
		check(t, test.name, out, way)
		if keys := slices.Sorted(maps.Keys(s.Contact.Tags)); !slices.Equal(keys, want) {
			t.Errorf("%s: tags %q; want %q", test.name, keys, want)
		}
		if len(given) != 2 || given["old"] != "1" {
			t.Errorf("%s: the map that was given is now %v", test.name, given)
		}
	}
	s, _ := settled()
	s.Contact.Tags = map[string]string{}
	for i := range 50 {
		s.Contact.Tags[fmt.Sprint(i)] = ""
	}
	check(t, "the 51st", s.start(t, flowdoc.One("TagContact", `"Tags":{"more":"1"}`)), "failed | end")
}

func TestCreatePersistentContactAssociationRefuses(t *testing.T) {
	id := "22222222-2222-4222-8222-222222222222"
	for parameters, want := range map[string]*Continue{
		`"SourceContactId":"` + id + `","RehydrationType":"ENTIRE_PAST_SESSION"`: {Source: center.ContactID(id), Entire: true},
		`"SourceContactId":"` + id + `","RehydrationType":"From Segment"`:        {Source: center.ContactID(id)},
		`"SourceContactId":"` + id + `","RehydrationType":"SOME"`:                nil,
		`"SourceContactId":"` + id + `"`:                                         nil,
		`"SourceContactId":"$.Attributes.none","RehydrationType":"FROM_SEGMENT"`: nil,
		`"SourceContactId":"soon","RehydrationType":"FROM_SEGMENT"`:              nil,
	} {
		s, _ := settled()
		out := s.start(t, flowdoc.One("CreatePersistentContactAssociation", parameters))
		if want == nil {
			check(t, parameters, out, "failed | end")
			continue
		}
		if len(out.Effects) != 1 || !reflect.DeepEqual(out.Effects[0].Continue, want) {
			t.Errorf("%s: effects %+v; want %+v", parameters, out.Effects, want)
			continue
		}
		s.Now = out.Run.Wait.Until
		check(t, parameters+" in vain", s.advance(out.Run, Event{Kind: EventTime}), "failed | end")
	}
	s, _ := settled()
	s.Contact.Continues = true
	check(t, "twice", s.start(t, flowdoc.One("CreatePersistentContactAssociation", `"SourceContactId":"`+id+`","RehydrationType":"FROM_SEGMENT"`)), "failed | end")
}

func TestRecordingAndAnalytics(t *testing.T) {
	for parameters, want := range map[string]string{
		`"ChatBehavior":{"ChatAnalyticsBehavior":{"Enabled":"True"}}`: "ok",
		`"ChatBehavior":{}`:                             "ok",
		`"ScreenRecordingBehavior":{}`:                  "ok",
		`"VoiceBehavior":{}`:                            "ok",
		`"VoiceBehavior":{"VoiceRecordingBehavior":{}}`: "ChannelMismatch",
		`"ChatBehavior":{"ChatAnalyticsBehavior":{"InFlightChatRedactionConfiguration":{}}}`:                                               "ok",
		`"ChatBehavior":{"ChatAnalyticsBehavior":{"InFlightChatRedactionConfiguration":{"RedactionEntities":["NAME"]}}}`:                   "InFlightRedactionConfigurationFailed",
		`"ChatBehavior":{"ChatAnalyticsBehavior":{"InFlightChatRedactionConfiguration":{"Enabled":"False"}}}`:                              "ok", // as exports switch it off, 2026-11
		`"ChatBehavior":{"ChatAnalyticsBehavior":{"InFlightChatRedactionConfiguration":{"Enabled":"false","RedactionEntities":["NAME"]}}}`: "ok",
		`"ChatBehavior":{"ChatAnalyticsBehavior":{"InFlightChatRedactionConfiguration":{"Enabled":false}}}`:                                "ok",
		`"ChatBehavior":{"ChatAnalyticsBehavior":{"InFlightChatRedactionConfiguration":{"Enabled":"True"}}}`:                               "InFlightRedactionConfigurationFailed",
		`"ChatBehavior":{"ChatAnalyticsBehavior":{"InFlightChatRedactionConfiguration":{"Enabled":true}}}`:                                 "InFlightRedactionConfigurationFailed",
		`"ChatBehavior":{"ChatAnalyticsBehavior":{"InFlightChatRedactionConfiguration":{"Enabled":"$.Attributes.redact"}}}`:                "InFlightRedactionConfigurationFailed",
		`"ChatBehavior":{"ChatAnalyticsBehavior":{"InFlightChatRedactionConfiguration":"on"}}`:                                             "failed",
		`"ChatBehavior":"x"`:                         "failed",
		`"ChatBehavior":{"ChatAnalyticsBehavior":1}`: "failed",
	} {
		s, _ := settled()
		check(t, parameters, s.start(t, flowdoc.One("UpdateContactRecordingAndAnalyticsBehavior", parameters, "ChannelMismatch", "InFlightRedactionConfigurationFailed")), want+" | end")
	}
}

func TestLoopOverAList(t *testing.T) {
	content := func(more string) string {
		return flowdoc.Of(flowdoc.Action("l", "Loop", `"LoopCount":"$.External.list"`+more, flowdoc.To("done", flowdoc.On("NoMatchingError", "failed"), flowdoc.When("Equals", "ContinueLooping", "tick")+","+flowdoc.When("Equals", "DoneLooping", "done"))),
			flowdoc.Say("tick", "$.Loop.things.Index: $.Loop.things.Element.name of $.Loop.things.Elements", "w"),
			flowdoc.Action("w", "Wait", `"TimeLimitSeconds":"1"`, flowdoc.To("l", flowdoc.On("NoMatchingError", "l"), flowdoc.When("Equals", "WaitCompleted", "l"))),
			flowdoc.Say("done", "done [$.Loop.things.Index]", "x"), flowdoc.Say("failed", "failed", "x"), flowdoc.Stop("x"))
	}
	run := func(list, more string) string {
		s, _ := settled()
		f := flowdoc.Parse(t, content(more))
		s.flows["main"] = f
		out := Start(s.World, f, "main", KindInbound, Data{External: json.RawMessage(`{"list":` + list + `}`)})
		texts := said(out)
		for out.Run != nil {
			stored, err := json.Marshal(out.Run)
			if err != nil {
				t.Fatal(err)
			}
			r := new(Run)
			if err := json.Unmarshal(stored, r); err != nil {
				t.Fatal(err)
			}
			s.Now = r.Wait.Until
			out = s.advance(r, Event{Kind: EventTime})
			texts = append(texts, said(out)...)
		}
		return strings.Join(texts, "; ")
	}
	list := `[{"name":"a"},{"name":"b"}]`
	if got, want := run(list, `,"LoopName":"things"`), "0: a of "+list+"; 1: b of "+list+"; done []"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if got, want := run(`"2"`, `,"LoopName":"things"`), "0:  of ; 1:  of ; done []"; got != want {
		t.Errorf("a loop that counts: %s; want %s", got, want)
	}
	if got, want := run(`[]`, ""), "done []"; got != want {
		t.Errorf("an empty list: %s; want %s", got, want)
	}
	if got, want := run(`[`+strings.TrimSuffix(strings.Repeat("1,", 101), ",")+`]`, ""), "failed"; got != want {
		t.Errorf("a long list: %s; want %s", got, want)
	}
}

// modular is a world whose main flow calls the module m and shows what comes back.
func modular(t *testing.T, parameters, module, settings string, conditions string) Outcome {
	t.Helper()
	s, i := settled()
	i.modules["m"] = flowdoc.Parse(t, module)
	if settings != "" {
		i.modules["m"] = i.modules["m"].WithSettings([]byte(settings))
	}
	s.Contact.Attributes = map[string]string{"shared": "yes"}
	return s.start(t, flowdoc.Of(
		flowdoc.Action("a", "InvokeFlowModule", `"FlowModuleId":"m"`+parameters, flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed")+","+flowdoc.On("NoMatchingCondition", "other"), conditions)),
		flowdoc.Say("ok", "ok [$.Modules.Result $.Modules.ResultData.n]", "x"), flowdoc.Say("failed", "failed", "x"), flowdoc.Say("other", "other", "x"),
		flowdoc.Say("vip", "vip [$.Modules.ResultData]", "x"), flowdoc.Stop("x")))
}

func TestInvokeFlowModule(t *testing.T) {
	back := flowdoc.Action("e", "EndFlowModuleExecution", "", "")
	for name, c := range map[string]struct {
		parameters, module, settings, conditions, want string
	}{
		"comes back":            {``, flowdoc.Of(flowdoc.Say("m", "in [$.Attributes.shared] [$.External.a]", "e"), back), "", "", "in [yes] []; ok [ ] | end"},
		"with a result":         {``, flowdoc.Of(flowdoc.Action("e", "EndFlowModuleExecution", `"Result":"VIP","ResultData":{"n":"$.Channel"}`, "")), "", flowdoc.When("Equals", "VIP", "vip"), `vip [{"n":"CHAT"}] | end`},
		"with another result":   {``, flowdoc.Of(flowdoc.Action("e", "EndFlowModuleExecution", `"Result":"Plain"`, "")), "", flowdoc.When("Equals", "VIP", "vip"), "other | end"},
		"with an input":         {`,"InputParameters":{"who":"$.Channel"}`, flowdoc.Of(flowdoc.Say("m", "hello $.Modules.Input.who", "e"), back), `{"InputParameters":[{"Name":"who","Required":true}]}`, "", "hello CHAT; ok [ ] | end"},
		"input under another":   {`,"Input":{"who":{"deep":"x"}}`, flowdoc.Of(flowdoc.Say("m", "hello $.Modules.Input.who.deep", "e"), back), "", "", "hello x; ok [ ] | end"},
		"without its input":     {``, flowdoc.Of(back), `{"InputParameters":[{"Name":"who","Required":true}]}`, "", "failed | end"},
		"required by a text":    {``, flowdoc.Of(back), `{"InputParameters":[7,{"Name":"who","Required":"True"}]}`, "", "failed | end"},
		"with an empty input":   {`,"Inputs":{"who":"$.Attributes.none"}`, flowdoc.Of(back), `{"InputParameters":[{"Name":"who","Required":true}]}`, "", "failed | end"},
		"ends the flow":         {``, flowdoc.Of(flowdoc.Stop("e")), "", "", " | end"},
		"ends the contact":      {``, flowdoc.Of(flowdoc.Bye("e")), "", "", " | disconnect"},
		"goes nowhere":          {``, flowdoc.Of(flowdoc.Say("m", "lost", "")), "", "", "lost | end"},
		"goes to another flow":  {``, flowdoc.Of(flowdoc.Action("m", "TransferToFlow", `"ContactFlowId":"main"`, flowdoc.To("e", flowdoc.On("NoMatchingError", "e"), "")), back), "", "", " | runaway"},
		"calls itself for ever": {``, flowdoc.Of(flowdoc.Action("m", "InvokeFlowModule", `"FlowModuleId":"m"`, flowdoc.To("e", flowdoc.On("NoMatchingError", "deep"), "")), flowdoc.Say("deep", "deep enough", "e"), back), "", "", "deep enough; ok [ ] | end"},
	} {
		check(t, name, modular(t, c.parameters, c.module, c.settings, c.conditions), c.want)
	}
	s, _ := settled()
	check(t, "unknown", s.start(t, flowdoc.One("InvokeFlowModule", `"FlowModuleId":"none"`)), "failed | end")
	check(t, "unnamed", s.start(t, flowdoc.One("InvokeFlowModule", `"FlowModuleId":"$.Attributes.none"`)), "failed | end")
	check(t, "nothing is known", newWorld().start(t, flowdoc.One("InvokeFlowModule", `"FlowModuleId":"m"`)), "failed | end")
	check(t, "a module by itself", newWorld().start(t, flowdoc.Of(flowdoc.Action("e", "EndFlowModuleExecution", `"Result":"x"`, ""))), " | end")
}

// TestModuleDataIsItsOwn: what a module gathers is not its caller's, and the
// other way round; loops of the same name do not meet.
func TestModuleDataIsItsOwn(t *testing.T) {
	s, i := settled()
	i.modules["m"] = flowdoc.Parse(t, flowdoc.Of(
		flowdoc.Action("f", "InvokeLambdaFunction", `"LambdaFunctionARN":"f"`, flowdoc.To("s", flowdoc.On("NoMatchingError", "s"), "")),
		flowdoc.Say("s", "module [$.External.a]", "e"), flowdoc.Action("e", "EndFlowModuleExecution", "", "")))
	f := flowdoc.Parse(t, flowdoc.Of(flowdoc.Action("a", "InvokeFlowModule", `"FlowModuleId":"m"`, flowdoc.To("ok", flowdoc.On("NoMatchingError", "ok"), "")), flowdoc.Say("ok", "caller [$.External.a]", "x"), flowdoc.Stop("x")))
	s.flows["main"] = f
	out := Start(s.World, f, "main", KindInbound, Data{External: json.RawMessage(`{"a":"caller's"}`)})
	if out.Run == nil || out.Run.Flow != "m" || len(out.Run.Stack) != 1 {
		t.Fatalf("the run is %+v", out.Run)
	}
	out = s.advance(out.Run, Event{Kind: EventEffectDone, Effect: out.Run.Wait.Effect, Answer: json.RawMessage(`{"a":"module's"}`)})
	check(t, "in the end", out, "module [module's]; caller [caller's] | end")

	i.modules["m"] = flowdoc.Parse(t, flowdoc.Of(flowdoc.Bye("x"))) // the content that ran is gone: published anew
	delete(s.flows, "main")
	out = Start(s.World, f, "main", KindInbound, Data{})
	check(t, "the caller is gone, and not needed", out, " | disconnect")
	i.modules["m"] = flowdoc.Parse(t, flowdoc.Of(flowdoc.Action("e", "EndFlowModuleExecution", "", "")))
	out = Start(s.World, f, "main", KindInbound, Data{})
	if out.End != EndFlow || len(out.Log) == 0 || !strings.Contains(out.Log[len(out.Log)-1].Problem, "calling flow is no longer available") {
		t.Errorf("the caller is gone: %+v", out)
	}
}
