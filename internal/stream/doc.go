// Package stream holds the WebSocket sessions of participants and the [Hub]
// that sends them what is published on the bus about their chats. Its handler
// speaks the protocol of Amazon Connect's chat sockets, so that ChatJS and the
// native chat SDKs work with it unchanged: subscribe, ping and heartbeat up,
// items down. The sockets themselves are package socket's.
//
// Order: a socket gets the reply to its subscribe first, then every event of its
// subject that came after the subscribe and that its participant may see, once
// each, in the order of the bus. Nothing is repeated from before: a client that
// missed something reads the transcript.
//
// Blocking: taking a message from the bus never waits for a network. Its text
// is copied to the queue of each socket.
//
// Failure: a socket that cannot keep up is closed, alone, with a code after
// which clients reconnect.
//
// Start reading at [Hub.ServeHTTP] and Hub.receive.
package stream
