package connectapi_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// described is what the Describe operations of flows and modules say of a content,
// of a version of a list, and of an alias.
type described struct {
	arn, id, name, description, content, hash, status, region string
	version                                                   int64
	modified                                                  *time.Time
}

// authored is a flow or a module, whose versions and aliases are the same to the
// tests here.
type authored struct {
	id, arn        string
	text           func(text string) string // a content
	describe       func(ref string) (described, error)
	update         func(ref, content string) error
	rename         func(ref, name string) error
	remove         func(ref string) error
	version        func(ref, hash, description string) (arn string, n int64, err error)
	versions       func(ref string, token *string) (page []described, next *string, err error) // one to a page
	deleteVersion  func(ref string, n int64) error
	alias          func(ref, name, description string, n int64) (arn, id string, err error)
	describeAlias  func(ref, alias string) (described, error)
	aliases        func(ref string, token *string) (page []described, next *string, err error) // one to a page
	updateAlias    func(ref, alias string, name, description *string, n *int64) error
	deleteAlias    func(ref, alias string) error
	tellsOfVersion bool   // the list of versions says when and where
	fixed          string // the exception of changing a version: the model has not the same for both
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func number(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// asFlow is an inbound flow.
func (o *office) asFlow(ctx context.Context, name string) authored {
	id, arn := o.flow(name)
	i := o.id
	return authored{
		id: id, arn: arn, text: good, tellsOfVersion: true, fixed: "InvalidParameterException",
		describe: func(ref string) (described, error) {
			out, err := o.DescribeContactFlow(ctx, &connect.DescribeContactFlowRequest{InstanceId: i, ContactFlowId: ref})
			if err != nil {
				return described{}, err
			}
			f := out.ContactFlow
			return described{arn: *f.Arn, id: *f.Id, name: *f.Name, description: text(f.VersionDescription), content: *f.Content, hash: *f.FlowContentSha256,
				status: string(f.Status), region: *f.LastModifiedRegion, version: number(f.Version), modified: f.LastModifiedTime}, nil
		},
		update: func(ref, content string) error {
			_, err := o.UpdateContactFlowContent(ctx, &connect.UpdateContactFlowContentRequest{InstanceId: i, ContactFlowId: ref, Content: content})
			return err
		},
		rename: func(ref, name string) error {
			_, err := o.UpdateContactFlowMetadata(ctx, &connect.UpdateContactFlowMetadataRequest{InstanceId: i, ContactFlowId: ref, Name: &name})
			return err
		},
		remove: func(ref string) error {
			_, err := o.DeleteContactFlow(ctx, &connect.DeleteContactFlowRequest{InstanceId: i, ContactFlowId: ref})
			return err
		},
		version: func(ref, hash, description string) (string, int64, error) {
			out, err := o.CreateContactFlowVersion(ctx, &connect.CreateContactFlowVersionRequest{InstanceId: i, ContactFlowId: ref, FlowContentSha256: given(hash), Description: given(description)})
			if err != nil {
				return "", 0, err
			}
			return *out.ContactFlowArn, *out.Version, nil
		},
		versions: func(ref string, token *string) (page []described, next *string, err error) {
			out, err := o.ListContactFlowVersions(ctx, &connect.ListContactFlowVersionsRequest{InstanceId: i, ContactFlowId: ref, MaxResults: new(int32(1)), NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			for _, v := range out.ContactFlowVersionSummaryList {
				page = append(page, described{arn: *v.Arn, version: *v.Version, description: text(v.VersionDescription), region: *v.LastModifiedRegion, modified: v.LastModifiedTime})
			}
			return page, out.NextToken, nil
		},
		deleteVersion: func(ref string, n int64) error {
			_, err := o.DeleteContactFlowVersion(ctx, &connect.DeleteContactFlowVersionRequest{InstanceId: i, ContactFlowId: ref, ContactFlowVersion: n})
			return err
		},
		alias: func(ref, name, description string, n int64) (string, string, error) {
			out, err := o.CreateContactFlowAlias(ctx, &connect.CreateContactFlowAliasRequest{InstanceId: i, ContactFlowId: ref, AliasName: name, Description: given(description), ContactFlowVersion: n})
			if err != nil {
				return "", "", err
			}
			return *out.ContactFlowArn, *out.Id, nil
		},
		describeAlias: func(ref, alias string) (described, error) {
			out, err := o.DescribeContactFlowAlias(ctx, &connect.DescribeContactFlowAliasRequest{InstanceId: i, ContactFlowId: ref, AliasId: alias})
			if err != nil {
				return described{}, err
			}
			a := out.ContactFlowAlias
			if *a.ContactFlowId != id {
				o.t.Errorf("the alias %s is of %s; want %s", alias, *a.ContactFlowId, id)
			}
			return described{arn: *a.ContactFlowArn, id: *a.AliasId, name: *a.Name, description: text(a.Description), version: *a.Version, region: *a.LastModifiedRegion, modified: a.LastModifiedTime}, nil
		},
		aliases: func(ref string, token *string) (page []described, next *string, err error) {
			out, err := o.ListContactFlowAliases(ctx, &connect.ListContactFlowAliasesRequest{InstanceId: i, ContactFlowId: ref, MaxResults: new(int32(1)), NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			for _, a := range out.ContactFlowAliasSummaryList {
				if *a.LastModifiedRegion != officePartition.Region {
					o.t.Errorf("the alias %s was changed in %s", *a.AliasName, *a.LastModifiedRegion)
				}
				page = append(page, described{arn: *a.Arn, id: *a.AliasId, name: *a.AliasName, description: text(a.AliasDescription), version: *a.Version, modified: a.LastModifiedTime})
			}
			return page, out.NextToken, nil
		},
		updateAlias: func(ref, alias string, name, description *string, n *int64) error {
			_, err := o.UpdateContactFlowAlias(ctx, &connect.UpdateContactFlowAliasRequest{InstanceId: i, ContactFlowId: ref, AliasId: alias, Name: name, Description: description, ContactFlowVersion: n})
			return err
		},
		deleteAlias: func(ref, alias string) error {
			_, err := o.DeleteContactFlowAlias(ctx, &connect.DeleteContactFlowAliasRequest{InstanceId: i, ContactFlowId: ref, AliasId: alias})
			return err
		},
	}
}

// asModule is a flow module.
func (o *office) asModule(ctx context.Context, name string) authored {
	id, arn := o.module(name)
	i := o.id
	return authored{
		id: id, arn: arn, text: moduleOf, fixed: "InvalidRequestException",
		describe: func(ref string) (described, error) {
			out, err := o.DescribeContactFlowModule(ctx, &connect.DescribeContactFlowModuleRequest{InstanceId: i, ContactFlowModuleId: ref})
			if err != nil {
				return described{}, err
			}
			m := out.ContactFlowModule
			return described{arn: *m.Arn, id: *m.Id, name: *m.Name, description: text(m.VersionDescription), content: *m.Content, hash: *m.FlowModuleContentSha256,
				status: string(m.Status), version: number(m.Version)}, nil
		},
		update: func(ref, content string) error {
			_, err := o.UpdateContactFlowModuleContent(ctx, &connect.UpdateContactFlowModuleContentRequest{InstanceId: i, ContactFlowModuleId: ref, Content: &content})
			return err
		},
		rename: func(ref, name string) error {
			_, err := o.UpdateContactFlowModuleMetadata(ctx, &connect.UpdateContactFlowModuleMetadataRequest{InstanceId: i, ContactFlowModuleId: ref, Name: &name})
			return err
		},
		remove: func(ref string) error {
			_, err := o.DeleteContactFlowModule(ctx, &connect.DeleteContactFlowModuleRequest{InstanceId: i, ContactFlowModuleId: ref})
			return err
		},
		version: func(ref, hash, description string) (string, int64, error) {
			out, err := o.CreateContactFlowModuleVersion(ctx, &connect.CreateContactFlowModuleVersionRequest{InstanceId: i, ContactFlowModuleId: ref, FlowModuleContentSha256: given(hash), Description: given(description)})
			if err != nil {
				return "", 0, err
			}
			return *out.ContactFlowModuleArn, *out.Version, nil
		},
		versions: func(ref string, token *string) (page []described, next *string, err error) {
			out, err := o.ListContactFlowModuleVersions(ctx, &connect.ListContactFlowModuleVersionsRequest{InstanceId: i, ContactFlowModuleId: ref, MaxResults: new(int32(1)), NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			for _, v := range out.ContactFlowModuleVersionSummaryList {
				page = append(page, described{arn: *v.Arn, version: *v.Version, description: text(v.VersionDescription)})
			}
			return page, out.NextToken, nil
		},
		deleteVersion: func(ref string, n int64) error {
			_, err := o.DeleteContactFlowModuleVersion(ctx, &connect.DeleteContactFlowModuleVersionRequest{InstanceId: i, ContactFlowModuleId: ref, ContactFlowModuleVersion: n})
			return err
		},
		alias: func(ref, name, description string, n int64) (string, string, error) {
			out, err := o.CreateContactFlowModuleAlias(ctx, &connect.CreateContactFlowModuleAliasRequest{InstanceId: i, ContactFlowModuleId: ref, AliasName: name, Description: given(description), ContactFlowModuleVersion: n})
			if err != nil {
				return "", "", err
			}
			return *out.ContactFlowModuleArn, *out.Id, nil
		},
		describeAlias: func(ref, alias string) (described, error) {
			out, err := o.DescribeContactFlowModuleAlias(ctx, &connect.DescribeContactFlowModuleAliasRequest{InstanceId: i, ContactFlowModuleId: ref, AliasId: alias})
			if err != nil {
				return described{}, err
			}
			a := out.ContactFlowModuleAlias
			if *a.ContactFlowModuleId != id {
				o.t.Errorf("the alias %s is of %s; want %s", alias, *a.ContactFlowModuleId, id)
			}
			return described{arn: *a.ContactFlowModuleArn, id: *a.AliasId, name: *a.Name, description: text(a.Description), version: *a.Version, region: *a.LastModifiedRegion, modified: a.LastModifiedTime}, nil
		},
		aliases: func(ref string, token *string) (page []described, next *string, err error) {
			out, err := o.ListContactFlowModuleAliases(ctx, &connect.ListContactFlowModuleAliasesRequest{InstanceId: i, ContactFlowModuleId: ref, MaxResults: new(int32(1)), NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			for _, a := range out.ContactFlowModuleAliasSummaryList {
				page = append(page, described{arn: *a.Arn, id: *a.AliasId, name: *a.AliasName, description: text(a.AliasDescription), version: *a.Version, modified: a.LastModifiedTime})
			}
			return page, out.NextToken, nil
		},
		updateAlias: func(ref, alias string, name, description *string, n *int64) error {
			_, err := o.UpdateContactFlowModuleAlias(ctx, &connect.UpdateContactFlowModuleAliasRequest{InstanceId: i, ContactFlowModuleId: ref, AliasId: alias, Name: name, Description: description, ContactFlowModuleVersion: n})
			return err
		},
		deleteAlias: func(ref, alias string) error {
			_, err := o.DeleteContactFlowModuleAlias(ctx, &connect.DeleteContactFlowModuleAliasRequest{InstanceId: i, ContactFlowModuleId: ref, AliasId: alias})
			return err
		},
	}
}

// ofBoth runs a test of a flow, and of a module.
func ofBoth(t *testing.T, limits catalog.Limits, test func(t *testing.T, of authored)) {
	for what, make := range map[string]func(o *office, ctx context.Context, name string) authored{"a flow": (*office).asFlow, "a module": (*office).asModule} {
		t.Run(what, func(t *testing.T) { test(t, make(newOffice(t, limits), t.Context(), "m")) })
	}
}

// walk goes through a list, one to a page.
func walk(t *testing.T, ref string, list func(ref string, token *string) ([]described, *string, error)) (all []described) {
	t.Helper()
	for token := (*string)(nil); ; {
		page, next, err := list(ref, token)
		if err != nil || len(page) > 1 {
			t.Fatalf("a page of one has %d, %v", len(page), err)
		}
		if all = append(all, page...); next == nil {
			return all
		}
		token = next
	}
}

func TestVersions(t *testing.T) {
	ofBoth(t, catalog.Limits{FlowVersions: 3}, func(t *testing.T, of authored) {
		var hashes []string
		for n := range int64(3) {
			if err := of.update(of.id, of.text(fmt.Sprint(n+1))); err != nil {
				t.Fatal(err)
			}
			hashes = append(hashes, must[described](t)(of.describe(of.id)).hash)
			arn, made, err := of.version(of.arn, hashes[n], fmt.Sprint("number ", n+1))
			if err != nil || made != n+1 || arn != fmt.Sprint(of.arn, ":", n+1) {
				t.Errorf("version %d, %s, %v; want %d", made, arn, err, n+1)
			}
		}
		_, _, err := of.version(of.id, "", "")
		refused(t, "the fourth of three versions", err, "LimitExceededException", 429)
		_, _, err = of.version(of.id, hashes[0], "")
		refused(t, "a content that is not published", err, "InvalidRequestException", 400)

		for ref, want := range map[string]int64{of.arn + ":1": 1, of.id + ":2": 2} {
			v := must[described](t)(of.describe(ref))
			if v.content != of.text(fmt.Sprint(want)) || v.version != want || v.hash != hashes[want-1] || v.status != "PUBLISHED" || v.id != of.id || v.name != "m" ||
				v.arn != fmt.Sprint(of.arn, ":", want) || v.description != fmt.Sprint("number ", want) {
				t.Errorf("%s is %+v", ref, v)
			}
		}
		for _, ref := range []string{of.id, of.id + ":$LATEST", of.arn + ":$SAVED"} {
			if v := must[described](t)(of.describe(ref)); v.content != of.text("3") || v.version != 0 || v.arn != of.arn || v.status != "PUBLISHED" {
				t.Errorf("%s is %+v; want no version", ref, v)
			}
		}
		all := walk(t, of.id, of.versions)
		var numbers []int64
		for _, v := range all {
			numbers = append(numbers, v.version)
			if v.arn != fmt.Sprint(of.arn, ":", v.version) || v.description != fmt.Sprint("number ", v.version) ||
				of.tellsOfVersion && (v.region != officePartition.Region || v.modified == nil || v.modified.IsZero()) {
				t.Errorf("the list has %+v", v)
			}
		}
		if !slices.Equal(numbers, []int64{1, 2, 3}) {
			t.Errorf("the list has the versions %v; want the oldest first", numbers)
		}
		if err := of.deleteVersion(of.id, 2); err != nil {
			t.Fatal(err)
		}
		refused(t, "deleting it again", of.deleteVersion(of.id, 2), "ResourceNotFoundException", 404)
		_, err = of.describe(of.id + ":2")
		refused(t, "a deleted version", err, "ResourceNotFoundException", 404)
		if _, n, err := of.version(of.id, "", ""); err != nil || n != 4 {
			t.Errorf("after a deletion the next version is %d, %v; want 4", n, err)
		}
	})
}

func TestAliases(t *testing.T) {
	ofBoth(t, catalog.Limits{Aliases: 2}, func(t *testing.T, of authored) {
		for n := range 3 {
			if err := of.update(of.id, of.text(fmt.Sprint(n+1))); err != nil {
				t.Fatal(err)
			}
			if _, _, err := of.version(of.id, "", ""); err != nil {
				t.Fatal(err)
			}
		}
		arn, prod, err := of.alias(of.arn, "prod", "for prod", 1)
		if err != nil || arn != of.arn+":prod" {
			t.Fatalf("the alias is %s, %v", arn, err)
		}
		_, _, err = of.alias(of.id, "prod", "", 2)
		refused(t, "a taken alias", err, "DuplicateResourceException", 409)
		_, _, err = of.alias(of.id, "next", "", 9)
		refused(t, "an alias of no version", err, "ResourceNotFoundException", 404)
		for _, name := range []string{"7", "$LATEST"} {
			_, _, err = of.alias(of.id, name, "", 1)
			refused(t, "the alias "+name, err, "InvalidParameterException", 400)
		}
		_, beta, err := of.alias(of.id, "beta", "", 3)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = of.alias(of.id, "more", "", 1)
		refused(t, "the third of two aliases", err, "LimitExceededException", 429)

		for ref, want := range map[string]int64{of.arn + ":prod": 1, of.id + ":" + prod: 1, of.id + ":beta": 3} {
			if v := must[described](t)(of.describe(ref)); v.content != of.text(fmt.Sprint(want)) || v.version != want || v.arn != fmt.Sprint(of.arn, ":", want) || v.status != "PUBLISHED" {
				t.Errorf("%s is %+v; want version %d", ref, v, want)
			}
		}
		for _, ref := range []string{prod, "prod"} {
			if a := must[described](t)(of.describeAlias(of.arn, ref)); a.id != prod || a.name != "prod" || a.version != 1 || a.description != "for prod" || a.arn != of.arn+":prod" ||
				a.region != officePartition.Region || a.modified == nil {
				t.Errorf("the alias %s is %+v", ref, a)
			}
		}
		refused(t, "deleting a version with an alias", of.deleteVersion(of.id, 1), "InvalidRequestException", 400)
		if err := of.updateAlias(of.id, prod, new("live"), nil, new(int64(2))); err != nil {
			t.Fatal(err)
		}
		if a := must[described](t)(of.describeAlias(of.id, prod)); a.name != "live" || a.version != 2 || a.description != "for prod" {
			t.Errorf("the alias that was changed is %+v; want what was not given to stay", a)
		}
		refused(t, "renaming to a taken alias", of.updateAlias(of.id, prod, new("beta"), nil, nil), "DuplicateResourceException", 409)
		refused(t, "moving to no version", of.updateAlias(of.id, prod, nil, nil, new(int64(9))), "ResourceNotFoundException", 404)
		_, err = of.describe(of.id + ":prod")
		refused(t, "a former name", err, "ResourceNotFoundException", 404)
		if err := of.deleteVersion(of.id, 1); err != nil {
			t.Errorf("deleting the version that the alias named: %v", err)
		}
		var names []string
		for _, a := range walk(t, of.id, of.aliases) {
			names = append(names, a.name)
			if a.arn != of.arn+":"+a.name || a.modified == nil || (a.id == prod) != (a.version == 2) {
				t.Errorf("the list has %+v", a)
			}
		}
		if !slices.Equal(names, []string{"beta", "live"}) {
			t.Errorf("the list has the aliases %q; want them by name", names)
		}
		if err := of.deleteAlias(of.id, beta); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"deleting an alias twice": of.deleteAlias(of.id, beta), "a deleted alias": second(of.describeAlias(of.id, beta)), "changing a deleted alias": of.updateAlias(of.id, beta, new("x"), nil, nil),
			"an alias of nothing": second(of.describeAlias(unknownID, prod)), "the deleted alias's content": second(of.describe(of.id + ":beta")),
		} {
			refused(t, what, err, "ResourceNotFoundException", 404)
		}
		if err := of.remove(of.id); err != nil {
			t.Errorf("deleting what has versions and an alias: %v", err)
		}
		_, err = of.describe(of.id + ":live")
		refused(t, "an alias of what is deleted", err, "ResourceNotFoundException", 404)
	})
}

func second[A any](_ A, err error) error { return err }

// TestVersionIsACopy: what CreateContactFlowVersion is told of a version in
// another region is what ListContactFlowVersions and DescribeContactFlow say.
func TestVersionIsACopy(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	id, _ := o.flow("f")
	there := time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)
	version := func(n int64) error {
		_, err := o.CreateContactFlowVersion(ctx, &connect.CreateContactFlowVersionRequest{
			InstanceId: o.id, ContactFlowId: id, ContactFlowVersion: &n, LastModifiedTime: &there, LastModifiedRegion: new("us-west-2"),
		})
		return err
	}
	if err := version(4); err != nil {
		t.Fatal(err)
	}
	refused(t, "a number that is not above the latest", version(4), "InvalidParameterException", 400)
	refused(t, "a number after which there would be no next one", version(math.MaxInt64), "InvalidParameterException", 400)
	list := must[*connect.ListContactFlowVersionsResponse](t)(o.ListContactFlowVersions(ctx, &connect.ListContactFlowVersionsRequest{InstanceId: o.id, ContactFlowId: id})).ContactFlowVersionSummaryList
	if len(list) != 1 || *list[0].Version != 4 || !list[0].LastModifiedTime.Equal(there) || *list[0].LastModifiedRegion != "us-west-2" {
		t.Errorf("the versions are %+v", list)
	}
	f := must[*connect.DescribeContactFlowResponse](t)(o.DescribeContactFlow(ctx, &connect.DescribeContactFlowRequest{InstanceId: o.id, ContactFlowId: id + ":4"})).ContactFlow
	if *f.Version != 4 || !f.LastModifiedTime.Equal(there) || *f.LastModifiedRegion != "us-west-2" {
		t.Errorf("version 4 is %+v", f)
	}
	if f := must[*connect.DescribeContactFlowResponse](t)(o.DescribeContactFlow(ctx, &connect.DescribeContactFlowRequest{InstanceId: o.id, ContactFlowId: id})).ContactFlow; *f.LastModifiedRegion != officePartition.Region || f.LastModifiedTime.Equal(there) {
		t.Errorf("the flow is %+v", f)
	}
	_, err := o.CreateContactFlowVersion(ctx, &connect.CreateContactFlowVersionRequest{InstanceId: o.id, ContactFlowId: *must[*connect.CreateContactFlowResponse](t)(o.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{
		InstanceId: o.id, Name: "draft", Type: connect.ContactFlowTypeCONTACT_FLOW, Content: good("x"), Status: connect.ContactFlowStatusSAVED,
	})).ContactFlowId})
	refused(t, "a version of what was never published", err, "InvalidRequestException", 400)
}

// TestNobodyDeletesAFlowByItsVersion: an operation on the whole of a flow or module
// takes no version, alias or draft of it; $LATEST is the whole.
func TestNobodyDeletesAFlowByItsVersion(t *testing.T) {
	ofBoth(t, catalog.Limits{}, func(t *testing.T, of authored) {
		if _, _, err := of.version(of.id, "", ""); err != nil {
			t.Fatal(err)
		}
		if _, _, err := of.alias(of.id, "prod", "", 1); err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{":1", ":prod", ":$SAVED"} {
			ref := of.arn + q
			for what, err := range map[string]error{
				"renaming": of.rename(ref, "x"), "deleting": of.remove(ref), "deleting a version of": of.deleteVersion(ref, 1), "deleting an alias of": of.deleteAlias(ref, "prod"),
				"changing an alias of": of.updateAlias(ref, "prod", new("x"), nil, nil), "describing an alias of": second(of.describeAlias(ref, "prod")),
				"a version of": third(of.version(ref, "", "")), "an alias of": third(of.alias(ref, "x", "", 1)),
				"the versions of": third(of.versions(ref, nil)), "the aliases of": third(of.aliases(ref, nil)),
			} {
				refused(t, what+" "+q, err, "InvalidRequestException", 400)
				if !strings.Contains(err.Error(), of.id) {
					t.Errorf("%s: %v does not say what would be right", what, err)
				}
			}
		}
		if err := of.rename(of.arn+":$LATEST", "y"); err != nil {
			t.Errorf("renaming the latest: %v", err)
		}
		if got := must[described](t)(of.describe(of.id + ":prod")); got.name != "y" || got.version != 1 {
			t.Errorf("after all that it is %+v", got)
		}
		refused(t, "changing the content of a version", of.update(of.id+":1", of.text("x")), of.fixed, 400)
		refused(t, "changing the content of an alias", of.update(of.id+":prod", of.text("x")), of.fixed, 400)
	})
}

func third[A, B any](_ A, _ B, err error) error { return err }
