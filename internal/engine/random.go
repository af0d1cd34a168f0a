package engine

import (
	crand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"
)

// system is the operating system's source of randomness. It has no state, so one
// serves concurrent decisions; a decision draws a few numbers, which costs less
// than seeding a generator.
type system struct{}

// Uint64 implements rand.Source.
func (system) Uint64() uint64 {
	var b [8]byte
	crand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// random is the source of decisions' ids and random choices.
var random = rand.New(system{})
