package contact

import (
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/center"
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
	if it.Processing != "" {
		b = append(b, `,"MessageMetadata":{"MessageId":`...)
		b = restjson.Quote(b, string(it.ID))
		b = append(appendMember(b, "MessageProcessingStatus", string(it.Processing)), '}')
	}
	if a := it.Attachment; a != nil {
		b = append(b, `,"Attachments":[{"AttachmentId":`...)
		b = restjson.Quote(b, a.ID)
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
	b = restjson.Quote(b, string(r.Item))
	b = append(b, `,"Receipts":[{`...)
	if !r.Delivered.IsZero() {
		b = append(appendTime(append(b, `"DeliveredTimestamp":"`...), r.Delivered), `",`...)
	}
	if !r.Read.IsZero() {
		b = append(appendTime(append(b, `"ReadTimestamp":"`...), r.Read), `",`...)
	}
	b = append(b, `"RecipientParticipantId":`...)
	return append(restjson.Quote(b, string(r.Recipient)), "}]}"...)
}

func appendTime(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, center.TimeLayout)
}

func appendMember(b []byte, name, value string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return restjson.Quote(b, value)
}
