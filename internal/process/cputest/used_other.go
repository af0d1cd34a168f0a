//go:build !unix

package cputest

import "time"

func used() time.Duration { return 0 }
