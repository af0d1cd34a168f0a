package participantapi

import (
	"context"
	"io"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
)

// defaultDownload is how long the URL of GetAttachment works unless
// UrlExpiryInSeconds (5 to 300) says otherwise.
const defaultDownload = 300 * time.Second

// StartAttachmentUpload announces a file and returns where to PUT its bytes: a
// URL that accepts this one file for 15 minutes, with exactly the returned
// headers. The same ClientToken returns the same AttachmentId again. Types, sizes
// and the number of files are checked by [contact.StartUpload]. An upload that is
// not completed within an hour is deleted, with its bytes.
func (s *Service) StartAttachmentUpload(ctx context.Context, in *participant.StartAttachmentUploadRequest) (*participant.StartAttachmentUploadResponse, error) {
	t, err := s.open(ctx, auth.Connection, in.ConnectionToken)
	if err != nil {
		return nil, err
	}
	r, err := s.do(ctx, t, contact.StartUpload{
		Participant: t.Participant, Name: in.AttachmentName, ContentType: in.ContentType,
		Size: in.AttachmentSizeInBytes, ClientToken: in.ClientToken,
	})
	if err != nil {
		return nil, err
	}
	m, err := s.member(ctx, t)
	if err != nil {
		return nil, err
	}
	a := m.chat.Attachment(r.ID)
	if a == nil {
		return nil, center.Errorf(center.Internal, "the attachment %s was started but does not exist", r.ID)
	}
	expires := s.Now().Add(contact.UploadWindow)
	current := string(m.chat.Current().ID)
	return &participant.StartAttachmentUploadResponse{
		AttachmentId: new(a.ID),
		UploadMetadata: &participant.UploadMetadata{
			Url: new(s.fileURL(ctx, auth.Token{
				Kind: auth.Upload, Chat: m.Chat, Participant: m.ID, Detail: a.ID + " " + current, Expires: expires,
			})),
			UrlExpiry:        new(expires.UTC().Format(time.RFC3339)),
			HeadersToInclude: s.uploadHeaders(m.chat, current, a),
		},
	}, nil
}

// CompleteAttachmentUpload adds a file to the chat once all its bytes have
// arrived; before that it is a ValidationException. It is a ConflictException if
// the file was completed already. With a scanner the file is IN_PROGRESS from now on, and
// its item appears with the verdict: APPROVED to everybody, REJECTED to its sender's side.
func (s *Service) CompleteAttachmentUpload(ctx context.Context, in *participant.CompleteAttachmentUploadRequest) (*participant.CompleteAttachmentUploadResponse, error) {
	m, err := s.attend(ctx, auth.Connection, in.ConnectionToken)
	if err != nil {
		return nil, err
	}
	id := in.AttachmentIds[0] // the model: exactly one
	if a := m.chat.Attachment(id); a != nil && a.Owner == m.ID && a.Status == center.AttachmentUploading {
		if stored, err := s.stored(ctx, m.Chat, a); err != nil {
			return nil, err
		} else if !stored {
			return nil, center.Errorf(center.Invalid, "AttachmentIds: the bytes of %s have not been uploaded", id)
		}
	}
	if _, err := s.do(ctx, m.Token, contact.CompleteUpload{Participant: m.ID, Attachment: id, ClientToken: in.ClientToken}); err != nil {
		return nil, err
	}
	return &participant.CompleteAttachmentUploadResponse{}, nil
}

// GetAttachment returns a URL from which the file can be fetched for a while.
// Files of the chats that a persistent chat continues are found too. A file that
// was not completed or not approved is not available, and custom participants
// have no access to files.
func (s *Service) GetAttachment(ctx context.Context, in *participant.GetAttachmentRequest) (*participant.GetAttachmentResponse, error) {
	m, err := s.attend(ctx, auth.Connection, in.ConnectionToken)
	if err != nil {
		return nil, err
	}
	if m.Role == center.RoleCustomBot {
		return nil, center.Errorf(center.Denied, "a custom participant has no access to attachments")
	}
	chat, a, err := s.attachment(ctx, m.chat, in.AttachmentId)
	if err != nil {
		return nil, err
	}
	switch {
	case a == nil || a.Status == center.AttachmentUploading:
		return nil, center.Errorf(center.Invalid, "AttachmentId %q is not an attachment of this chat", in.AttachmentId)
	case a.Status != center.AttachmentApproved:
		return nil, center.Errorf(center.Invalid, "AttachmentId %q is not available; its status is %s", in.AttachmentId, a.Status)
	}
	life := defaultDownload
	if in.UrlExpiryInSeconds != nil {
		life = time.Duration(*in.UrlExpiryInSeconds) * time.Second
	}
	expires := s.Now().Add(life)
	return &participant.GetAttachmentResponse{
		Url: new(s.fileURL(ctx, auth.Token{
			Kind: auth.Download, Chat: chat, Participant: m.ID, Detail: a.ID, Expires: expires,
		})),
		UrlExpiry:             stamp(expires),
		AttachmentSizeInBytes: a.Size,
	}, nil
}

// attachment finds a file in a chat or in one that it continues, nil when it is in none.
func (s *Service) attachment(ctx context.Context, chat *contact.Chat, id string) (center.ContactID, *center.Attachment, error) {
	if a := chat.Attachment(id); a != nil {
		return chat.ID, a, nil
	}
	var last center.ContactID
	for _, past := range chat.Past {
		if past.Chat == last {
			continue // contacts of one chain stand side by side
		}
		last = past.Chat
		before, err := s.Engine.State(ctx, past.Chat)
		if err != nil {
			if center.ReasonOf(err) == center.NotFound {
				continue
			}
			return "", nil, err
		}
		if a := before.Attachment(id); a != nil {
			return before.ID, a, nil
		}
	}
	return "", nil, nil
}

// stored reports whether the announced bytes of a file are in the blob store.
func (s *Service) stored(ctx context.Context, chat center.ContactID, a *center.Attachment) (bool, error) {
	size, err := s.Blobs.Size(ctx, blobKey(chat, a.ID))
	if isMissing(err) {
		return false, nil
	}
	return size == a.Size, err
}

// blobKey is the key of an attachment's bytes. Both ids are our own: the client's
// name of the file is never part of a path.
func blobKey(chat center.ContactID, id string) string {
	return "attachments/" + string(chat) + "/" + id
}

// Files are the attachments in a blob store, for the engine, which deletes
// abandoned uploads, and for the scanner.
type Files struct{ Blobs blob.Store }

var _ engine.Files = Files{}

// Delete implements [engine.Files].
func (f Files) Delete(ctx context.Context, chat center.ContactID, id string) error {
	return f.Blobs.Delete(ctx, blobKey(chat, id))
}

// Open opens the bytes of an attachment, for a scanner. The caller closes them.
func (f Files) Open(ctx context.Context, chat center.ContactID, id string) (io.ReadSeekCloser, int64, error) {
	return f.Blobs.Open(ctx, blobKey(chat, id))
}

// isMissing reports whether err says that a key does not exist.
func isMissing(err error) bool {
	return err != nil && center.ReasonOf(err) == center.NotFound
}
