package scenario

import (
	"strings"
	"testing"

	"parley.example/parley/internal/flowtest/simulator"
	"parley.example/parley/internal/flowtest/wording"
)

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
		`advance soon`:               `"soon" is not a time span; write 90s, 5m, 1h30m or 7d`,
		`advance 61d`:                `61d is not from 0 to 60 days`,
		`advance 59d72h`:             `is not from 0 to 60 days`,
		`advance`:                    `a time span is missing`,
		`lambda f`:                   `a function returns {...}, fails, or times out; not ""`,
		`lambda f returns`:           `the answer is missing`,
		`lambda f returns {"a"`:      `the answer is not JSON: it does not end`,
		`lambda f returns oops`:      `the answer is not JSON`,
		`bot b sings`:                `a bot says "...", ends with INTENT`,
		`bot b answers {}`:           `the bot answered neither an intent nor a dialog action`,
		`bot b on /(/ says "x"`:      `error parsing regexp`,
		`bot b on /x says "x"`:       `has no closing slash`,
		`bot b ends with I slots 1`:  `slots is a JSON object, not 1`,
		`queue Q huge`:               `a queue has: is REF, hours NAME, capacity N`,
		`queue Q capacity many`:      `the capacity is a number, not "many"`,
		`queue Q available some`:     `how many agents are available is a number, not "some"`,
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
			t.Errorf("Parse(%q) = %v; want %q", wording.Clip(text, 40), err, want)
		}
	}
}

// TestJSONIsNotAScenario: passing a flow as a scenario is one error, which says so.
func TestJSONIsNotAScenario(t *testing.T) {
	_, err := Parse("flows/main.json", `{"Version": "2019-10-30"}`)
	if err == nil || !strings.HasSuffix(err.Error(), "as in: flow main.json") {
		t.Errorf("Parse says %v", err)
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
		file, err := Parse("../testdata/fuzz.scenario", text)
		if err != nil || strings.Contains(text, "flow /") || strings.Contains(text, "..") {
			return
		}
		library := &simulator.Library{}
		for _, sc := range file.Scenarios {
			if _, failure := file.Run(library, sc); failure != nil && failure.Reason == "" {
				t.Errorf("a failure without a reason: %+v", failure)
			}
		}
	})
}
