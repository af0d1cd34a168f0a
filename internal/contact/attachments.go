package contact

import (
	"path"
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// UploadWindow is how long the URL of an upload may be used.
const UploadWindow = 15 * time.Minute

// fileTypes are the files that a chat accepts, by the extension of the name (the
// default set of attachment types, admin guide, feature specifications, 2026-11),
// and the content types that browsers and SDKs give such files. Rich text has four:
// two are registered, the two older ones are what the service takes as well.
var fileTypes = map[string][]string{
	".csv": {"text/csv", "application/csv", "text/plain", "application/vnd.ms-excel"}, ".txt": {"text/plain"},
	".doc":  {"application/msword"},
	".docx": {"application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	".heic": {"image/heic", "image/heif"}, ".jfif": {"image/jpeg", "image/pjpeg"},
	".jpeg": {"image/jpeg"}, ".jpg": {"image/jpeg"}, ".png": {"image/png"},
	".mov": {"video/quicktime"}, ".mp4": {"video/mp4"}, ".pdf": {"application/pdf"},
	".ppt":  {"application/vnd.ms-powerpoint"},
	".pptx": {"application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	".rtf":  {"application/rtf", "text/rtf", "application/x-rtf", "text/richtext"}, ".wav": {"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"},
	".xls":  {"application/vnd.ms-excel"},
	".xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
}

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
	if err := u.check(d.env.Limits); err != nil {
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

func (u StartUpload) check(l Limits) error {
	mediaType, _, _ := strings.Cut(u.ContentType, ";")
	types, ok := fileTypes[strings.ToLower(path.Ext(u.Name))]
	switch {
	case !ok:
		return center.Errorf(center.Invalid, "AttachmentName: files of the type %q are not allowed", path.Ext(u.Name))
	case !containsFold(types, strings.TrimSpace(mediaType)):
		return center.Errorf(center.Invalid, "ContentType: %q does not match the name %q", u.ContentType, u.Name)
	case strings.ContainsAny(u.Name, "/\\\x00") || u.Name != path.Base(u.Name):
		return center.Errorf(center.Invalid, "AttachmentName must be a plain file name")
	case u.Size < 1:
		return center.Errorf(center.Invalid, "AttachmentSizeInBytes must be at least 1")
	case u.Size > l.FileBytes:
		return center.Errorf(center.Invalid, "AttachmentSizeInBytes is %d; a file may have at most %d bytes", u.Size, l.FileBytes)
	}
	return nil
}

func containsFold(list []string, s string) bool {
	for _, v := range list {
		if strings.EqualFold(v, s) {
			return true
		}
	}
	return false
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
	token := Token{p.ID, u.ClientToken, true}
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
