// Package recordcases is the part of the contract of [store.Store] that is about the records of contacts:
// how they are listed and searched, and how chats are erased.
package recordcases

import (
	"testing"

	"parley.example/parley/internal/store/storetest/kit"
)

// Run runs these cases.
func Run(t *testing.T, o kit.Opener) {
	kit.Run(t, o, func(e *kit.Env) *env { return &env{e} }, kit.About("contacts", contactCases), kit.About("searches", searchCases), kit.About("transcripts", transcriptCases), kit.About("erasure", erasureCases))
}

// env is the store of one case, with the helpers of these topics.
type env struct{ *kit.Env }

type testCase = kit.Case[*env]
