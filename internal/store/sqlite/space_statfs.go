//go:build linux || darwin || freebsd

package sqlite

import "syscall"

// free returns how many bytes this process may still write to the directory.
func (d *directory) free() (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.path, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
