package connectapi

import (
	"context"
	"slices"
	"strings"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// match says whether a resource is among those searched for.
type match func(r catalog.Resource) bool

// every matches what all of ms match; nil ones do not count.
func every(ms ...match) match {
	return func(r catalog.Resource) bool {
		return !slices.ContainsFunc(ms, func(m match) bool { return m != nil && !m(r) })
	}
}

// some matches what one of ms matches.
func some(ms ...match) match {
	return func(r catalog.Resource) bool {
		return slices.ContainsFunc(ms, func(m match) bool { return m(r) })
	}
}

// either joins the two lists that every kind of search criteria has, and what
// else stands beside them: all must match.
func either[C any](or, and []C, translate func(*C) (match, error), beside ...match) (match, error) {
	each := func(list []C) ([]match, error) {
		var ms []match
		for i := range list {
			m, err := translate(&list[i])
			if err != nil {
				return nil, err
			}
			ms = append(ms, m)
		}
		return ms, nil
	}
	anyOf, err := each(or)
	if err != nil {
		return nil, err
	}
	if len(anyOf) > 0 {
		beside = append(beside, some(anyOf...))
	}
	allOf, err := each(and)
	return every(append(beside, allOf...)...), err
}

// searchable are the fields that a StringCondition can name.
var searchable = map[string]func(r catalog.Resource) string{
	"name":        func(r catalog.Resource) string { return r.About().Name },
	"description": description,
	"resourceID":  func(r catalog.Resource) string { return r.About().ID },
}

func description(r catalog.Resource) string {
	switch r := r.(type) {
	case *catalog.Flow:
		return r.Description
	case *catalog.Module:
		return r.Description
	case *catalog.View:
		return r.Description
	case *found:
		return r.override.Description
	case *catalog.Queue:
		return r.Description
	case *catalog.Hours:
		return r.Description
	case *catalog.RoutingProfile:
		return r.Description
	case *catalog.SecurityProfile:
		return r.Description
	case *catalog.AgentStatus:
		return r.Description
	}
	return ""
}

// text translates a StringCondition: FieldName is name, description or
// resourceID, case does not matter, and ComparisonType is EXACT when not given.
func text(c *connect.StringCondition) (match, error) {
	if c == nil {
		return nil, nil
	}
	field, ok := searchable[deref(c.FieldName)]
	if !ok {
		return nil, center.Errorf(center.Invalid, "StringCondition.FieldName is name, description or resourceID, not %q", deref(c.FieldName))
	}
	compare := strings.EqualFold
	want := strings.ToLower(deref(c.Value))
	switch c.ComparisonType {
	case connect.StringComparisonTypeCONTAINS:
		compare = func(s, want string) bool { return strings.Contains(strings.ToLower(s), want) }
	case connect.StringComparisonTypeSTARTS_WITH:
		compare = func(s, want string) bool { return strings.HasPrefix(strings.ToLower(s), want) }
	}
	return func(r catalog.Resource) bool { return compare(field(r), want) }, nil
}

// tag translates a TagCondition: without TagValue any value will do.
func tag(c *connect.TagCondition) match {
	if c == nil {
		return nil
	}
	return func(r catalog.Resource) bool {
		value, ok := r.About().Tags[deref(c.TagKey)]
		return ok && (c.TagValue == nil || value == *c.TagValue)
	}
}

func allTags(cs []connect.TagCondition) match {
	var ms []match
	for i := range cs {
		ms = append(ms, tag(&cs[i]))
	}
	return every(ms...)
}

// tags translates a TagFilter.
func tags(f *connect.ControlPlaneTagFilter) match {
	if f == nil {
		return nil
	}
	ms := []match{tag(f.TagCondition), allTags(f.AndConditions)}
	var anyOf []match
	for _, group := range f.OrConditions {
		anyOf = append(anyOf, allTags(group))
	}
	if len(anyOf) > 0 {
		ms = append(ms, some(anyOf...))
	}
	return every(ms...)
}

// search gives a page of the resources of a type that match, by name, and how many there are.
func search[T catalog.Resource, O any](snap *catalog.Snapshot, name string, in any, p paging, m match, show func(T) O) (found []O, next *string, total *int64, err error) {
	all := slices.DeleteFunc(catalog.All[T](snap), func(r T) bool { return !m(r) })
	found, next, err = list(all, request{p.token, p.max, pageSize, fingerprint(name, snap.Instance.ID, in)}, show)
	return found, next, new(int64(len(all))), err
}

// paging is what the requests of searches say of their pages.
type paging struct {
	token *string
	max   *int32
}

// SearchContactFlows finds flows by criteria and filter, both of which must
// match. It shows them without Content, by name.
func (s *Service) SearchContactFlows(ctx context.Context, in *connect.SearchContactFlowsRequest) (*connect.SearchContactFlowsResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, err := flowCriteria(in.SearchCriteria)
	if err != nil {
		return nil, err
	}
	if f := in.SearchFilter; f != nil {
		m = every(m, tags(f.TagFilter), flowFilter(f.FlowAttributeFilter))
	}
	found, next, total, err := search(snap, "SearchContactFlows", []any{in.SearchCriteria, in.SearchFilter}, paging{in.NextToken, in.MaxResults}, m, flowSummary(snap))
	return &connect.SearchContactFlowsResponse{ContactFlows: found, NextToken: next, ApproximateTotalCount: total}, err
}

func flowCriteria(c *connect.ContactFlowSearchCriteria) (match, error) {
	if c == nil {
		return every(), nil
	}
	named, err := text(c.StringCondition)
	if err != nil {
		return nil, err
	}
	return either(c.OrConditions, c.AndConditions, flowCriteria, named, flowType(c.TypeCondition), func(r catalog.Resource) bool {
		f := r.(*catalog.Flow)
		return (c.StateCondition == "" || c.StateCondition == flowState(f)) && (c.StatusCondition == "" || c.StatusCondition == flowStatus(f))
	})
}

func flowType(t connect.ContactFlowType) match {
	return func(r catalog.Resource) bool { return t == "" || r.(*catalog.Flow).Type == string(t) }
}

// flowFilter translates a ContactFlowAttributeFilter.
func flowFilter(f *connect.ContactFlowAttributeFilter) match {
	if f == nil {
		return nil
	}
	typed := func(c *connect.ContactFlowTypeCondition) match {
		if c == nil {
			return nil
		}
		return flowType(c.ContactFlowType)
	}
	both := func(c *connect.ContactFlowAttributeAndCondition) match {
		if c == nil {
			return nil
		}
		return every(allTags(c.TagConditions), typed(c.ContactFlowTypeCondition))
	}
	ms := []match{both(f.AndCondition), tag(f.TagCondition), typed(f.ContactFlowTypeCondition)}
	var anyOf []match
	for i := range f.OrConditions {
		anyOf = append(anyOf, both(&f.OrConditions[i]))
	}
	if len(anyOf) > 0 {
		ms = append(ms, some(anyOf...))
	}
	return every(ms...)
}

// SearchQueues finds queues by criteria and filter.
func (s *Service) SearchQueues(ctx context.Context, in *connect.SearchQueuesRequest) (*connect.SearchQueuesResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, err := queueCriteria(in.SearchCriteria)
	if err != nil {
		return nil, err
	}
	if f := in.SearchFilter; f != nil {
		m = every(m, tags(f.TagFilter))
	}
	found, next, total, err := search(snap, "SearchQueues", []any{in.SearchCriteria, in.SearchFilter}, paging{in.NextToken, in.MaxResults}, m, queue(snap))
	return &connect.SearchQueuesResponse{Queues: found, NextToken: next, ApproximateTotalCount: total}, err
}

// queueCriteria leaves QueueTypeCondition aside: STANDARD is its only value, and all queues are.
func queueCriteria(c *connect.QueueSearchCriteria) (match, error) {
	if c == nil {
		return every(), nil
	}
	named, err := text(c.StringCondition)
	if err != nil {
		return nil, err
	}
	return either(c.OrConditions, c.AndConditions, queueCriteria, named)
}

// SearchHoursOfOperations finds hours of operation by criteria and filter.
func (s *Service) SearchHoursOfOperations(ctx context.Context, in *connect.SearchHoursOfOperationsRequest) (*connect.SearchHoursOfOperationsResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, err := hoursCriteria(in.SearchCriteria)
	if err != nil {
		return nil, err
	}
	if f := in.SearchFilter; f != nil {
		m = every(m, tags(f.TagFilter))
	}
	found, next, total, err := search(snap, "SearchHoursOfOperations", []any{in.SearchCriteria, in.SearchFilter}, paging{in.NextToken, in.MaxResults}, m, hoursOfOperation(snap))
	return &connect.SearchHoursOfOperationsResponse{HoursOfOperations: found, NextToken: next, ApproximateTotalCount: total}, err
}

func hoursCriteria(c *connect.HoursOfOperationSearchCriteria) (match, error) {
	if c == nil {
		return every(), nil
	}
	named, err := text(c.StringCondition)
	if err != nil {
		return nil, err
	}
	return either(c.OrConditions, c.AndConditions, hoursCriteria, named)
}

// SearchRoutingProfiles finds routing profiles by criteria and filter.
func (s *Service) SearchRoutingProfiles(ctx context.Context, in *connect.SearchRoutingProfilesRequest) (*connect.SearchRoutingProfilesResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, err := profileCriteria(in.SearchCriteria)
	if err != nil {
		return nil, err
	}
	if f := in.SearchFilter; f != nil {
		m = every(m, tags(f.TagFilter))
	}
	found, next, total, err := search(snap, "SearchRoutingProfiles", []any{in.SearchCriteria, in.SearchFilter}, paging{in.NextToken, in.MaxResults}, m, routingProfile(snap))
	return &connect.SearchRoutingProfilesResponse{RoutingProfiles: found, NextToken: next, ApproximateTotalCount: total}, err
}

func profileCriteria(c *connect.RoutingProfileSearchCriteria) (match, error) {
	if c == nil {
		return every(), nil
	}
	named, err := text(c.StringCondition)
	if err != nil {
		return nil, err
	}
	return either(c.OrConditions, c.AndConditions, profileCriteria, named)
}

// SearchSecurityProfiles finds security profiles by criteria and filter.
func (s *Service) SearchSecurityProfiles(ctx context.Context, in *connect.SearchSecurityProfilesRequest) (*connect.SearchSecurityProfilesResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, err := securityCriteria(in.SearchCriteria)
	if err != nil {
		return nil, err
	}
	if f := in.SearchFilter; f != nil {
		m = every(m, tags(f.TagFilter))
	}
	found, next, total, err := search(snap, "SearchSecurityProfiles", []any{in.SearchCriteria, in.SearchFilter}, paging{in.NextToken, in.MaxResults}, m,
		func(p *catalog.SecurityProfile) connect.SecurityProfileSearchSummary {
			return connect.SecurityProfileSearchSummary{
				Id: &p.ID, OrganizationResourceId: &snap.Instance.ID, Arn: new(snap.ARNOf(p)), SecurityProfileName: &p.Name,
				Description: optional(p.Description), Tags: shown(p.Tags),
			}
		})
	return &connect.SearchSecurityProfilesResponse{SecurityProfiles: found, NextToken: next, ApproximateTotalCount: total}, err
}

func securityCriteria(c *connect.SecurityProfileSearchCriteria) (match, error) {
	if c == nil {
		return every(), nil
	}
	named, err := text(c.StringCondition)
	if err != nil {
		return nil, err
	}
	return either(c.OrConditions, c.AndConditions, securityCriteria, named)
}

// SearchAgentStatuses finds agent statuses by criteria and filter.
func (s *Service) SearchAgentStatuses(ctx context.Context, in *connect.SearchAgentStatusesRequest) (*connect.SearchAgentStatusesResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, err := statusCriteria(in.SearchCriteria)
	if err != nil {
		return nil, err
	}
	if f := in.SearchFilter; f != nil && f.AttributeFilter != nil {
		m = every(m, attributeFilter(f.AttributeFilter))
	}
	found, next, total, err := search(snap, "SearchAgentStatuses", []any{in.SearchCriteria, in.SearchFilter}, paging{in.NextToken, in.MaxResults}, m, agentStatus(snap))
	return &connect.SearchAgentStatusesResponse{AgentStatuses: found, NextToken: next, ApproximateTotalCount: total}, err
}

func statusCriteria(c *connect.AgentStatusSearchCriteria) (match, error) {
	if c == nil {
		return every(), nil
	}
	named, err := text(c.StringCondition)
	if err != nil {
		return nil, err
	}
	return either(c.OrConditions, c.AndConditions, statusCriteria, named)
}

// attributeFilter translates a ControlPlaneAttributeFilter.
func attributeFilter(f *connect.ControlPlaneAttributeFilter) match {
	ms := []match{tag(f.TagCondition)}
	if f.AndCondition != nil {
		ms = append(ms, allTags(f.AndCondition.TagConditions))
	}
	var anyOf []match
	for _, c := range f.OrConditions {
		anyOf = append(anyOf, allTags(c.TagConditions))
	}
	if len(anyOf) > 0 {
		ms = append(ms, some(anyOf...))
	}
	return every(ms...)
}
