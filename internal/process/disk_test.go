package process

import (
	"path/filepath"
	"testing"
)

func TestFreeDisk(t *testing.T) {
	if free, err := FreeDisk(t.TempDir()); err != nil || free <= 0 {
		t.Errorf("FreeDisk = %d, %v", free, err)
	}
	if free, err := FreeDisk(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Errorf("FreeDisk of a directory that is not there = %d", free)
	}
}
