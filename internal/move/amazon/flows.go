package amazon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
)

// saved behind the id of a flow, a module or a view means its draft.
const saved = ":$SAVED"

// The contents that flows and modules have until theirs is written.
const (
	emptyFlow   = `{"Version":"2019-10-30","StartAction":"end","Metadata":{},"Actions":[{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	emptyModule = `{"Version":"2019-10-30","StartAction":"end","Metadata":{},"Actions":[{"Identifier":"end","Type":"EndFlowModuleExecution","Parameters":{},"Transitions":{}}],"Settings":{"InputParameters":[],"OutputParameters":[],"Transitions":[]}}`
)

type flowOf struct {
	Name, Description string
	Type              connect.ContactFlowType
	State             string
	Published, Draft  string // "" for none; a draft is noted where it is another content
}

// isNot reports whether an error says that there is no such thing.
func isNot(err error) bool {
	e, ok := errors.AsType[restjson.Coded](err)
	return ok && (e.HTTPStatus() == http.StatusNotFound || slices.Contains([]string{"ContactFlowNotPublishedException", "ResourceNotFoundException"}, e.ErrorCode()))
}

// placeholders makes the flows and modules that the target lacks, as drafts without content.
func (c *copier) placeholders(ctx context.Context) error {
	if err := placehold(ctx, c, modules, func(e entry) (string, error) {
		o, err := call(ctx, c.to, c.to.api.CreateContactFlowModule, &connect.CreateContactFlowModuleRequest{Name: e.name, Content: emptyModule})
		if err != nil {
			return "", err
		}
		return text(o.Id), nil
	}); err != nil {
		return err
	}
	return placehold(ctx, c, flows, func(e entry) (string, error) {
		o, err := call(ctx, c.to, c.to.api.CreateContactFlow, &connect.CreateContactFlowRequest{Name: e.name, Type: connect.ContactFlowType(e.arn), Content: emptyFlow, Status: connect.ContactFlowStatusSAVED})
		if err != nil {
			return "", err
		}
		return text(o.ContactFlowId), nil
	})
}

func placehold[T any](ctx context.Context, c *copier, k kind[T], create func(entry) (string, error)) error {
	theirs, ours, err := both(ctx, c, k)
	if err != nil {
		return c.failed(ctx, k.name, "", err)
	}
	for _, e := range theirs {
		if id := ours[e.name]; id != "" {
			c.ids[e.id] = id
			continue
		}
		if e.skip != "" {
			continue
		}
		if id, err := create(e); err == nil {
			c.ids[e.id], c.held[e.id] = id, true
		} else if err := c.failed(ctx, k.name, e.name, refusal(err)); err != nil {
			return err
		}
	}
	return nil
}

// refusal makes it something that Parley lacks when it refuses what is written as it is.
func refusal(err error) error {
	e, ok := errors.AsType[restjson.Coded](err)
	if !ok || e.HTTPStatus() != http.StatusBadRequest {
		return err
	}
	switch e.ErrorCode() {
	case "InvalidContactFlowException", "InvalidContactFlowModuleException":
		why := ""
		switch e := e.(type) {
		case *connect.InvalidContactFlowException:
			why = problems(e.Problems)
		case *connect.InvalidContactFlowModuleException:
			why = problems(e.Problems)
		}
		return lacks{fmt.Errorf("it cannot be published, and is kept as a draft: %s", why)}
	case "InvalidParameterException", "InvalidRequestException":
		return lacks{err}
	}
	return err
}

func problems(all []connect.ProblemDetail) (s string) {
	for i, p := range all {
		if i > 0 {
			s += "; "
		}
		s += text(p.Message)
	}
	return s
}

var flows = kind[flowOf]{
	name: "flow", loose: true,
	list: func(ctx context.Context, s *side) (all []entry, err error) {
		err = pages(ctx, s, s.api.ListContactFlows, &connect.ListContactFlowsRequest{}, func(o *connect.ListContactFlowsResponse) {
			for _, f := range o.ContactFlowSummaryList {
				e := entry{id: text(f.Id), name: text(f.Name), arn: string(f.ContactFlowType)}
				if f.ContactFlowState == connect.ContactFlowStateARCHIVED {
					e.skip = "it is archived"
				}
				all = append(all, e)
			}
		})
		return all, err
	},
	read: func(ctx context.Context, s *side, id string) (*flowOf, error) {
		draft, err := call(ctx, s, s.api.DescribeContactFlow, &connect.DescribeContactFlowRequest{ContactFlowId: id + saved})
		if err != nil {
			return nil, err
		}
		f := draft.ContactFlow
		out := &flowOf{Name: text(f.Name), Description: text(f.Description), Type: f.Type, State: string(f.State), Draft: text(f.Content)}
		o, err := call(ctx, s, s.api.DescribeContactFlow, &connect.DescribeContactFlowRequest{ContactFlowId: id})
		switch {
		case isNot(err):
			return out, nil
		case err != nil:
			return nil, err
		}
		if o.ContactFlow.Status != connect.ContactFlowStatusSAVED {
			out.Published = text(o.ContactFlow.Content)
		}
		return out, nil
	},
	create: func(context.Context, *side, *flowOf) (string, error) {
		return "", lacks{errors.New("no flow of its type could be made")}
	},
	update: func(ctx context.Context, s *side, id string, want, have *flowOf) (err error) {
		if want.Description != have.Description || want.State != have.State {
			_, err = call(ctx, s, s.api.UpdateContactFlowMetadata, &connect.UpdateContactFlowMetadataRequest{ContactFlowId: id, Description: &want.Description, ContactFlowState: connect.ContactFlowState(want.State)})
		}
		if err != nil {
			return err
		}
		return publish(want.Published, want.Draft, have.Published, have.Draft, func(content string, draft bool) error {
			at := id
			if draft {
				at += saved
			}
			_, err := call(ctx, s, s.api.UpdateContactFlowContent, &connect.UpdateContactFlowContentRequest{ContactFlowId: at, Content: content})
			return refusal(err)
		})
	},
}

// publish writes the published content of something, and its draft. What cannot be published is kept as a draft.
func publish(published, draft, havePublished, haveDraft string, write func(content string, draft bool) error) error {
	if published != "" && published != havePublished {
		if err := write(published, false); err != nil {
			if errors.As(err, new(lacks)) && published != haveDraft {
				err = errors.Join(err, write(published, true))
			}
			return err
		}
		haveDraft = published
	}
	if draft != "" && draft != haveDraft {
		return write(draft, true)
	}
	return nil
}

type moduleOf struct {
	Name, Description string
	State             string
	Published, Draft  string
	Settings          string
}

var modules = kind[moduleOf]{
	name: "flow module", loose: true,
	list: func(ctx context.Context, s *side) (all []entry, err error) {
		err = pages(ctx, s, s.api.ListContactFlowModules, &connect.ListContactFlowModulesRequest{}, func(o *connect.ListContactFlowModulesResponse) {
			for _, m := range o.ContactFlowModulesSummaryList {
				e := entry{id: text(m.Id), name: text(m.Name)}
				if m.State == connect.ContactFlowModuleStateARCHIVED {
					e.skip = "it is archived"
				}
				all = append(all, e)
			}
		})
		return all, err
	},
	read: func(ctx context.Context, s *side, id string) (*moduleOf, error) {
		draft, err := call(ctx, s, s.api.DescribeContactFlowModule, &connect.DescribeContactFlowModuleRequest{ContactFlowModuleId: id + saved})
		if err != nil {
			return nil, err
		}
		m := draft.ContactFlowModule
		out := &moduleOf{Name: text(m.Name), Description: text(m.Description), State: string(m.State), Draft: text(m.Content), Settings: text(m.Settings)}
		o, err := call(ctx, s, s.api.DescribeContactFlowModule, &connect.DescribeContactFlowModuleRequest{ContactFlowModuleId: id})
		switch {
		case isNot(err):
			return out, nil
		case err != nil:
			return nil, err
		}
		if o.ContactFlowModule.Status != connect.ContactFlowModuleStatusSAVED {
			out.Published = text(o.ContactFlowModule.Content)
		}
		return out, nil
	},
	create: func(context.Context, *side, *moduleOf) (string, error) {
		return "", lacks{errors.New("no module could be made")}
	},
	update: func(ctx context.Context, s *side, id string, want, have *moduleOf) (err error) {
		if want.Description != have.Description || want.State != have.State {
			_, err = call(ctx, s, s.api.UpdateContactFlowModuleMetadata, &connect.UpdateContactFlowModuleMetadataRequest{ContactFlowModuleId: id, Description: &want.Description, State: connect.ContactFlowModuleState(want.State)})
		}
		if err != nil {
			return err
		}
		if want.Settings != have.Settings {
			have.Draft, have.Published = "", "" // they are written with the content
		}
		return publish(want.Published, want.Draft, have.Published, have.Draft, func(content string, draft bool) error {
			at := id
			if draft {
				at += saved
			}
			_, err := call(ctx, s, s.api.UpdateContactFlowModuleContent, &connect.UpdateContactFlowModuleContentRequest{ContactFlowModuleId: at, Content: &content, Settings: optional(want.Settings)})
			return refusal(err)
		})
	},
}

type viewOf struct {
	Name, Description string
	Published, Draft  *connect.ViewInputContent
}

var views = kind[viewOf]{
	name: "view", loose: true,
	list: func(ctx context.Context, s *side) (all []entry, err error) {
		err = pages(ctx, s, s.api.ListViews, &connect.ListViewsRequest{Type: connect.ViewTypeCUSTOMER_MANAGED}, func(o *connect.ListViewsResponse) {
			for _, v := range o.ViewsSummaryList {
				all = append(all, entry{id: text(v.Id), name: text(v.Name)})
			}
		})
		return all, err
	},
	read: func(ctx context.Context, s *side, id string) (*viewOf, error) {
		draft, err := call(ctx, s, s.api.DescribeView, &connect.DescribeViewRequest{ViewId: id + saved})
		if err != nil {
			return nil, err
		}
		out := &viewOf{text(draft.View.Name), text(draft.View.Description), nil, inputOf(draft.View)}
		o, err := call(ctx, s, s.api.DescribeView, &connect.DescribeViewRequest{ViewId: id})
		switch {
		case isNot(err):
			return out, nil
		case err != nil:
			return nil, err
		}
		if o.View.Status == connect.ViewStatusPUBLISHED {
			out.Published = inputOf(o.View)
		}
		return out, nil
	},
	create: func(ctx context.Context, s *side, v *viewOf) (string, error) {
		in := &connect.CreateViewRequest{Name: v.Name, Description: optional(v.Description), Status: connect.ViewStatusSAVED, Content: v.Draft}
		if v.Published != nil {
			in.Status, in.Content = connect.ViewStatusPUBLISHED, v.Published
		}
		o, err := call(ctx, s, s.api.CreateView, in)
		if err != nil {
			return "", refusal(err)
		}
		id := text(o.View.Id)
		if v.Published == nil || same(v.Published, v.Draft) {
			return id, nil
		}
		return id, writeView(ctx, s, id, v.Draft, connect.ViewStatusSAVED)
	},
	update: func(ctx context.Context, s *side, id string, want, have *viewOf) (err error) {
		if want.Description != have.Description {
			_, err = call(ctx, s, s.api.UpdateViewMetadata, &connect.UpdateViewMetadataRequest{ViewId: id, Description: &want.Description})
		}
		draft := have.Draft
		if err == nil && want.Published != nil && !same(want.Published, have.Published) {
			err, draft = writeView(ctx, s, id, want.Published, connect.ViewStatusPUBLISHED), want.Published
		}
		if err == nil && !same(want.Draft, draft) {
			err = writeView(ctx, s, id, want.Draft, connect.ViewStatusSAVED)
		}
		return err
	},
}

func inputOf(v *connect.View) *connect.ViewInputContent {
	if v.Content == nil {
		return nil
	}
	return &connect.ViewInputContent{Template: v.Content.Template, Actions: v.Content.Actions}
}

func writeView(ctx context.Context, s *side, id string, content *connect.ViewInputContent, status connect.ViewStatus) error {
	_, err := call(ctx, s, s.api.UpdateViewContent, &connect.UpdateViewContentRequest{ViewId: id, Status: status, Content: content})
	return refusal(err)
}

// others names what the source has and Parley does not. A source that does not have, or does not show, a kind has none of it.
func (c *copier) others(ctx context.Context) error {
	const voice, elsewhere = "Parley has no voice", "set it up in Parley by its own settings"
	s := c.from
	kinds := []struct {
		kind, why string
		names     func(add func(name *string)) error
	}{
		{"prompt", voice, func(add func(*string)) error {
			return pages(ctx, s, s.api.ListPrompts, &connect.ListPromptsRequest{}, func(o *connect.ListPromptsResponse) {
				for _, p := range o.PromptSummaryList {
					add(p.Name)
				}
			})
		}},
		{"phone number", voice, func(add func(*string)) error {
			return pages(ctx, s, s.api.ListPhoneNumbersV2, &connect.ListPhoneNumbersV2Request{}, func(o *connect.ListPhoneNumbersV2Response) {
				for _, p := range o.ListPhoneNumbersSummaryList {
					add(p.PhoneNumber)
				}
			})
		}},
		{"rule", "Parley has no rules", func(add func(*string)) error {
			return pages(ctx, s, s.api.ListRules, &connect.ListRulesRequest{}, func(o *connect.ListRulesResponse) {
				for _, r := range o.RuleSummaryList {
					add(&r.Name)
				}
			})
		}},
		{"task template", "Parley has no tasks", func(add func(*string)) error {
			return pages(ctx, s, s.api.ListTaskTemplates, &connect.ListTaskTemplatesRequest{}, func(o *connect.ListTaskTemplatesResponse) {
				for _, t := range o.TaskTemplates {
					add(t.Name)
				}
			})
		}},
		{"evaluation form", "Parley has no evaluations", func(add func(*string)) error {
			return pages(ctx, s, s.api.ListEvaluationForms, &connect.ListEvaluationFormsRequest{}, func(o *connect.ListEvaluationFormsResponse) {
				for _, f := range o.EvaluationFormSummaryList {
					add(&f.Title)
				}
			})
		}},
		{"integration", elsewhere, func(add func(*string)) error {
			return pages(ctx, s, s.api.ListIntegrationAssociations, &connect.ListIntegrationAssociationsRequest{}, func(o *connect.ListIntegrationAssociationsResponse) {
				for _, i := range o.IntegrationAssociationSummaryList {
					add(new(string(i.IntegrationType) + " " + text(i.IntegrationArn)))
				}
			})
		}},
	}
	for _, k := range kinds {
		err := k.names(func(name *string) {
			c.report.Lacking = append(c.report.Lacking, Line{k.kind, text(name), k.why})
		})
		e, coded := errors.AsType[restjson.Coded](err)
		switch {
		case err == nil || coded && e.HTTPStatus() == http.StatusNotImplemented:
		case coded && (e.HTTPStatus() == http.StatusForbidden || isNot(err)):
			c.report.Lacking = append(c.report.Lacking, Line{k.kind, "", "the source does not show whether it has any: " + e.ErrorCode()})
		default:
			if err := c.failed(ctx, k.kind, "", err); err != nil {
				return err
			}
		}
	}
	c.report.Lacking = append(c.report.Lacking, Line{"quick response", "", "the source keeps them in a knowledge base of Amazon Q, which is not read"})
	return nil
}
