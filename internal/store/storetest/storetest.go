// Package storetest is the contract of [store.Store] as tests. A store's own test is a constructor and one call:
//
//	func TestStore(t *testing.T) { storetest.Run(t, storetest.Opener{Open: open}) }
//
// Every case gets two handles on fresh, empty data, as two nodes of a cluster have, and closes them. A bug
// found in one store becomes a case here. The cases are split by topic into files, and large families of topics
// into packages; each file begins with its table. What they are written with is package kit.
package storetest

import (
	"testing"

	"parley.example/parley/internal/store/storetest/agentcases"
	"parley.example/parley/internal/store/storetest/factcases"
	"parley.example/parley/internal/store/storetest/kit"
	"parley.example/parley/internal/store/storetest/recordcases"
)

// Opener says how to get at stores.
type Opener = kit.Opener

// Run runs the contract suite.
func Run(t *testing.T, o Opener) {
	kit.Run(t, o, func(e *kit.Env) *env { return &env{e} },
		kit.About("changes", changeCases), kit.About("order", orderCases), kit.About("quota and replay", quotaCases), kit.About("counters", counterCases),
		kit.About("items", itemCases), kit.About("tokens", sentCases), kit.About("timers", timerCases), kit.About("waiting", waitingCases),
		kit.About("outbox", outboxCases), kit.About("resources", resourceCases), kit.About("uploads", uploadCases), kit.About("shards", shardCases),
		kit.About("leases", leaseCases), kit.About("closing", closingCases), kit.About("lasting", lastingCases))
	agentcases.Run(t, o)
	recordcases.Run(t, o)
	factcases.Run(t, o)
}

// env is the store of one case, with the helpers of the topics.
type env struct{ *kit.Env }

type testCase = kit.Case[*env]

// nodes returns the two handles, each with the helpers of env.
func (s *env) nodes() [2]*env {
	n := s.Nodes()
	return [2]*env{{n[0]}, {n[1]}}
}
