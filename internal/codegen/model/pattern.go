package model

import "regexp"

// corrections replace patterns of the model that cannot be meant: taken literally they would refuse
// every value the service accepts.
var corrections = map[string]string{
	// One character, although the length allows 64 and every other digest of the model has 64.
	"com.amazonaws.connect#ViewContentSha256": "^[a-zA-Z0-9]+$",
	// In slashes, as if it were JavaScript, and with a class that amounts to \S.
	"com.amazonaws.connect#Password": `^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)\S{8,64}$`,
	// A start and any number of anything.
	"com.amazonaws.connect#PhoneNumberDescription":     "^",
	"com.amazonaws.connect#PhoneNumberWorkflowMessage": "^",
}

// doubled finds escapes that were escaped twice on their way into the model, as in [\\P{C}]. No
// pattern of the models means a backslash itself.
var doubled = regexp.MustCompile(`\\\\(\S)`)

// Pattern is the pattern of a string as it was meant, in the syntax of ECMA 262; "" for none.
func (s *Shape) Pattern() string {
	if better, ok := corrections[s.ID]; ok {
		return better
	}
	return doubled.ReplaceAllString(s.Traits.Pattern, `\$1`)
}
