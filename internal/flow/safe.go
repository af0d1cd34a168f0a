package flow

import "strings"

// channelMismatch is the error of what another channel than chat has.
const channelMismatch = "ChannelMismatch"

// spared reports whether an error branch of an action can never be taken,
// because what is written there cannot fail so in a chat: a text without
// references, a valid time. What depends on data or on the instance is never spared.
func (f *Flow) spared(a *action, errorType string) bool {
	if _, why := a.refused(); why != "" || strings.HasSuffix(f.typ, "_WHISPER") {
		return false // a whisper fails what does not belong there
	}
	if errorType == noMatchingCondition {
		return false
	}
	switch s := a.step.(type) {
	case nothing, *setRecording:
		return true
	case *message:
		return s.text.constant() && promptProblem(s.text.literal, true) == ""
	case *loop:
		n, ok := number(s.count.literal)
		return s.count.constant() && ok && n >= 0 && n <= maxLoop
	case setProcessor:
		return s.processor == nil || errorType == channelMismatch
	case *wait:
		return s.spared(a, errorType)
	}
	return false
}

// spared: a wait for a fixed time with a branch for all that can end it cannot
// fail but for lack of a bot.
func (s *wait) spared(a *action, errorType string) bool {
	if s.bot && errorType == participantNotFound {
		return false
	}
	n, ok := number(s.limit.literal)
	if !s.limit.constant() || !ok || n < 1 || n > maxWait {
		return false
	}
	for _, event := range append([]string{waitCompleted}, s.events...) {
		if !a.says(event) {
			return false
		}
	}
	// Without a branch of its own the lack of a bot takes this one.
	_, own := a.branch(participantNotFound)
	return !s.bot || own
}

// says reports whether some condition has an operand, as it is written.
func (a *action) says(operand string) bool {
	for i := range a.conditions {
		if o := &a.conditions[i].operand; o.constant() && o.literal == operand {
			return true
		}
	}
	return false
}
