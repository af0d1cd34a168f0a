package flowtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// run runs a text as the scenarios of a file in testdata.
func run(t testing.TB, text string) *Results {
	t.Helper()
	f, err := Parse(filepath.Join("testdata", "given.scenario"), text)
	if err != nil {
		t.Fatal(err)
	}
	s := Suite{Library: &Library{}, Files: []*File{f}}
	return s.Run(t.Context())
}

// TestWhatIsWrongIsSaid holds expectations that fail to saying what came instead.
func TestWhatIsWrongIsSaid(t *testing.T) {
	const setup = "module survey.json\nflow waiting.json\nflow tell-agent.json\nflow tell-customer.json\nflow afterwards.json\n" +
		`lambda * returns {"tier": "basic"}` + "\n" + `bot ShopBot says "What?"` + "\n" + `bot ShopBot on "human" ends with TalkToHuman` + "\n" +
		`bot ShopBot on "return" ends with ReturnGoods` + "\n"
	for statements, want := range map[string]string{
		`expect message "Hi"`:                                 `flow said "Hello Ana, welcome to the shop."; want "Hi"`,
		`expect message "Hi" from bot`:                        `flow said "Hello Ana, welcome to the shop."; want "Hi"`,
		`expect message /^Hello/ from bot`:                    `want bot to have said it`,
		`expect message contains "Ho"`:                        `want a text that contains "Ho"`,
		`expect message /ho$/i`:                               `want /(?i)ho$/`,
		`expect no message`:                                   `flow said "Hello Ana, welcome to the shop."; want nothing more to be said`,
		`customer types; expect message "x"`:                  `nobody said anything more to the customer; want "x"`,
		`expect interactive {"a": 1}`:                         `flow said "Hello Ana, welcome to the shop."; want an interactive message`,
		`expect view form`:                                    `want the view form`,
		`customer types; expect view form`:                    `nothing was shown; want the view form`,
		`customer chooses Next`:                               `no view is shown to choose from`,
		`customer picks "Tea"`:                                `there is no interactive message to pick from`,
		`customer signs in`:                                   `the flow does not wait for the customer to sign in`,
		`expect event left`:                                   `the event left did not come; there came participant.joined`,
		`expect queue Support`:                                `the contact waits in no queue: the flow shop waits at "Ask"; want Support`,
		`expect position 1`:                                   `the contact waits in no queue`,
		`expect attribute tier = gold`:                        `there is no attribute tier; there are none`,
		`expect flow attribute x = y`:                         `there is no flow attribute x`,
		`expect flow Survey`:                                  `the flow shop runs; want Survey`,
		`expect tag team = blue`:                              `there is no tag team; there are aws:connect:instanceId`,
		`expect language de-DE`:                               `the language is en-US; want de-DE`,
		`expect priority 1`:                                   `the priority is 5; want 1`,
		`expect lambda prices`:                                `the function prices was not called; called were customers`,
		`expect lambda customers with {"a":"b"}`:              `in the call of customers, Parameters.a is not there`,
		`expect lambda customers with {"email":1}`:            `Parameters.email is "", not 1`,
		`expect no flow`:                                      `a flow runs: the flow shop waits at "Ask"; want none to`,
		`expect no tag aws:connect:instanceId`:                `the tag aws:connect:instanceId is "`,
		`start; chance 2`:                                     `this has to be said before the chat begins`,
		`expect no lambda`:                                    `the function customers was called`,
		`expect bot ShopBot hears "x"`:                        `the bot ShopBot was told nothing; told were none`,
		`customer says "y"; expect bot ShopBot hears "x"`:     `the bot ShopBot was told "y"; want "x"`,
		`expect action Bye`:                                   `the action "Bye" has not run: the flow shop waits at "Ask"`,
		`expect no action Greet`:                              `the action "Greet" has run`,
		`expect waiting at Bye`:                               `no flow waits at "Bye": the flow shop waits at "Ask"`,
		`expect waiting for 1m`:                               `the flow waits for 5m0s more`,
		`expect end`:                                          `the chat has not ended: the flow shop waits at "Ask"`,
		`customer leaves; expect end EXPIRED`:                 `the chat ended with CUSTOMER_DISCONNECT; want EXPIRED`,
		`customer leaves; expect open`:                        `the chat has ended: CUSTOMER_DISCONNECT`,
		`customer leaves; expect flow Shop`:                   `no flow runs: the chat has ended (CUSTOMER_DISCONNECT); want Shop`,
		`customer leaves; expect waiting`:                     `no flow waits: the chat has ended (CUSTOMER_DISCONNECT)`,
		`customer leaves; customer says "x"`:                  `the chat has ended`,
		`customer leaves; agent Bea joins`:                    `has ended`,
		`customer leaves; advance to the next timer`:          `nothing is due any more`,
		`customer leaves; stop`:                               `has ended`,
		`agent Bea joins`:                                     `does not wait in a queue`,
		`agent Bea says "x"`:                                  `Bea is not in the chat`,
		`participant Bot leaves`:                              `Bot is not in the chat`,
		`expect segments API DISCONNECT`:                      `the contacts of the chat began by API; want API, DISCONNECT`,
		`start; customer is Bo`:                               `this has to be said before the chat begins`,
		`start; clock 2026-01-01 12:00`:                       `the clock can only be set before the chat begins`,
		`start; start`:                                        `the chat has begun already`,
		`start Nowhere`:                                       `there is no flow Nowhere`,
		`customer says ""`:                                    `must not be empty`,
		`flow nowhere.json`:                                   `no such file`,
		`strict; customer says "human"; expect queue Support`: `the contact waits in no queue: the chat has ended`,
		`customer says "human"; expect no queue`:              `the contact waits in the queue Support; want it in none`,
		`customer says "human"; expect queue Sales`:           `the contact waits in the queue Support; want Sales`,
		`customer says "human"; expect position 2`:            `the contact is at position 1; want 2`,
		`customer says "human"; customer says "x"; agent Bea joins; expect message "x" to agent`: `flow said "Ana waits in Support, tier: "; want "x"`,
		`customer says "return"; expect view list`:                                               `the view form was shown; want list`,
		`customer says "return"; expect view form with {"Heading": "x"}`:                         `of the view, viewData.Heading is "Return goods", not "x"`,
		`customer says "return"; expect interactive {"data": {"content": []}}`:                   `in the interactive message message.data.content is {`,
		`customer says "return"; expect interactive "x"`:                                         `the interactive message is {`,
		`customer says "return"; customer picks "Tea"`:                                           `the message offers `,
		`attribute tier = silver; expect attribute tier = gold`:                                  `the attribute tier is "silver"; want "gold"`,
		`attribute tier = silver; expect no attribute tier`:                                      `the attribute tier is "silver"; want it not to be there`,
	} {
		text := "flow shop.json\n" + setup + "scenario It\n" + strings.ReplaceAll(statements, "; ", "\n")
		r := run(t, text).All[0]
		if r.Failure == nil {
			t.Errorf("%s: passed; want %s", statements, want)
			continue
		}
		if !strings.Contains(r.Failure.Reason, want) {
			t.Errorf("%s: %q; want %q", statements, r.Failure.Reason, want)
		}
		if lines := strings.Split(statements, "; "); r.Failure.Statement != lines[len(lines)-1] || r.Failure.Line != strings.Count(text, "\n")+1 {
			t.Errorf("%s: told of line %d, %q", statements, r.Failure.Line, r.Failure.Statement)
		}
	}
}

// TestWhatIsNotSaidIsAskedFor: functions and bots that a flow calls have to be told of.
func TestWhatIsNotSaidIsAskedFor(t *testing.T) {
	for statements, want := range map[string]string{
		"start": "the function customers is called; say what it does, as in: lambda customers returns {}",
		"lambda customers fails\ncustomer says \"Hello\"": "the flow tells the bot ShopBot \"Hello\"; say what it answers",
	} {
		r := run(t, "flow shop.json\nscenario It\n"+statements).All[0]
		if r.Failure == nil || !strings.Contains(r.Failure.Reason, want) {
			t.Errorf("%s: %+v; want %q", statements, r.Failure, want)
		}
	}
	if r := run(t, "flow shop.json\nscenario It\n  attribute a = b").All[0]; r.Failure == nil || !strings.Contains(r.Failure.Reason, "does nothing") {
		t.Errorf("a scenario that does nothing: %+v", r.Failure)
	}
	if r := run(t, "scenario It\n  start").All[0]; r.Failure == nil || !strings.Contains(r.Failure.Reason, "flow FILE") {
		t.Errorf("a scenario without a flow: %+v", r.Failure)
	}
}

// TestParseRefuses what is no statement, and says where.
func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "x.scenario holds no scenario; begin one with: scenario NAME",
		"flow":                       "x.scenario:1: the file of the flow is missing",
		"flow a.json as":             "the name of the flow is missing",
		"flow a.json type PHONE":     "there is no type of flow \"PHONE\"; there are AGENT_HOLD,",
		"flow a.json b.json":         "there is more than the statement takes: b.json",
		"\n\n  fly to the moon":      "x.scenario:3: there is no statement \"fly\"",
		`customer says hello`:        `want what the customer says in quotes, not "hello"`,
		`customer says "hello`:       `the text "hello has no closing quote`,
		`customer says "\q"`:         `the text "\q" cannot be read`,
		`customer walks`:             `a customer is NAME, says,`,
		`agent Bea walks`:            "an agent joins, says or leaves; not \"walks\"",
		`participant Bot walks`:      "a participant joins, says or leaves",
		`advance soon`:               `"soon" is no time span; write 90s, 5m, 1h30m or 7d`,
		`advance 61d`:                `"61d" is no time span`,
		`advance 59d72h`:             `is not from 0 to 60 days`,
		`advance`:                    `a time span is missing`,
		`lambda f`:                   `a function returns {...}, fails, or times out; not ""`,
		`lambda f returns`:           `the answer is missing`,
		`lambda f returns {"a"`:      `the answer is no JSON: it does not end`,
		`lambda f returns oops`:      `the answer is no JSON`,
		`bot b sings`:                `a bot says "...", ends with INTENT`,
		`bot b answers {}`:           `the bot answered neither an intent nor a dialog action`,
		`bot b on /(/ says "x"`:      `error parsing regexp`,
		`bot b on /x says "x"`:       `has no closing slash`,
		`bot b ends with I slots 1`:  `slots is a JSON object, not 1`,
		`queue Q huge`:               `a queue has: is REF, hours NAME, capacity N`,
		`queue Q capacity many`:      `the capacity is a number, not "many"`,
		`hours H ajar`:               `want "closed", not "ajar"`,
		`no luck today`:              `want no queue, no hours or no view, not no luck`,
		`clock noon today`:           `the clock is set as in: clock 2026-03-01 12:00`,
		`expect`:                     `what is expected is missing`,
		`expect rain`:                `"rain" cannot be expected; there are action, attribute, bot,`,
		`expect no rain`:             `"no rain" cannot be expected`,
		`expect attribute a`:         `want "=", not ""`,
		`expect attribute a = b c`:   `there is more than the statement takes: c`,
		"expect end X\nexpect wind":  "x.scenario:2: \"wind\" cannot be expected",
		strings.Repeat("oops\n", 30): "x.scenario:20: there is no statement \"oops\"",
	} {
		_, err := Parse("x.scenario", text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v; want %q", clip(text, 40), err, want)
		}
	}
}

// TestNames: resources go by id, ARN, the designer's name, or the name that the scenario gives.
func TestNames(t *testing.T) {
	in := NewInstance()
	d, err := (&Library{}).Open("testdata/shop.json", "", "")
	if err != nil {
		t.Fatal(err)
	}
	in.Add(d)
	const arn = "arn:aws:connect:us-east-1:123456789012:instance/11111111-1111-4111-8111-111111111111/queue/5e111111-0000-4000-8000-000000000001"
	for _, ref := range []string{arn, "Support"} {
		if q, err := in.Queue(instanceID, ref); err != nil || q.Name != "Support" || q.Max != -1 {
			t.Errorf("Queue(%s) = %+v, %v", ref, q, err)
		}
	}
	in.queue("Sales").max = 3
	in.call("q-1", "Sales")
	for _, ref := range []string{"q-1", "arn:aws:connect:eu-west-1:1:instance/i/queue/q-1"} {
		if q, err := in.Queue(instanceID, ref); err != nil || q.Name != "Sales" || q.Max != 3 {
			t.Errorf("Queue(%s) = %+v, %v", ref, q, err)
		}
	}
	for _, ref := range []string{"shop", "Shop"} {
		if _, id, err := in.Published(instanceID, ref); err != nil || id != "shop" {
			t.Errorf("Published(%s) = %s, %v", ref, id, err)
		}
	}
	for _, ref := range []string{"form", "form:3", "arn:aws:connect:us-east-1:aws:view/form:$LATEST"} {
		if v, err := in.FindView(instanceID, ref); err != nil || v.Name != "form" {
			t.Errorf("FindView(%s) = %+v, %v", ref, v, err)
		}
	}
	in.Strict = true
	if _, err := in.Queue(instanceID, "unheard-of"); err == nil {
		t.Error("a strict instance has every queue")
	}
	if _, err := in.FindView(instanceID, "unheard-of"); err == nil {
		t.Error("a strict instance has every view")
	}
	if _, err := in.Hours(instanceID, "unheard-of", Begun); err == nil {
		t.Error("a strict instance has all hours")
	}
}

// TestJSONIsNoScenario: who takes a flow for a scenario is told once.
func TestJSONIsNoScenario(t *testing.T) {
	_, err := Parse("flows/main.json", `{"Version": "2019-10-30"}`)
	if err == nil || !strings.HasSuffix(err.Error(), "as in: flow main.json") {
		t.Errorf("Parse says %v", err)
	}
}

// TestStageTellsOfProblems: a flow that cannot be published is played all the same.
func TestStageTellsOfProblems(t *testing.T) {
	path := t.TempDir() + "/odd.json"
	content := `{"Version":"2019-10-30","StartAction":"b","Metadata":{"type":"customerQueue"},"Actions":[{"Identifier":"a","Type":"EndFlowExecution"}]}`
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := NewPlay(&Library{}, path, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := "the flow cannot be published: parley flow check says why (problems: 1); a flow that is made up leads to this one"; !strings.HasPrefix(p.Stage(), want) {
		t.Errorf("Stage = %q; want %q", p.Stage(), want)
	}
}

// FuzzParse: no text makes the reading of scenarios panic, and what can be
// read can be run.
func FuzzParse(f *testing.F) {
	f.Add("flow tell-customer.json\nscenario x\n  customer says \"a\"\n  expect message /b/ from bot\n  advance 7d\n")
	f.Add("bot b on \"x\" ends with I slots {\"a\": [1]} says \"y\"\nlambda f returns {\n\"a\": 1}\nscenario\nexpect no message")
	f.Add("flow waiting.json\nscenario x\nagent A joins\nagent A leaves\nrestart\nexpect end")
	f.Add("\v\n\x00\nexpect \v")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse("testdata/fuzz.scenario", text)
		if err != nil || strings.Contains(text, "flow /") || strings.Contains(text, "..") {
			return
		}
		s := Suite{Library: &Library{}, Files: []*File{file}}
		for _, r := range s.Run(t.Context()).All {
			if r.Failure != nil && r.Failure.Reason == "" {
				t.Errorf("a failure without a reason: %+v", r.Failure)
			}
		}
	})
}

func BenchmarkScenario(b *testing.B) {
	f, err := Load("testdata/shop.scenario")
	if err != nil {
		b.Fatal(err)
	}
	s := Suite{Library: &Library{}, Files: []*File{f}}
	scenarios := 0
	for b.Loop() {
		r := s.Run(b.Context())
		if r.Failed() > 0 {
			b.Fatal("a scenario failed")
		}
		scenarios += len(r.All)
	}
	b.ReportMetric(float64(scenarios)/b.Elapsed().Seconds(), "scenarios/s")
}
