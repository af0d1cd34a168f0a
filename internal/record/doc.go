// Package record makes what other systems are told of contacts and agents: contact
// events (EventBridge), contact records, agent events, and transcripts of chats, in the shapes in which
// existing consumers of Amazon Connect read them.
//
// It works in two steps, both pure. When a change is decided, [OfChat] and [OfAgent] compare
// what was with what is, and return facts: what has happened, with all of it that could
// change later. Facts are written into the outbox by the commit of the change itself, so that none is lost
// and none is told of what did not happen. When a fact's turn comes, [Render] makes the documented JSON of
// it, with what only readers need: names of queues and agents, and what was said.
//
// The facts of one contact, and those of one agent, are a stream of the outbox for each
// [Kind]: they go out one after another in the order of the commits, each at least once, with the same id
// each time. Start reading at [OfChat].
package record
