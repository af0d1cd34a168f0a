package catalog

import (
	"context"
	"slices"

	"parley.example/parley/internal/center"
)

// Storage types (StorageType).
const (
	storageS3       = "S3"
	storageVideo    = "KINESIS_VIDEO_STREAM"
	storageStream   = "KINESIS_STREAM"
	storageFirehose = "KINESIS_FIREHOSE"
)

// storageTypes says where each type of data can be kept (InstanceStorageResourceType).
var storageTypes = map[string][]string{
	"CHAT_TRANSCRIPTS":                          {storageS3},
	"CALL_RECORDINGS":                           {storageS3},
	"SCHEDULED_REPORTS":                         {storageS3},
	"MEDIA_STREAMS":                             {storageVideo},
	"CONTACT_TRACE_RECORDS":                     {storageStream, storageFirehose},
	"AGENT_EVENTS":                              {storageStream},
	"REAL_TIME_CONTACT_ANALYSIS_SEGMENTS":       {storageStream},
	"REAL_TIME_CONTACT_ANALYSIS_CHAT_SEGMENTS":  {storageStream},
	"REAL_TIME_CONTACT_ANALYSIS_VOICE_SEGMENTS": {storageStream},
	"ATTACHMENTS":                               {storageS3},
	"CONTACT_EVALUATIONS":                       {storageS3},
	"SCREEN_RECORDINGS":                         {storageS3},
	"EMAIL_MESSAGES":                            {storageS3},
}

// check tells why a storage configuration cannot be: a StorageType that the
// type of data does not allow is Invalid, another config than that of the
// StorageType BadRequest.
func (s *StorageConfig) check() error {
	allowed, ok := storageTypes[s.Name]
	if !ok {
		return center.Errorf(center.Invalid, "ResourceType %s is not known", s.Name)
	}
	if !slices.Contains(allowed, s.Type) {
		return center.Errorf(center.Invalid, "%s cannot be kept in %s, only in %q", s.Name, s.Type, allowed)
	}
	given := map[string]bool{storageS3: s.S3 != nil, storageVideo: s.Video != nil, storageStream: s.Stream != "", storageFirehose: s.Firehose != ""}
	for typ, is := range given {
		if is != (typ == s.Type) {
			return center.Errorf(center.BadRequest, "StorageType %s takes the config of its type, and no other", s.Type)
		}
	}
	return nil
}

// AddStorage associates a storage configuration with its type of data. The
// same token gives the same association. Errors: NotFound, Invalid,
// BadRequest, Conflict when the type of data has one.
func (c *Catalog) AddStorage(ctx context.Context, instance string, s StorageConfig, token string) (id string, err error) {
	if err := s.check(); err != nil {
		return "", err
	}
	err = c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		id = center.NewUUID()
		if token != "" {
			id = derivedID("AssociateInstanceStorageConfig", snap.Instance.ID, s.Name, token)
		}
		for _, other := range All[*StorageConfig](snap) {
			if other.ID == id {
				return write{}, nil
			}
			if other.Name == s.Name {
				return write{}, center.Errorf(center.Conflict, "%s has a storage configuration already: %s", s.Name, other.ID)
			}
		}
		s.Meta = c.newMeta(snap, id, s.Name, nil)
		return write{put: []Resource{&s}}, nil
	})
	return id, err
}

// FindStorage returns a storage configuration by its type of data and id.
func (snap *Snapshot) FindStorage(dataType, id string) (*StorageConfig, error) {
	s, err := Find[*StorageConfig](snap, id)
	if err != nil || s.Name != dataType {
		return nil, center.Errorf(center.NotFound, "%s has no storage configuration %s", dataType, id)
	}
	return s, nil
}

// UpdateStorage replaces a storage configuration. Errors: NotFound, Invalid, BadRequest.
func (c *Catalog) UpdateStorage(ctx context.Context, instance, id string, s StorageConfig) error {
	if err := s.check(); err != nil {
		return err
	}
	return c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		old, err := snap.FindStorage(s.Name, id)
		if err != nil {
			return write{}, err
		}
		s.Meta = old.Meta
		s.Updated = c.now()
		return write{put: []Resource{&s}}, nil
	})
}

// RemoveStorage removes a storage configuration. Errors: NotFound.
func (c *Catalog) RemoveStorage(ctx context.Context, instance, dataType, id string) error {
	return c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		s, err := snap.FindStorage(dataType, id)
		if err != nil {
			return write{}, err
		}
		return write{drop: []Resource{s}}, nil
	})
}
