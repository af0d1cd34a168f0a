package gauge

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is how many a second /proc counts in: USER_HZ, which is 100 everywhere Linux runs.
const ticks = 100

// What the fields of /proc/PID/stat are, counted from behind the name of the process.
const (
	statParent = 1
	statUser   = 11 // and the kernel's, and both of children that have ended and were waited for
)

// CPUTime returns the processor time that a process has taken, in user and kernel.
func CPUTime(pid int) (time.Duration, error) {
	fields, err := stat(pid)
	if err != nil {
		return 0, err
	}
	return time.Duration(fields[statUser]+fields[statUser+1]) * time.Second / ticks, nil
}

// familyTime returns the processor time that processes have taken, with all
// that they have started and that is still their child, or was until it ended.
func familyTime(pids []int) (time.Duration, error) {
	running, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	stats := map[int64][]int64{}
	for _, dir := range running {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			return 0, err
		}
		if fields, err := stat(pid); err == nil { // others may end at any time
			stats[int64(pid)] = fields
		}
	}
	var sum int64
	for pid, fields := range stats {
		for at, known := pid, true; known; {
			if slices.Contains(pids, int(at)) {
				sum += fields[statUser] + fields[statUser+1] + fields[statUser+2] + fields[statUser+3]
				break
			}
			var parent []int64
			if parent, known = stats[at]; known {
				at = parent[statParent]
			}
		}
	}
	for _, pid := range pids {
		if stats[int64(pid)] == nil {
			return 0, fmt.Errorf("the process %d has ended", pid)
		}
	}
	return time.Duration(sum) * time.Second / ticks, nil
}

// stat returns the first numbers of /proc/PID/stat behind the name, which may
// hold anything; a letter counts as 0.
func stat(pid int) ([]int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < statUser+4 {
		return nil, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	numbers := make([]int64, statUser+4)
	for i := 1; i < len(numbers); i++ {
		if numbers[i], err = strconv.ParseInt(string(fields[i]), 10, 64); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

// machineTime returns the processor time that all processes have taken,
// interrupts and other machines on the same processors included.
func machineTime() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var sum int64
	for i, f := range strings.Fields(line) {
		if i == 0 || i == 4 || i == 5 || i > 8 { // the name, idle, waiting, and what is in others already
			continue
		}
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks, nil
}

// Resident returns the memory of a process that is in RAM, in bytes.
func Resident(pid int) (int64, error) {
	return kilobytes(fmt.Sprintf("/proc/%d/status", pid), "VmRSS:")
}

// Slab returns what the kernel keeps in small objects, sockets among them: of
// the whole machine. ok is false where it does not tell.
func Slab() (n int64, ok bool) {
	n, err := kilobytes("/proc/meminfo", "Slab:")
	return n, err == nil
}

func kilobytes(file, name string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == name {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no %s", file, name)
}

// DiskUse returns how many bytes the files below a directory have.
func DiskUse(dir string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}

// Machine says what the figures were measured on.
func Machine() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		text = []byte("of unknown release")
	}
	model := "unknown"
	if cpu, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(cpu), "model name\t: "); ok {
			model, _, _ = strings.Cut(rest, "\n")
		}
	}
	return fmt.Sprintf("%d cores (%s), Linux %s, %s", runtime.NumCPU(), model, strings.TrimSpace(string(text)), runtime.Version())
}

// pause sleeps with the kernel's precision; the scheduler's timers may be a
// millisecond late, which would count as latency. The caller's goroutine should own its thread.
func pause(d time.Duration) {
	ts := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&ts, nil) // cut short by a signal: the caller looks at the clock again
}

func fdatasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
