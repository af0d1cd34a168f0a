package connectapi

import (
	"context"
	"strings"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/hours"
)

// ListHoursOfOperations lists the hours of operation of an instance by name.
func (s *Service) ListHoursOfOperations(ctx context.Context, in *connect.ListHoursOfOperationsRequest) (*connect.ListHoursOfOperationsResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	list, next, err := list(catalog.All[*catalog.Hours](snap), request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListHoursOfOperations", snap.Instance.ID)},
		func(h *catalog.Hours) connect.HoursOfOperationSummary {
			return connect.HoursOfOperationSummary{Id: &h.ID, Arn: new(snap.ARNOf(h)), Name: &h.Name, LastModifiedTime: &h.Updated, LastModifiedRegion: s.region()}
		})
	return &connect.ListHoursOfOperationsResponse{HoursOfOperationSummaryList: list, NextToken: next}, err
}

// DescribeHoursOfOperation describes hours of operation.
func (s *Service) DescribeHoursOfOperation(ctx context.Context, in *connect.DescribeHoursOfOperationRequest) (*connect.DescribeHoursOfOperationResponse, error) {
	snap, h, err := find[*catalog.Hours](ctx, s, in.InstanceId, in.HoursOfOperationId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeHoursOfOperationResponse{HoursOfOperation: new(hoursOfOperation(snap)(h))}, nil
}

func hoursOfOperation(snap *catalog.Snapshot) func(h *catalog.Hours) connect.HoursOfOperation {
	return func(h *catalog.Hours) connect.HoursOfOperation {
		out := connect.HoursOfOperation{
			HoursOfOperationId: &h.ID, HoursOfOperationArn: new(snap.ARNOf(h)), Name: &h.Name, Description: optional(h.Description),
			TimeZone: &h.TimeZone, Config: []connect.HoursOfOperationConfig{}, Tags: shown(h.Tags),
			LastModifiedTime: &h.Updated, LastModifiedRegion: new(snap.Region()),
		}
		for _, c := range h.Config {
			out.Config = append(out.Config, connect.HoursOfOperationConfig{
				Day:       connect.HoursOfOperationDays(strings.ToUpper(c.Day.String())),
				StartTime: clock(c.Start), EndTime: clock(c.End),
			})
		}
		for _, p := range snap.ParentHours(h) {
			out.ParentHoursOfOperations = append(out.ParentHoursOfOperations, hoursIdentifier(snap)(p))
		}
		return out
	}
}

// clock is a time of day given in minutes after midnight.
func clock(minutes int) *connect.HoursOfOperationTimeSlice {
	return &connect.HoursOfOperationTimeSlice{Hours: int32(minutes / 60), Minutes: int32(minutes % 60)}
}

// CreateHoursOfOperation adds hours of operation. TimeZone is an IANA name.
// An entry of Config whose end equals its start is the whole day, one that
// ends before it starts ends on the next day. Name is unique in the instance
// (DuplicateResourceException); over the quota it is a LimitExceededException.
func (s *Service) CreateHoursOfOperation(ctx context.Context, in *connect.CreateHoursOfOperationRequest) (*connect.CreateHoursOfOperationResponse, error) {
	h, err := s.Catalog.CreateHours(ctx, in.InstanceId, catalog.NewHours{
		Name: in.Name, Description: deref(in.Description), TimeZone: in.TimeZone, Config: weekOf(in.Config),
		Parents: parentsOf(in.ParentHoursOfOperationConfigs), Tags: in.Tags,
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateHoursOfOperationResponse{
		HoursOfOperationId: &h.ID, HoursOfOperationArn: new(s.Partition.ARN(h.Instance, h.Kind(), h.ID)),
	}, nil
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

func parentsOf(in []connect.ParentHoursOfOperationConfig) []string {
	var ids []string
	for _, p := range in {
		ids = append(ids, deref(p.HoursOfOperationId))
	}
	return ids
}

// UpdateHoursOfOperation changes hours of operation; members that are not given stay.
func (s *Service) UpdateHoursOfOperation(ctx context.Context, in *connect.UpdateHoursOfOperationRequest) (*connect.UpdateHoursOfOperationResponse, error) {
	return &connect.UpdateHoursOfOperationResponse{}, s.Catalog.UpdateHours(ctx, in.InstanceId, in.HoursOfOperationId, catalog.HoursChange{
		Name: in.Name, Description: in.Description, TimeZone: in.TimeZone, Config: weekOf(in.Config),
	})
}

// DeleteHoursOfOperation removes hours of operation with their overrides.
// While a queue has them, or other hours share their overrides, it is an
// InvalidRequestException.
func (s *Service) DeleteHoursOfOperation(ctx context.Context, in *connect.DeleteHoursOfOperationRequest) (*connect.DeleteHoursOfOperationResponse, error) {
	return &connect.DeleteHoursOfOperationResponse{}, s.Catalog.DeleteHours(ctx, in.InstanceId, in.HoursOfOperationId)
}

// AssociateHoursOfOperations lets hours of operation share the overrides of
// up to three others, besides those of which they do already.
func (s *Service) AssociateHoursOfOperations(ctx context.Context, in *connect.AssociateHoursOfOperationsRequest) (*connect.AssociateHoursOfOperationsResponse, error) {
	return &connect.AssociateHoursOfOperationsResponse{},
		s.Catalog.ShareHours(ctx, in.InstanceId, in.HoursOfOperationId, parentsOf(in.ParentHoursOfOperationConfigs))
}

// DisassociateHoursOfOperations ends that sharing.
func (s *Service) DisassociateHoursOfOperations(ctx context.Context, in *connect.DisassociateHoursOfOperationsRequest) (*connect.DisassociateHoursOfOperationsResponse, error) {
	return &connect.DisassociateHoursOfOperationsResponse{},
		s.Catalog.UnshareHours(ctx, in.InstanceId, in.HoursOfOperationId, in.ParentHoursOfOperationIds)
}

// ListChildHoursOfOperations lists the hours that share the overrides of some, by name.
func (s *Service) ListChildHoursOfOperations(ctx context.Context, in *connect.ListChildHoursOfOperationsRequest) (*connect.ListChildHoursOfOperationsResponse, error) {
	snap, h, err := find[*catalog.Hours](ctx, s, in.InstanceId, in.HoursOfOperationId)
	if err != nil {
		return nil, err
	}
	list, next, err := list(snap.Children(h), request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListChildHoursOfOperations", h.ID)}, hoursIdentifier(snap))
	return &connect.ListChildHoursOfOperationsResponse{
		ChildHoursOfOperationsSummaryList: list, NextToken: next, LastModifiedTime: &h.Updated, LastModifiedRegion: s.region(),
	}, err
}

func hoursIdentifier(snap *catalog.Snapshot) func(h *catalog.Hours) connect.HoursOfOperationsIdentifier {
	return func(h *catalog.Hours) connect.HoursOfOperationsIdentifier {
		return connect.HoursOfOperationsIdentifier{Name: h.Name, Id: h.ID, Arn: new(snap.ARNOf(h))}
	}
}
