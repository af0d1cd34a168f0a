package catalog

import (
	"context"
	"maps"
	"slices"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
)

// Instance is a contact centre (Instance). Its name is InstanceAlias.
type Instance struct {
	Meta[center.InstanceID] `json:"-"`
	Identity                string            `json:"identity"`            // IdentityManagementType
	DirectoryID             string            `json:"directory,omitempty"` // of EXISTING_DIRECTORY
	Attributes              map[string]string `json:"attributes"`          // by InstanceAttributeType; see [Instance.Attribute]
	Demo                    int               `json:"demo,omitempty"`      // of the demo instance: how much of the demo it has been given
}

// Kind returns KindInstance.
func (*Instance) Kind() center.Kind { return center.KindInstance }

// Attributes are those of a new instance. The calls are the caller's choice;
// the others are as Terraform's documentation gives the service's defaults,
// and off where nothing is known.
func Attributes(inbound, outbound bool) map[string]string {
	text := map[bool]string{false: "false", true: "true"}
	return map[string]string{
		"INBOUND_CALLS":               text[inbound],
		"OUTBOUND_CALLS":              text[outbound],
		"CONTACTFLOW_LOGS":            "false",
		"CONTACT_LENS":                "true",
		"AUTO_RESOLVE_BEST_VOICES":    "true",
		"USE_CUSTOM_TTS_VOICES":       "false",
		"EARLY_MEDIA":                 "true",
		"MULTI_PARTY_CONFERENCE":      "false",
		"HIGH_VOLUME_OUTBOUND":        "false",
		"ENHANCED_CONTACT_MONITORING": "false",
		"ENHANCED_CHAT_MONITORING":    "false",
		"MULTI_PARTY_CHAT_CONFERENCE": "false",
		"MESSAGE_STREAMING":           "false",
		"AUTO_MUTE_AGENT_ON_HOLD":     "false",

		// Beyond the model's enum; the service takes and lists them.
		"AUTOMATED_INTERACTION_LOG":            "false",
		"BOT_MANAGEMENT":                       "false",
		"ENABLE_BOT_ANALYTICS_AND_TRANSCRIPTS": "false",
		"FORECASTING_PLANNING_SCHEDULING":      "false",
		"MAX_PACKAGE":                          "false",
	}
}

// Attribute returns an instance attribute, "true" or "false"; ok is false when
// there is no such InstanceAttributeType.
func (i *Instance) Attribute(name string) (value string, ok bool) {
	if value, ok = i.Attributes[name]; ok {
		return value, true
	}
	value, ok = Attributes(false, false)[name] // one that is younger than the instance
	return value, ok
}

// AttributeNames returns the InstanceAttributeTypes, in order.
func (i *Instance) AttributeNames() []string {
	return slices.Sorted(maps.Keys(Attributes(false, false)))
}

// StatusOf is an agent status as package agent knows it.
func StatusOf(s *AgentStatus) agent.Status { return agent.Status{ID: s.ID, Name: s.Name, Type: s.Type} }

// Offline returns the status of an instance's agents who are not there.
func (c *Catalog) Offline(ctx context.Context, instance center.InstanceID) (agent.Status, error) {
	snap, err := c.Snapshot(ctx, string(instance))
	if err != nil {
		return agent.Status{}, err
	}
	all := All[*AgentStatus](snap)
	i := slices.IndexFunc(all, func(s *AgentStatus) bool { return s.Type == agent.Offline })
	if i < 0 {
		return agent.Status{}, center.Errorf(center.Internal, "instance %s has no agent status of the type %s", instance, agent.Offline)
	}
	return StatusOf(all[i]), nil
}

// Employs reports whether an instance has a user.
func (c *Catalog) Employs(ctx context.Context, instance center.InstanceID, user center.UserID) (bool, error) {
	snap, err := c.SnapshotWith(ctx, center.KindUser, string(instance))
	if err != nil {
		return false, err
	}
	_, err = Get[*User](snap, user)
	return err == nil, nil
}
