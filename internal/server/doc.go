// Package server turns a configuration into a running Parley: it is the only
// package that knows every other one, and does nothing but wire them. [New] opens
// the store and ties the parts together, [Server.Handler] answers, [Server.Serve] listens, and
// [Server.Close] stops in the right order: nothing new is taken, what is under
// way is finished, sockets are closed a few at a time, the store comes last.
//
// What a server answers is one table, in mounts.go; what works beside requests is one
// list, in parts.go. A new package adds its row there and is made in wiring.go. Stopping
// a part is bounded: one that does not stop in its time is named in the log.
package server
