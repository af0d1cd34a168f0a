// Package check says what is wrong with flows. [Problems] keep a flow from being
// published, in the words of the service; [Flow] adds warnings of what is allowed
// and probably not meant, such as actions that no chat can do. [NewOutline] gives
// the shape of a flow, with the ways that a chat can take, to tools that draw it or
// count what tests have covered. It is pure, and never fails: what cannot be read
// is a finding.
//
// Errors are what Amazon Connect refuses: a flow that is published here is
// published there. What is known of that comes from publishing, from flows that
// were exported, which all pass, and from the reference, in this order; what is
// only likely is a warning that says so ([Cloud]).
//
// Most of what is checked are the descriptors of action types in package flow;
// what they cannot say is a [rule] of the type, in one table.
//
// Start reading at [Flow] and [NewOutline].
package check
