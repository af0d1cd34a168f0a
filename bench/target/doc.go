// Package target is the Parley that the load generators measure: built as it is
// released, started as processes of its own on loopback, on a directory or on a
// database that nodes share, and with chats to begin with.
//
// Start reading at [Start] and [Open].
package target
