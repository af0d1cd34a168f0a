package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow"
)

// Published returns the content that chats of the instance run when they come
// to the flow that an id or ARN names: the published one, or that of a version or
// alias. It refuses flows that do not exist, or have no such version or alias
// (NotFound), that were never published (NotPublished), that are archived, and
// drafts (BadRequest). A content of a version that is not the published one too
// is not part of a snapshot: a *[contact.Need] says which it is. The type of the
// flow is the caller's matter: see [flow.Flow.As] and [Snapshot.CanStart].
func (snap *Snapshot) Published(ref string) (*flow.Flow, center.FlowID, error) {
	return runs[*Flow](snap, ref)
}

// PublishedModule is [Snapshot.Published] for modules: the content that a run
// comes to which invokes one.
func (snap *Snapshot) PublishedModule(ref string) (*flow.Flow, center.FlowID, error) {
	return runs[*Module](snap, ref)
}

// runs returns what a reference to a flow or a module leads a run to.
func runs[T Holder](snap *Snapshot, ref string) (*flow.Flow, center.FlowID, error) {
	h, which, err := FindContent[T](snap, ref)
	if err != nil {
		return nil, "", err
	}
	k, a, id := kinds[h.Kind()], h.Authoring(), h.About().ID
	switch hash := a.At(which); {
	case which == contents.Saved:
		return nil, "", center.Errorf(center.BadRequest, "a chat runs what is published of a %s, not %q", k.contents.noun, ref)
	case a.Archived:
		return nil, "", &center.Error{Reason: center.BadRequest, Message: k.contents.noun + " " + id + " is archived", Kind: k.kind, ID: id}
	case hash == "":
		return nil, "", &center.Error{Reason: center.NotPublished, Message: k.contents.noun + " " + id + " has not been published", Kind: k.kind, ID: id}
	default:
		key := contact.ContentKey{Flow: center.FlowID(id), Hash: hash}
		p, ready := snap.runnable[key]
		if !ready {
			return nil, key.Flow, &contact.Need{Content: key}
		}
		return p.flow, key.Flow, p.err
	}
}

// CanStart returns why a chat cannot begin with a flow, or a version or alias of
// one: the reasons of [Snapshot.Published], and BadRequest when its type is not
// CONTACT_FLOW (StartChatContact, ContactFlowId).
func (snap *Snapshot) CanStart(ref string) error {
	_, id, err := snap.Published(ref)
	if _, unread := errors.AsType[*contact.Need](err); err != nil && !unread {
		return err
	}
	if typ := snap.typeOf(id); typ != TypeInbound {
		return center.Errorf(center.BadRequest, "a chat begins with a flow of the type %s; flow %s is of the type %s", TypeInbound, id, typ)
	}
	return nil
}

// typeOf returns the type of a flow, "" of a module.
func (snap *Snapshot) typeOf(id center.FlowID) string {
	r, _ := snap.shelf(center.KindFlow).get(string(id))
	if f, ok := r.(*Flow); ok {
		return f.Type
	}
	return ""
}

// Text returns a content of a flow or module as it was given, with its hash.
// Saved without a saved content is the published one. NotPublished when there is
// no published content.
func (c *Catalog) Text(ctx context.Context, h Holder, which contents.Which) (d Document, hash string, err error) {
	if hash, err = shownHash(h, which); err == nil {
		err = c.rows.readContent(ctx, h.Kind(), h.About().ID, hash, &d)
	}
	return d, hash, err
}

// shownHash returns the hash of a content that is there to be read.
func shownHash(h Holder, which contents.Which) (string, error) {
	hash := h.Authoring().At(which)
	if hash == "" {
		k, id := kinds[h.Kind()], h.About().ID
		return "", &center.Error{Reason: k.contents.unpublished, Kind: k.kind, ID: id,
			Message: k.contents.noun + " " + id + " has not been published; its saved content is " + id + ":" + contents.QualifierSaved}
	}
	return hash, nil
}

// Document is a content as the store keeps it: of a flow the bare text, of a
// module with settings both.
type Document struct {
	Content  string `json:"content"`
	Settings string `json:"settings,omitempty"` // of a module
}

// UnmarshalJSON reads both forms.
func (d *Document) UnmarshalJSON(body []byte) error {
	if len(body) > 0 && body[0] == '"' {
		return json.Unmarshal(body, &d.Content)
	}
	type plain Document
	return json.Unmarshal(body, (*plain)(d))
}

// MarshalJSON writes the shorter form.
func (d Document) MarshalJSON() ([]byte, error) {
	if d.Settings == "" {
		return json.Marshal(d.Content)
	}
	type plain Document
	return json.Marshal(plain(d))
}

// Parse reads the content as a flow, with a hash that differs when only the
// settings do.
func (d Document) Parse() (*flow.Flow, error) {
	parsed, err := flow.Parse([]byte(d.Content))
	if err != nil || d.Settings == "" {
		return parsed, err
	}
	sum := sha256.Sum256([]byte(d.Content + "\x00" + d.Settings))
	parsed = parsed.WithSettings([]byte(d.Settings))
	parsed.Hash = hex.EncodeToString(sum[:])
	return parsed, nil
}
