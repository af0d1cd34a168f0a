// Package cli is the command parley: its verbs, their flags and help texts.
// [Run] is the whole program except for os.Exit, so that tests can run it.
//
// Settings come from flags, then environment (PARLEY_…), then the
// configuration file, then defaults. A wrong setting is reported in one line on
// standard error, with exit status 2; any other failure exits with status 1.
package cli
