package scenario

import (
	"path/filepath"
	"strings"
	"testing"

	"parley.example/parley/internal/flowtest/simulator"
)

// run runs the first scenario of a text, as that of a file in testdata.
func run(t testing.TB, text string) *Failure {
	t.Helper()
	f, err := Parse(filepath.Join("..", "testdata", "given.scenario"), text)
	if err != nil {
		t.Fatal(err)
	}
	_, failure := f.Run(&simulator.Library{}, f.Scenarios[0])
	return failure
}

// TestFailuresSayWhatCame holds expectations that fail to saying what came instead.
func TestFailuresSayWhatCame(t *testing.T) {
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
		`expect bot ShopBot hears "x"`:                        `the bot ShopBot was not asked; asked were none`,
		`customer says "y"; expect bot ShopBot hears "x"`:     `the bot ShopBot was asked "y"; want "x"`,
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
		failure := run(t, text)
		if failure == nil {
			t.Errorf("%s: passed; want %s", statements, want)
			continue
		}
		if !strings.Contains(failure.Reason, want) {
			t.Errorf("%s: %q; want %q", statements, failure.Reason, want)
		}
		if lines := strings.Split(statements, "; "); failure.Statement != lines[len(lines)-1] || failure.Line != strings.Count(text, "\n")+1 {
			t.Errorf("%s: reported line %d, %q", statements, failure.Line, failure.Statement)
		}
	}
}

// TestStubsAreRequired: a call without a stub fails the scenario, which says what is missing.
func TestStubsAreRequired(t *testing.T) {
	for statements, want := range map[string]string{
		"start": "the function customers is called; say what it does, as in: lambda customers returns {}",
		"lambda customers fails\ncustomer says \"Hello\"": "the flow asks the bot ShopBot \"Hello\"; say what it answers",
	} {
		failure := run(t, "flow shop.json\nscenario It\n"+statements)
		if failure == nil || !strings.Contains(failure.Reason, want) {
			t.Errorf("%s: %+v; want %q", statements, failure, want)
		}
	}
	if failure := run(t, "flow shop.json\nscenario It\n  attribute a = b"); failure == nil || !strings.Contains(failure.Reason, "does nothing") {
		t.Errorf("a scenario that does nothing: %+v", failure)
	}
	if failure := run(t, "scenario It\n  start"); failure == nil || !strings.Contains(failure.Reason, "flow FILE") {
		t.Errorf("a scenario without a flow: %+v", failure)
	}
}
