package setup

import (
	"context"
	"slices"

	"parley.example/parley/internal/catalog"
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

// check returns why a storage configuration cannot be: a StorageType that the
// type of data does not allow is Invalid, another config than that of the
// StorageType BadRequest.
func check(s catalog.StorageConfig) error {
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
func AddStorage(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, s catalog.StorageConfig, token string) (id center.StorageID, err error) {
	if err := check(s); err != nil {
		return "", err
	}
	err = c.Change(ctx, instance, func(snap *catalog.Snapshot) (catalog.Write, error) {
		id = center.StorageID(center.NewUUID())
		if token != "" {
			id = center.StorageID(catalog.DerivedID("AssociateInstanceStorageConfig", string(instance), s.Name, token))
		}
		for _, other := range catalog.All[*catalog.StorageConfig](snap) {
			if other.ID == id {
				return catalog.Write{}, nil
			}
			if other.Name == s.Name {
				return catalog.Write{}, center.Errorf(center.Conflict, "%s already has a storage configuration: %s", s.Name, other.ID)
			}
		}
		s.Meta = catalog.NewMeta(c, instance, id, s.Name, nil)
		return catalog.Write{Put: []catalog.Resource{&s}}, nil
	})
	return id, err
}

// UpdateStorage replaces a storage configuration. Errors: NotFound, Invalid, BadRequest.
func UpdateStorage(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.StorageID, s catalog.StorageConfig) error {
	if err := check(s); err != nil {
		return err
	}
	return c.Change(ctx, instance, func(snap *catalog.Snapshot) (catalog.Write, error) {
		old, err := snap.FindStorage(s.Name, id)
		if err != nil {
			return catalog.Write{}, err
		}
		s.Meta = old.Meta
		s.Updated = c.Now()
		return catalog.Write{Put: []catalog.Resource{&s}}, nil
	})
}

// RemoveStorage removes a storage configuration. Errors: NotFound.
func RemoveStorage(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, dataType string, id center.StorageID) error {
	return c.Change(ctx, instance, func(snap *catalog.Snapshot) (catalog.Write, error) {
		s, err := snap.FindStorage(dataType, id)
		if err != nil {
			return catalog.Write{}, err
		}
		return catalog.Write{Drop: []catalog.Resource{s}}, nil
	})
}
