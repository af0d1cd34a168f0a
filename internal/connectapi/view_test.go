package connectapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// template is a view that takes a text.
func template(title string) string {
	return fmt.Sprintf(`{"Head":{"Title":%q,"Configuration":{"Layout":{"Columns":["12"]}}},"Body":[
		{"_id":"c","Type":"Container","Props":{},"Content":[{"_id":"t","Type":"TextBox","Props":{},"Content":["Hello ","$.Who.Name"]},
			{"_id":"b","Type":"Button","Props":{"Action":"Skip"},"Content":["$.Label"]}]}]}`, title)
}

// view adds a published view and returns its id.
func (o *office) view(name string) string {
	o.t.Helper()
	out := must[*connect.CreateViewResponse](o.t)(o.CreateView(o.t.Context(), &connect.CreateViewRequest{
		InstanceId: o.id, Name: name, Status: connect.ViewStatusPUBLISHED, Content: &connect.ViewInputContent{Template: new(template(name)), Actions: []string{"Skip"}},
	}))
	return *out.View.Id
}

func TestViewFromDraftToDeleted(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	made := must[*connect.CreateViewResponse](t)(o.CreateView(ctx, &connect.CreateViewRequest{
		InstanceId: o.arn, Name: "Cards", Status: connect.ViewStatusSAVED, Description: new("two cards"), Tags: map[string]string{"team": "a"},
		Content: &connect.ViewInputContent{Template: new(`{"half":"done"}`), Actions: []string{"Skip"}},
	})).View
	id, arn := *made.Id, *made.Arn
	if arn != o.arn+"/view/"+id || made.Status != connect.ViewStatusSAVED || made.Type != connect.ViewTypeCUSTOMER_MANAGED || *made.Name != "Cards" ||
		*made.Description != "two cards" || made.Tags["team"] != "a" || len(*made.ViewContentSha256) != 64 || made.CreatedTime == nil || made.Version != nil {
		t.Errorf("CreateView = %+v", made)
	}
	describe := func(ref string) (*connect.View, error) {
		out, err := o.DescribeView(ctx, &connect.DescribeViewRequest{InstanceId: o.id, ViewId: ref})
		if err != nil {
			return nil, err
		}
		return out.View, nil
	}
	update := func(ref string, status connect.ViewStatus, text string) (*connect.View, error) {
		out, err := o.UpdateViewContent(ctx, &connect.UpdateViewContentRequest{
			InstanceId: o.id, ViewId: ref, Status: status, Content: &connect.ViewInputContent{Template: &text, Actions: []string{"Skip", "Go on"}},
		})
		if err != nil {
			return nil, err
		}
		return out.View, nil
	}
	_, err := describe(id)
	refused(t, "a view that was never published", err, "InvalidRequestException", 400)
	saved := must[*connect.View](t)(describe(arn + ":$SAVED"))
	if *saved.Content.Template != `{"half":"done"}` || !slices.Equal(saved.Content.Actions, []string{"Skip"}) || saved.Status != connect.ViewStatusSAVED {
		t.Errorf("the saved view is %+v %+v", saved, saved.Content)
	}
	_, err = update(id, connect.ViewStatusPUBLISHED, `{"half":"done"}`)
	refused(t, "publishing it as it is", err, "InvalidParameterException", 400)

	one := must[*connect.View](t)(update(id, connect.ViewStatusPUBLISHED, template("one")))
	if one.Status != connect.ViewStatusPUBLISHED || *one.ViewContentSha256 == *made.ViewContentSha256 || !slices.Equal(one.Content.Actions, []string{"Skip", "Go on"}) {
		t.Errorf("published, the view is %+v", one)
	}
	var schema struct {
		Type       string
		Required   []string
		Properties map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(*one.Content.InputSchema), &schema); err != nil || schema.Type != "object" || !slices.Equal(schema.Required, []string{"Who", "Label"}) || !strings.Contains(string(schema.Properties["Who"]), `"Name"`) {
		t.Errorf("InputSchema is %s, %v; want what the template refers to", *one.Content.InputSchema, err)
	}
	two := must[*connect.View](t)(update(arn+":$SAVED", connect.ViewStatusSAVED, template("two")))
	if two.Status != connect.ViewStatusSAVED || *must[*connect.View](t)(describe(id)).Content.Template != template("one") || *must[*connect.View](t)(describe(id + ":$SAVED")).Content.Template != template("two") {
		t.Errorf("saving touched what is published, or did not save: %+v", two)
	}

	version := func(description, hash string) (*connect.View, error) {
		out, err := o.CreateViewVersion(ctx, &connect.CreateViewVersionRequest{InstanceId: o.id, ViewId: id, VersionDescription: &description, ViewContentSha256: &hash})
		if err != nil {
			return nil, err
		}
		return out.View, nil
	}
	_, err = version("x", *two.ViewContentSha256)
	refused(t, "a version of a content that is not published", err, "InvalidRequestException", 400)
	v1 := must[*connect.View](t)(version("the first", *one.ViewContentSha256))
	if *v1.Version != 1 || *v1.VersionDescription != "the first" || *v1.Arn != arn+":1" || *v1.Content.Template != template("one") {
		t.Errorf("version 1 is %+v", v1)
	}
	if again := must[*connect.View](t)(version("another", *one.ViewContentSha256)); *again.Version != 1 {
		t.Errorf("a version of the same content is %d; want the one there is", *again.Version)
	}
	for i := range 3 {
		v := must[*connect.View](t)(update(id, connect.ViewStatusPUBLISHED, template(fmt.Sprint("v", i+2))))
		if got := must[*connect.View](t)(version("next", *v.ViewContentSha256)); *got.Version != int32(i+2) {
			t.Errorf("version %d; want %d", *got.Version, i+2)
		}
	}
	var numbers []int32
	for token := (*string)(nil); ; {
		page := must[*connect.ListViewVersionsResponse](t)(o.ListViewVersions(ctx, &connect.ListViewVersionsRequest{InstanceId: o.id, ViewId: id, MaxResults: new(int32(3)), NextToken: token}))
		for _, v := range page.ViewVersionSummaryList {
			numbers = append(numbers, *v.Version)
			if *v.Id != id || *v.Arn != fmt.Sprintf("%s:%d", arn, *v.Version) || *v.Name != "Cards" || v.Type != connect.ViewTypeCUSTOMER_MANAGED {
				t.Errorf("a version is listed as %+v", v)
			}
		}
		if token = page.NextToken; token == nil {
			break
		}
	}
	if !slices.Equal(numbers, []int32{4, 3, 2, 1}) {
		t.Errorf("versions %v; want the latest first", numbers)
	}
	must[*connect.DeleteViewVersionResponse](t)(o.DeleteViewVersion(ctx, &connect.DeleteViewVersionRequest{InstanceId: o.id, ViewId: id, ViewVersion: 2}))
	_, err = o.DeleteViewVersion(ctx, &connect.DeleteViewVersionRequest{InstanceId: o.id, ViewId: id, ViewVersion: 2})
	refused(t, "deleting a version twice", err, "ResourceNotFoundException", 404)
	_, err = describe(id + ":2")
	refused(t, "a deleted version", err, "ResourceNotFoundException", 404)
	if v := must[*connect.View](t)(describe(id + ":1")); *v.Content.Template != template("one") || *v.Version != 1 {
		t.Errorf("version 1 became %+v", v)
	}
	_, err = update(id+":1", connect.ViewStatusSAVED, template("x"))
	refused(t, "changing a version", err, "InvalidRequestException", 400)
	_, err = describe(id + ":$DRAFT")
	refused(t, "an unknown qualifier", err, "InvalidParameterException", 400)

	must[*connect.UpdateViewMetadataResponse](t)(o.UpdateViewMetadata(ctx, &connect.UpdateViewMetadataRequest{InstanceId: o.id, ViewId: id, Name: new("Deck"), Description: new("cards")}))
	if v := must[*connect.View](t)(describe(id)); *v.Name != "Deck" || *v.Description != "cards" {
		t.Errorf("after UpdateViewMetadata the view is %+v", v)
	}
	_, err = o.UpdateViewMetadata(ctx, &connect.UpdateViewMetadataRequest{InstanceId: o.id, ViewId: id})
	refused(t, "changing nothing", err, "InvalidRequestException", 400)
	must[*connect.TagResourceResponse](t)(o.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: arn, Tags: map[string]string{"b": "2"}}))
	if tags := must[*connect.ListTagsForResourceResponse](t)(o.ListTagsForResource(ctx, &connect.ListTagsForResourceRequest{ResourceArn: arn})).Tags; len(tags) != 2 {
		t.Errorf("tags %v", tags)
	}
	must[*connect.DeleteViewResponse](t)(o.DeleteView(ctx, &connect.DeleteViewRequest{InstanceId: o.id, ViewId: arn}))
	_, err = describe(id + ":$SAVED")
	refused(t, "a deleted view", err, "ResourceNotFoundException", 404)
	o.view("Deck") // the name is free again
}

func TestManagedViews(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	actions := map[string][]string{
		"cards": {"ActionSelected", "Back", "NoMatchFound"}, "confirmation": {"Next"}, "detail": {"ActionSelected", "Back"},
		"form": {"Back", "Next", "Step"}, "list": {"ActionSelected", "Back"},
	}
	for id, want := range actions {
		arn := "arn:aws:connect:eu-central-1:aws:view/" + id
		for _, ref := range []string{id, arn, arn + ":1", id + ":$LATEST", "arn:aws:connect:us-west-2:aws:view/" + id} {
			v := must[*connect.DescribeViewResponse](t)(o.DescribeView(ctx, &connect.DescribeViewRequest{InstanceId: o.id, ViewId: ref})).View
			if *v.Id != id || !strings.HasPrefix(*v.Arn, arn) || v.Type != connect.ViewTypeAWS_MANAGED || v.Status != connect.ViewStatusPUBLISHED || *v.Version != 1 || !slices.Equal(v.Content.Actions, want) {
				t.Errorf("DescribeView(%s) = %+v %v", ref, v, v.Content.Actions)
			}
			var head struct{ Head, Body json.RawMessage }
			var schema struct{ Type string }
			if err := json.Unmarshal([]byte(*v.Content.Template), &head); err != nil || len(head.Head) == 0 || len(head.Body) == 0 {
				t.Errorf("the template of %s is %s", id, *v.Content.Template)
			}
			if err := json.Unmarshal([]byte(*v.Content.InputSchema), &schema); err != nil || schema.Type != "object" {
				t.Errorf("the schema of %s is %s", id, *v.Content.InputSchema)
			}
		}
		_, err := o.UpdateViewContent(ctx, &connect.UpdateViewContentRequest{InstanceId: o.id, ViewId: id, Status: connect.ViewStatusSAVED, Content: &connect.ViewInputContent{}})
		refused(t, "changing "+id, err, "InvalidRequestException", 400)
		_, err = o.DeleteView(ctx, &connect.DeleteViewRequest{InstanceId: o.id, ViewId: arn})
		refused(t, "deleting "+id, err, "InvalidRequestException", 400)
		_, err = o.DescribeView(ctx, &connect.DescribeViewRequest{InstanceId: o.id, ViewId: id + ":2"})
		refused(t, "another version of "+id, err, "ResourceNotFoundException", 404)
	}
	mine := o.view("Alpha")
	walk := func(size int32, typ connect.ViewType) (ids []string) {
		for token := (*string)(nil); ; {
			page := must[*connect.ListViewsResponse](t)(o.ListViews(ctx, &connect.ListViewsRequest{InstanceId: o.id, MaxResults: &size, NextToken: token, Type: typ}))
			for _, v := range page.ViewsSummaryList {
				ids = append(ids, *v.Id)
			}
			if token = page.NextToken; token == nil {
				return ids
			}
		}
	}
	want := []string{"cards", "confirmation", "detail", "form", "list", mine}
	for _, size := range []int32{1, 4, 100} {
		if got := walk(size, ""); !slices.Equal(got, want) {
			t.Errorf("views %v in pages of %d; want %v", got, size, want)
		}
	}
	if got := walk(100, connect.ViewTypeCUSTOMER_MANAGED); !slices.Equal(got, []string{mine}) {
		t.Errorf("own views %v", got)
	}
	page := must[*connect.ListViewsResponse](t)(o.ListViews(ctx, &connect.ListViewsRequest{InstanceId: o.id, MaxResults: new(int32(1))}))
	_, err := o.ListViews(ctx, &connect.ListViewsRequest{InstanceId: o.id, NextToken: page.NextToken, Type: connect.ViewTypeAWS_MANAGED})
	refused(t, "a token of another list", err, "InvalidParameterException", 400)
	found := must[*connect.SearchViewsResponse](t)(o.SearchViews(ctx, &connect.SearchViewsRequest{InstanceId: o.id, SearchCriteria: &connect.ViewSearchCriteria{
		OrConditions: []connect.ViewSearchCriteria{
			{StringCondition: &connect.StringCondition{FieldName: new("name"), Value: new("alp"), ComparisonType: connect.StringComparisonTypeSTARTS_WITH}},
			{StringCondition: &connect.StringCondition{FieldName: new("name"), Value: new("form")}, ViewTypeCondition: connect.ViewTypeAWS_MANAGED},
		},
		ViewStatusCondition: connect.ViewStatusPUBLISHED,
	}}))
	if len(found.Views) != 2 || *found.Views[0].Id != "form" || *found.Views[1].Id != mine || *found.ApproximateTotalCount != 2 || found.Views[0].Content != nil {
		t.Errorf("SearchViews = %+v", found)
	}
}

func TestViewRefusals(t *testing.T) {
	o := newOffice(t, catalog.Limits{Views: 2})
	ctx := t.Context()
	create := func(name, text string, status connect.ViewStatus, token *string) (string, error) {
		out, err := o.CreateView(ctx, &connect.CreateViewRequest{
			InstanceId: o.id, Name: name, Status: status, ClientToken: token, Content: &connect.ViewInputContent{Template: &text},
		})
		if err != nil {
			return "", err
		}
		return *out.View.Id, nil
	}
	for what, text := range map[string]string{
		"no JSON": "hello", "a list": "[]", "null": "null", "no Head": `{"Body":[]}`, "a Head that is a text": `{"Head":"x","Body":[]}`, "no Body": `{"Head":{"Configuration":{}}}`,
		"a Body that is an object": `{"Head":{"Configuration":{}},"Body":{}}`, "a component that is a text": `{"Head":{"Configuration":{}},"Body":["x"]}`, "a component without a type": `{"Head":{"Configuration":{}},"Body":[{"_id":"a"}]}`,
		"one inside": `{"Head":{"Configuration":{}},"Body":[{"Type":"Container","Content":[{"Type":""}]}]}`,
		"too deep":   `{"Head":{"Configuration":{}},"Body":` + strings.Repeat(`[{"Type":"Container","Content":`, 60) + `[]` + strings.Repeat(`}]`, 60) + `}`,
		"nothing":    "",
	} {
		_, err := create("x", text, connect.ViewStatusPUBLISHED, nil)
		refused(t, "publishing "+what, err, "InvalidParameterException", 400)
	}
	for _, text := range []string{"hello", "[]"} {
		_, err := create("x", text, connect.ViewStatusSAVED, nil)
		refused(t, "saving "+text, err, "InvalidParameterException", 400)
	}
	first := must[string](t)(create("one", template("one"), connect.ViewStatusPUBLISHED, new("t1")))
	if again := must[string](t)(create("one", template("one"), connect.ViewStatusPUBLISHED, new("t1"))); again != first {
		t.Errorf("the same ClientToken gave %s and %s", first, again)
	}
	_, err := create("one", template("x"), connect.ViewStatusPUBLISHED, nil)
	refused(t, "a taken name", err, "DuplicateResourceException", 409)
	must[string](t)(create("two", "", connect.ViewStatusSAVED, nil))
	_, err = create("three", template("x"), connect.ViewStatusPUBLISHED, nil)
	refused(t, "over the quota", err, "ServiceQuotaExceededException", 402)
	_, err = o.UpdateViewMetadata(ctx, &connect.UpdateViewMetadataRequest{InstanceId: o.id, ViewId: first, Name: new("two")})
	refused(t, "renaming to a taken name", err, "DuplicateResourceException", 409)
	_, err = o.CreateViewVersion(ctx, &connect.CreateViewVersionRequest{InstanceId: o.id, ViewId: unknownID})
	refused(t, "a version of an unknown view", err, "ResourceNotFoundException", 404)
	_, err = o.ListViewVersions(ctx, &connect.ListViewVersionsRequest{InstanceId: o.id, ViewId: unknownID})
	refused(t, "versions of an unknown view", err, "ResourceNotFoundException", 404)
	_, err = o.DescribeView(ctx, &connect.DescribeViewRequest{InstanceId: unknownID, ViewId: first})
	refused(t, "an unknown instance", err, "ResourceNotFoundException", 404)
	_, err = o.DescribeView(ctx, &connect.DescribeViewRequest{InstanceId: o.id, ViewId: strings.Replace(o.arn, "eu", "us", 1) + "/view/" + first})
	refused(t, "the ARN of another region", err, "ResourceNotFoundException", 404)
}

func TestConcurrentViewVersionsCountOn(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	id := o.view("busy")
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			_, err := o.UpdateViewContent(t.Context(), &connect.UpdateViewContentRequest{InstanceId: o.id, ViewId: id, Status: connect.ViewStatusPUBLISHED, Content: &connect.ViewInputContent{Template: new(template(fmt.Sprint(i)))}})
			if err == nil {
				_, err = o.CreateViewVersion(t.Context(), &connect.CreateViewVersionRequest{InstanceId: o.id, ViewId: id})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list := must[*connect.ListViewVersionsResponse](t)(o.ListViewVersions(t.Context(), &connect.ListViewVersionsRequest{InstanceId: o.id, ViewId: id})).ViewVersionSummaryList
	for i, v := range list {
		if *v.Version != int32(len(list)-i) {
			t.Errorf("versions %d at %d of %d; want them without gaps", *v.Version, i, len(list))
		}
	}
	if len(list) == 0 {
		t.Error("no versions")
	}
}
