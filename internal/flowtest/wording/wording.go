// Package wording puts the parts of a chat into words: shortened values, times
// since the beginning, who speaks, which view is shown. Everything in it is a
// pure function; the simulator, the language of scenarios and the reports share
// them, so that a message reads the same wherever it is printed.
package wording

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// Clip shortens a text to n characters.
func Clip(s string, n int) string {
	count := 0
	for i := range s {
		if count++; count > n {
			return s[:i] + "…"
		}
	}
	return s
}

// OneLine replaces line ends, and runs of spaces, by one space.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Quote writes a text in quotes, with the escapes of JSON.
func Quote(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic("wording: a string does not encode: " + err.Error()) // every string does
	}
	return string(raw)
}

// JSON writes a value as JSON, shortened for a message.
func JSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return Clip(string(raw), 200)
}

// Listed joins a list for a message, which may be empty.
func Listed(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// Clock writes a time since the beginning: 0:00, 12:34, 1:02:03, 2d 0:00:00.
func Clock(d time.Duration) string {
	seconds := int64(d / time.Second)
	h, m, s := seconds/3600, seconds/60%60, seconds%60
	switch {
	case h >= 24:
		return fmt.Sprintf("%dd %d:%02d:%02d", h/24, h%24, m, s)
	case h > 0:
		return fmt.Sprintf("%d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("%d:%02d", m, s)
}

// Speaker is what to call whoever sent an item.
func Speaker(it *center.Item) string {
	switch {
	case it.DisplayName == center.DisplayNameSystemMessage:
		return "flow"
	case it.DisplayName == center.DisplayNameBot && it.Role == center.RoleSystem:
		return "bot"
	case it.DisplayName != "":
		return it.DisplayName
	}
	return strings.ToLower(string(it.Role))
}

// Event is the name of an event item: its content type without the vendor's prefix.
func Event(it *center.Item) string {
	return strings.TrimPrefix(it.ContentType, "application/vnd.amazonaws.connect.event.")
}

// View returns the view that an interactive message shows, "" if it shows none.
func View(content string) string {
	var m struct {
		TemplateType string
		Data         struct {
			Content struct{ ViewID string }
		}
	}
	if json.Unmarshal([]byte(content), &m) != nil || m.TemplateType != "ViewResource" {
		return ""
	}
	return m.Data.Content.ViewID
}
