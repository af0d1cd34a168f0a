// Package server turns a configuration into a running Parley: it is the only
// package that knows every other one. [New] opens the store and wires the
// parts together, [Server.Handler] answers, [Server.Serve] listens, and
// [Server.Close] stops in the right order: nothing new is taken, what is under
// way is finished, sockets are closed a few at a time, the store comes last.
package server
