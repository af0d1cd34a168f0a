// Package integration calls other systems: [Lambda] calls functions for contact
// flows, [Bots] asks bots what customers mean, [SignIns] redeems sign-ins, and
// [Outbox] sends the items of a chat to the streaming endpoints of
// StartContactStreaming, which [Topics] finds by their ARN. [AWS] is how Amazon's
// own services are reached.
//
// # Promises
//
// A function is called at least once per effect, always under the same effect
// id, and a bot is asked at least once per utterance. Deliveries of one stream
// arrive in order and at least once, always under the same message id; streams
// do not wait for each other. What an endpoint does not accept within the limits
// of [Outbox] becomes a dead letter.
//
// # Blocking and failure
//
// Invoke, Ask and Send block until the other side has answered, the time limit
// has passed or the context is done. URLs come from the configuration only,
// redirects are not followed, answers are read up to a bound, and neither URLs
// nor secrets appear in errors or logs.
//
// Start reading at [Lambda.Invoke], [Bots.Ask] and [Outbox.Run].
package integration
