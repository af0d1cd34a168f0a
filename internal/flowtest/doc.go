// Package flowtest runs contact flows without a server: a [Chat] is one chat
// in virtual time on the same rules that the server runs (packages contact and
// flow), with an [Instance] that exists in memory only, stubbed functions and
// bots, and a customer and agents who do what they are told. Time passes when
// it is told to, so that a flow that waits for a week is tested in
// microseconds.
//
// [Load] reads scenario files, [Suite.Run] runs them, and [Text.Write], [JUnit]
// and [JSON] tell what came of it, with the coverage of the flows' actions and
// branches. docs/flow-testing.md is the language of scenarios; start reading at
// [File], then at [Chat].
package flowtest
