package people

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// Attributes answers the operations on predefined attributes, which are named by their names.
type Attributes struct {
	Catalog *catalog.Catalog
}

// CreatePredefinedAttribute adds a predefined attribute. Its name and its values have 1 to 100 letters, digits, spaces and _.:/=+-@' each, and do not begin
// with aws: or connect: (InvalidParameterException). The name is unique (DuplicateResourceException), and no value is there
// twice (InvalidRequestException). Over the quota of predefined attributes it is a LimitExceededException.
// EnableValueValidationOnAssociation is kept and shown.
func (s *Attributes) CreatePredefinedAttribute(ctx context.Context, in *connect.CreatePredefinedAttributeRequest) (*connect.CreatePredefinedAttributeResponse, error) {
	return &connect.CreatePredefinedAttributeResponse{}, query.In(ctx, s.Catalog, in.InstanceId, func(snap *catalog.Snapshot) error {
		n := staffing.NewAttribute{Name: in.Name, Values: valuesOf(in.Values), Purposes: in.Purposes}
		if validate := validateOf(in.AttributeConfiguration); validate != nil {
			n.Validate = *validate
		}
		_, err := staffing.CreateAttribute(ctx, s.Catalog, snap.ID(), n)
		return err
	})
}

func valuesOf(in *connect.PredefinedAttributeValues) []string {
	if in == nil {
		return nil
	}
	return in.StringList
}

func validateOf(in *connect.InputPredefinedAttributeConfiguration) *bool {
	if in == nil {
		return nil
	}
	return in.EnableValueValidationOnAssociation
}

// DescribePredefinedAttribute describes a predefined attribute.
func (s *Attributes) DescribePredefinedAttribute(ctx context.Context, in *connect.DescribePredefinedAttributeRequest) (*connect.DescribePredefinedAttributeResponse, error) {
	out := &connect.DescribePredefinedAttributeResponse{}
	return out, query.In(ctx, s.Catalog, in.InstanceId, func(snap *catalog.Snapshot) error {
		a, err := catalog.FindAttribute(snap, in.Name)
		if err == nil {
			out.PredefinedAttribute = new(attribute(snap, a))
		}
		return wire.InMember("Name", err)
	})
}

func attribute(snap *catalog.Snapshot, a *catalog.PredefinedAttribute) connect.PredefinedAttribute {
	return connect.PredefinedAttribute{
		Name: &a.Name, Values: &connect.PredefinedAttributeValues{StringList: wire.List(a.Values)}, Purposes: wire.List(a.Purposes),
		AttributeConfiguration: &connect.PredefinedAttributeConfiguration{EnableValueValidationOnAssociation: &a.Validate, IsReadOnly: new(false)},
		LastModifiedTime:       &a.Updated, LastModifiedRegion: new(snap.Region()),
	}
}

// ListPredefinedAttributes lists the predefined attributes of an instance by name.
func (s *Attributes) ListPredefinedAttributes(ctx context.Context, in *connect.ListPredefinedAttributesRequest) (*connect.ListPredefinedAttributesResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId, query.Page{List: "ListPredefinedAttributes", Token: in.NextToken, Max: in.MaxResults}, nil,
		func(snap *catalog.Snapshot, a *catalog.PredefinedAttribute) connect.PredefinedAttributeSummary {
			return connect.PredefinedAttributeSummary{Name: &a.Name, LastModifiedTime: &a.Updated, LastModifiedRegion: new(snap.Region())}
		})
	return &connect.ListPredefinedAttributesResponse{PredefinedAttributeSummaryList: list, NextToken: next}, err
}

// UpdatePredefinedAttribute changes a predefined attribute: what is given replaces what is there. Users keep proficiencies with values that go.
func (s *Attributes) UpdatePredefinedAttribute(ctx context.Context, in *connect.UpdatePredefinedAttributeRequest) (*connect.UpdatePredefinedAttributeResponse, error) {
	return &connect.UpdatePredefinedAttributeResponse{}, query.In(ctx, s.Catalog, in.InstanceId, func(snap *catalog.Snapshot) error {
		return staffing.UpdateAttribute(ctx, s.Catalog, snap.ID(), in.Name, staffing.AttributeChange{
			Values: valuesOf(in.Values), Purposes: in.Purposes, Validate: validateOf(in.AttributeConfiguration),
		})
	})
}

// DeletePredefinedAttribute removes a predefined attribute. While a user has a proficiency in it, it is a ResourceInUseException.
func (s *Attributes) DeletePredefinedAttribute(ctx context.Context, in *connect.DeletePredefinedAttributeRequest) (*connect.DeletePredefinedAttributeResponse, error) {
	return &connect.DeletePredefinedAttributeResponse{}, query.In(ctx, s.Catalog, in.InstanceId, func(snap *catalog.Snapshot) error {
		return staffing.DeleteAttribute(ctx, s.Catalog, snap.ID(), in.Name)
	})
}

// SearchPredefinedAttributes finds predefined attributes by criteria.
func (s *Attributes) SearchPredefinedAttributes(ctx context.Context, in *connect.SearchPredefinedAttributesRequest) (*connect.SearchPredefinedAttributesResponse, error) {
	found, next, total, err := query.Search(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "SearchPredefinedAttributes", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria}},
		query.Where(in.SearchCriteria, attributeCriteria), nil, attribute)
	return &connect.SearchPredefinedAttributesResponse{PredefinedAttributes: found, NextToken: next, ApproximateTotalCount: total}, err
}

// attributeFields are the FieldNames of SearchPredefinedAttributes. Attributes have no descriptions, and their names are their ids.
var attributeFields = []string{"name", "description", "resourceID"}

func attributeCriteria(c *connect.PredefinedAttributeSearchCriteria) query.Criteria[connect.PredefinedAttributeSearchCriteria, *catalog.PredefinedAttribute] {
	read := func(a *catalog.PredefinedAttribute, field string) string {
		if field == "description" {
			return ""
		}
		return a.Name
	}
	return query.Criteria[connect.PredefinedAttributeSearchCriteria, *catalog.PredefinedAttribute]{
		Or: c.OrConditions, And: c.AndConditions,
		Beside: []query.Condition[*catalog.PredefinedAttribute]{bounded(c.StringCondition, query.TextOf(c.StringCondition, attributeFields, read))},
	}
}
