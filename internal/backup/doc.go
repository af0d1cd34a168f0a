// Package backup copies the data of a server to a place of backups, while the server runs, and
// brings it back.
//
// A place is a directory or a prefix of a bucket. It holds
//
//	backups/ID       one for each backup: a few lines of JSON below a line with their SHA-256
//	objects/ab/cd…   pieces of databases, and lists of them, by the SHA-256 of their content
//	files/ab/cd…     attachments, by the SHA-256 of their content
//
// A database is cut into pieces of 256 KiB. A piece that is there is not stored again, whichever
// backup it came from, so a second backup stores what has changed. What is stored is never
// changed, and the file in backups/ is written last: an interrupted backup leaves the
// earlier ones as they were, and the next one finds the pieces that it has stored.
//
// # What a backup holds
//
// The database as it was at one instant, read in one transaction by a second process: every
// change that was acknowledged before is in it, and of the others each is whole or not there. The
// files are listed after that instant; they are written before the item that shows them, and never changed.
//
// While that transaction lasts the log of the database is not restarted, so it is kept
// short: what is new is copied ahead, in small transactions, and in the one that counts only
// the rest. The server commits meanwhile.
//
// # One at a time
//
// Backups and prunes have a place to themselves, by a lock that ends with the process: a lock of the
// file system, in S3 an object that is renewed every minute. Reading takes no lock.
//
// Start reading at [Place.Save]; the other ways in are [Place.Restore], [Place.Check] and [Place.Prune].
package backup
