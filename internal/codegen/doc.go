// Package codegen turns a Smithy model in its JSON form into Go: types, codec, validation, routes,
// errors, handler and client of one API, on top of the runtime in api/restjson.
//
// Read loads a model and refuses what it does not understand: an unknown trait, a pattern that
// cannot be translated, two names that would collide. Silence would mean a server that quietly
// breaks a promise of its model. Generate is a pure function of the model; equal models give equal
// bytes. Coverage lists which operations a hand-written package implements.
//
// Start reading at generate.go. The command in cmd is what the go:generate lines call.
package codegen

//go:generate go run ./cmd -coverage ../../docs/operations.md connect=../../api/model/connect.json=../connectapi participant=../../api/model/connectparticipant.json=../participantapi
