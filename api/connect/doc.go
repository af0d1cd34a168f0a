// Package connect is the Amazon Connect API, version 2017-08-08, generated from the public model in
// api/model: types, a Service interface, a handler that serves one and a client that calls one.
//
// Optional members are pointers, nil when absent; an absent enum is "", an absent list or map nil,
// while an empty one is kept. Structures are pointers except in lists and maps. In a union exactly
// one member is set. Times are exact to the millisecond on the wire.
//
// The types of busy operations have code of their own for reading, writing and checking; the others
// are described by tags, which package restjson reads. Both do the same.
//
// Start reading at [Service], or at the input of the operation you care about.
package connect

//go:generate go run ../../internal/codegen/cmd -model ../model/connect.json -published 2026-10-21 -package connect -tagged -coded StartChatContact,DescribeContact
