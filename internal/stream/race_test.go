//go:build race

package stream

// raceFactor is what the race detector adds to memory.
const raceFactor = 3
