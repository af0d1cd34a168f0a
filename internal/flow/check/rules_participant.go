package check

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"parley.example/parley/internal/flow"
)

// prompts adds the problem that an action says several things at once (in the
// service's words, 2026-07).
func (v *validation) prompts(a *flow.Action, given []string) {
	v.add(a, "Parameters", "Say one of them.", "Only one of these properties may be defined. Properties: [%s]", strings.Join(given, ", "))
}

// checkPrompt: what is said is something. An empty text counts as none, a blank does
// not (probed by publishing, 2026-08).
func checkPrompt(v *validation, a *flow.Action) {
	checkMedia(v, a)
	if given := a.Params.Given(flow.PromptNames); len(given) == 1 && empty(a, given[0]) {
		field := "Parameters." + given[0]
		v.add(a, field, "An empty text counts as none.", "Action is missing required property. Path: %s", path(a, field))
	}
}

// empty reports a parameter that is an empty text.
func empty(a *flow.Action, name string) bool { return string(a.Params[name]) == `""` }

// checkInput: GetParticipantInput is a menu, or it stores what is entered. What each
// needs was found by publishing (2026-09-29). As the designer's "Set touchtone buffer
// behavior" it asks for nothing, and so has the branches of neither.
func checkInput(v *validation, a *flow.Action) {
	if a.Params.Has(a.Spec.Instead) {
		return
	}
	checkPrompt(v, a)
	validations := v.objectOf(a, "InputValidation")
	phone, custom := validations.Has("PhoneNumberValidation"), validations.Has("CustomValidation")
	if phone && custom {
		v.value(a, "Parameters.InputValidation", "only one of PhoneNumberValidation, CustomValidation may be given")
	}
	if a.Params.Has("InputEncryption") && !custom {
		v.value(a, "Parameters.InputEncryption", "requires InputValidation.CustomValidation")
	}
	if !phone {
		v.refuseError(a, "InvalidPhoneNumber")
	}
	keys := v.objectOf(a, "DTMFConfiguration")
	v.numberIn(a, "DTMFConfiguration", keys, "InterdigitTimeLimitSeconds", 1, 20)
	if end, _ := keys.Literal("InputTerminationSequence"); utf8.RuneCountInString(end) > 5 {
		v.value(a, "Parameters.DTMFConfiguration.InputTerminationSequence", "must have at most 5 keys")
	}
	store, _ := a.Params.Literal("StoreInput")
	if store == "" {
		v.doubt(a, "Parameters.StoreInput", "StoreInput is not given.", "Write \"False\" for a menu: the service has refused it without (2026-09-29).")
	}
	if !flow.IsTrue(store) {
		v.needsError(a, flow.NoMatchingCondition)
		v.needsError(a, flow.InputTimeLimitExceeded)
		if a.Params.Has("InputValidation") {
			v.value(a, "Parameters.InputValidation", "requires StoreInput \"True\"")
		}
		if a.Params.Has("DTMFConfiguration") {
			v.doubt(a, "Parameters.DTMFConfiguration", "A menu has DTMFConfiguration.", "Leave it out: a tool that publishes flows found it refused here (2026-07), and no menu that is exported has it.")
		}
		return
	}
	if !a.Params.Has("InputValidation") {
		v.missing(a, "Parameters.InputValidation")
	}
	v.refuseError(a, flow.NoMatchingCondition)
	v.refuseError(a, flow.InputTimeLimitExceeded)
	if len(a.Conditions) > 0 {
		v.add(a, "Transitions.Conditions", "", "Action does not support conditions")
	}
}

// checkMessages: what is looped are prompts, and only an interruption has a branch.
func checkMessages(v *validation, a *flow.Action) {
	messages, err := flow.Decode(a.Params["Messages"])
	list, _ := messages.([]any)
	if a.Params.Has("Messages") && (err != nil || len(list) == 0) {
		v.value(a, "Parameters.Messages", "must be a list of prompts")
	}
	for i, e := range list {
		one, _ := e.(map[string]any)
		given := 0
		for _, name := range flow.PromptNames {
			if one[name] != nil {
				given++
			}
		}
		if given != 1 {
			v.value(a, fmt.Sprintf("Parameters.Messages[%d]", i), "must have one of "+strings.Join(flow.PromptNames, ", "))
		}
	}
	if len(a.Conditions) > 0 && !a.Params.Has("InterruptFrequencySeconds") {
		v.missing(a, "Parameters.InterruptFrequencySeconds")
	}
}

// checkBot: one bot, of Lex V2 or of Lex V1, and at most one prompt.
func checkBot(v *validation, a *flow.Action) {
	switch v2, v1 := a.Params.Has("LexV2Bot"), a.Params.Has("LexBot"); {
	case v1 && v2:
		v.value(a, "Parameters", "only one of LexV2Bot, LexBot may be given")
	case v2:
		v.member(a, "LexV2Bot", v.objectOf(a, "LexV2Bot"), "AliasArn")
	case v1:
		v.member(a, "LexBot", v.objectOf(a, "LexBot"), "Name")
	default:
		v.missing(a, "Parameters.LexV2Bot")
	}
	given := a.Params.Given(flow.PromptNames)
	begins := a.Params.Has("LexInitializationData") || a.Params.Has("LexInitializtionData")
	switch {
	case len(given) > 1:
		v.prompts(a, given)
	case !begins && (len(given) == 0 || empty(a, given[0])):
		v.add(a, "Parameters", "", "At least one of [%s, LexInitializationData] must be set", strings.Join(flow.PromptNames, ", "))
	}
	checkMedia(v, a)
	if begins {
		initial := v.objectOf(a, "LexInitializationData")
		v.member(a, "LexInitializationData", initial, "InitialMessage")
		if t, err := initial.Template("InitialMessage"); err == nil && utf8.RuneCountInString(t.Literal) > flow.MaxUtterance {
			v.value(a, "Parameters.LexInitializationData.InitialMessage", fmt.Sprintf("has more than %d characters", flow.MaxUtterance))
		}
	}
	v.numberIn(a, "LexTimeoutSeconds", v.objectOf(a, "LexTimeoutSeconds"), "Text", flow.MinBotSilence, flow.MaxBotSilence)
}

// checkShowView: a view is named, and has a time.
func checkShowView(v *validation, a *flow.Action) {
	if a.Params.Has("ViewResource") {
		v.member(a, "ViewResource", v.objectOf(a, "ViewResource"), "Id")
	}
}

// checkSignIn: a user pool and its client are named.
func checkSignIn(v *validation, a *flow.Action) {
	if a.Params.Has("CognitoConfiguration") {
		cognito := v.objectOf(a, "CognitoConfiguration")
		v.member(a, "CognitoConfiguration", cognito, "UserPoolArn")
		v.member(a, "CognitoConfiguration", cognito, "AppClientId")
	}
}
