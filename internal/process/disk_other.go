//go:build !linux && !darwin && !windows

package process

import "errors"

// FreeDisk is not known on this system.
func FreeDisk(string) (int64, error) { return 0, errors.ErrUnsupported }
