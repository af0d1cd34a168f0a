package center

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// ParseSpan reads a span of time as developers write it: days, and behind them or
// in place of them what [time.ParseDuration] takes, as in "7d", "1d12h" or "90s". It is not negative.
func ParseSpan(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is not a time span; write 90s, 5m, 1h30m or 7d", text)
	rest, total := text, time.Duration(0)
	if days, after, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > uint64(math.MaxInt64/day) {
			return 0, wrong
		}
		rest, total = after, time.Duration(n)*day
		if rest == "" {
			return total, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || total+d < total {
		return 0, wrong
	}
	return total + d, nil
}
