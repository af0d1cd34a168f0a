package contact

import (
	"slices"
	"time"

	"parley.example/parley/internal/center"
)

// UploadLife is how long after StartAttachmentUpload a file may be completed.
// Then it counts as abandoned: it is some time after the last byte could have
// come, for a PUT may begin at the end of [UploadWindow] and take as long again.
const UploadLife = time.Hour

// Abandon takes an attachment that nobody has completed out of the chat, also
// after the end; from then on it cannot be completed any more. One that was
// completed is Conflict; one that is not there is no error. Its ClientToken
// begins another upload when it is used again.
type Abandon struct{ Attachment string }

func (a Abandon) decide(d *decision) error {
	known := d.chat.Attachment(a.Attachment)
	if known == nil {
		return nil
	}
	if known.Status != center.AttachmentUploading {
		return center.Errorf(center.Conflict, "attachment %s is completed", a.Attachment)
	}
	c := d.edit()
	c.Attachments = slices.DeleteFunc(c.Attachments, func(other center.Attachment) bool { return other.ID == a.Attachment })
	c.Replies = slices.DeleteFunc(c.Replies, func(k KeptReply) bool { return k.Reply.ID == a.Attachment })
	return nil
}
