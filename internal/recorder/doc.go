// Package recorder sends what package record makes: contact events, contact records, agent
// events and transcripts go from the outbox to files and webhooks.
//
// [Sender] is an integration.Sender for the deliveries that the engine has put into the outbox. It promises
// what the outbox does: each fact goes out at least once, and those of one contact or agent in order. A line
// that was written to a file twice, after a crash, is the same line twice, with the same id. What a fact lacks
// is looked up when it is sent: names in the catalog, messages in the store. A contact that has been erased
// since is told of no more.
//
// [Beats] makes the heartbeats of agents. Start reading at [Sender.Send].
package recorder
