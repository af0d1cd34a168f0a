package disk

import (
	"path/filepath"
	"testing"
)

func TestFree(t *testing.T) {
	if free, err := Free(t.TempDir()); err != nil || free <= 0 {
		t.Errorf("Free = %d, %v", free, err)
	}
	if free, err := Free(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Errorf("Free of a directory that is not there = %d", free)
	}
}
