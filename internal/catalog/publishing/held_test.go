package publishing_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/flowdoc"
)

// TestPublishedContentsStay: the check is for what is published, not for what is
// published already. A content of an earlier version is there after a restart, for
// chats and for its authors; publishing it again is what fails.
func TestPublishedContentsStay(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{Flows: 200})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	for name, content := range flowdoc.Older() {
		made := f.NewFlow(t, id, name, catalogtest.Says("x"))
		parsed := flowdoc.Parse(t, content)
		body := catalog.Content{Hash: parsed.Hash, Body: content, Flow: parsed}
		err := catalog.EditContents(ctx, f.Catalog, id, made.ID, func(_ *catalog.Snapshot, old *catalog.Flow, w *catalog.Write) error {
			return f.Stow(old, body, false, w) // as an earlier version did, with less of a check
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again := f.Again(catalog.Limits{Flows: 200})
		snap := catalogtest.Must(again.Snapshot(ctx, string(id)))
		if p, _, err := snap.Published(string(made.ID)); err != nil || string(p.Content()) != content {
			t.Errorf("%s: after a restart chats get %v, %v", name, p, err)
		}
		if err := snap.CanStart(string(made.ID)); err != nil {
			t.Errorf("%s: no chat can start it: %v", name, err)
		}
		old := catalogtest.Must(catalog.Get[*catalog.Flow](snap, made.ID))
		if text, _, err := again.Text(ctx, old, contents.Live); err != nil || text.Content != content {
			t.Errorf("%s: its author gets %q, %v", name, text.Content, err)
		}
		catalogtest.WantReason(t, name+", published again", publishing.UpdateFlow(ctx, again, id, made.ID, contents.Live, content), center.InvalidFlow)
		if err := publishing.UpdateFlow(ctx, again, id, made.ID, contents.Saved, content); err != nil {
			t.Errorf("%s: as a draft: %v", name, err)
		}
		catalogtest.WantReason(t, name+", created anew", create(ctx, again, id, name+" 2", content), center.InvalidFlow)
	}
}

func create(ctx context.Context, c *catalog.Catalog, id center.InstanceID, name, content string) error {
	_, err := publishing.CreateFlow(ctx, c, id, publishing.NewFlow{Name: name, Type: catalog.TypeInbound, Content: content})
	return err
}

// TestTheTypeOfAFlowDecides: the same content is published as one type of flow, or
// as a module, and refused as another, when it is created and when it is changed.
func TestTheTypeOfAFlowDecides(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	stop := flowdoc.Of(flowdoc.Say("say", "x", "end"), flowdoc.Stop("end"))
	for typ, good := range map[string]bool{catalog.TypeInbound: false, "QUEUE_TRANSFER": false, "CUSTOMER_QUEUE": true, "AGENT_WHISPER": true} {
		_, err := publishing.CreateFlow(ctx, f.Catalog, id, publishing.NewFlow{Name: typ, Type: typ, Content: stop})
		if (err == nil) != good {
			t.Errorf("EndFlowExecution in %s: %v; want it published: %t", typ, err, good)
		}
	}
	made := f.NewFlow(t, id, "inbound", catalogtest.Says("x"))
	catalogtest.WantReason(t, "a change to a content of another type", publishing.UpdateFlow(ctx, f.Catalog, id, made.ID, contents.Live, stop), center.InvalidFlow)
	module := catalogtest.Returns("x")
	catalogtest.WantReason(t, "a module as a flow", create(ctx, f.Catalog, id, "module", module), center.InvalidFlow)
	f.NewModule(t, id, "module", module)
	apart := publishing.NewModule{Name: "apart", Content: strings.Replace(module, `,"Settings":{}`, "", 1), Settings: "{}"}
	if _, err := publishing.CreateModule(ctx, f.Catalog, id, apart); err != nil {
		t.Errorf("a module with its Settings beside it: %v", err)
	}
}

// TestOldSpellings: a setting publishes what Amazon's reference spells otherwise, and
// the log says so.
func TestOldSpellings(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	content := flowdoc.Of(flowdoc.Action("untag", "UnTagContact", `"TagKeys":["team"]`, flowdoc.To("end", flowdoc.On("NoMatchingError", "end"), "")), flowdoc.Bye("end"))
	catalogtest.WantReason(t, "without the setting", create(ctx, f.Catalog, id, "one", content), center.InvalidFlow)
	var log strings.Builder
	lenient := f.Again(catalog.Limits{}, func(c *catalog.Config) {
		c.OldSpellings, c.Log = true, slog.New(slog.NewTextHandler(&log, nil))
	})
	if err := create(ctx, lenient, id, "one", content); err != nil {
		t.Fatalf("with the setting: %v", err)
	}
	for _, want := range []string{"level=WARN", "UnTagContact", "UntagContact", "action=untag"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %s: %s", want, log.String())
		}
	}
	log.Reset()
	if err := create(ctx, lenient, id, "two", catalogtest.Says("x")); err != nil || log.Len() > 0 {
		t.Errorf("a flow as the service has it: %v, %s", err, log.String())
	}
}
