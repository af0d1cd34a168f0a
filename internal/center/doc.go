// Package center holds the nouns of a contact centre: their identifiers and
// ARNs, the items of a transcript, the record of a contact, what an
// administrator sets up, and the one error type of the domain.
//
// It imports nothing of Parley and does no I/O: every other package may use
// its words. Times are UTC and come from the caller. Start reading at
// [Item], what a chat consists of, and [Contact], what is known about one.
package center
