package contact

import (
	"slices"
	"time"

	"parley.example/parley/internal/center"
)

// UploadLife is how long after StartAttachmentUpload a file may be completed.
// Later it counts as abandoned. The last byte may arrive half an hour after the
// start: a PUT may begin at the end of [UploadWindow] and take as long again.
const UploadLife = time.Hour

// Abandon removes an attachment that was never completed from the chat, also
// after the end; it cannot be completed any more. Conflict if it has been
// completed; no error if it does not exist. Its ClientToken starts another
// upload if it is used again.
type Abandon struct{ Attachment string }

func (a Abandon) decide(d *decision) error {
	known := d.chat.Attachment(a.Attachment)
	if known == nil {
		return nil
	}
	if known.Status != center.AttachmentUploading {
		return center.Errorf(center.Conflict, "attachment %s has been completed", a.Attachment)
	}
	c := d.edit()
	c.Attachments = slices.DeleteFunc(c.Attachments, func(other center.Attachment) bool { return other.ID == a.Attachment })
	c.Replies = slices.DeleteFunc(c.Replies, func(k KeptReply) bool { return k.Reply.ID == a.Attachment })
	return nil
}
