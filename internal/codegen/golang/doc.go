// Package golang writes the Go of one API from its model, on top of the runtime in api/restjson:
// Generate its types, codec, validation, routes, errors, handler and client, Fluent a package of
// fluent builders for it.
//
// Both are pure functions of the model: equal models give equal bytes. They refuse a model whose
// names would collide in Go or whose patterns the runtime cannot translate.
//
// Start reading at generate.go. The command in ../cmd is what the go:generate lines call.
package golang
