// Package flowtest runs contact flows without a server: a [Suite] runs files of
// scenarios, and a [Play] is a chat that somebody plays with, or that plays by
// itself. Both use the rules that the server runs, in virtual time:
//
//   - package simulator has the chat, its time and its instance in memory;
//   - package scenario is the language of scenarios, which drives a chat;
//   - package report writes what came of a suite, and how much of the flows it has seen.
//
// Nothing waits for the wall clock, and nothing is written. [Suite.Run] blocks
// until the last scenario has ended or its context has; a scenario that fails is
// a [Result], not an error. Start reading there.
package flowtest
