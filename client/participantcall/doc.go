// Package participantcall has a fluent builder for every operation of the Amazon Connect
// Participant Service, generated from the public model in api/model. [Calls] begins them; a client
// of package client has one. They work as those of package connectcall do.
//
// These operations are not signed: whoever has the token of the first setter may call them.
package participantcall

//go:generate go run ../../internal/codegen/cmd -model ../../api/model/connectparticipant.json -package participantcall -fluent parley.example/parley/api/participant
