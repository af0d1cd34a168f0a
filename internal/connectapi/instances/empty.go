package instances

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/connectapi/query"
)

// The lists in this file are empty because an instance of Parley can have
// nothing of the kind: what they would show is for calls.

// ListPrompts lists no prompts: a chat plays none.
func (s *Instances) ListPrompts(ctx context.Context, in *connect.ListPromptsRequest) (*connect.ListPromptsResponse, error) {
	list, err := query.Nothing[connect.PromptSummary](ctx, s.Catalog, in.InstanceId, query.Page{List: "ListPrompts", Token: in.NextToken})
	return &connect.ListPromptsResponse{PromptSummaryList: list}, err
}

// ListPhoneNumbers lists no phone numbers: Parley has no voice.
func (s *Instances) ListPhoneNumbers(ctx context.Context, in *connect.ListPhoneNumbersRequest) (*connect.ListPhoneNumbersResponse, error) {
	list, err := query.Nothing[connect.PhoneNumberSummary](ctx, s.Catalog, in.InstanceId, query.Page{List: "ListPhoneNumbers", Token: in.NextToken})
	return &connect.ListPhoneNumbersResponse{PhoneNumberSummaryList: list}, err
}

// ListFlowAssociations lists no flow associations: they are of phone numbers,
// e-mail addresses and analytics, none of which there are.
func (s *Instances) ListFlowAssociations(ctx context.Context, in *connect.ListFlowAssociationsRequest) (*connect.ListFlowAssociationsResponse, error) {
	list, err := query.Nothing[connect.FlowAssociationSummary](ctx, s.Catalog, in.InstanceId, query.Page{List: "ListFlowAssociations", Token: in.NextToken})
	return &connect.ListFlowAssociationsResponse{FlowAssociationSummaryList: list}, err
}

// BatchGetFlowAssociation finds no flow associations: see ListFlowAssociations.
func (s *Instances) BatchGetFlowAssociation(ctx context.Context, in *connect.BatchGetFlowAssociationRequest) (*connect.BatchGetFlowAssociationResponse, error) {
	list, err := query.Nothing[connect.FlowAssociationSummary](ctx, s.Catalog, in.InstanceId, query.Page{List: "BatchGetFlowAssociation"})
	return &connect.BatchGetFlowAssociationResponse{FlowAssociationSummaryList: list}, err
}
