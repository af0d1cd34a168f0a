// Package report writes what came of a suite of scenarios: for people ([Text]),
// for CI systems ([JUnit]) and for programs ([JSON]), with the coverage of the
// flows' actions and branches ([Summarize]). A [Printer] writes the story of one chat.
//
// Everything is written in the order of the results and depends on nothing
// else; errors are those of the writer. Start reading at [Text.Write].
package report
