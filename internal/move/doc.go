// Package move writes an instance, or some of its contacts, to a file and reads such files into another database: between
// the embedded store and PostgreSQL, in either direction. docs/moving.md describes the file, for those who read or write it with something else.
//
// # The format
//
// A file is JSON Lines: a header, lines by kind in an order in which they can be applied, and a trailer with the number of lines and a SHA-256 of
// each kind and of everything. Its members are named by what they say, not by columns, and hold nothing that a store has
// given out for itself (row numbers, shards, numbers of deliveries): the same instance has the same lines whichever store it is in, byte for byte.
// That is how an import is checked, by exporting what it wrote.
//
// # Why it does not go through store.Store
//
// What is moved is more than that interface says, and less: it decides changes, gives out versions and numbers, and hides what is left of
// erased chats. A copy must do none of that. Both stores have nearly the same tables, so one table here ([kinds]) has for each kind of line what is read and
// what is written, and two small connections (sqlite.go, postgres.go) do it. A test compares that table with the schemas: a column that is neither moved
// nor listed as derived, with the reason, fails it.
//
// # Promises
//
// An export sees the database at one instant ([Export]) and holds no more than a line and a piece of a file in memory. It blocks nobody who writes. A
// file is read to its trailer before anything of it is written; then it is written in batches that each note how far they have come, so that the same
// import continues where it was killed ([Import]). What makes the instance live (the instance itself, its timers, deliveries and counters) comes last, in one
// transaction, and only after what was written has been read back and compared with the trailer. Until then no server sees the instance.
//
// Start reading at kinds.go, then export.go and import.go.
package move
