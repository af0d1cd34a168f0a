// Package servertest runs whole servers inside tests; it is how every test gets
// one that answers requests. [Start] starts one on a
// real loopback listener, [Inside] one in a synctest bubble, where connections
// are pipes and time is virtual. Both speak to it as clients do: through the
// public APIs and WebSockets. A [Chat] is one customer's side of a chat, a
// [Socket] its WebSocket; a [Desk] is an agent who is signed in, a [Stream] what happens to him.
//
// A server stops with its test, or earlier by [Server.Stop]. Whatever goes
// wrong in a helper fails the test.
package servertest
