// Package machine runs flows step by step. It is pure: no I/O, no clock, no
// randomness of its own. A run is a value ([Run]) that the caller keeps; what is to
// be done in the world comes out as an [Outcome], and what happened in the world
// goes in as an [Event]. Nothing here blocks, and nothing fails: an action that
// cannot do what it says takes its error branch, and a flow that does not stop by
// itself is stopped after 1,000 actions.
//
// What an action of a type does is its [step], in one table. What the type is, and
// how its parameters are read, is its descriptor in package flow.
//
// Start reading at [Start], [Advance] and [World].
package machine
