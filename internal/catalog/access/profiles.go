package access

import (
	"context"
	"slices"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
)

// maxRestricted bounds HierarchyRestrictedResources, for which the model has no bound.
const maxRestricted = 50

// restrictable names the kinds that restrictions have an effect on, as TagRestrictedResources and HierarchyRestrictedResources do.
var restrictable = map[center.Kind]string{center.KindQueue: "Queue", center.KindUser: "User"}

// What can be named in the restrictions of a profile. API_CreateSecurityProfile names User, SecurityProfile, Queue and RoutingProfile for
// tags, and User for the hierarchy; the others can have tags, and are spelt as resources of the API are. Of those that are
// not restrictable nobody sees anything by his profiles, so a restriction has nothing to take away.
var (
	tagRestrictable = []string{
		"AgentStatus", "ContactFlow", "ContactFlowModule", "DataTable", "EmailAddress", "EvaluationForm", "HierarchyGroup", "HoursOfOperation", "PhoneNumber",
		"Prompt", "Queue", "QuickConnect", "RoutingProfile", "Rule", "SecurityProfile", "TaskTemplate", "TrafficDistributionGroup", "User", "View", "Workspace",
	}
	hierarchyRestrictable = []string{"User"}
)

// known refuses a restriction of what cannot be restricted: one that is misspelt would restrict nothing.
func known(member string, names, all []string) error {
	for _, n := range names {
		if !slices.Contains(all, n) {
			return center.Errorf(center.BadRequest, "%s: %q is not one of %s", member, n, strings.Join(all, ", "))
		}
	}
	return nil
}

// NewProfile is what CreateSecurityProfile takes.
type NewProfile struct {
	Name   string
	Tags   map[string]string
	Change ProfileChange
}

// ProfileChange is what UpdateSecurityProfile changes; nil members stay, empty ones are taken away.
type ProfileChange struct {
	Description  *string
	Permissions  []string
	Tags         map[string]string        // AllowedAccessControlTags
	ByTag        []string                 // TagRestrictedResources
	ByHierarchy  []string                 // HierarchyRestrictedResources
	Group        *center.HierarchyGroupID // AllowedAccessControlHierarchyGroupId; "" takes it away
	Rows         []catalog.RowRestriction
	Applications []catalog.Application
	Modules      []catalog.AllowedModule
	AIAgents     []catalog.AllowedAIAgent
}

// CreateProfile adds a security profile to an instance. Errors: NotFound for the
// instance, the hierarchy group and a flow module, Invalid for a permission that does not exist,
// BadRequest for an application or a module that is named twice and for a restriction of what is none, Duplicate for the name, LimitExceeded.
func CreateProfile(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n NewProfile) (*catalog.SecurityProfile, error) {
	id := center.SecurityProfileID(center.NewUUID())
	return catalog.Add(ctx, c, instance, func(snap *catalog.Snapshot) (*catalog.SecurityProfile, error) {
		p := &catalog.SecurityProfile{Meta: catalog.NewMeta(c, instance, id, n.Name, n.Tags), Type: catalog.CustomerManaged}
		return p, apply(snap, p, n.Change)
	})
}

// UpdateProfile changes a security profile; those that come with an instance
// can be changed, too. Errors: those of CreateProfile.
func UpdateProfile(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.SecurityProfileID, n ProfileChange) error {
	return catalog.Update(ctx, c, instance, id, func(snap *catalog.Snapshot, p *catalog.SecurityProfile) error { return apply(snap, p, n) })
}

// apply changes a profile that can be changed.
func apply(snap *catalog.Snapshot, p *catalog.SecurityProfile, n ProfileChange) error {
	if n.Description != nil {
		p.Description = *n.Description
	}
	if n.Permissions != nil {
		names, err := permission.Checked(n.Permissions)
		if err != nil {
			return err
		}
		p.Grant(names)
	}
	if n.Tags != nil {
		p.AccessTags = n.Tags
	}
	if n.ByTag != nil {
		if err := known("TagRestrictedResources", n.ByTag, tagRestrictable); err != nil {
			return err
		}
		p.ByTag = n.ByTag
	}
	if n.ByHierarchy != nil {
		if len(n.ByHierarchy) > maxRestricted {
			return center.Errorf(center.BadRequest, "HierarchyRestrictedResources has at most %d names, not %d", maxRestricted, len(n.ByHierarchy))
		}
		if err := known("HierarchyRestrictedResources", n.ByHierarchy, hierarchyRestrictable); err != nil {
			return err
		}
		p.ByHierarchy = n.ByHierarchy
	}
	if n.Group != nil {
		if *n.Group != "" {
			if _, err := catalog.Get[*catalog.Group](snap, *n.Group); err != nil {
				return err
			}
		}
		p.Group = *n.Group
	}
	if n.Rows != nil {
		p.TablesByRows = n.Rows
	}
	if n.Applications != nil {
		if err := once("Applications", n.Applications, func(a catalog.Application) string { return a.Namespace }); err != nil {
			return err
		}
		p.Applications = n.Applications
	}
	if n.AIAgents != nil {
		if err := once("AllowedAIAgents", n.AIAgents, func(a catalog.AllowedAIAgent) string { return a.ARN }); err != nil {
			return err
		}
		p.AIAgents = n.AIAgents
	}
	if n.Modules == nil {
		return nil
	}
	for _, m := range n.Modules {
		if _, err := catalog.Get[*catalog.Module](snap, m.Module); err != nil {
			return err
		}
	}
	p.Modules = n.Modules
	return once("AllowedFlowModules", n.Modules, func(m catalog.AllowedModule) string { return string(m.Module) })
}

// once refuses a list that names something twice.
func once[T any](member string, list []T, key func(T) string) error {
	if k, twice := catalog.Twice(list, key); twice {
		return center.Errorf(center.BadRequest, "%s names %s twice", member, k)
	}
	return nil
}

// DeleteProfile removes a security profile that no user and no AI agent has. Errors: NotFound, InUse.
func DeleteProfile(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.SecurityProfileID) error {
	return catalog.Remove(ctx, c, instance, id, func(snap *catalog.Snapshot, p *catalog.SecurityProfile) error {
		if len(p.Holders) > 0 {
			return catalog.InUse(p, "the AI agent "+string(p.Holders[0])+" has it")
		}
		return catalog.Unheld(snap, p)
	})
}

// maxHolders bounds the AI agents that have one profile.
const maxHolders = 100

// Grant gives security profiles to an AI agent; those that it has already are
// no error. It is written as one change, or not at all. Errors: NotFound, QuotaExceeded.
func Grant(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, profiles []center.SecurityProfileID, to center.AIAgentID) error {
	return regrant(ctx, c, instance, profiles, func(p *catalog.SecurityProfile) error {
		if slices.Contains(p.Holders, to) {
			return nil
		}
		if len(p.Holders) >= maxHolders {
			return center.Errorf(center.QuotaExceeded, "the security profile %s has %d AI agents, which is the most", p.ID, maxHolders)
		}
		p.Holders = append(p.Holders, to)
		return nil
	})
}

// Revoke takes security profiles from an AI agent; those that it does not have
// are no error. Errors: NotFound.
func Revoke(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, profiles []center.SecurityProfileID, from center.AIAgentID) error {
	return regrant(ctx, c, instance, profiles, func(p *catalog.SecurityProfile) error {
		p.Holders = slices.DeleteFunc(p.Holders, func(h center.AIAgentID) bool { return h == from })
		return nil
	})
}

func regrant(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, profiles []center.SecurityProfileID, alter func(p *catalog.SecurityProfile) error) error {
	return c.Change(ctx, instance, func(snap *catalog.Snapshot) (w catalog.Write, err error) {
		for _, id := range slices.Compact(slices.Sorted(slices.Values(profiles))) {
			found, err := catalog.Get[*catalog.SecurityProfile](snap, id)
			if err != nil {
				return w, err
			}
			p, err := catalog.Edit(c, found)
			if err != nil {
				return w, err
			}
			if err := alter(p); err != nil {
				return w, err
			}
			w.Put = append(w.Put, p)
		}
		return w, nil
	})
}
