package flow

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// checkDigits: a menu branches on single keys.
func checkDigits(v *validation, a *action) {
	someOf("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#")(v, a)
}

// checkInput: GetParticipantInput is a menu, or it stores what is entered.
func checkInput(v *validation, a *action) {
	v.media(a)
	validations := v.objectOf(a, "InputValidation")
	phone, custom := validations.has("PhoneNumberValidation"), validations.has("CustomValidation")
	if phone && custom {
		v.value(a, "Parameters.InputValidation", "only one of PhoneNumberValidation, CustomValidation may be given")
	}
	if a.params.has("InputEncryption") && !custom {
		v.value(a, "Parameters.InputEncryption", "only goes with InputValidation.CustomValidation")
	}
	if !phone {
		v.refuseError(a, "InvalidPhoneNumber")
	}
	keys := v.objectOf(a, "DTMFConfiguration")
	v.numberIn(a, "DTMFConfiguration", keys, "InterdigitTimeLimitSeconds", 1, 20)
	if end, _ := keys.literal("InputTerminationSequence"); utf8.RuneCountInString(end) > 5 {
		v.value(a, "Parameters.DTMFConfiguration.InputTerminationSequence", "must have at most 5 keys")
	}
	if store, _ := a.params.literal("StoreInput"); !isTrue(store) {
		v.needsError(a, noMatchingCondition)
		return
	}
	v.refuseError(a, noMatchingCondition)
	v.refuseError(a, inputTimeLimitExceeded)
	if len(a.conditions) > 0 {
		v.add(a, "Transitions.Conditions", "", "Action does not support conditions. Path: %s", a.path(""))
	}
	if !a.hasNext {
		v.missing(a, "Transitions.NextAction")
	}
}

// refuseError checks that an error type that cannot come has no branch.
func (v *validation) refuseError(a *action, errorType string) {
	if _, ok := a.branch(errorType); ok {
		v.add(a, "Transitions.Errors", "", "Invalid Action error. Error: %s, Path: %s", errorType, a.path(""))
	}
}

// checkMessages: what is looped are prompts, and only an interruption has a branch.
func checkMessages(v *validation, a *action) {
	messages, err := decode(a.params["Messages"])
	list, _ := messages.([]any)
	if a.params.has("Messages") && (err != nil || len(list) == 0) {
		v.value(a, "Parameters.Messages", "must be a list of prompts")
	}
	for i, e := range list {
		one, _ := e.(map[string]any)
		given := 0
		for _, name := range promptNames {
			if one[name] != nil {
				given++
			}
		}
		if given != 1 {
			v.value(a, fmt.Sprintf("Parameters.Messages[%d]", i), "must have one of "+strings.Join(promptNames, ", "))
		}
	}
	someOf("MessagesInterrupted")(v, a)
	if len(a.conditions) > 0 && !a.params.has("InterruptFrequencySeconds") {
		v.missing(a, "Parameters.InterruptFrequencySeconds")
	}
}

// checkPrompt: an external recording is audio in S3.
func checkPrompt(v *validation, a *action) { v.media(a) }

func (v *validation) media(a *action) {
	if !a.params.has("Media") {
		return
	}
	media := v.objectOf(a, "Media")
	v.member(a, "Media", media, "Uri")
	for _, fixed := range [][2]string{{"SourceType", "S3"}, {"MediaType", "Audio"}} {
		if text, err := media.literal(fixed[0]); err != nil || !strings.EqualFold(text, fixed[1]) {
			v.value(a, "Parameters.Media."+fixed[0], "must be "+fixed[1])
		}
	}
}

// checkBot: one bot, of Lex V2 or of Lex V1, and at most one prompt.
func checkBot(v *validation, a *action) {
	switch v2, v1 := a.params.has("LexV2Bot"), a.params.has("LexBot"); {
	case v1 && v2:
		v.value(a, "Parameters", "only one of LexV2Bot, LexBot may be given")
	case v2:
		v.member(a, "LexV2Bot", v.objectOf(a, "LexV2Bot"), "AliasArn")
	case v1:
		v.member(a, "LexBot", v.objectOf(a, "LexBot"), "Name")
	default:
		v.missing(a, "Parameters.LexV2Bot")
	}
	prompts := 0
	for _, name := range promptNames {
		if a.params.has(name) {
			prompts++
		}
	}
	begins := a.params.has("LexInitializationData") || a.params.has("LexInitializtionData")
	switch {
	case prompts > 1:
		v.value(a, "Parameters", "only one of "+strings.Join(promptNames, ", ")+" may be given")
	case prompts == 0 && !begins:
		v.missing(a, "Parameters.Text")
	}
	v.media(a)
	if begins {
		initial := v.objectOf(a, "LexInitializationData")
		v.member(a, "LexInitializationData", initial, "InitialMessage")
		if t, err := initial.template("InitialMessage"); err == nil && utf8.RuneCountInString(t.literal) > maxUtterance {
			v.value(a, "Parameters.LexInitializationData.InitialMessage", fmt.Sprintf("has more than %d characters", maxUtterance))
		}
	}
	v.numberIn(a, "LexTimeoutSeconds", v.objectOf(a, "LexTimeoutSeconds"), "Text", minBotSilence, maxBotSilence)
}

// checkShowView: a view is named, and has a time.
func checkShowView(v *validation, a *action) {
	if a.params.has("ViewResource") {
		v.member(a, "ViewResource", v.objectOf(a, "ViewResource"), "Id")
	}
}

// checkSignIn: a user pool and its client are named.
func checkSignIn(v *validation, a *action) {
	if a.params.has("CognitoConfiguration") {
		cognito := v.objectOf(a, "CognitoConfiguration")
		v.member(a, "CognitoConfiguration", cognito, "UserPoolArn")
		v.member(a, "CognitoConfiguration", cognito, "AppClientId")
	}
}

// objectOf reads a parameter that is an object. Where it is not, the parameter
// itself has been found wrong, or is now.
func (v *validation) objectOf(a *action, name string) params {
	inner, err := a.params.members(name)
	if err != nil {
		v.value(a, "Parameters."+name, "must be an object")
	}
	return inner
}

// member checks that an object has a member that is a text.
func (v *validation) member(a *action, parent string, of params, name string) {
	field := "Parameters." + parent + "." + name
	if of == nil {
		return
	}
	if !of.has(name) {
		v.missing(a, field)
	} else if _, ok := scalarText(of[name]); !ok {
		v.value(a, field, "must be a text")
	}
}

// numberIn checks a member that is a number in a range, or one reference.
func (v *validation) numberIn(a *action, parent string, of params, name string, least, most int) {
	if !of.has(name) {
		return
	}
	field := "Parameters." + parent + "." + name
	t, err := of.template(name)
	n, ok := number(t.literal)
	switch {
	case err != nil, t.constant() && (!ok || n < least || n > most):
		v.value(a, field, fmt.Sprintf("must be a number from %d to %d", least, most))
	case !t.constant():
		v.single(a, field, &t)
	}
}
