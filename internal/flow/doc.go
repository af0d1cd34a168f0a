// Package flow is the contact flow language of Amazon Connect (2019-10-30): it
// reads documents and knows the types of actions, their parameters, and the
// references in texts. It is pure data: nothing here runs a flow or judges it.
// Package machine, below, runs flows; package check says what is wrong with them.
// Neither knows the other.
//
// A [Flow] is compiled once, by [Parse], and never changed; many goroutines may
// use it. Parse fails only for what is not a document at all. An action type is one
// [Type] in a table, with the reader of its parameters; to add one takes that, a
// step in package machine, and a rule in package check where the descriptor does
// not say enough.
//
// Start reading at [Parse], [Action] and [Type].
package flow
