// Package limits has the bounds of a chat that an operator may set.
package limits

import (
	"time"

	"parley.example/parley/internal/contact/content"
)

// Limits are the bounds that an operator may set. The zero value of a member
// means its default.
type Limits struct {
	TextBytes   int   // the longest text message, in bytes; 16,384
	StrictText  bool  // hold the text of SendMessage to 1,024 characters, as the operation's documentation says
	Attachments int   // files in one chat; 35
	ChatBytes   int64 // the transcript of one chat, each item with its [transcript.ItemSize]; 64 MiB
	FileBytes   int64 // the largest file; 20 MiB
	// ScanTime is how long a scanner may take to look at a file before it is rejected. Zero:
	// there is no scanner, and files are shown as they are.
	ScanTime time.Duration
}

// Defaults fills in what is not set.
func (l Limits) Defaults() Limits {
	if l.TextBytes == 0 {
		l.TextBytes = 16384
	}
	if l.Attachments == 0 {
		l.Attachments = 35
	}
	if l.ChatBytes == 0 {
		l.ChatBytes = 64 << 20
	}
	if l.FileBytes == 0 {
		l.FileBytes = 20 << 20
	}
	return l
}

// Text is how long the text of a message may be.
func (l Limits) Text() content.Text { return content.Text{Bytes: l.TextBytes, Strict: l.StrictText} }
