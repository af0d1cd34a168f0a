// Package participant is the Amazon Connect Participant API, version 2018-09-07, generated from the
// public model in api/model: types, a Service interface, a handler that serves one and a client that
// calls one. Each input carries its own credential, the participant or connection token, in the
// X-Amz-Bearer header.
//
// The Go types follow the rules of package connect. Times are ISO 8601 text here, as in the model.
package participant

//go:generate go run ../../internal/codegen/cmd -model ../model/connectparticipant.json -package participant
