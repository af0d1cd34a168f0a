package instances

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/connectapi/wire"
)

// TagResource adds tags to an instance, or to a flow, flow module, view, queue,
// hours of operation, routing profile, security profile, agent status, user or
// hierarchy group of one, or changes them. An ARN of anything else is an InvalidParameterException; more
// than 50 tags are an InvalidRequestException. A version or an alias behind the ARN
// has the tags of its flow; one that is not there is a ResourceNotFoundException.
// Contacts are tagged by TagContact.
func (s *Instances) TagResource(ctx context.Context, in *connect.TagResourceRequest) (*connect.TagResourceResponse, error) {
	return &connect.TagResourceResponse{}, s.Catalog.Tag(ctx, in.ResourceArn, in.Tags)
}

// UntagResource removes tags; keys that are not there are ignored.
func (s *Instances) UntagResource(ctx context.Context, in *connect.UntagResourceRequest) (*connect.UntagResourceResponse, error) {
	return &connect.UntagResourceResponse{}, s.Catalog.Untag(ctx, in.ResourceArn, in.TagKeys)
}

// ListTagsForResource returns the tags of a resource.
func (s *Instances) ListTagsForResource(ctx context.Context, in *connect.ListTagsForResourceRequest) (*connect.ListTagsForResourceResponse, error) {
	r, err := s.Catalog.Tagged(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &connect.ListTagsForResourceResponse{Tags: wire.Tags(r.About().Tags)}, nil
}
