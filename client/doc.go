// Package client starts and takes part in chats from Go, with Parley or Amazon Connect itself.
//
// [Client] makes calls: a fluent builder for every operation of both APIs, sent with the error and
// retry semantics of the AWS SDKs.
//
//	cfg, err := client.LoadConfig(ctx)
//	c, err := client.New(cfg)
//	chat, err := c.StartChatContact().
//		InstanceID(instance).
//		ContactFlowID(flow).
//		Attribute("tier", "gold").
//		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).
//		Send(ctx)
//
// Every error of a call is an [*Error]: its Kind says how far the call got, and errors.AsType finds
// the service's exception in it. Three parts can be replaced: the [Connector] that sends a request,
// [Middleware] around a typed call, and the [RetryPolicy] between attempts.
//
// [Client.Join] takes part in a chat, with the participant token of a customer, an agent or a bot. A
// [Session] delivers each item once and in order, whatever the network does:
//
//	s, err := c.Join(ctx, client.SessionConfig{Token: *chat.ParticipantToken})
//	defer s.Close()
//	for item, err := range s.Items(ctx) {
//		…
//	}
//
// [Client.Start] starts a chat and joins it as its customer, with one call less.
//
// [Client.SignIn] is a person at a desk, with Parley: an [Agent] is told of what happens, and takes chats.
//
// A [Bot] answers chats with a function, by a session or as a webhook.
//
// Everything here may be used by many goroutines at once, unless it says otherwise. Calls end with
// their context. Secrets and tokens are never logged.
//
// Start reading at Session.attend, which is the life of a session: its caller makes calls, its
// connection keeps a socket alive, and its reader keeps items in order.
package client
