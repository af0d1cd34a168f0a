// Package stream holds the WebSocket sessions of participants and the [Hub]
// that sends them what is published on the bus about their chats. Its handler speaks the protocol
// of Amazon Connect's chat sockets, so that ChatJS and the native chat SDKs
// work with it unchanged: subscribe, ping and heartbeat up, items down.
//
// Order: a socket gets the reply to its subscribe first, then every push of its
// chat that came after the subscribe and that its participant may see, once
// each, in the order of the bus. Nothing is repeated from before: a
// client that missed something reads the transcript.
//
// Blocking: publishing never waits for a network. A frame is made once and
// copied to the queue of each socket; a goroutine writes all that is pending
// with one call and ends when nothing is. Between frames a plain socket on
// Linux costs no goroutine: it is parked with a poller. One of TLS, or of
// another system, has one, which reads.
//
// Failure: a socket that cannot keep up is closed, alone, with a code after
// which clients come back; a [Cause] names each way a socket ends. All that
// takes time (silence, age, the grace after the end of a chat, a write that
// does not end) is counted in seconds by one patrol over all sockets.
//
// Start reading at [Hub.ServeHTTP] and Hub.receive.
package stream
