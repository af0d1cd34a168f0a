//go:build !linux && !darwin && !freebsd && !windows

package sqlite

import "errors"

// free is not known here.
func (d *directory) free() (int64, error) { return 0, errors.ErrUnsupported }
