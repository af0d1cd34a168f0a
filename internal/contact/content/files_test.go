package content

import (
	"testing"

	"parley.example/parley/internal/center"
)

// TestFileTypes: which files a chat takes, by name and content type. The
// extensions are the service's default set (admin guide, feature specifications,
// 2026-11); the content types are those that clients have uploaded with.
func TestFileTypes(t *testing.T) {
	tests := []struct {
		name, contentType, source string
		taken                     bool
	}{
		{"a.rtf", "application/rtf", "IANA media types", true},
		{"a.rtf", "text/rtf", "IANA media types", true},
		{"a.rtf", "text/richtext", "taken by the service, 2026-11", true},
		{"a.rtf", "application/x-rtf", "taken by the service, 2026-11", true},
		{"A.RTF", "TEXT/RichText; charset=utf-8", "content types have no case", true},
		{"a.rtf", "application/msword", "another document's", false},
		{"a.txt", "text/richtext", "rich text has an extension of its own", false},
		{"a.rtx", "text/richtext", "not in the default set", false},
		{"a.doc", "application/msword", "IANA media types", true},
		{"a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "IANA media types", true},
		{"a.csv", "application/vnd.ms-excel", "sent by browsers on Windows", true},
		{"a.heic", "image/heif", "sent by browsers on Apple's systems", true},
		{"a.jfif", "image/jpeg", "sent by browsers on Windows", true},
		{"a.wav", "audio/x-wav", "sent by Firefox", true},
		{"a.mov", "video/quicktime", "IANA media types", true},
		{"a.exe", "application/octet-stream", "not in the default set", false},
		{"a.html", "text/html", "not in the default set", false},
		{"a.svg", "image/svg+xml", "not in the default set", false},
	}
	for _, test := range tests {
		err := File(test.name, test.contentType, 1, 1)
		if (err == nil) != test.taken || err != nil && center.ReasonOf(err) != center.Invalid {
			t.Errorf("%s as %s (%s): %v", test.name, test.contentType, test.source, err)
		}
	}
}
