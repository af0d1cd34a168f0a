// Package agent is the API of agents at their desks, generated from Parley's own model in api/model: types, a
// Service interface, a handler that serves one and a client that calls one. [Service.SignIn] gives a
// session token, which each other input carries in the X-Amz-Bearer header.
//
// The Go types follow the rules of package connect. Times are ISO 8601, with milliseconds. What a stream carries
// ([Service.CreateStream]) is [Frame] and [ClientFrame].
package agent

//go:generate go run ../../internal/codegen/cmd -model ../model/agent.json -package agent
