package queueing

import (
	"context"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// The types of agent status (AgentStatusType). An instance comes with one
// ROUTABLE and one OFFLINE status; all others are CUSTOM.
const typeCustom = "CUSTOM"

// NewStatus is what CreateAgentStatus takes.
type NewStatus struct {
	Name, Description string
	Disabled          bool
	Order             int32 // 1 to 50; 0 for none
	Tags              map[string]string
}

// CreateStatus adds an agent status of the type CUSTOM: who is in it is offered
// nothing. Errors: NotFound for the instance, Duplicate for the name, LimitExceeded.
func CreateStatus(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n NewStatus) (*catalog.AgentStatus, error) {
	id := center.AgentStatusID(center.NewUUID())
	return catalog.Add(ctx, c, instance, func(*catalog.Snapshot) (*catalog.AgentStatus, error) {
		return &catalog.AgentStatus{
			Meta: catalog.NewMeta(c, instance, id, n.Name, n.Tags), Description: n.Description, Type: typeCustom, Order: n.Order, Disabled: n.Disabled,
		}, nil
	})
}

// StatusChange is what UpdateAgentStatus changes; nil members stay.
type StatusChange struct {
	Name, Description *string
	Disabled          *bool
	Order             *int32 // 0 for none
}

// UpdateStatus changes an agent status. The two that an instance comes with keep
// their names and stay enabled: without them nobody could be available, or go.
// Errors: NotFound, BadRequest for one of those two, Duplicate for the name.
func UpdateStatus(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.AgentStatusID, n StatusChange) error {
	return catalog.Update(ctx, c, instance, id, func(_ *catalog.Snapshot, s *catalog.AgentStatus) error {
		if s.Type != typeCustom {
			switch {
			case n.Name != nil && *n.Name != s.Name:
				return center.Errorf(center.BadRequest, "the agent status %s came with the instance and cannot be renamed", s.Name)
			case n.Disabled != nil && *n.Disabled:
				return center.Errorf(center.BadRequest, "the agent status %s came with the instance and cannot be disabled", s.Name)
			}
		}
		if n.Name != nil {
			s.Name = *n.Name
		}
		if n.Description != nil {
			s.Description = *n.Description
		}
		if n.Disabled != nil {
			s.Disabled = *n.Disabled
		}
		if n.Order != nil {
			s.Order = *n.Order
		}
		return nil
	})
}
