package content

import (
	"path"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
)

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

// File applies the rules of a file that a participant announces; most is how many bytes it may have.
func File(name, contentType string, size, most int64) error {
	mediaType, _, _ := strings.Cut(contentType, ";")
	types, ok := fileTypes[strings.ToLower(path.Ext(name))]
	switch {
	case !ok:
		return center.Errorf(center.Invalid, "AttachmentName: files of the type %q are not allowed", path.Ext(name))
	case !slices.ContainsFunc(types, func(t string) bool { return strings.EqualFold(t, strings.TrimSpace(mediaType)) }):
		return center.Errorf(center.Invalid, "ContentType: %q does not match the name %q", contentType, name)
	case strings.ContainsAny(name, "/\\\x00") || name != path.Base(name):
		return center.Errorf(center.Invalid, "AttachmentName must be a plain file name")
	case size < 1:
		return center.Errorf(center.Invalid, "AttachmentSizeInBytes must be at least 1")
	case size > most:
		return center.Errorf(center.Invalid, "AttachmentSizeInBytes is %d; a file may have at most %d bytes", size, most)
	}
	return nil
}
