package setup_test

import (
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/setup"
)

func TestFunctionsAndBotsThatFlowsMayUse(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	const function, alias = "arn:aws:lambda:us-east-1:123456789012:function:", "arn:aws:lex:us-east-1:123456789012:bot-alias/B/A"
	for _, a := range []catalog.Association{
		{Type: catalog.Functions, Value: function + "open"}, {Type: catalog.Functions, Value: function + "one:prod"}, {Type: catalog.BotsV2, Value: alias}, {Type: catalog.BotsV1, Value: "Trip", Place: "us-east-1"},
	} {
		if err := setup.Associate(ctx, f.Catalog, id, a); err != nil {
			t.Fatal(err)
		}
	}
	for ref, want := range map[string]bool{
		function + "open": true, function + "open:prod": true, function + "open:3": true, "open": true, function + "one:prod": true,
		function + "one": false, function + "one:test": false, "one": false, function + "two": false, "": false, "pen": false,
	} {
		if got := f.Chats().LambdaAllowed(id, ref) == nil; got != want {
			t.Errorf("LambdaAllowed(%q) is %v; want %v", ref, got, want)
		}
	}
	for ref, want := range map[string]bool{alias: true, "Trip": true, alias + "B": false, "Trap": false, "": false} {
		if got := f.Chats().BotAllowed(id, ref) == nil; got != want {
			t.Errorf("BotAllowed(%q) is %v; want %v", ref, got, want)
		}
	}
	dev := f.Again(catalog.Limits{}, func(c *catalog.Config) { c.Unassociated = true })
	if err := dev.Chats().Prepare(ctx, id); err != nil {
		t.Fatal(err)
	}
	if err := dev.Chats().LambdaAllowed(id, function+"two"); err != nil {
		t.Errorf("in development mode: %v", err)
	}
	if err := dev.Chats().BotAllowed(id, "Trap"); err != nil {
		t.Errorf("in development mode: %v", err)
	}
}
