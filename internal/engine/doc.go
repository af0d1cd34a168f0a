// Package engine runs chats: it loads a chat, lets package contact decide,
// commits the change, notifies the observers of commits, runs the chat's effects
// and fires its timers.
//
// # Order and durability
//
// Commands to one chat are decided one after another. A command may build on
// the previous one before that is on disk, so a chat is not limited to one
// message per flush; if the earlier commit fails, the later one is decided
// again. [Engine.Do] returns when the change is durable. Observers, and by the
// bus sockets and other nodes, are notified after that, in the order of the
// commits of a chat.
//
// # Memory
//
// The engine keeps chats that were used in the last half minute or so, a
// bounded number. An idle chat costs nothing here: its timers are found by an
// index of the store. Loading a chat reads its head, however long its transcript
// is; reading one evicts no other.
//
// # Many nodes
//
// With [Config.Shared] other engines work on the same store. Every change is
// conditional, so two of them never overwrite each other's; what another one
// changed is reloaded at its notice, and what writes nothing (a read, a refusal, a
// command with nothing to do) is checked against the version in the store, so that
// it is right even if a notice was lost.
//
// # Parts
//
// The runner (runner.go, cache.go) runs aggregates of any type; chats.go says
// how a chat is loaded, decided and written. Observers (observers.go) are
// notified of commits. Workers run in the background: timers.go, effects.go, uploads.go.
//
// Start reading at [Engine.Do] and at runner.go.
package engine
