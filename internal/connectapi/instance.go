package connectapi

import (
	"context"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// CreateInstance makes an instance that is ACTIVE when it returns. A request
// with the ClientToken of an earlier one gives the same instance, whatever
// else it says. InstanceAlias is unique, regardless of case: a taken one is an
// InvalidRequestException, as the operation declares no other. Over the quota
// of instances it is a ServiceQuotaExceededException, status 402.
func (s *Service) CreateInstance(ctx context.Context, in *connect.CreateInstanceRequest) (*connect.CreateInstanceResponse, error) {
	i, err := s.Catalog.CreateInstance(ctx, catalog.NewInstance{
		Alias: deref(in.InstanceAlias), Identity: string(in.IdentityManagementType), DirectoryID: deref(in.DirectoryId),
		Inbound: in.InboundCallsEnabled, Outbound: in.OutboundCallsEnabled, Tags: in.Tags, Token: deref(in.ClientToken),
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateInstanceResponse{Id: &i.ID, Arn: new(s.Partition.InstanceARN(i.InstanceID()))}, nil
}

// DescribeInstance describes an instance. It has no InstanceAccessUrl: Parley
// has no address per instance.
func (s *Service) DescribeInstance(ctx context.Context, in *connect.DescribeInstanceRequest) (*connect.DescribeInstanceResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	x := s.summary(snap.Instance)
	return &connect.DescribeInstanceResponse{Instance: &connect.Instance{
		Id: x.Id, Arn: x.Arn, IdentityManagementType: x.IdentityManagementType, InstanceAlias: x.InstanceAlias,
		CreatedTime: x.CreatedTime, ServiceRole: x.ServiceRole, InstanceStatus: x.InstanceStatus,
		InboundCallsEnabled: x.InboundCallsEnabled, OutboundCallsEnabled: x.OutboundCallsEnabled, Tags: shown(snap.Instance.Tags),
	}}, nil
}

// ListInstances lists the instances by alias, 10 to a page.
func (s *Service) ListInstances(ctx context.Context, in *connect.ListInstancesRequest) (*connect.ListInstancesResponse, error) {
	all, err := s.Catalog.Instances(ctx)
	if err != nil {
		return nil, err
	}
	list, next, err := list(all, request{in.NextToken, in.MaxResults, 10, fingerprint("ListInstances")}, s.summary)
	return &connect.ListInstancesResponse{InstanceSummaryList: list, NextToken: next}, err
}

func (s *Service) summary(i *catalog.Instance) connect.InstanceSummary {
	return connect.InstanceSummary{
		Id: &i.ID, Arn: new(s.Partition.InstanceARN(i.InstanceID())), IdentityManagementType: connect.DirectoryType(i.Identity),
		InstanceAlias: optional(i.Name), CreatedTime: &i.Created, ServiceRole: new(s.serviceRole()),
		InstanceStatus:      connect.InstanceStatusACTIVE,
		InboundCallsEnabled: new(isOn(i, "INBOUND_CALLS")), OutboundCallsEnabled: new(isOn(i, "OUTBOUND_CALLS")),
	}
}

// serviceRole is the ARN that the service-linked role has in the cloud.
func (s *Service) serviceRole() string {
	return "arn:aws:iam::" + s.Partition.Account + ":role/aws-service-role/connect.amazonaws.com/AWSServiceRoleForAmazonConnect"
}

func isOn(i *catalog.Instance, attribute string) bool {
	value, _ := i.Attribute(attribute)
	return value == "true"
}

// shown leaves an empty map of tags out, as the model wants.
func shown(tags map[string]string) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	return tags
}

// DeleteInstance removes an instance and everything set up in it. While chats
// run in it, it is refused with an InvalidRequestException: they would lose
// their flows. The records and transcripts of chats that have ended stay in
// the store, out of reach of this API.
func (s *Service) DeleteInstance(ctx context.Context, in *connect.DeleteInstanceRequest) (*connect.DeleteInstanceResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	active, err := s.Store.Count(ctx, store.ActiveChats(snap.Instance.InstanceID()))
	if err != nil {
		return nil, err
	}
	if active > 0 {
		return nil, center.Errorf(center.BadRequest, "the instance has %d active chats; end them with StopContact first", active)
	}
	return &connect.DeleteInstanceResponse{}, s.Catalog.Delete(ctx, in.InstanceId)
}

// ListInstanceAttributes lists all attributes of an instance, 7 to a page.
func (s *Service) ListInstanceAttributes(ctx context.Context, in *connect.ListInstanceAttributesRequest) (*connect.ListInstanceAttributesResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	names, next, err := page(snap.Instance.AttributeNames(), func(name *string) string { return *name },
		request{in.NextToken, in.MaxResults, 7, fingerprint("ListInstanceAttributes", snap.Instance.ID)})
	if err != nil {
		return nil, err
	}
	out := &connect.ListInstanceAttributesResponse{Attributes: []connect.Attribute{}, NextToken: next}
	for _, name := range names {
		value, _ := snap.Instance.Attribute(name)
		out.Attributes = append(out.Attributes, connect.Attribute{AttributeType: connect.InstanceAttributeType(name), Value: &value})
	}
	return out, nil
}

// DescribeInstanceAttribute returns one attribute of an instance.
func (s *Service) DescribeInstanceAttribute(ctx context.Context, in *connect.DescribeInstanceAttributeRequest) (*connect.DescribeInstanceAttributeResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	value, ok := snap.Instance.Attribute(string(in.AttributeType))
	if !ok {
		return nil, center.Errorf(center.Invalid, "AttributeType %s is not known", in.AttributeType)
	}
	return &connect.DescribeInstanceAttributeResponse{Attribute: &connect.Attribute{AttributeType: in.AttributeType, Value: &value}}, nil
}

// UpdateInstanceAttribute sets one attribute of an instance to true or false;
// any other Value is an InvalidParameterException.
func (s *Service) UpdateInstanceAttribute(ctx context.Context, in *connect.UpdateInstanceAttributeRequest) (*connect.UpdateInstanceAttributeResponse, error) {
	return &connect.UpdateInstanceAttributeResponse{}, s.Catalog.SetAttribute(ctx, in.InstanceId, string(in.AttributeType), in.Value)
}

// AssociateInstanceStorageConfig says where a type of data is kept. An
// instance has at most one storage per type of data: a second one is a
// ResourceConflictException, the same ClientToken gives the first answer.
// Parley keeps the configuration; AssociationId in the request is not looked at.
func (s *Service) AssociateInstanceStorageConfig(ctx context.Context, in *connect.AssociateInstanceStorageConfigRequest) (*connect.AssociateInstanceStorageConfigResponse, error) {
	id, err := s.Catalog.AddStorage(ctx, in.InstanceId, storageOf(string(in.ResourceType), in.StorageConfig), deref(in.ClientToken))
	if err != nil {
		return nil, err
	}
	return &connect.AssociateInstanceStorageConfigResponse{AssociationId: &id}, nil
}

// DescribeInstanceStorageConfig returns one storage configuration.
func (s *Service) DescribeInstanceStorageConfig(ctx context.Context, in *connect.DescribeInstanceStorageConfigRequest) (*connect.DescribeInstanceStorageConfigResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	c, err := snap.FindStorage(string(in.ResourceType), in.AssociationId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeInstanceStorageConfigResponse{StorageConfig: new(storageConfig(c))}, nil
}

// ListInstanceStorageConfigs lists the storage configurations of a type of
// data: none or one.
func (s *Service) ListInstanceStorageConfigs(ctx context.Context, in *connect.ListInstanceStorageConfigsRequest) (*connect.ListInstanceStorageConfigsResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(catalog.All[*catalog.StorageConfig](snap), func(c *catalog.StorageConfig) bool { return c.Name != string(in.ResourceType) })
	list, next, err := list(all, request{in.NextToken, in.MaxResults, 10, fingerprint("ListInstanceStorageConfigs", snap.Instance.ID, in.ResourceType)}, storageConfig)
	return &connect.ListInstanceStorageConfigsResponse{StorageConfigs: list, NextToken: next}, err
}

// UpdateInstanceStorageConfig replaces a storage configuration.
func (s *Service) UpdateInstanceStorageConfig(ctx context.Context, in *connect.UpdateInstanceStorageConfigRequest) (*connect.UpdateInstanceStorageConfigResponse, error) {
	return &connect.UpdateInstanceStorageConfigResponse{},
		s.Catalog.UpdateStorage(ctx, in.InstanceId, in.AssociationId, storageOf(string(in.ResourceType), in.StorageConfig))
}

// DisassociateInstanceStorageConfig removes a storage configuration.
func (s *Service) DisassociateInstanceStorageConfig(ctx context.Context, in *connect.DisassociateInstanceStorageConfigRequest) (*connect.DisassociateInstanceStorageConfigResponse, error) {
	return &connect.DisassociateInstanceStorageConfigResponse{},
		s.Catalog.RemoveStorage(ctx, in.InstanceId, string(in.ResourceType), in.AssociationId)
}

// storageOf reads a storage configuration.
func storageOf(dataType string, in *connect.InstanceStorageConfig) catalog.StorageConfig {
	key := func(e *connect.EncryptionConfig) string {
		if e == nil {
			return ""
		}
		return e.KeyId
	}
	c := catalog.StorageConfig{Meta: catalog.Meta{Name: dataType}, Type: string(in.StorageType)}
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
func storageConfig(c *catalog.StorageConfig) connect.InstanceStorageConfig {
	encryption := func(key string) *connect.EncryptionConfig {
		if key == "" {
			return nil
		}
		return &connect.EncryptionConfig{EncryptionType: connect.EncryptionTypeKMS, KeyId: key}
	}
	out := connect.InstanceStorageConfig{AssociationId: &c.ID, StorageType: connect.StorageType(c.Type)}
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
