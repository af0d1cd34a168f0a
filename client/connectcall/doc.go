// Package connectcall has a fluent builder for every operation of the Amazon Connect API, generated
// from the public model in api/model. [Calls] begins them; a client of package client is one.
//
//	out, err := c.StartChatContact().
//		InstanceID(instance).
//		ContactFlowID(flow).
//		Attribute("tier", "gold").
//		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).
//		Send(ctx)
//
// A builder is a value that never changes: each setter returns another one with one member more.
// Builders may be kept, shared, branched from and sent by many goroutines at once. Each member of
// the input has a setter; a list or map has one that adds to it and a Set one that replaces it.
// Idempotency tokens that are not set are made anew for each Send. Operations with pages have Pages
// and Items, which send as they are ranged over.
//
// What a builder is handed is not checked: the service does that, and says what is wrong.
package connectcall

//go:generate go run ../../internal/codegen/cmd -model ../../api/model/connect.json -package connectcall -fluent parley.example/parley/api/connect
