//go:build linux || darwin || freebsd

package disk

import "syscall"

// Free returns how many bytes the file system of a directory still takes from
// this process. The error is the system's.
func Free(dir string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
}
