package process

import (
	"math"
	"runtime/debug"
	"testing"
	"testing/fstest"
)

func TestGroupLimit(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"no groups", nil, math.MaxInt64},
		{"v2 in a container", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "2147483648\n"}, 2 << 30},
		{"v2 without a limit", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, math.MaxInt64},
		{"v2 of a service, its slice limited more", map[string]string{
			"proc/self/cgroup": "0::/system.slice/parley.service\n",
			"sys/fs/cgroup/system.slice/parley.service/memory.max": "2147483648\n",
			"sys/fs/cgroup/system.slice/memory.max":                "1073741824\n",
		}, 1 << 30},
		{"v1", map[string]string{
			"proc/self/cgroup": "5:cpu,cpuacct:/docker/a\n4:memory:/docker/a\n",
			"sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes": "536870912\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":          "9223372036854771712\n",
		}, 512 << 20},
		{"v1 seen from inside its container", map[string]string{
			"proc/self/cgroup":                           "4:memory:/docker/a\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
		}, 512 << 20},
		{"nonsense", map[string]string{"proc/self/cgroup": "x\n0::/\n", "sys/fs/cgroup/memory.max": "-5\n"}, math.MaxInt64},
	} {
		root := fstest.MapFS{}
		for name, text := range c.files {
			root[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := groupLimit(root); got != c.want {
			t.Errorf("%s: the limit is %d; want %d", c.name, got, c.want)
		}
	}
}

func TestMemoryLimitIsTheRuntimes(t *testing.T) {
	const limit = 300 << 20
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(limit))
	if got := MemoryLimit(); got > limit {
		t.Errorf("MemoryLimit = %d with GOMEMLIMIT=%d", got, limit)
	}
}

// TestKeepToGroup leaves the kernel's limit some room, and the operator's word alone.
func TestKeepToGroup(t *testing.T) {
	const before, group = 700 << 20, 100 << 20
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(before))
	t.Setenv("GOMEMLIMIT", "700MiB")
	keepTo(group)
	if got := debug.SetMemoryLimit(-1); got != before {
		t.Errorf("the limit that GOMEMLIMIT gave became %d", got)
	}
	t.Setenv("GOMEMLIMIT", "")
	keepTo(math.MaxInt64)
	if got := debug.SetMemoryLimit(-1); got != before {
		t.Errorf("without groups the limit became %d", got)
	}
	keepTo(group)
	if got := debug.SetMemoryLimit(-1); got != 90<<20 {
		t.Errorf("in a group of 100 MiB the limit is %d", got)
	}
}
