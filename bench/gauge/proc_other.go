//go:build !linux

package gauge

import (
	"errors"
	"os"
	"runtime"
	"time"
)

// errLinux is why there are no figures elsewhere: they come from /proc.
var errLinux = errors.New("the load generator needs /proc and runs on Linux only")

func CPUTime(int) (time.Duration, error)      { return 0, errLinux }
func familyTime([]int) (time.Duration, error) { return 0, errLinux }
func machineTime() (time.Duration, error)     { return 0, errLinux }
func Resident(int) (int64, error)             { return 0, errLinux }
func Slab() (int64, bool)                     { return 0, false }
func DiskUse(string) (int64, error)           { return 0, errLinux }
func Machine() string                         { return runtime.GOOS }
func pause(d time.Duration)                   { time.Sleep(d) }
func fdatasync(*os.File) error                { return errLinux }
