package enginetest

import (
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Pass lets time pass inside a bubble, and waits until what falls due has happened.
func Pass(d time.Duration) {
	time.Sleep(d) // of the bubble's clock
	synctest.Wait()
}

// Items reads a whole transcript, oldest first.
func (e *Engine) Items(chat center.ContactID) []center.Item {
	e.t.Helper()
	items, err := e.Store.Items(e.t.Context(), store.ItemQuery{Chat: chat})
	if err != nil {
		e.t.Fatalf("Items: %v", err)
	}
	return items
}

// Script is a transcript in words: texts, the names of files in brackets, and
// the last part of an event's content type with the role that it comes from.
func Script(items []center.Item) (words []string) {
	for _, it := range items {
		switch {
		case it.Attachment != nil:
			words = append(words, "["+it.Attachment.Name+"]")
		case it.Content != "":
			words = append(words, it.Content)
		default:
			words = append(words, it.ContentType[strings.LastIndexByte(it.ContentType, '.')+1:]+" "+string(it.Role))
		}
	}
	return words
}

// WantScript compares the script of a chat's transcript.
func (e *Engine) WantScript(chat center.ContactID, want ...string) {
	e.t.Helper()
	if got := Script(e.Items(chat)); !slices.Equal(got, want) {
		e.t.Fatalf("the transcript is %q; want %q", got, want)
	}
}
