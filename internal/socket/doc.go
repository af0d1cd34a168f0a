// Package socket is the transport of WebSockets: handshakes, frames, bounded
// queues, limits of time, close codes and shutdown. It knows nothing of what
// sockets are for: each has a [Handler], which is given its text messages.
//
// Order: what [Conn.Send] takes is written in that order, and the answers to
// pings between. Messages are given to the handler one at a time.
//
// Blocking: Send never waits for a network. It copies a text to the queue of
// the socket; a goroutine writes all that is pending with one call and ends
// when nothing is. Between frames a plain socket on Linux costs no goroutine:
// it is parked with a poller. One of TLS, or of another system, has one, which
// reads.
//
// Failure: a socket that cannot keep up is closed, alone, with a code after
// which clients reconnect; a [Cause] names each way a socket ends. All that
// takes time (silence, age, a close that was put on a time, a write that does
// not end) is counted in seconds by one patrol over all sockets.
//
// Start reading at [Server] and [Conn.Upgrade].
package socket
