package process

import (
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// MemoryLimit returns how many bytes of memory the process may use: the smaller of
// the Go runtime's limit (GOMEMLIMIT) and those of its control groups (cgroup v1 and
// v2, parents included); math.MaxInt64 when there is none.
func MemoryLimit() int64 {
	return min(debug.SetMemoryLimit(-1), groupLimit(os.DirFS("/")))
}

// KeepToGroup has the collector keep the process below nine tenths of what its
// control groups allow, unless GOMEMLIMIT says what to keep to: the kernel kills a
// process that reaches the limit.
func KeepToGroup() { keepTo(groupLimit(os.DirFS("/"))) }

func keepTo(limit int64) {
	if os.Getenv("GOMEMLIMIT") == "" && limit < math.MaxInt64 {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}

// groupLimit returns the smallest limit of the process's control groups, as Linux
// has them below a root directory. What cannot be read limits nothing.
func groupLimit(root fs.FS) int64 {
	least := int64(math.MaxInt64)
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return least
	}
	for line := range strings.Lines(string(groups)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3) // id:controllers:path
		if len(part) != 3 {
			continue
		}
		dir, file := "sys/fs/cgroup", "memory.max"
		switch part[1] {
		case "": // v2
		case "memory": // v1
			dir, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for at := path.Join("/", part[2]); ; at = path.Dir(at) {
			text, err := fs.ReadFile(root, path.Join(dir, at, file))
			if n, bad := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && bad == nil && n > 0 {
				least = min(least, n)
			}
			if at == "/" {
				break
			}
		}
	}
	return least
}
