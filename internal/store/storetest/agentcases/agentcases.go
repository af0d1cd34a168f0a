// Package agentcases is the part of the contract of [store.Store] that is about agents and what they have in hand.
package agentcases

import (
	"testing"

	"parley.example/parley/internal/store/storetest/kit"
)

// Run runs these cases.
func Run(t *testing.T, o kit.Opener) {
	kit.Run(t, o, func(e *kit.Env) *env { return &env{e} }, kit.About("agents", agentCases), kit.About("held", heldCases))
}

// env is the store of one case, with the helpers of these topics.
type env struct{ *kit.Env }

type testCase = kit.Case[*env]
