package disk_test

import (
	"testing"

	"parley.example/parley/internal/disk"
)

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1 kB", 1234: "1.2 kB", 12_000: "12 kB", 99_449: "99.4 kB", 99_500: "100 kB", 237_900: "238 kB",
		999_499: "999 kB", 999_500: "1 MB", 2e9: "2 GB", 5_250e9: "5.2 TB", 5_000e12: "5000 TB",
	} {
		if got := disk.Size(n); got != want {
			t.Errorf("Size(%d) = %q; want %q", n, got, want)
		}
	}
}
