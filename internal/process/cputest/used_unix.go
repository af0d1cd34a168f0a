//go:build unix

package cputest

import (
	"syscall"
	"time"
)

// used is the processor time that the process has used.
func used() time.Duration {
	var of syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &of); err != nil {
		return 0
	}
	return time.Duration(of.Utime.Nano() + of.Stime.Nano())
}
