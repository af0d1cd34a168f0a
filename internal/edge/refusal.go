package edge

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
)

// WriteError answers an error outside the generated APIs in their form.
func WriteError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header()["X-Amzn-Errortype"] = []string{code}
	w.WriteHeader(status)
	body, err := json.Marshal(struct {
		Type    string `json:"__type"`
		Message string
		Lower   string `json:"message"`
	}{code, message, message})
	if err != nil {
		return // strings always encode
	}
	w.Write(body) // the client may have gone; there is nobody else to inform
}

// debugReason is the header of an answer that says why a request was really refused.
const debugReason = "X-Parley-Debug-Reason"

// Refused explains refusals to developers in a header of the answer; it is nil
// outside development mode, where only the log says why.
func (e *Edge) Refused() func(context.Context, http.Header, error) {
	if !e.Dev {
		return nil
	}
	return func(_ context.Context, h http.Header, err error) { h.Set(debugReason, headerLine(reasonOf(err))) }
}

// reasonOf returns the true reason of an error, causes included.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*auth.Error](err); ok {
		return e.Message + ": " + e.Reason
	}
	text := err.Error()
	if e, ok := errors.AsType[*center.Error](err); ok && e.Err != nil && !strings.Contains(text, e.Err.Error()) {
		text += ": " + e.Err.Error()
	}
	return text
}

// headerLine makes one line of a text that may stand in a header: at most 600
// bytes of printable ASCII, other characters replaced. The reasons of policies name two ARNs.
func headerLine(text string) string {
	const longest = 600
	b := make([]byte, 0, min(len(text), longest))
	for _, c := range text {
		if len(b) == longest {
			break
		}
		switch {
		case c == '\n' || c == '\r' || c == '\t':
			c = ' '
		case c < ' ' || c > '~':
			c = '?'
		}
		b = append(b, byte(c))
	}
	return string(b)
}
