// Package scenario is the language in which flows are held to what customers
// say and what has to come of it: [Load] reads a file, and [File.Run] runs one
// scenario of it on the simulator. docs/flow-testing.md is the guide.
//
// Reading has no side effects and reports every line that it cannot read, up to a
// limit. Running is deterministic and never waits: an error says what was
// expected and what came instead. A [Session] takes statements one by one, for
// tools in which they are typed. Start reading at [Parse]; the statements are in
// the tables verbs, expectations and absences.
package scenario
