// Package integration carries what Parley has to tell other systems, and what
// it asks of them: [Lambda] calls functions for contact flows, [Outbox] sends
// the items of a chat to the streaming endpoints that StartContactStreaming
// named, which [Topics] finds by their ARN.
//
// # Promises
//
// A function is called at least once per effect, always under the same effect
// id. Deliveries of one stream arrive in order and at least once, always under
// the same message id; streams do not wait for each other. What an endpoint
// does not take within the limits of [Outbox] becomes a dead letter.
//
// # Blocking and failure
//
// Invoke and Send block until the other side has answered, the time limit is
// over or the context is done. URLs come from the configuration only, redirects
// are not followed, answers are read up to a bound, and neither URLs nor
// secrets appear in errors or logs.
package integration
