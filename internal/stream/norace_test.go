//go:build !race

package stream

const raceFactor = 1
