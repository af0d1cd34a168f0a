package iam

import (
	"fmt"
	"strings"
)

// Idle names the patterns of actions that match none of the actions there are, as
// `statement 2: connect:StrtChatContact`: misspelt ones, those of other services, and those of
// operations that the model does not have.
func (p Policy) Idle(actions []string) (idle []string) {
	for i, s := range p.statements {
		for _, pattern := range s.actions {
			if !pattern.matchesOne(actions) {
				idle = append(idle, fmt.Sprintf("%s: %s", p.name(i), wildcards.Replace(pattern.text)))
			}
		}
	}
	return idle
}

// wildcards spells them as policies do.
var wildcards = strings.NewReplacer(string(rune(run)), "*", string(rune(each)), "?")

func (p pattern) matchesOne(actions []string) bool {
	for _, action := range actions {
		if glob(p.text, action, true) {
			return true
		}
	}
	return false
}
