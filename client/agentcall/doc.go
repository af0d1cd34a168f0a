// Package agentcall has a fluent builder for every operation of the API of agents at their desks, generated from Parley's own
// model in api/model. [Calls] begins them; a client of package client has one. They work as those of package
// connectcall do.
//
// These operations are not signed: each but SignIn takes the session token that SignIn returns.
package agentcall

//go:generate go run ../../internal/codegen/cmd -model ../../api/model/agent.json -package agentcall -fluent parley.example/parley/api/agent
