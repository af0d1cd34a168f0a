package instances

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// AssociateInstanceStorageConfig says where a type of data is kept. An
// instance has at most one storage per type of data: a second one is a
// ResourceConflictException, the same ClientToken gives the first answer.
// Parley keeps the configuration; AssociationId in the request is ignored.
func (s *Instances) AssociateInstanceStorageConfig(ctx context.Context, in *connect.AssociateInstanceStorageConfigRequest) (*connect.AssociateInstanceStorageConfigResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	id, err := setup.AddStorage(ctx, s.Catalog, snap.ID(), storageOf(string(in.ResourceType), in.StorageConfig), wire.Text(in.ClientToken))
	if err != nil {
		return nil, err
	}
	return &connect.AssociateInstanceStorageConfigResponse{AssociationId: new(string(id))}, nil
}

// DescribeInstanceStorageConfig returns one storage configuration.
func (s *Instances) DescribeInstanceStorageConfig(ctx context.Context, in *connect.DescribeInstanceStorageConfigRequest) (*connect.DescribeInstanceStorageConfigResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	c, err := snap.FindStorage(string(in.ResourceType), center.StorageID(in.AssociationId))
	if err != nil {
		return nil, err
	}
	return &connect.DescribeInstanceStorageConfigResponse{StorageConfig: new(storageConfig(snap, c))}, nil
}

// ListInstanceStorageConfigs lists the storage configurations of a type of
// data: none or one.
func (s *Instances) ListInstanceStorageConfigs(ctx context.Context, in *connect.ListInstanceStorageConfigsRequest) (*connect.ListInstanceStorageConfigsResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "ListInstanceStorageConfigs", Token: in.NextToken, Max: in.MaxResults, Size: 10, Request: []any{in.ResourceType}},
		func(c *catalog.StorageConfig) bool { return c.Name == string(in.ResourceType) }, storageConfig)
	return &connect.ListInstanceStorageConfigsResponse{StorageConfigs: list, NextToken: next}, err
}

// UpdateInstanceStorageConfig replaces a storage configuration.
func (s *Instances) UpdateInstanceStorageConfig(ctx context.Context, in *connect.UpdateInstanceStorageConfigRequest) (*connect.UpdateInstanceStorageConfigResponse, error) {
	return &connect.UpdateInstanceStorageConfigResponse{}, query.In(ctx, s.Catalog, in.InstanceId, func(snap *catalog.Snapshot) error {
		return setup.UpdateStorage(ctx, s.Catalog, snap.ID(), center.StorageID(in.AssociationId), storageOf(string(in.ResourceType), in.StorageConfig))
	})
}

// DisassociateInstanceStorageConfig removes a storage configuration.
func (s *Instances) DisassociateInstanceStorageConfig(ctx context.Context, in *connect.DisassociateInstanceStorageConfigRequest) (*connect.DisassociateInstanceStorageConfigResponse, error) {
	return &connect.DisassociateInstanceStorageConfigResponse{}, query.In(ctx, s.Catalog, in.InstanceId, func(snap *catalog.Snapshot) error {
		return setup.RemoveStorage(ctx, s.Catalog, snap.ID(), string(in.ResourceType), center.StorageID(in.AssociationId))
	})
}

// storageOf reads a storage configuration.
func storageOf(dataType string, in *connect.InstanceStorageConfig) catalog.StorageConfig {
	key := func(e *connect.EncryptionConfig) string {
		if e == nil {
			return ""
		}
		return e.KeyId
	}
	c := catalog.StorageConfig{Meta: catalog.Meta[center.StorageID]{Name: dataType}, Type: string(in.StorageType)}
	if x := in.S3Config; x != nil {
		c.S3 = &catalog.S3Storage{Bucket: x.BucketName, Prefix: x.BucketPrefix, Key: key(x.EncryptionConfig)}
	}
	if x := in.KinesisVideoStreamConfig; x != nil {
		c.Video = &catalog.VideoStorage{Prefix: x.Prefix, Hours: x.RetentionPeriodHours, Key: key(x.EncryptionConfig)}
	}
	if x := in.KinesisStreamConfig; x != nil {
		c.Stream = x.StreamArn
	}
	if x := in.KinesisFirehoseConfig; x != nil {
		c.Firehose = x.FirehoseArn
	}
	return c
}

// storageConfig is the reverse of storageOf.
func storageConfig(_ *catalog.Snapshot, c *catalog.StorageConfig) connect.InstanceStorageConfig {
	encryption := func(key string) *connect.EncryptionConfig {
		if key == "" {
			return nil
		}
		return &connect.EncryptionConfig{EncryptionType: connect.EncryptionTypeKMS, KeyId: key}
	}
	out := connect.InstanceStorageConfig{AssociationId: new(string(c.ID)), StorageType: connect.StorageType(c.Type)}
	if x := c.S3; x != nil {
		out.S3Config = &connect.S3Config{BucketName: x.Bucket, BucketPrefix: x.Prefix, EncryptionConfig: encryption(x.Key)}
	}
	if x := c.Video; x != nil {
		out.KinesisVideoStreamConfig = &connect.KinesisVideoStreamConfig{Prefix: x.Prefix, RetentionPeriodHours: x.Hours, EncryptionConfig: encryption(x.Key)}
	}
	if c.Stream != "" {
		out.KinesisStreamConfig = &connect.KinesisStreamConfig{StreamArn: c.Stream}
	}
	if c.Firehose != "" {
		out.KinesisFirehoseConfig = &connect.KinesisFirehoseConfig{FirehoseArn: c.Firehose}
	}
	return out
}
