package instances

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/store"
)

// CreateInstance makes an instance that is ACTIVE when it returns. A request
// with the ClientToken of an earlier one gives the same instance, whatever
// else it says. InstanceAlias is unique, regardless of case: a taken one is an
// InvalidRequestException, as the operation declares no other. Over the quota
// of instances it is a ServiceQuotaExceededException, status 402.
func (s *Instances) CreateInstance(ctx context.Context, in *connect.CreateInstanceRequest) (*connect.CreateInstanceResponse, error) {
	i, err := setup.CreateInstance(ctx, s.Catalog, setup.NewInstance{
		Alias: wire.Text(in.InstanceAlias), Identity: string(in.IdentityManagementType), DirectoryID: wire.Text(in.DirectoryId),
		Inbound: in.InboundCallsEnabled, Outbound: in.OutboundCallsEnabled, Tags: in.Tags, Token: wire.Text(in.ClientToken),
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateInstanceResponse{Id: new(string(i.ID)), Arn: new(s.Catalog.Partition().InstanceARN(i.ID))}, nil
}

// DescribeInstance describes an instance. InstanceAccessUrl is that of the
// server: instances have no addresses of their own.
func (s *Instances) DescribeInstance(ctx context.Context, in *connect.DescribeInstanceRequest) (*connect.DescribeInstanceResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	x := s.summary(ctx)(snap.Instance)
	return &connect.DescribeInstanceResponse{Instance: &connect.Instance{
		Id: x.Id, Arn: x.Arn, IdentityManagementType: x.IdentityManagementType, InstanceAlias: x.InstanceAlias,
		CreatedTime: x.CreatedTime, ServiceRole: x.ServiceRole, InstanceStatus: x.InstanceStatus,
		InboundCallsEnabled: x.InboundCallsEnabled, OutboundCallsEnabled: x.OutboundCallsEnabled, InstanceAccessUrl: x.InstanceAccessUrl, Tags: wire.Tags(snap.Instance.Tags),
	}}, nil
}

// ListInstances lists the instances by alias, 10 to a page.
func (s *Instances) ListInstances(ctx context.Context, in *connect.ListInstancesRequest) (*connect.ListInstancesResponse, error) {
	all, err := s.Catalog.Instances(ctx)
	if err != nil {
		return nil, err
	}
	list, next, err := query.Within(query.Page{List: "ListInstances", Token: in.NextToken, Max: in.MaxResults, Size: 10}, "", all, query.Position, s.summary(ctx))
	return &connect.ListInstancesResponse{InstanceSummaryList: list, NextToken: next}, err
}

// summary shows an instance as ListInstances does.
func (s *Instances) summary(ctx context.Context) func(i *catalog.Instance) connect.InstanceSummary {
	role, url := s.serviceRole(), s.AccessURL(ctx)
	return func(i *catalog.Instance) connect.InstanceSummary {
		return connect.InstanceSummary{
			Id: new(string(i.ID)), Arn: new(s.Catalog.Partition().InstanceARN(i.ID)), IdentityManagementType: connect.DirectoryType(i.Identity),
			InstanceAlias: wire.Optional(i.Name), CreatedTime: &i.Created, ServiceRole: &role, InstanceAccessUrl: &url,
			InstanceStatus:      connect.InstanceStatusACTIVE,
			InboundCallsEnabled: new(isOn(i, "INBOUND_CALLS")), OutboundCallsEnabled: new(isOn(i, "OUTBOUND_CALLS")),
		}
	}
}

// serviceRole is the ARN that the service-linked role has in the cloud.
func (s *Instances) serviceRole() string {
	return "arn:aws:iam::" + s.Catalog.Partition().Account + ":role/aws-service-role/connect.amazonaws.com/AWSServiceRoleForAmazonConnect"
}

func isOn(i *catalog.Instance, attribute string) bool {
	value, _ := i.Attribute(attribute)
	return value == "true"
}

// DeleteInstance removes an instance and everything set up in it. While chats
// run in it, it is refused with an InvalidRequestException: they would lose
// their flows. The chats that have ended, with all that is kept of them, are out of reach of
// this API at once, and are erased after the answer: see package erasure.
func (s *Instances) DeleteInstance(ctx context.Context, in *connect.DeleteInstanceRequest) (*connect.DeleteInstanceResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	e := store.Erasure{ID: store.NewErasureID(now), Instance: snap.ID(), By: store.ByInstance, Asked: now}
	if id, ok := edge.Principal(ctx).(auth.Identity); ok {
		e.Key = id.AccessKey
	}
	if err := s.Catalog.Delete(ctx, snap.ID(), e); err != nil {
		return nil, err
	}
	s.Deleted()
	return &connect.DeleteInstanceResponse{}, nil
}

// ListInstanceAttributes lists all attributes of an instance, 7 to a page.
func (s *Instances) ListInstanceAttributes(ctx context.Context, in *connect.ListInstanceAttributesRequest) (*connect.ListInstanceAttributesResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	list, next, err := query.Within(query.Page{List: "ListInstanceAttributes", Token: in.NextToken, Max: in.MaxResults, Size: 7}, string(snap.ID()),
		snap.Instance.AttributeNames(), func(name *string) string { return *name },
		func(name string) connect.Attribute {
			value, _ := snap.Instance.Attribute(name)
			return connect.Attribute{AttributeType: connect.InstanceAttributeType(name), Value: &value}
		})
	return &connect.ListInstanceAttributesResponse{Attributes: list, NextToken: next}, err
}

// DescribeInstanceAttribute returns one attribute of an instance.
func (s *Instances) DescribeInstanceAttribute(ctx context.Context, in *connect.DescribeInstanceAttributeRequest) (*connect.DescribeInstanceAttributeResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
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
func (s *Instances) UpdateInstanceAttribute(ctx context.Context, in *connect.UpdateInstanceAttributeRequest) (*connect.UpdateInstanceAttributeResponse, error) {
	return &connect.UpdateInstanceAttributeResponse{}, query.In(ctx, s.Catalog, in.InstanceId, func(snap *catalog.Snapshot) error {
		return setup.SetAttribute(ctx, s.Catalog, snap.ID(), string(in.AttributeType), in.Value)
	})
}
