package queues

import (
	"context"
	"strings"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/queueing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/hours"
)

// ListHoursOfOperations lists the hours of operation of an instance by name.
func (s *Queues) ListHoursOfOperations(ctx context.Context, in *connect.ListHoursOfOperationsRequest) (*connect.ListHoursOfOperationsResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId, query.Page{List: "ListHoursOfOperations", Token: in.NextToken, Max: in.MaxResults}, nil,
		func(snap *catalog.Snapshot, h *catalog.Hours) connect.HoursOfOperationSummary {
			return connect.HoursOfOperationSummary{Id: new(string(h.ID)), Arn: new(snap.ARNOf(h)), Name: &h.Name, LastModifiedTime: &h.Updated, LastModifiedRegion: new(snap.Region())}
		})
	return &connect.ListHoursOfOperationsResponse{HoursOfOperationSummaryList: list, NextToken: next}, err
}

// DescribeHoursOfOperation describes hours of operation.
func (s *Queues) DescribeHoursOfOperation(ctx context.Context, in *connect.DescribeHoursOfOperationRequest) (*connect.DescribeHoursOfOperationResponse, error) {
	h, err := query.Describe(ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId, hoursOfOperation)
	return &connect.DescribeHoursOfOperationResponse{HoursOfOperation: h}, err
}

func hoursOfOperation(snap *catalog.Snapshot, h *catalog.Hours) connect.HoursOfOperation {
	out := connect.HoursOfOperation{
		HoursOfOperationId: new(string(h.ID)), HoursOfOperationArn: new(snap.ARNOf(h)), Name: &h.Name, Description: wire.Optional(h.Description),
		TimeZone: &h.TimeZone, Config: []connect.HoursOfOperationConfig{}, ParentHoursOfOperations: []connect.HoursOfOperationsIdentifier{}, Tags: wire.Tags(h.Tags),
		LastModifiedTime: &h.Updated, LastModifiedRegion: new(snap.Region()),
	}
	for _, c := range h.Config {
		out.Config = append(out.Config, connect.HoursOfOperationConfig{
			Day:       connect.HoursOfOperationDays(strings.ToUpper(c.Day.String())),
			StartTime: clock(c.Start), EndTime: clock(c.End),
		})
	}
	for _, p := range snap.ParentHours(h) {
		out.ParentHoursOfOperations = append(out.ParentHoursOfOperations, hoursIdentifier(snap, p))
	}
	return out
}

// clock is a time of day given in minutes after midnight.
func clock(minutes int) *connect.HoursOfOperationTimeSlice {
	return &connect.HoursOfOperationTimeSlice{Hours: int32(minutes / 60), Minutes: int32(minutes % 60)}
}

// CreateHoursOfOperation adds hours of operation. TimeZone is an IANA name.
// An entry of Config whose end equals its start is the whole day, one that
// ends before it starts ends on the next day. Name is unique in the instance
// (DuplicateResourceException); over the quota it is a LimitExceededException.
func (s *Queues) CreateHoursOfOperation(ctx context.Context, in *connect.CreateHoursOfOperationRequest) (*connect.CreateHoursOfOperationResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	parents, err := parentsOf(snap, in.ParentHoursOfOperationConfigs)
	if err != nil {
		return nil, err
	}
	h, err := queueing.CreateHours(ctx, s.Catalog, snap.ID(), queueing.NewHours{
		Name: in.Name, Description: wire.Text(in.Description), TimeZone: in.TimeZone, Config: weekOf(in.Config), Parents: parents, Tags: in.Tags,
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateHoursOfOperationResponse{HoursOfOperationId: new(string(h.ID)), HoursOfOperationArn: new(snap.ARNOf(h))}, nil
}

// weekOf reads the weekly hours; an absent list stays nil.
func weekOf(in []connect.HoursOfOperationConfig) []hours.OpenTime {
	if in == nil {
		return nil
	}
	week := make([]hours.OpenTime, 0, len(in))
	for _, c := range in {
		week = append(week, hours.OpenTime{
			Day: weekdays[string(c.Day)], Start: int(c.StartTime.Hours*60 + c.StartTime.Minutes), End: int(c.EndTime.Hours*60 + c.EndTime.Minutes),
		})
	}
	return week
}

// weekdays are the days as the API writes them.
var weekdays = map[string]time.Weekday{
	"SUNDAY": time.Sunday, "MONDAY": time.Monday, "TUESDAY": time.Tuesday, "WEDNESDAY": time.Wednesday,
	"THURSDAY": time.Thursday, "FRIDAY": time.Friday, "SATURDAY": time.Saturday,
}

func parentsOf(snap *catalog.Snapshot, in []connect.ParentHoursOfOperationConfig) ([]center.HoursID, error) {
	var ids []center.HoursID
	for _, p := range in {
		h, err := catalog.Find[*catalog.Hours](snap, wire.Text(p.HoursOfOperationId))
		if err != nil {
			return nil, err
		}
		ids = append(ids, h.ID)
	}
	return ids, nil
}

// UpdateHoursOfOperation changes hours of operation; members that are not given stay.
func (s *Queues) UpdateHoursOfOperation(ctx context.Context, in *connect.UpdateHoursOfOperationRequest) (*connect.UpdateHoursOfOperationResponse, error) {
	return &connect.UpdateHoursOfOperationResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId, func(h *catalog.Hours) error {
		return queueing.UpdateHours(ctx, s.Catalog, h.Instance, h.ID, queueing.HoursChange{
			Name: in.Name, Description: in.Description, TimeZone: in.TimeZone, Config: weekOf(in.Config),
		})
	})
}

// DeleteHoursOfOperation removes hours of operation with their overrides.
// While a queue has them, or other hours share their overrides, it is an
// InvalidRequestException.
func (s *Queues) DeleteHoursOfOperation(ctx context.Context, in *connect.DeleteHoursOfOperationRequest) (*connect.DeleteHoursOfOperationResponse, error) {
	return &connect.DeleteHoursOfOperationResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId, func(h *catalog.Hours) error {
		return queueing.DeleteHours(ctx, s.Catalog, h.Instance, h.ID)
	})
}

// AssociateHoursOfOperations lets hours of operation share the overrides of
// up to three others, besides those of which they do already.
func (s *Queues) AssociateHoursOfOperations(ctx context.Context, in *connect.AssociateHoursOfOperationsRequest) (*connect.AssociateHoursOfOperationsResponse, error) {
	snap, h, err := query.Find[*catalog.Hours](ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId)
	if err != nil {
		return nil, err
	}
	parents, err := parentsOf(snap, in.ParentHoursOfOperationConfigs)
	if err != nil {
		return nil, err
	}
	return &connect.AssociateHoursOfOperationsResponse{}, queueing.ShareHours(ctx, s.Catalog, h.Instance, h.ID, parents)
}

// DisassociateHoursOfOperations ends that sharing.
func (s *Queues) DisassociateHoursOfOperations(ctx context.Context, in *connect.DisassociateHoursOfOperationsRequest) (*connect.DisassociateHoursOfOperationsResponse, error) {
	snap, h, err := query.Find[*catalog.Hours](ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId)
	if err != nil {
		return nil, err
	}
	parents := make([]center.HoursID, len(in.ParentHoursOfOperationIds))
	for i, ref := range in.ParentHoursOfOperationIds {
		parents[i] = center.HoursID(ref) // what does not exist is not a parent
		if p, err := catalog.Find[*catalog.Hours](snap, ref); err == nil {
			parents[i] = p.ID
		}
	}
	return &connect.DisassociateHoursOfOperationsResponse{}, queueing.UnshareHours(ctx, s.Catalog, h.Instance, h.ID, parents)
}

// ListChildHoursOfOperations lists the hours that share the overrides of some, by name.
func (s *Queues) ListChildHoursOfOperations(ctx context.Context, in *connect.ListChildHoursOfOperationsRequest) (*connect.ListChildHoursOfOperationsResponse, error) {
	snap, h, err := query.Find[*catalog.Hours](ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId)
	if err != nil {
		return nil, err
	}
	list, next, err := query.Within(query.Page{List: "ListChildHoursOfOperations", Token: in.NextToken, Max: in.MaxResults}, string(h.ID),
		catalog.ChildrenOf(snap, h), query.Position, func(child *catalog.Hours) connect.HoursOfOperationsIdentifier { return hoursIdentifier(snap, child) })
	if err != nil {
		return nil, err
	}
	return &connect.ListChildHoursOfOperationsResponse{
		ChildHoursOfOperationsSummaryList: list, NextToken: next, LastModifiedTime: &h.Updated, LastModifiedRegion: new(snap.Region()),
	}, nil
}

func hoursIdentifier(snap *catalog.Snapshot, h *catalog.Hours) connect.HoursOfOperationsIdentifier {
	return connect.HoursOfOperationsIdentifier{Name: h.Name, Id: string(h.ID), Arn: new(snap.ARNOf(h))}
}

// SearchHoursOfOperations finds hours of operation by criteria and filter.
func (s *Queues) SearchHoursOfOperations(ctx context.Context, in *connect.SearchHoursOfOperationsRequest) (*connect.SearchHoursOfOperationsResponse, error) {
	found, next, total, err := query.Search(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "SearchHoursOfOperations", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		query.Where(in.SearchCriteria, hoursCriteria), query.Filter(in.SearchFilter, hoursFilter), hoursOfOperation)
	return &connect.SearchHoursOfOperationsResponse{HoursOfOperations: found, NextToken: next, ApproximateTotalCount: total}, err
}

func hoursCriteria(c *connect.HoursOfOperationSearchCriteria) query.Criteria[connect.HoursOfOperationSearchCriteria, *catalog.Hours] {
	return query.Named[*catalog.Hours](c.OrConditions, c.AndConditions, c.StringCondition)
}

func hoursFilter(f *connect.HoursOfOperationSearchFilter) query.Match[*catalog.Hours] {
	return query.TagFilter[*catalog.Hours](f.TagFilter)
}
