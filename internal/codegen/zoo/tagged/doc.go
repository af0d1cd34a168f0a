// Package tagged is the zoo's API once more, with types that are described by tags where those of
// package zoo have code of their own. The tests of package zoo hold the two against each other.
package tagged

//go:generate go run ../../cmd -model ../zoo.json -package tagged -tagged
