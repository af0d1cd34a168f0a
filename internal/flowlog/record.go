package flowlog

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// Record is one entry of a flow log as Amazon Connect writes it. An action that
// calls out has one when it begins and one when it ends.
type Record struct {
	ContactID   string `json:"ContactId"`
	FlowID      string `json:"ContactFlowId"` // ARN of the flow, or of the module that ran
	FlowName    string `json:"ContactFlowName,omitempty"`
	Block       string `json:"ContactFlowModuleType"` // the block's name in the older format of flows
	Identifier  string `json:"Identifier,omitempty"`  // of the action
	Timestamp   string
	Parameters  map[string]any
	Results     string        `json:",omitempty"` // the condition or error type that decided
	External    any           `json:"ExternalResults,omitempty"`
	Error       string        `json:",omitempty"`
	ErrorDetail *ErrorDetails `json:"ErrorDetails,omitempty"`
}

// ErrorDetails says why an action took its error branch.
type ErrorDetails struct {
	ErrorCode string // the error type
	Message   string
}

// Bounds of a record. A longer text is truncated, a longer record loses its parameters.
const (
	maxValue   = 4 << 10
	maxRecord  = 64 << 10
	maxNesting = 16
)

// newRecord makes the record of an entry, with the values of hidden names redacted.
func newRecord(contact center.ContactID, arn, name string, e *machine.LogEntry, hidden names) Record {
	r := Record{
		ContactID: string(contact), FlowID: arn, FlowName: name, Block: e.Block, Identifier: e.Action,
		Timestamp: e.Time.UTC().Format(center.TimeLayout), Results: e.Result,
	}
	if r.Block == "" {
		r.Block = e.Type
	}
	r.Parameters = make(map[string]any, len(e.Parameters))
	for key, v := range e.Parameters {
		r.Parameters[key] = hidden.clean(key, text(v), 0)
	}
	// An entry per attribute has its name as one value and its content as another.
	if key, ok := r.Parameters["Key"].(string); ok && hidden.has(key) {
		r.Parameters["Value"] = mask
	}
	// Of a comparison the name is one value, and what it stands for another; the
	// result is the operand that is equal to it.
	if name, ok := r.Parameters["Attribute"].(string); ok && hidden.has(name) {
		r.Parameters["Value"] = mask
		if r.Results != "" && r.Results != noMatchingCondition {
			r.Results = mask
		}
	}
	if len(e.External) > 0 {
		var answer any
		if json.Unmarshal(e.External, &answer) == nil {
			r.External = hidden.clean("", answer, 0)
		}
	}
	if e.Problem != "" {
		r.Error = "Error"
		r.ErrorDetail = &ErrorDetails{ErrorCode: e.Result, Message: truncate(e.Problem)}
	}
	return r
}

// line returns the record's JSON text in one line, within [maxRecord].
func (r *Record) line() []byte {
	b, err := json.Marshal(r)
	if err != nil || len(b) > maxRecord {
		short := *r
		short.Parameters, short.External = map[string]any{"Omitted": "the parameters are too long for a record"}, nil
		if b, err = json.Marshal(&short); err != nil {
			return nil // texts always encode
		}
	}
	return append(b, '\n')
}

// text writes scalars as flow logs do, as texts.
func text(v any) any {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case json.Number:
		return v.String()
	case time.Duration:
		return strconv.FormatInt(v.Milliseconds(), 10)
	}
	return v
}

// noMatchingCondition is the result of a comparison in which nothing was equal.
const noMatchingCondition = "NoMatchingCondition"

// mask replaces redacted values.
const mask = "[hidden]"

// names are words that identify secrets, in lower case without separators.
type names []string

// secretNames always apply: a member whose name contains one is redacted.
var secretNames = names{"password", "passwd", "passcode", "passphrase", "secret", "token", "credential", "authorization",
	"apikey", "accesskey", "privatekey", "cardnumber", "creditcard", "securitycode", "cvv", "cvc", "ssn", "socialsecurity", "iban", "otp", "pincode"}

// has reports whether a name is that of a secret. Short words match only the
// whole name or one of its words.
func (n names) has(name string) bool {
	squeezed := squeeze(name)
	words := " " + strings.Join(split(name), " ") + " "
	for _, secret := range n {
		if len(secret) <= 4 {
			if strings.Contains(words, " "+secret+" ") {
				return true
			}
		} else if strings.Contains(squeezed, secret) {
			return true
		}
	}
	return false
}

// split returns the words of a name like api_key, apiKey or API-Key, in lower
// case, and of a reference like $.Attributes['otp'].
func split(name string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	lower := false
	for _, c := range name {
		upper := c >= 'A' && c <= 'Z'
		switch {
		case strings.ContainsRune("_-. /:[]'$", c):
			flush()
			lower = false
			continue
		case upper && lower:
			flush()
		}
		lower = !upper
		word = append(word, c)
	}
	flush()
	return words
}

func squeeze(name string) string { return strings.Join(split(name), "") }

// clean returns a JSON value without secrets, and with long texts truncated. It
// copies what it changes.
func (n names) clean(name string, v any, depth int) any {
	if name != "" && n.has(name) {
		return mask
	}
	if depth >= maxNesting {
		return "…"
	}
	switch v := v.(type) {
	case string:
		return truncate(v)
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, member := range v {
			out[key] = n.clean(key, member, depth+1)
		}
		return out
	case map[string]string:
		out := make(map[string]any, len(v))
		for key, member := range v {
			out[key] = n.clean(key, member, depth+1)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = n.clean("", e, depth+1)
		}
		return out
	}
	return v
}

// truncate shortens a text to [maxValue] bytes.
func truncate(s string) string {
	if len(s) <= maxValue {
		return s
	}
	end := maxValue
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
