package contact

import (
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/content"
	"parley.example/parley/internal/contact/transcript"
)

// UploadWindow is how long the URL of an upload may be used.
const UploadWindow = 15 * time.Minute

// StartUpload announces a file (StartAttachmentUpload).
type StartUpload struct {
	Participant center.ParticipantID
	Name        string
	ContentType string
	Size        int64
	ClientToken string
}

func (u StartUpload) decide(d *decision) error {
	p, err := d.participant(u.Participant)
	if err != nil {
		return err
	}
	if p.Role == center.RoleCustomBot {
		return center.Errorf(center.Denied, "a custom participant has no access to attachments")
	}
	if err := silent(p); err != nil {
		return err
	}
	key := "StartAttachmentUpload/" + string(p.ID) + "/" + u.ClientToken
	if r, ok := d.kept(key); ok && d.chat.Attachment(r.ID) != nil { // else it was abandoned
		d.change.Reply = r
		return nil
	}
	if err := content.File(u.Name, u.ContentType, u.Size, d.env.Limits.FileBytes); err != nil {
		return err
	}
	used := 0
	for i := range d.chat.Attachments {
		if a := &d.chat.Attachments[i]; a.Status != center.AttachmentUploading || d.env.Now.Sub(a.Started) < UploadWindow {
			used++
		}
	}
	if used >= d.env.Limits.Attachments {
		return center.Errorf(center.QuotaExceeded, "a chat may have at most %d attachments", d.env.Limits.Attachments)
	}
	c := d.edit()
	if len(c.Attachments) >= 4*d.env.Limits.Attachments {
		return center.Errorf(center.QuotaExceeded, "too many uploads of this chat were started and not completed")
	}
	a := center.Attachment{ID: d.newID(), Name: u.Name, ContentType: u.ContentType, Size: u.Size, Owner: p.ID, Started: d.env.Now}
	c.Attachments = append(c.Attachments, a)
	d.change.Reply = Reply{ID: a.ID}
	d.keep(key, d.change.Reply)
	return nil
}

// CompleteUpload publishes a file (CompleteAttachmentUpload), or has it scanned first. The
// caller has made sure that its bytes are there, as announced.
type CompleteUpload struct {
	Participant center.ParticipantID
	Attachment  string
	ClientToken string
}

func (u CompleteUpload) decide(d *decision) error {
	p, err := d.participant(u.Participant)
	if err != nil {
		return err
	}
	if p.Role == center.RoleCustomBot {
		return center.Errorf(center.Denied, "a custom participant has no access to attachments")
	}
	if err := silent(p); err != nil {
		return err
	}
	token := transcript.Token{Participant: p.ID, Text: u.ClientToken, File: true}
	if d.scanning(token) {
		return nil
	}
	before, ok, err := d.sentBefore(token)
	if ok || err != nil {
		d.change.Reply = before
		return err
	}
	a := d.chat.Attachment(u.Attachment)
	switch {
	case a == nil || a.Owner != p.ID:
		return center.Errorf(center.Invalid, "AttachmentIds: %s is not an upload of this participant", u.Attachment)
	case a.Status != center.AttachmentUploading:
		return center.Errorf(center.Conflict, "attachment %s has been completed already", u.Attachment)
	}
	if err := d.arrive(p.ID); err != nil {
		return err
	}
	author := *d.chat.Participant(p.ID)
	a = d.edit().Attachment(u.Attachment)
	a.Status = center.AttachmentApproved
	shown := *a
	it := center.Item{
		Type: center.TypeAttachment, ClientToken: u.ClientToken, Attachment: &shown,
		Participant: author.ID, DisplayName: author.DisplayName, Role: author.Role,
	}
	if d.env.Limits.ScanTime > 0 {
		d.scan(it)
		return nil
	}
	return d.speak(PendingItem{Item: it})
}
