package restjson

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The first second after the year 9999 and the first of the year 1, the range every format can hold.
const (
	epochEnd   = 253402300800
	epochStart = -62135596800
)

// parseEpoch reads seconds since 1970. Digits after the ninth of the fraction are dropped.
func parseEpoch(s string) (time.Time, bool) {
	if strings.ContainsAny(s, "eE") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || f >= epochEnd || f < epochStart {
			return time.Time{}, false
		}
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	secs, frac, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(secs, 10, 64)
	if err != nil || n >= epochEnd || n < epochStart {
		return time.Time{}, false
	}
	var nanos int64
	if frac != "" {
		nanos, err = strconv.ParseInt((frac + "000000000")[:9], 10, 64)
		if err != nil || nanos < 0 {
			return time.Time{}, false
		}
	}
	if strings.HasPrefix(s, "-") {
		nanos = -nanos
	}
	return time.Unix(n, nanos).UTC(), true
}

func parseDateTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UTC(), err == nil
}

func parseHTTPDate(s string) (time.Time, bool) {
	t, err := http.ParseTime(s)
	return t.UTC(), err == nil
}

// AppendEpoch appends seconds since 1970 with milliseconds, the precision of the real service.
func AppendEpoch(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	if ms < 0 {
		b = append(b, '-')
		ms = -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	if f := ms % 1000; f != 0 {
		b = append(b, '.', byte('0'+f/100))
		if f%100 != 0 {
			b = append(b, byte('0'+f/10%10))
		}
		if f%10 != 0 {
			b = append(b, byte('0'+f%10))
		}
	}
	return b
}

// FormatDateTime writes t as RFC 3339 in UTC with milliseconds where it has any.
func FormatDateTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z07:00") }

// FormatHTTPDate writes t as HTTP headers do, in whole seconds.
func FormatHTTPDate(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
