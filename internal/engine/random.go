package engine

import (
	crand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"
)

// system is the operating system's source of randomness. It has no state, so one
// serves all decisions at a time; a decision draws a handful of numbers, which
// costs less than to seed a generator for it.
type system struct{}

// Uint64 implements rand.Source.
func (system) Uint64() uint64 {
	var b [8]byte
	crand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// random is where decisions get their ids and draws.
var random = rand.New(system{})
