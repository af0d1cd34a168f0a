// Package stream holds the WebSocket sessions of participants and the [Hub]
// that sends them what is published on the bus about their chats. Its handler
// speaks the protocol of Amazon Connect's chat sockets, so that ChatJS and the
// native chat SDKs work with it unchanged: subscribe, ping and heartbeat up,
// items down. The sockets themselves are package socket's.
//
// Order: a socket gets the reply to its subscribe first, then every item of its
// subject that came after the subscribe and that its participant may see, once
// each, by sequence number, and what is not stored (typing, receipts) between.
// Nothing is repeated from before: a client that missed something reads the
// transcript. But the first socket of a customer that ever subscribes is sent, between the
// reply and the rest, the items that were said since its URL was made.
//
// Blocking: taking a message from the bus never waits for a network or a store.
// Its text is copied to the queue of each socket. What follows a gap waits, in
// bounds, while what is missing is read.
//
// Failure: a bus that is shared with other nodes may lose, repeat and reorder
// messages; sockets are sent each item once and in order all the same, at the
// latest five seconds after its commit. If it cannot be read the subject's
// sockets are closed, and so is, alone, a socket that cannot keep up: with a code
// after which clients reconnect.
//
// Start reading at [Hub.ServeHTTP] and Hub.receive. What was missed is read in
// gap.go, and looked for in watch.go; what a first socket is owed is in owed.go.
package stream
