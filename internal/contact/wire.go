package contact

import (
	"time"
	"unicode/utf8"

	"parley/internal/center"
)

// AppendItem appends the JSON text of an item as sockets and message streaming
// carry it: the members of the Participant Service's Item, with both contact
// ids. r is set for TypeMetadata, whose text has no contact ids.
func AppendItem(b []byte, it *center.Item, r *center.Receipt) []byte {
	b = append(b, `{"AbsoluteTime":"`...)
	b = appendTime(b, it.Time)
	b = append(b, '"')
	if r == nil && (it.Type == center.TypeMessage || it.Content != "") {
		b = appendMember(b, "Content", it.Content)
	}
	if it.ContentType != "" {
		b = appendMember(b, "ContentType", it.ContentType)
	}
	b = appendMember(b, "Id", string(it.ID))
	b = appendMember(b, "Type", string(it.Type))
	if r != nil {
		return append(appendReceipt(append(b, `,"MessageMetadata":`...), r), '}')
	}
	if it.Participant != "" {
		b = appendMember(b, "ParticipantId", string(it.Participant))
		b = appendMember(b, "DisplayName", it.DisplayName)
		b = appendMember(b, "ParticipantRole", string(it.Role))
	}
	if a := it.Attachment; a != nil {
		b = append(b, `,"Attachments":[{"AttachmentId":`...)
		b = AppendString(b, a.ID)
		b = appendMember(b, "AttachmentName", a.Name)
		b = appendMember(b, "ContentType", a.ContentType)
		b = appendMember(b, "Status", string(a.Status))
		b = append(b, "}]"...)
	}
	b = appendMember(b, "InitialContactId", string(it.Chat))
	b = appendMember(b, "ContactId", string(it.Contact))
	return append(b, '}')
}

func appendReceipt(b []byte, r *center.Receipt) []byte {
	b = append(b, `{"MessageId":`...)
	b = AppendString(b, string(r.Item))
	b = append(b, `,"Receipts":[{`...)
	if !r.Delivered.IsZero() {
		b = append(appendTime(append(b, `"DeliveredTimestamp":"`...), r.Delivered), `",`...)
	}
	if !r.Read.IsZero() {
		b = append(appendTime(append(b, `"ReadTimestamp":"`...), r.Read), `",`...)
	}
	b = append(b, `"RecipientParticipantId":`...)
	return append(AppendString(b, string(r.Recipient)), "}]}"...)
}

func appendTime(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, center.TimeLayout)
}

func appendMember(b []byte, name, value string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return AppendString(b, value)
}

const hex = "0123456789abcdef"

// AppendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD.
func AppendString[S string | []byte](b []byte, s S) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := decodeRune(s, i)
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

func decodeRune[S string | []byte](s S, i int) (rune, int) {
	end := min(i+utf8.UTFMax, len(s))
	return utf8.DecodeRuneInString(string(s[i:end]))
}
