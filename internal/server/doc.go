// Package server turns a configuration into a running Parley: it is the only
// package that knows all the others, and only wires them. [New] opens the store
// and connects the parts, [Server.Handler] answers requests, [Server.Serve] listens, and
// [Server.Close] stops in order: no new requests are accepted, running ones are
// finished, sockets are closed gradually, and the store is closed last.
//
// All routes are in one table, in mounts.go; all background work is in one list, in
// parts.go. A new package adds its row there and is created in wiring.go. Stopping
// a part is bounded: the log names a part that does not stop in time.
package server
