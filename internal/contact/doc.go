// Package contact is the life of a chat as a pure state machine: [Decide]
// takes the state of a chat, a command and the time, and says what follows:
// the new state, items for the transcript, what to tell whom, effects to
// start, timers. It has no I/O, no clock and no chance of its own.
//
// A [Chat] is what the rules remember; the end of the transcript is summed up
// in a [Tail]. Timers are times in the state ([Chat.Due]); when one has come,
// the command [Tick] says what it means.
//
// Start reading at [Chat], [Decide] and the commands: [Start], [Connect],
// [Send], [Disconnect].
package contact
