package flowlog

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/flow/machine"
)

var testTime = time.Date(2026, 4, 13, 0, 14, 31, 581_900_000, time.UTC)

func TestRecords(t *testing.T) {
	const arn = "arn:aws:connect:us-east-1:123456789012:instance/i/contact-flow/f"
	head := func(block string) string {
		return `{"ContactId":"c-1","ContactFlowId":"` + arn + `","ContactFlowName":"Main","ContactFlowModuleType":"` + block + `","Identifier":"a","Timestamp":"2026-04-13T00:14:31.581Z","Parameters":`
	}
	for _, c := range []struct {
		name  string
		entry machine.LogEntry
		want  string
	}{
		{"plain", machine.LogEntry{Block: "Resume", Type: "EndFlowExecution"}, head("Resume") + `{}}`},
		{"no block", machine.LogEntry{Type: "ShowView"}, head("ShowView") + `{}}`},
		{"parameters are texts", machine.LogEntry{Block: "InvokeExternalResource", Parameters: map[string]any{
			"FunctionArn": "arn:aws:lambda:x", "TimeLimit": int64(8000), "Parameters": map[string]any{"a": "b", "n": 1.5}}},
			head("InvokeExternalResource") + `{"FunctionArn":"arn:aws:lambda:x","Parameters":{"a":"b","n":1.5},"TimeLimit":"8000"}}`},
		{"numbers and booleans", machine.LogEntry{Block: "Wait", Parameters: map[string]any{"A": 1, "B": 2.5, "C": true, "D": time.Second, "E": json.Number("7")}},
			head("Wait") + `{"A":"1","B":"2.5","C":"true","D":"1000","E":"7"}}`},
		{"result", machine.LogEntry{Block: "GetUserInput", Result: "BookHotel", Parameters: map[string]any{"Text": "Hello"}}, head("GetUserInput") + `{"Text":"Hello"},"Results":"BookHotel"}`},
		{"answer", machine.LogEntry{Block: "InvokeExternalResource", External: json.RawMessage(`{"name":"Ada","password":"p"}`)},
			head("InvokeExternalResource") + `{},"ExternalResults":{"name":"Ada","password":"[hidden]"}}`},
		{"failure", machine.LogEntry{Block: "InvokeExternalResource", Result: "NoMatchingError", Problem: "function f failed"},
			head("InvokeExternalResource") + `{},"Results":"NoMatchingError","Error":"Error","ErrorDetails":{"ErrorCode":"NoMatchingError","Message":"function f failed"}}`},
		{"secret attribute", machine.LogEntry{Block: "SetAttributes", Parameters: map[string]any{"Key": "accountPassword", "Value": "hunter2"}},
			head("SetAttributes") + `{"Key":"accountPassword","Value":"[hidden]"}}`},
		{"attribute", machine.LogEntry{Block: "SetAttributes", Parameters: map[string]any{"Key": "name", "Value": "x"}}, head("SetAttributes") + `{"Key":"name","Value":"x"}}`},
		{"secret comparison", machine.LogEntry{Block: "CheckAttribute", Result: "4711", Parameters: map[string]any{"Attribute": "$.Attributes.userPassword", "Value": "4711"}},
			head("CheckAttribute") + `{"Attribute":"$.Attributes.userPassword","Value":"[hidden]"},"Results":"[hidden]"}`},
		{"secret comparison without a match", machine.LogEntry{Block: "CheckAttribute", Result: "NoMatchingCondition", Parameters: map[string]any{"Attribute": "$.External.otp", "Value": "4711"}},
			head("CheckAttribute") + `{"Attribute":"$.External.otp","Value":"[hidden]"},"Results":"NoMatchingCondition"}`},
		{"comparison", machine.LogEntry{Block: "CheckAttribute", Result: "gold", Parameters: map[string]any{"Attribute": "$.Attributes.tier", "Value": "gold"}},
			head("CheckAttribute") + `{"Attribute":"$.Attributes.tier","Value":"gold"},"Results":"gold"}`},
		{"nested secrets", machine.LogEntry{Block: "X", Parameters: map[string]any{"P": map[string]any{"api_key": "k", "list": []any{map[string]any{"PIN code": 1}, "x"}, "m": map[string]string{"Auth-Token": "t"}}}},
			head("X") + `{"P":{"api_key":"[hidden]","list":[{"PIN code":"[hidden]"},"x"],"m":{"Auth-Token":"[hidden]"}}}}`},
	} {
		c.entry.Action, c.entry.Time = "a", testTime
		r := newRecord("c-1", arn, "Main", &c.entry, secretNames)
		if got := strings.TrimSuffix(string(r.line()), "\n"); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestRecordsAreBounded(t *testing.T) {
	e := machine.LogEntry{Parameters: map[string]any{"Text": strings.Repeat("é", maxValue)}}
	r := newRecord("c", "arn", "", &e, secretNames)
	if text := r.Parameters["Text"].(string); len(text) > maxValue+len("…") || !strings.HasSuffix(text, "é…") {
		t.Errorf("a long text became %d bytes, ending in %q", len(text), text[len(text)-8:])
	}
	many := map[string]any{}
	for key := range strings.SplitSeq("abcdefghijklmnopqrstuvwxyz", "") {
		many[key] = strings.Repeat("x", maxValue)
	}
	r = newRecord("c", "arn", "", &machine.LogEntry{Parameters: many}, secretNames)
	if line := r.line(); len(line) > maxRecord || !json.Valid(line) || !strings.Contains(string(line), "too long for a record") {
		t.Errorf("a long record has %d bytes: %.200s", len(line), line)
	}
	var deep any = "end"
	for range 100 {
		deep = map[string]any{"d": deep}
	}
	r = newRecord("c", "arn", "", &machine.LogEntry{Parameters: map[string]any{"P": deep}}, secretNames)
	if n := strings.Count(string(r.line()), `"d"`); n > maxNesting {
		t.Errorf("a deep value keeps %d levels", n)
	}
}

func TestSecretNames(t *testing.T) {
	own := append(names{squeeze("Mother's-maiden"), squeeze("dob")}, secretNames...)
	for name, want := range map[string]bool{
		"password": true, "userPassword": true, "PASSWORD_2": true, "api-key": true, "apiKey": true, "X-Api-Key": true, "accessToken": true,
		"cvv": true, "card_cvv": true, "otp": true, "customer.otp": true, "ssn": true, "client secret": true, "dob": true, "customerDob": true, "mothers": false, "mother's maiden": true,
		"$.Attributes['otp']": true, "$['Attributes']['ssn']": true, "$.External.codes[0].cvc": true, "$.Attributes['tier']": false,
		"name": false, "compass": false, "laptop": false, "key": false, "Key": false, "FunctionArn": false, "": false, "caption": false, "pin": false, "session": false, "adobe": false,
	} {
		if got := own.has(name); got != want {
			t.Errorf("%q is hidden: %v; want %v", name, got, want)
		}
	}
}
