package sqlite

import (
	"syscall"
	"unsafe"
)

var getDiskFreeSpaceEx = syscall.NewLazyDLL("kernel32.dll").NewProc("GetDiskFreeSpaceExW")

// free returns how many bytes this process may still write to the directory.
func (d *directory) free() (int64, error) {
	path, err := syscall.UTF16PtrFromString(d.path)
	if err != nil {
		return 0, err
	}
	var bytes uint64
	if ok, _, err := getDiskFreeSpaceEx.Call(uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(&bytes)), 0, 0); ok == 0 {
		return 0, err
	}
	return int64(bytes), nil
}
