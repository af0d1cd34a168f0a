// Package engine is where the rules meet the world: it loads a chat, lets
// package contact decide, commits the change, tells it, starts its effects and
// fires its timers.
//
// # Order and durability
//
// Commands to one chat are decided one after another. A command may build on
// the previous one before that is on disk, so a chat is not held to one
// message per flush; if the earlier commit fails, the later one is decided
// again. [Engine.Do] returns when the change is durable. What participants are
// told is told after that, in the order of the commits.
//
// # Memory
//
// The engine keeps chats that were used in the last half minute or so, a
// bounded number. A chat that nobody talks to costs nothing here: its timers are rows of the store.
//
// Start reading at [Engine.Do] and [Engine.submit].
package engine
