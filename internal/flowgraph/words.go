package flowgraph

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
)

// block is what the designer calls a type of action, and what is worth telling of its parameters.
type block struct {
	name  string
	group group
	show  []string // parameters, or members of them; the first that is there is shown
}

// group is a family of actions; each has a colour.
type group string

const (
	groupTalk    group = "talk"    // speaks with the customer
	groupControl group = "control" // chooses a way
	groupContact group = "contact" // changes the contact
	groupCall    group = "call"    // asks another system
	groupEnd     group = "end"     // ends or hands over
)

// groupColours are the fills of boxes.
var groupColours = []struct {
	group      group
	fill, dark string
}{
	{groupTalk, "#d3e5fb", "#1f3d61"}, {groupControl, "#fdebc0", "#54451b"}, {groupContact, "#d5efda", "#214a2d"},
	{groupCall, "#e5dbf7", "#443366"}, {groupEnd, "#e0e4e8", "#3a444e"},
}

// blocks are the types with a name of their own; others are shown by their type.
var blocks = map[string]block{
	"MessageParticipant":            {"Send message", groupTalk, []string{"Text", "SSML", "PromptId", "Media"}},
	"MessageParticipantIteratively": {"Loop prompts", groupTalk, []string{"Messages"}},
	"GetParticipantInput":           {"Get digits", groupTalk, []string{"Text", "SSML", "PromptId"}},
	"ConnectParticipantWithLexBot":  {"Ask a bot", groupTalk, []string{"Text", "SSML", "LexV2Bot", "LexBot"}},
	"ShowView":                      {"Show view", groupTalk, []string{"ViewResource.Id"}},
	"AuthenticateParticipant":       {"Authenticate customer", groupTalk, nil},

	"Compare":                   {"Check", groupControl, []string{"ComparisonValue"}},
	"Wait":                      {"Wait", groupControl, []string{"TimeLimitSeconds"}},
	"Loop":                      {"Loop", groupControl, []string{"LoopCount"}},
	"CheckHoursOfOperation":     {"Check hours", groupControl, []string{"HoursOfOperationId"}},
	"CheckMetricData":           {"Check queue or staff", groupControl, []string{"MetricType"}},
	"DistributeByPercentage":    {"Distribute by percentage", groupControl, nil},
	"UpdateFlowAttributes":      {"Set flow attributes", groupContact, []string{"FlowAttributes"}},
	"UpdateFlowLoggingBehavior": {"Set logging", groupControl, []string{"FlowLoggingBehavior"}},
	"CheckVoiceId":              {"Check Voice ID", groupControl, []string{"CheckVoiceIdOption"}},
	"CheckOutboundCallStatus":   {"Check call progress", groupControl, nil},

	"UpdateContactAttributes":                    {"Set attributes", groupContact, []string{"Attributes"}},
	"UpdateContactTargetQueue":                   {"Set queue", groupContact, []string{"QueueId", "AgentId"}},
	"UpdateContactEventHooks":                    {"Set event flow", groupContact, []string{"EventHooks", "EventHooksConfiguration"}},
	"UpdateContactData":                          {"Set contact data", groupContact, []string{"Name", "LanguageCode", "References", "SegmentAttributes", "CustomerId", "Description"}},
	"UpdateContactRoutingBehavior":               {"Change priority", groupContact, []string{"QueuePriority", "QueueTimeAdjustmentSeconds"}},
	"UpdateContactRoutingCriteria":               {"Set routing criteria", groupContact, nil},
	"UpdateContactRecordingBehavior":             {"Set recording", groupContact, nil},
	"UpdateContactRecordingAndAnalyticsBehavior": {"Set recording and analytics", groupContact, nil},
	"UpdateContactTextToSpeechVoice":             {"Set voice", groupContact, []string{"TextToSpeechVoice"}},
	"UpdateContactCallbackNumber":                {"Set callback number", groupContact, []string{"CallbackNumber"}},
	"CreatePersistentContactAssociation":         {"Associate earlier chat", groupContact, []string{"SourceContactId"}},
	"TagContact":                                 {"Tag contact", groupContact, []string{"Tags"}},
	"UntagContact":                               {"Untag contact", groupContact, []string{"TagKeys"}},

	"InvokeLambdaFunction":  {"Invoke function", groupCall, []string{"LambdaFunctionARN"}},
	"InvokeFlowModule":      {"Invoke module", groupCall, []string{"FlowModuleId"}},
	"GetMetricData":         {"Get queue metrics", groupCall, []string{"QueueId"}},
	"CreateTask":            {"Create task", groupCall, []string{"Name"}},
	"CreateWisdomSession":   {"Connect assistant", groupCall, nil},
	"CreateCase":            {"Create case", groupCall, []string{"CaseTemplateId"}},
	"GetCase":               {"Get case", groupCall, nil},
	"UpdateCase":            {"Update case", groupCall, nil},
	"GetCustomerProfile":    {"Get profile", groupCall, []string{"ProfileRequestData"}},
	"CreateCustomerProfile": {"Create profile", groupCall, nil},
	"UpdateCustomerProfile": {"Update profile", groupCall, nil},

	"TransferContactToQueue":                {"Transfer to queue", groupEnd, nil},
	"DequeueContactAndTransferToQueue":      {"Transfer to another queue", groupEnd, []string{"QueueId", "AgentId"}},
	"TransferToFlow":                        {"Transfer to flow", groupEnd, []string{"ContactFlowId"}},
	"TransferContactToAgent":                {"Transfer to agent", groupEnd, nil},
	"TransferParticipantToThirdParty":       {"Transfer to phone number", groupEnd, []string{"ThirdPartyPhoneNumber"}},
	"CreateCallbackContact":                 {"Transfer to callback queue", groupEnd, nil},
	"DisconnectParticipant":                 {"Disconnect", groupEnd, nil},
	"EndFlowExecution":                      {"End flow", groupEnd, nil},
	"EndFlowModuleExecution":                {"Return", groupEnd, nil},
	"UpdatePreviousContactParticipantState": {"Hold customer or agent", groupContact, nil},
	"UpdateContactMediaStreamingBehavior":   {"Set media streaming", groupContact, nil},
	"UpdateContactMediaProcessing":          {"Set message processor", groupContact, nil},
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$`)

// Title returns what to call an action: its identifier when a person chose it,
// else what the designer calls its type.
func Title(a *check.OutlineAction) string {
	if !uuid.MatchString(a.ID) && a.ID != "" {
		return a.ID
	}
	return Kind(a)
}

// Kind returns what the designer calls the type of an action.
func Kind(a *check.OutlineAction) string {
	if b, ok := blocks[a.Type]; ok {
		return b.name
	}
	return a.Type
}

func (n *node) group() group {
	if b, ok := blocks[n.action.Type]; ok {
		return b.group
	}
	if n.action.Terminal {
		return groupEnd
	}
	return groupCall
}

// Summary returns the parameter that tells most of an action, as one line;
// "" when there is none. names are those of the flow's [check.Outline].
func Summary(a *check.OutlineAction, names map[string]string) string {
	for _, parameter := range blocks[a.Type].show {
		parameter, member, _ := strings.Cut(parameter, ".")
		v, err := decode(a.Parameters[parameter])
		if object, ok := v.(map[string]any); ok && member != "" {
			v = object[member]
		}
		if err != nil {
			continue // it is not there
		}
		text := words(v, names, 0)
		if strings.HasSuffix(parameter, "Seconds") {
			text = duration(text)
		}
		if text != "" {
			return text
		}
	}
	return ""
}

// decode reads a JSON value and keeps numbers as they are written.
func decode(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// words writes a parameter's value for people: names for ids, "key = value" for objects.
func words(v any, names map[string]string, depth int) string {
	switch v := v.(type) {
	case string:
		return resource(v, names)
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case []any:
		var all []string
		for _, e := range v[:min(len(v), 5)] {
			all = append(all, words(e, names, depth+1))
		}
		return strings.Join(all, ", ")
	case map[string]any:
		if depth > 2 {
			return "…"
		}
		var all []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			text := words(v[key], names, depth+1)
			if len(v) > 1 || !plain[key] {
				text = key + " = " + text
			}
			if all = append(all, text); len(all) == 5 {
				break
			}
		}
		return strings.Join(all, ", ")
	}
	return ""
}

// plain are members of objects whose value says enough without its name.
var plain = map[string]bool{"Value": true, "Text": true, "Id": true, "AliasArn": true, "SSML": true, "PromptId": true}

// resource shortens an ARN to what is told apart in it.
func resource(s string, names map[string]string) string {
	if shown := names[s]; shown != "" {
		return shown
	}
	s = strings.Join(strings.Fields(s), " ")
	if !strings.HasPrefix(s, "arn:") {
		return s
	}
	if i := strings.LastIndexByte(s, '/'); i >= 0 && i < len(s)-1 {
		return s[i+1:]
	}
	if _, name, ok := strings.Cut(s, ":function:"); ok {
		return name
	}
	return s
}

func duration(seconds string) string {
	n, err := strconv.Atoi(seconds)
	if err != nil || n < 0 || n > 1e7 {
		return seconds
	}
	text := (time.Duration(n) * time.Second).String()
	text = strings.TrimSuffix(text, "m0s")
	if before, ok := strings.CutSuffix(text, "h0"); ok {
		return before + "h"
	}
	if text != (time.Duration(n) * time.Second).String() {
		text += "m"
	}
	return text
}

// Label says on which result a way is taken, as > 0 or NoMatchingError; "" for plain success.
func Label(e *check.Exit) string {
	switch e.Kind {
	case flow.WayError:
		return e.Error
	case flow.WayCondition:
		return Condition(e.Operator, e.Operand)
	}
	return ""
}

// Condition says what a condition asks for: the operand, behind the sign of an
// operator that is not Equals.
func Condition(operator, operand string) string {
	said := strings.Join(strings.Fields(operand), " ")
	if said == "" {
		said = `""`
	}
	return strings.TrimSpace(operators[operator] + " " + said)
}

// operators are the signs of the operators of conditions; those of Equals is
// left out, since nearly all conditions have it.
var operators = map[string]string{
	"TextStartsWith": "starts with", "TextEndsWith": "ends with", "TextContains": "contains",
	"NumberGreaterThan": ">", "NumberGreaterOrEqualTo": "≥", "NumberLessThan": "<", "NumberLessOrEqualTo": "≤",
}
