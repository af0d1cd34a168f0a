// Package restjson is the hand-written runtime under the generated API packages: it speaks
// restJson1, the wire protocol of the Amazon Connect APIs, from both ends.
//
// A generated package holds types and tables. Types of busy operations have straight-line code that
// calls the helpers here; the others have tags, by which this package does the same with reflection,
// see tagged.go. [Decoder] and the Append functions move values between Go and JSON, [Validator]
// collects every constraint a request breaks, [Input] and [Outgoing] bind members to the path, the
// query and the headers, [NewHandler] turns a service into an http.Handler and [Client] calls one. Services and callers see Go values and errors only, never HTTP.
//
// What arrives is never trusted: bodies, nesting, reported violations and responses are bounded,
// broken UTF-8 is replaced, unknown members are skipped. A refused request is answered with an
// exception the operation declares, and names each offending member by its path.
//
// Everything here may be used by many goroutines at once, except a Decoder, Validator, Input or
// Outgoing, which belongs to one call. Start reading at handler.go or, for the codec, decode.go.
package restjson
