package connectapi_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

const functionARN = "arn:aws:lambda:eu-central-1:210987654321:function:"

func TestLambdaFunctions(t *testing.T) {
	o := newOffice(t, catalog.Limits{Functions: 7})
	ctx := t.Context()
	add := func(arn string, token *string) error {
		_, err := o.AssociateLambdaFunction(ctx, &connect.AssociateLambdaFunctionRequest{InstanceId: o.arn, FunctionArn: arn, ClientToken: token})
		return err
	}
	var want []string
	for i := range 7 {
		arn := fmt.Sprint(functionARN, "f", i)
		if err := add(arn, new(fmt.Sprint("t", i))); err != nil {
			t.Fatal(err)
		}
		want = append(want, arn)
	}
	if err := add(want[0], new("t0")); err != nil {
		t.Errorf("the same request again: %v", err)
	}
	refused(t, "a function that is there", add(want[0], new("other")), "ResourceConflictException", 409)
	refused(t, "over the quota", add(functionARN+"more", nil), "ServiceQuotaExceededException", 402)
	for _, arn := range []string{"f", "arn:aws:sns:eu-central-1:210987654321:topic", functionARN, functionARN + "a b", "arn:aws:lambda:eu-central-1:21:function:f"} {
		refused(t, "the function "+arn, add(arn, nil), "InvalidParameterException", 400)
	}
	_, err := o.AssociateLambdaFunction(ctx, &connect.AssociateLambdaFunctionRequest{InstanceId: unknownID, FunctionArn: want[0]})
	refused(t, "an unknown instance", err, "ResourceNotFoundException", 404)

	walk := func(size *int32) (arns []string) {
		for token := (*string)(nil); ; {
			page := must[*connect.ListLambdaFunctionsResponse](t)(o.ListLambdaFunctions(ctx, &connect.ListLambdaFunctionsRequest{InstanceId: o.id, MaxResults: size, NextToken: token}))
			arns = append(arns, page.LambdaFunctions...)
			if token = page.NextToken; token == nil {
				return arns
			}
		}
	}
	for _, size := range []*int32{nil, new(int32(1)), new(int32(3)), new(int32(25))} {
		if got := walk(size); !slices.Equal(got, want) {
			t.Errorf("functions %v; want %v", got, want)
		}
	}
	remove := func(arn string) error {
		_, err := o.DisassociateLambdaFunction(ctx, &connect.DisassociateLambdaFunctionRequest{InstanceId: o.id, FunctionArn: arn})
		return err
	}
	if err := remove(want[2]); err != nil {
		t.Fatal(err)
	}
	refused(t, "removing it twice", remove(want[2]), "ResourceNotFoundException", 404)
	if got := walk(nil); len(got) != 6 || slices.Contains(got, want[2]) {
		t.Errorf("functions %v", got)
	}
}

func TestConcurrentAssociationsKeepTheQuota(t *testing.T) {
	o := newOffice(t, catalog.Limits{Functions: 5})
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			_, err := o.AssociateLambdaFunction(t.Context(), &connect.AssociateLambdaFunctionRequest{InstanceId: o.id, FunctionArn: fmt.Sprint(functionARN, "f", i)})
			if err != nil {
				refused(t, "one too many", err, "ServiceQuotaExceededException", 402)
			}
		})
	}
	wg.Wait()
	if got := must[*connect.ListLambdaFunctionsResponse](t)(o.ListLambdaFunctions(t.Context(), &connect.ListLambdaFunctionsRequest{InstanceId: o.id})).LambdaFunctions; len(got) != 5 {
		t.Errorf("%d functions; want the 5 of the quota", len(got))
	}
}

func TestBots(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	const alias = "arn:aws:lex:eu-central-1:210987654321:bot-alias/ABCDEF1234/TSTALIASID"
	v1, v2 := &connect.LexBot{Name: "Book_Trip", LexRegion: "us-east-1"}, &connect.LexV2Bot{AliasArn: new(alias)}
	add := func(v1 *connect.LexBot, v2 *connect.LexV2Bot) error {
		_, err := o.AssociateBot(ctx, &connect.AssociateBotRequest{InstanceId: o.id, LexBot: v1, LexV2Bot: v2})
		return err
	}
	for _, err := range []error{add(v1, nil), add(nil, v2)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	refused(t, "a bot that is there", add(nil, v2), "ResourceConflictException", 409)
	refused(t, "both kinds", add(v1, v2), "InvalidRequestException", 400)
	refused(t, "no bot", add(nil, nil), "InvalidRequestException", 400)
	refused(t, "an ARN of something else", add(nil, &connect.LexV2Bot{AliasArn: new("arn:aws:lex:eu-central-1:210987654321:bot/ABCDEF1234")}), "InvalidRequestException", 400)
	refused(t, "a bot with no name", add(&connect.LexBot{Name: "a b", LexRegion: "us-east-1"}, nil), "InvalidRequestException", 400)

	bots := func(version connect.LexVersion) []connect.LexBotConfig {
		return must[*connect.ListBotsResponse](t)(o.ListBots(ctx, &connect.ListBotsRequest{InstanceId: o.id, LexVersion: version})).LexBots
	}
	if got := bots(connect.LexVersionV1); len(got) != 1 || *got[0].LexBot != *v1 || got[0].LexV2Bot != nil {
		t.Errorf("bots of V1: %+v", got)
	}
	if got := bots(connect.LexVersionV2); len(got) != 1 || *got[0].LexV2Bot.AliasArn != alias || got[0].LexBot != nil {
		t.Errorf("bots of V2: %+v", got)
	}

	// The older operations see the bots of V1.
	must[*connect.AssociateLexBotResponse](t)(o.AssociateLexBot(ctx, &connect.AssociateLexBotRequest{InstanceId: o.id, LexBot: &connect.LexBot{Name: "Another", LexRegion: "eu-west-2"}}))
	_, err := o.AssociateLexBot(ctx, &connect.AssociateLexBotRequest{InstanceId: o.id, LexBot: v1})
	refused(t, "a bot that AssociateBot has added", err, "ResourceConflictException", 409)
	_, err = o.AssociateLexBot(ctx, &connect.AssociateLexBotRequest{InstanceId: o.id, LexBot: &connect.LexBot{Name: "Name", LexRegion: "here"}})
	refused(t, "no region", err, "InvalidParameterException", 400)
	page := must[*connect.ListLexBotsResponse](t)(o.ListLexBots(ctx, &connect.ListLexBotsRequest{InstanceId: o.id, MaxResults: new(int32(1))}))
	rest := must[*connect.ListLexBotsResponse](t)(o.ListLexBots(ctx, &connect.ListLexBotsRequest{InstanceId: o.id, NextToken: page.NextToken}))
	if all := append(page.LexBots, rest.LexBots...); len(all) != 2 || all[0].Name != "Another" || all[1] != *v1 || rest.NextToken != nil {
		t.Errorf("ListLexBots = %+v", all)
	}
	must[*connect.DisassociateBotResponse](t)(o.DisassociateBot(ctx, &connect.DisassociateBotRequest{InstanceId: o.id, LexV2Bot: v2}))
	must[*connect.DisassociateLexBotResponse](t)(o.DisassociateLexBot(ctx, &connect.DisassociateLexBotRequest{InstanceId: o.id, BotName: v1.Name, LexRegion: v1.LexRegion}))
	_, err = o.DisassociateBot(ctx, &connect.DisassociateBotRequest{InstanceId: o.id, LexBot: v1})
	refused(t, "a bot that is gone", err, "ResourceNotFoundException", 404)
	_, err = o.DisassociateBot(ctx, &connect.DisassociateBotRequest{InstanceId: o.id})
	refused(t, "no bot", err, "InvalidRequestException", 400)
	if got := bots(connect.LexVersionV2); len(got) != 0 {
		t.Errorf("bots of V2 after all: %+v", got)
	}
}

func TestApprovedOrigins(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	add := func(origin string) error {
		_, err := o.AssociateApprovedOrigin(ctx, &connect.AssociateApprovedOriginRequest{InstanceId: o.id, Origin: origin})
		return err
	}
	good := []string{"HTTP://Other.example:80", "http://localhost:3000", "https://*.Example.org", "https://Port.example:443", "https://Port.example:8443", "https://desk.example.com"}
	for _, origin := range good {
		if err := add(origin); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
	}
	refused(t, "an origin that is there", add(good[0]), "ResourceConflictException", 409)
	for _, origin := range []string{"example.com", "https://example.com/", "https://example.com/path", "ftp://example.com", "https://a@example.com", "https://", "*", "https://a.*.com", "https://example.com?x"} {
		refused(t, "the origin "+origin, add(origin), "InvalidParameterException", 400)
	}
	list := func() []string {
		return must[*connect.ListApprovedOriginsResponse](t)(o.ListApprovedOrigins(ctx, &connect.ListApprovedOriginsRequest{InstanceId: o.id})).Origins
	}
	if got := list(); !slices.Equal(got, good) {
		t.Errorf("origins %v; want %v", got, good)
	}
	snap := must[*catalog.Snapshot](t)(o.service.Instances.Catalog.Snapshot(ctx, o.id))
	for origin, want := range map[string]bool{
		"http://localhost:3000": true, "http://localhost": false, "https://desk.example.com": true, "https://example.com": false, "http://desk.example.com": false,
		"https://a.example.org": true, "https://example.org": false, "https://a.b.example.org": false, "null": false, "": false,
		"http://other.example": true, "http://other.example:80": true, "https://other.example": false, "https://port.example": true, "https://port.example:443": true, "http://port.example:443": false,
		"https://port.example:8443": true, "https://port.example:80": false, "https://DESK.example.com:443": true, "http://localhost:80": false, "https://A.example.org:443": true, "https://a.example.org:44": false,
	} {
		if got := snap.AllowsOrigin(origin); got != want {
			t.Errorf("AllowsOrigin(%q) = %v; want %v", origin, got, want)
		}
	}
	must[*connect.DisassociateApprovedOriginResponse](t)(o.DisassociateApprovedOrigin(ctx, &connect.DisassociateApprovedOriginRequest{InstanceId: o.id, Origin: good[1]}))
	_, err := o.DisassociateApprovedOrigin(ctx, &connect.DisassociateApprovedOriginRequest{InstanceId: o.id, Origin: good[1]})
	refused(t, "removing it twice", err, "ResourceNotFoundException", 404)
	if got := list(); len(got) != len(good)-1 {
		t.Errorf("origins %v", got)
	}
	_, err = o.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: o.arn + "/association/x", Tags: map[string]string{"a": "b"}})
	refused(t, "a tag on an association", err, "InvalidParameterException", 400)
}
