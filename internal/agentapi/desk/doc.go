// Package desk holds the streams of agents: a [Hub] sends each client of a user who is signed in, over one
// WebSocket, what happens to him. [View] is all that he sees at one moment.
//
// A stream carries snapshots, the items of the chats in hand, and broadcasts, as package api/agent has their frames.
// It begins with the client's START. Snapshots are whole, numbered, and made once for all streams of a user: one for each commit that shows, in
// their order, but a client that reads slowly is sent the newest alone. Items come once each and in order for each chat, after the
// snapshot in which it is connected: what a client missed while it was away, by what it says it has seen, what was
// lost on the way, and what was there before the stream came to the chat are all the same, a gap that is read from the store.
//
// Nothing is polled. A hub is told of commits ([Hub.Committed], [Hub.AgentCommitted]) and hears of items on
// the bus; neither waits for it. An idle stream has no goroutine and no timer: see package socket.
//
// A hub is told of what the engine of its own node commits. Of what another node commits it hears on the bus that it is so, and reads the desk
// anew; how often it does is bounded by how long a desk takes to read. What one of a user's clients tells the others goes over the bus.
//
// An open stream is a client of the agent's (agent.Arrive), its end is the client's (agent.Depart). A stream
// whose client the agent no longer has, because the session was signed out of or he has too many, is closed.
//
// Start reading at [Hub.ServeHTTP] and Hub.tell; what is sent is decided in work.go and feed.go.
package desk
