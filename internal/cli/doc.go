// Package cli is the command parley: its verbs, their flags and help texts.
// [Run] is the whole program but for os.Exit, so that tests run it too.
//
// Settings come from flags, then environment (PARLEY_…), then the
// configuration file, then defaults. A wrong one is one line on standard
// error and exit status 2; anything else that fails is status 1.
package cli
