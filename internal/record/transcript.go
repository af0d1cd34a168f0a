package record

import (
	"slices"

	"parley.example/parley/internal/center"
)

// transcriptFile is the transcript of a contact, as the service stores it: its members and those of its items stand in the order
// of real files.
type transcriptFile struct {
	Version          string
	AWSAccountId     string
	InstanceId       center.InstanceID
	InitialContactId center.ContactID
	ContactId        center.ContactID
	Participants     []transcriptParticipant
	Transcript       []transcriptItem
}

type transcriptParticipant struct{ ParticipantId center.ParticipantID }

type transcriptItem struct {
	AbsoluteTime    any
	Content         string `json:",omitempty"` // events have none
	ContentType     string
	Id              center.ItemID
	Type            center.ItemType
	ParticipantId   center.ParticipantID   `json:",omitempty"` // what is nobody's, as chat.ended, has none of these three
	DisplayName     string                 `json:",omitempty"`
	ParticipantRole center.Role            `json:",omitempty"`
	Attachments     []transcriptAttachment `json:",omitempty"`
}

type transcriptAttachment struct {
	AttachmentId, AttachmentName, ContentType string
	Status                                    center.AttachmentStatus
}

// transcript is the file of a contact: what everybody in it could read. What was withheld by a message processor, or whispered, is not in it.
func transcript(f *Fact, s *Setting) transcriptFile {
	c := f.Contact
	t := transcriptFile{
		Version: "2019-08-26", AWSAccountId: s.Partition.Account, InstanceId: c.Instance, InitialContactId: c.Chat, ContactId: c.ID,
		Participants: []transcriptParticipant{}, Transcript: []transcriptItem{},
	}
	for i := range s.Items {
		it := &s.Items[i]
		if it.Processing != "" || it.Whispered() {
			continue
		}
		p := transcriptParticipant{it.Participant}
		if it.Participant != "" && !slices.Contains(t.Participants, p) {
			t.Participants = append(t.Participants, p)
		}
		item := transcriptItem{
			AbsoluteTime: milli(it.Time), ContentType: it.ContentType, Id: it.ID, Type: it.Type,
			ParticipantId: it.Participant, DisplayName: it.DisplayName, ParticipantRole: it.Role,
		}
		if it.Type != center.TypeEvent {
			item.Content = it.Content
		}
		if a := it.Attachment; a != nil {
			item.Attachments = []transcriptAttachment{{a.ID, a.Name, a.ContentType, a.Status}}
		}
		t.Transcript = append(t.Transcript, item)
	}
	return t
}

// TranscriptKey is the name of the transcript of a contact below a prefix, which has its instance's alias in it. It has the minute in which the contact began.
func TranscriptKey(prefix string, c *center.Contact) string {
	at := c.Initiated.UTC()
	return prefix + "/" + at.Format("2006/01/02") + "/" + string(c.ID) + "_" + at.Format("20060102T15:04") + "_UTC.json"
}
