package disk

import (
	"fmt"
	"strings"
)

// Size writes a number of bytes for people, in decimal units and with up to three digits: "999 B", "1.5 kB", "238 kB", "12 GB".
func Size(n int64) string {
	f, units := float64(n), []string{"B", "kB", "MB", "GB", "TB"}
	for len(units) > 1 && f >= 999.5 {
		f, units = f/1000, units[1:]
	}
	if n < 1000 || f >= 99.5 {
		return fmt.Sprintf("%.0f %s", f, units[0])
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") + " " + units[0]
}
