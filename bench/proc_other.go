//go:build !linux

package main

import (
	"errors"
	"os"
	"runtime"
	"time"
)

// errLinux is why there are no figures elsewhere: they come from /proc.
var errLinux = errors.New("the load generator needs /proc and runs on Linux only")

func cpuTime(int) (time.Duration, error)  { return 0, errLinux }
func machineTime() (time.Duration, error) { return 0, errLinux }
func resident(int) (int64, error)         { return 0, errLinux }
func slab() (int64, bool)                 { return 0, false }
func diskUse(string) (int64, error)       { return 0, errLinux }
func machine() string                     { return runtime.GOOS }
func pause(d time.Duration)               { time.Sleep(d) }
func fdatasync(*os.File) error            { return errLinux }
