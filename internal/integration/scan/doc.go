// Package scan asks a virus scanner about the files of chats before anybody gets them: a
// server that speaks ICAP ([RFC 3507]), or an HTTPS endpoint of the operator's own ([Scanner]).
//
// A file is streamed to the scanner, never held in memory. What does not answer, answers with
// an error or with what is no verdict is asked again, with growing pauses, until the context
// ends; then there is no verdict, and the caller treats the file as one that must not be
// shown. Answers are read up to a bound, and only a plain verdict counts as one.
//
// Start reading at [Scanner.Scan].
//
// [RFC 3507]: https://www.rfc-editor.org/rfc/rfc3507
package scan
