// Package flow is the contact flow language of Amazon Connect (2019-10-30):
// it parses documents, says what is wrong with them, and runs them step by
// step. It is pure: no I/O, no clock, no chance of its own. A run is a value
// ([Run]) that the caller keeps; what has to be done in the world comes out as
// an [Outcome], and what happened in the world goes in as an [Event].
//
// Start reading at [Parse], [Start] and [Advance].
package flow
