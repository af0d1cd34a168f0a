// Package contact is the life of a chat as a pure state machine: [Decide]
// takes the state of a chat, a command and the time, and returns what follows:
// the new state, items for the transcript, pushes, effects to start, timers.
// It has no I/O, no clock and no randomness of its own.
//
// A [Chat] is the state that the rules keep; the end of the transcript is
// summarized in a [transcript.Tail]. Timers are times in the state ([Chat.Due]); when one
// is due, the command [Tick] does what it asks for.
//
// Start reading at [Chat], [Decide] and the commands: [Start], [Connect],
// [Send], [Disconnect].
package contact
