// Package simulator runs chats without a server: a [Chat] is one chat in
// virtual time on the same rules that the server runs (packages contact and
// flow), in an [Instance] that exists in memory only, with stubbed functions
// and bots. Time stands still unless [Chat.Advance] moves it, so that a flow
// that waits for a week is run in microseconds.
//
// A chat does nothing by itself: what follows from a command has happened when
// [Chat.Do] returns. It is deterministic, too: the same flows, stubs and commands make the
// same [Chat.Story]. Nothing here blocks, writes or knows the language of
// scenarios. Start reading at [Chat.Start], then at [Chat.Advance].
package simulator
