package agentapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"parley.example/parley/api/agent"
	rules "parley.example/parley/internal/agent"
	"parley.example/parley/internal/agentapi/desk"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/router"
)

// chat is the one channel that agents have contacts of.
const chat = "CHAT"

// PutAgentStatus chooses a status by the rules of the next status: see [rules.SetStatus]. To be available an agent needs a
// stream, over which contacts ring.
func (s *Service) PutAgentStatus(ctx context.Context, in *agent.PutAgentStatusRequest) (*agent.PutAgentStatusResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	status, err := catalog.Find[*catalog.AgentStatus](c.snap, in.AgentStatusId)
	if err != nil {
		return nil, err
	}
	switch {
	case status.Disabled:
		return nil, center.Errorf(center.Conflict, "the agent status %s is disabled; choose another", status.Name)
	case status.Type == rules.Routable && !c.present():
		return nil, center.Errorf(center.Conflict, "no stream of yours is open, so contacts could not ring; open one first (CreateStream), then choose %s", status.Name)
	}
	state, err := s.Engine.Agents.Do(ctx, c.Instance, c.user.ID, rules.SetStatus{Status: catalog.StatusOf(status)})
	if err != nil {
		return nil, err
	}
	out := &agent.PutAgentStatusResponse{Status: desk.StatusShown(c.snap, state.Status, state.Since)}
	if state.Next != nil {
		out.NextStatus = desk.StatusShown(c.snap, *state.Next, state.Chosen)
	}
	return out, nil
}

// GetAgent returns all that the agent sees at this moment, and how he is set up.
func (s *Service) GetAgent(ctx context.Context, _ *agent.GetAgentRequest) (*agent.GetAgentResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	view, err := desk.Load(ctx, s.Engine, c.Instance, c.user.ID)
	if err != nil {
		return nil, err
	}
	configuration, err := c.configuration()
	if err != nil {
		return nil, err
	}
	return &agent.GetAgentResponse{Snapshot: view.Snapshot(c.snap, tagOf(configuration), view.Number(), view.At), Configuration: configuration}, nil
}

// Tag is for [desk.Config].
func (s *Service) Tag(ctx context.Context, instance center.InstanceID, user center.UserID) (string, error) {
	snap, err := s.Catalog.SnapshotWith(ctx, center.KindUser, string(instance))
	if err != nil {
		return "", err
	}
	c := caller{snap: snap, Session: auth.Session{Instance: instance}}
	if c.user, err = catalog.Get[*catalog.User](snap, user); err != nil {
		return "", err
	}
	c.rights = access.Of(snap, c.user)
	configuration, err := c.configuration()
	if err != nil {
		return "", err
	}
	return tagOf(configuration), nil
}

// tagOf is a hash of how an agent is set up.
func tagOf(c *agent.AgentConfiguration) string {
	sum := sha256.Sum256(c.AppendJSON(nil))
	return hex.EncodeToString(sum[:8])
}

// configuration is how an administrator has set up the caller.
func (c *caller) configuration() (*agent.AgentConfiguration, error) {
	profile, err := c.profile()
	if err != nil {
		return nil, err
	}
	statuses := slices.DeleteFunc(catalog.All[*catalog.AgentStatus](c.snap), func(s *catalog.AgentStatus) bool { return s.Disabled })
	slices.SortStableFunc(statuses, func(a, b *catalog.AgentStatus) int {
		return cmp.Or(cmp.Compare(behind(a.Order), behind(b.Order)), cmp.Compare(a.Name, b.Name))
	})
	shown := make([]agent.AgentStatusSummary, len(statuses))
	for i, s := range statuses {
		shown[i] = agent.AgentStatusSummary{Id: string(s.ID), Arn: c.snap.ARNOf(s), Name: s.Name, Type: agent.AgentStatusType(s.Type)}
	}
	return &agent.AgentConfiguration{
		User: c.shown(), Permissions: c.rights.Permissions(), Statuses: shown, RoutingProfile: c.profileShown(profile),
		AgentQueue:                  desk.QueueShown(c.snap, desk.OwnQueue(c.user.ID)),
		AutoAccept:                  slices.ContainsFunc(c.user.Config.AutoAccept, func(a catalog.AutoAccept) bool { return a.Channel == chat && a.Accept }),
		MultiPartyConferenceEnabled: router.MultiParty(c.snap),
	}, nil
}

// behind is a display order, with those that have none behind the others.
func behind(order int32) int32 {
	if order == 0 {
		return 1 << 30
	}
	return order
}

// profile returns the routing profile of the caller.
func (c *caller) profile() (*catalog.RoutingProfile, error) {
	return catalog.Get[*catalog.RoutingProfile](c.snap, c.user.RoutingProfile)
}

// profileShown is a routing profile as clients are sent it: its queues, those that contacts are offered from first.
func (c *caller) profileShown(p *catalog.RoutingProfile) *agent.RoutingProfile {
	out := &agent.RoutingProfile{
		Id: string(p.ID), Arn: c.snap.ARNOf(p), Name: p.Name, Concurrencies: make([]agent.ChannelConcurrency, len(p.Concurrency)), Queues: []agent.ProfileQueue{},
	}
	if p.DefaultOutbound != "" {
		out.DefaultOutboundQueue = desk.QueueShown(c.snap, p.DefaultOutbound)
	}
	for i, on := range p.Concurrency {
		out.Concurrencies[i] = agent.ChannelConcurrency{Channel: agent.Channel(on.Channel), Maximum: on.Max}
	}
	for _, q := range p.Queues {
		out.Queues = append(out.Queues, agent.ProfileQueue{
			Queue: desk.QueueShown(c.snap, q.Queue), Channel: agent.Channel(q.Channel), Priority: new(q.Priority), DelaySeconds: new(q.Delay),
			Offered: true, Manual: slices.Contains(p.Manual, q.QueueChannel),
		})
	}
	for _, q := range p.Manual {
		if !slices.ContainsFunc(p.Queues, func(o catalog.ProfileQueue) bool { return o.QueueChannel == q }) {
			out.Queues = append(out.Queues, agent.ProfileQueue{Queue: desk.QueueShown(c.snap, q.Queue), Channel: agent.Channel(q.Channel), Manual: true})
		}
	}
	return out
}
