package agentapi

import (
	"context"
	"slices"
	"strings"

	"parley.example/parley/api/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/catalog/responding"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/router"
)

// fields and weights are what members of queries stand for.
var (
	fields = map[agent.QuickResponseField]responding.Field{
		agent.QuickResponseFieldCONTENT: responding.Content, agent.QuickResponseFieldNAME: responding.Name,
		agent.QuickResponseFieldDESCRIPTION: responding.Description, agent.QuickResponseFieldSHORTCUT_KEY: responding.Shortcut,
	}
	weights = map[agent.QuickResponsePriority]int{
		agent.QuickResponsePriorityHIGH: 100, agent.QuickResponsePriorityMEDIUM: 10, agent.QuickResponsePriorityLOW: 1,
	}
)

// skipped is where a page of results begins: behind so many.
type skipped struct {
	Results int `json:"n"`
}

// SearchQuickResponses finds the quick responses that the agent has, and fills in their placeholders.
func (s *Service) SearchQuickResponses(ctx context.Context, in *agent.SearchQuickResponsesRequest) (*agent.SearchQuickResponsesResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	know := known{caller: &c, extra: in.Attributes}
	if in.ContactId != nil {
		if _, know.chat, know.work, err = s.held(ctx, *in.ContactId); err != nil {
			return nil, err
		}
	}
	queries := make([]responding.Query, len(in.Queries))
	for i, q := range in.Queries {
		queries[i] = responding.Query{
			In: fields[q.Name], Values: q.Values, Prefix: q.Operator == agent.QuickResponseOperatorCONTAINS_AND_PREFIX,
			Weight: weights[agent.QuickResponsePriorityMEDIUM], Fuzzy: q.AllowFuzziness != nil && *q.AllowFuzziness,
		}
		if q.Priority != "" {
			queries[i].Weight = weights[q.Priority]
		}
	}
	var after skipped
	if err := fromToken(in.NextToken, &after); err != nil {
		return nil, err
	}
	found := responding.Search(catalog.All[*catalog.QuickResponse](c.snap), c.user.RoutingProfile, queries)
	found = found[min(max(after.Results, 0), len(found)):]
	out := &agent.SearchQuickResponsesResponse{Results: []agent.QuickResponseResult{}}
	if limit := pageOf(in.MaxResults); len(found) > limit {
		found = found[:limit]
		out.NextToken = new(tokenOf(skipped{after.Results + limit}))
	}
	for _, r := range found {
		out.Results = append(out.Results, know.filled(r))
	}
	return out, nil
}

// known is what placeholders stand for.
type known struct {
	caller *caller
	chat   *contact.Chat // nil without a contact
	work   *contact.Work
	extra  map[string]string
}

// filled is a quick response with its placeholders filled in, as clients are sent it.
func (k *known) filled(r *catalog.QuickResponse) agent.QuickResponseResult {
	text, filled, missing := responding.Fill(r.Content, k.value)
	out := agent.QuickResponseResult{
		QuickResponseId: string(r.ID), QuickResponseArn: k.caller.snap.ARNOf(r), KnowledgeBaseId: string(k.caller.Instance), Name: r.Name,
		Description: textOf(r.Description), ShortcutKey: textOf(r.Shortcut), Contents: &agent.QuickResponseContents{PlainText: &text},
		AttributesInterpolated: filled, AttributesNotInterpolated: missing,
	}
	if r.Markdown {
		out.Contents = &agent.QuickResponseContents{Markdown: &text}
	}
	return out
}

// value is what a placeholder stands for. Attributes are those of the contact, of which callers may give others.
func (k *known) value(name string) (v string, ok bool) {
	if attribute, is := strings.CutPrefix(name, "Attributes."); is {
		if v, ok = k.extra[attribute]; !ok && k.chat != nil {
			v, ok = k.chat.Attributes[attribute]
		}
		return v, ok
	}
	switch name {
	case "Agent.FirstName":
		v = k.caller.user.Identity.FirstName
	case "Agent.LastName":
		v = k.caller.user.Identity.LastName
	case "Agent.DisplayName":
		v = router.IdentityOf(k.caller.user).DisplayName
	}
	if k.chat != nil {
		switch name {
		case "Customer.DisplayName":
			v = k.chat.Customer().DisplayName
		case "Contact.Id":
			v = string(k.work.Contact)
		case "Queue.Name":
			for _, s := range k.chat.Chain() {
				if q, err := catalog.Get[*catalog.Queue](k.caller.snap, s.Queue); s.ID == k.work.Contact && err == nil {
					v = q.Name
				}
			}
		}
	}
	return v, v != ""
}

// textOf is a text that is absent when it is empty.
func textOf(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// ListQuickResponses lists all, as they were set up.
func (s *Service) ListQuickResponses(ctx context.Context, in *agent.ListQuickResponsesRequest) (*agent.ListQuickResponsesResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.rights.Require(permission.ContentView); err != nil {
		return nil, err
	}
	var after struct {
		Name string `json:"n"`
		ID   string `json:"i"`
	}
	if err := fromToken(in.NextToken, &after); err != nil {
		return nil, err
	}
	out, limit := &agent.ListQuickResponsesResponse{QuickResponses: []agent.QuickResponse{}}, pageOf(in.MaxResults)
	for r := range catalog.Behind[*catalog.QuickResponse](c.snap, after.Name, after.ID) {
		if len(out.QuickResponses) == limit {
			out.NextToken = new(tokenOf(after))
			break
		}
		after.Name, after.ID = r.Name, string(r.ID)
		shown := agent.QuickResponse{
			QuickResponseId: string(r.ID), QuickResponseArn: c.snap.ARNOf(r), Name: r.Name, Description: textOf(r.Description), ShortcutKey: textOf(r.Shortcut),
			Content: r.Content, ContentFormat: agent.QuickResponseFormatPLAIN, IsActive: !r.Disabled, RoutingProfileIds: make([]string, len(r.Profiles)), LastModifiedTime: r.Updated,
		}
		if r.Markdown {
			shown.ContentFormat = agent.QuickResponseFormatMARKDOWN
		}
		for i, p := range r.Profiles {
			shown.RoutingProfileIds[i] = string(p)
		}
		out.QuickResponses = append(out.QuickResponses, shown)
	}
	return out, nil
}

// CreateQuickResponse sets one up.
func (s *Service) CreateQuickResponse(ctx context.Context, in *agent.CreateQuickResponseRequest) (*agent.CreateQuickResponseResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.rights.Require(permission.ContentCreate); err != nil {
		return nil, err
	}
	profiles, err := c.profiles(in.RoutingProfileIds)
	if err != nil {
		return nil, err
	}
	n := responding.Draft{
		Name: in.Name, Content: in.Content, Markdown: in.ContentFormat == agent.QuickResponseFormatMARKDOWN,
		Disabled: in.IsActive != nil && !*in.IsActive, Profiles: profiles,
	}
	for to, from := range map[*string]*string{&n.Shortcut: in.ShortcutKey, &n.Description: in.Description, &n.Token: in.ClientToken} {
		if from != nil {
			*to = *from
		}
	}
	made, err := responding.Create(ctx, s.Catalog, c.Instance, n)
	if err != nil {
		return nil, err
	}
	return &agent.CreateQuickResponseResponse{QuickResponseId: string(made.ID), QuickResponseArn: c.snap.ARNOf(made)}, nil
}

// profiles finds routing profiles.
func (c *caller) profiles(refs []string) (ids []center.RoutingProfileID, err error) {
	for _, ref := range refs {
		p, err := catalog.Find[*catalog.RoutingProfile](c.snap, ref)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, p.ID) {
			ids = append(ids, p.ID)
		}
	}
	return ids, nil
}

// UpdateQuickResponse changes one.
func (s *Service) UpdateQuickResponse(ctx context.Context, in *agent.UpdateQuickResponseRequest) (*agent.UpdateQuickResponseResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.rights.Require(permission.ContentEdit); err != nil {
		return nil, err
	}
	r, err := catalog.Find[*catalog.QuickResponse](c.snap, in.QuickResponseId)
	if err != nil {
		return nil, err
	}
	change := responding.Change{Name: in.Name, Content: in.Content, Shortcut: in.ShortcutKey, Description: in.Description}
	if in.RemoveShortcutKey != nil && *in.RemoveShortcutKey {
		change.Shortcut = new("")
	}
	if in.RemoveDescription != nil && *in.RemoveDescription {
		change.Description = new("")
	}
	if in.ContentFormat != "" {
		change.Markdown = new(in.ContentFormat == agent.QuickResponseFormatMARKDOWN)
	}
	if in.IsActive != nil {
		change.Disabled = new(!*in.IsActive)
	}
	if in.RoutingProfileIds != nil {
		profiles, err := c.profiles(in.RoutingProfileIds)
		if err != nil {
			return nil, err
		}
		change.Profiles = &profiles
	}
	return &agent.UpdateQuickResponseResponse{}, responding.Update(ctx, s.Catalog, c.Instance, r.ID, change)
}

// DeleteQuickResponse deletes one. One that does not exist is deleted already.
func (s *Service) DeleteQuickResponse(ctx context.Context, in *agent.DeleteQuickResponseRequest) (*agent.DeleteQuickResponseResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.rights.Require(permission.ContentDelete); err != nil {
		return nil, err
	}
	r, err := catalog.Find[*catalog.QuickResponse](c.snap, in.QuickResponseId)
	if err == nil {
		err = responding.Delete(ctx, s.Catalog, c.Instance, r.ID)
	}
	if err != nil && center.ReasonOf(err) != center.NotFound {
		return nil, err
	}
	return &agent.DeleteQuickResponseResponse{}, nil
}
