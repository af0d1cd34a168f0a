package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"parley.example/parley/internal/center"
)

// Contents says which contents a flow, flow module or view has had, each by
// its hash. A resource that is not deleted has one published or saved.
type Contents struct {
	Published   string    `json:"published,omitempty"`   // hash of the content that chats begin with ($LATEST); "" when never published
	Draft       string    `json:"draft,omitempty"`       // hash of a saved content that is not published ($SAVED)
	Versions    []Version `json:"versions,omitempty"`    // oldest first
	LastVersion int64     `json:"lastVersion,omitempty"` // numbers are never used again
	Retired     []Retired `json:"retired,omitempty"`     // contents that only running chats may need
	Deleted     time.Time `json:"deleted,omitzero"`      // a tombstone: kept as long as Retired is
}

// Version is an immutable version of a content (ContactFlowVersionSummary,
// ContactFlowModuleVersionSummary, ViewVersionSummary).
type Version struct {
	Number      int64     `json:"number"`
	Hash        string    `json:"hash"`
	Description string    `json:"description,omitempty"`
	Created     time.Time `json:"created"`
}

// Retired is a content that has been replaced.
type Retired struct {
	Hash string    `json:"hash"`
	At   time.Time `json:"at,omitzero"` // when chats stopped beginning with it; zero when none ever did
}

// holder is a resource that has contents.
type holder interface {
	Resource
	contents() *Contents
}

func (c *Contents) contents() *Contents { return c }

// Which says which content of a flow, module or view is meant. A positive
// value is the number of a version.
type Which int64

// The contents besides versions.
const (
	Live  Which = 0  // the published one
	Saved Which = -1 // the draft
)

// The qualifiers that may follow an id behind a colon. A number is that of a version.
const (
	savedQualifier  = "$SAVED"
	latestQualifier = "$LATEST"
)

// which reads the qualifier behind the id of a resource. Errors: NotFound for
// a version that is not there, Invalid for anything that is no qualifier.
func (c *Contents) which(r Resource, qualifier string) (Which, error) {
	switch qualifier {
	case "", latestQualifier:
		return Live, nil
	case savedQualifier:
		return Saved, nil
	}
	n, err := strconv.ParseInt(qualifier, 10, 64)
	if err != nil || n < 1 {
		return 0, center.Errorf(center.Invalid, "%s, %s or the number of a version may follow the id of a %s, not %q", savedQualifier, latestQualifier, r.Kind(), qualifier)
	}
	if _, ok := c.FindVersion(n); !ok {
		return 0, noVersion(r, n)
	}
	return Which(n), nil
}

func noVersion(r Resource, number int64) error {
	return &center.Error{Reason: center.NotFound, Message: fmt.Sprintf("%s %s has no version %d", r.Kind(), r.About().ID, number), Kind: kinds[r.Kind()].contents, ID: r.About().ID}
}

// At returns the hash of the content that which stands for, "" for none.
// Without a saved content the published one is the saved one.
func (c *Contents) At(which Which) string {
	switch {
	case which == Saved && c.Draft != "":
		return c.Draft
	case which > 0:
		v, _ := c.FindVersion(int64(which))
		return v.Hash
	}
	return c.Published
}

// FindVersion returns the version with a number.
func (c *Contents) FindVersion(number int64) (Version, bool) {
	i := slices.IndexFunc(c.Versions, func(v Version) bool { return v.Number == number })
	if i < 0 {
		return Version{}, false
	}
	return c.Versions[i], true
}

// copy returns contents that can be changed.
func (c *Contents) copy() Contents {
	d := *c
	d.Versions, d.Retired = slices.Clone(c.Versions), slices.Clone(c.Retired)
	return d
}

// shown returns the hashes of the contents that the resource shows.
func (c *Contents) shown() []string {
	var hashes []string
	add := func(hash string) {
		if hash != "" && !slices.Contains(hashes, hash) {
			hashes = append(hashes, hash)
		}
	}
	add(c.Published)
	add(c.Draft)
	for _, v := range c.Versions {
		add(v.Hash)
	}
	return hashes
}

// runs returns the hashes of the contents that chats may begin with.
func (c *Contents) runs() []string {
	var hashes []string
	if c.Published != "" {
		hashes = append(hashes, c.Published)
	}
	for _, v := range c.Versions {
		hashes = append(hashes, v.Hash)
	}
	slices.Sort(hashes)
	return slices.Compact(hashes)
}

// holds reports whether the store has a content of the resource.
func (c *Contents) holds(hash string) bool {
	return slices.Contains(c.shown(), hash) || c.retired(hash) >= 0
}

func (c *Contents) retired(hash string) int {
	return slices.IndexFunc(c.Retired, func(r Retired) bool { return r.Hash == hash })
}

// publish makes a content the published one, which drops the draft, or the draft.
func (c *Contents) publish(hash string, draft bool, now time.Time) {
	c.retire(func() {
		switch {
		case !draft:
			c.Published, c.Draft = hash, ""
		case hash == c.Published:
			c.Draft = ""
		default:
			c.Draft = hash
		}
	}, now)
}

// bury makes the resource a tombstone, which keeps what running chats may need.
func (c *Contents) bury(now time.Time) {
	c.retire(func() { c.Published, c.Draft, c.Versions = "", "", nil }, now)
	c.Deleted = now
}

// number keeps the published content under the next number, or under a given
// one that is above all former ones. Errors: Invalid for the number, LimitExceeded.
func (c *Contents) number(given int64, description string, limit int, now time.Time) (int64, error) {
	switch {
	case given != 0 && given <= c.LastVersion:
		return 0, center.Errorf(center.Invalid, "version %d is not above the latest, %d", given, c.LastVersion)
	case len(c.Versions) >= limit:
		return 0, center.Errorf(center.LimitExceeded, "the quota of %d versions is used up", limit)
	case given == 0:
		given = c.LastVersion + 1
	}
	c.LastVersion = given
	c.Versions = append(c.Versions, Version{Number: given, Hash: c.Published, Description: description, Created: now})
	return given, nil
}

// unnumber removes a version.
func (c *Contents) unnumber(number int64, now time.Time) {
	c.retire(func() {
		c.Versions = slices.DeleteFunc(c.Versions, func(v Version) bool { return v.Number == number })
	}, now)
}

// retention is how long a replaced content is kept: longer than the longest chat (7 days).
const retention = 8 * 24 * time.Hour

// maxRetired bounds what a resource, or an instance of deleted ones, leaves
// behind for running chats. Beyond it the oldest goes.
const maxRetired = 1000

// retire makes a change and notes which contents it leaves behind. Only those
// that chats could begin with may still be run. They are noted even when a
// draft goes on showing them, since that may be dropped before the chats end.
func (c *Contents) retire(change func(), now time.Time) {
	before, ran := c.shown(), c.runs()
	change()
	after, runs := c.shown(), c.runs()
	for _, hash := range ran {
		if slices.Contains(runs, hash) {
			continue
		}
		if i := c.retired(hash); i >= 0 {
			c.Retired = slices.Delete(c.Retired, i, i+1)
		}
		c.Retired = append(c.Retired, Retired{Hash: hash, At: now})
	}
	for _, hash := range before {
		if !slices.Contains(after, hash) && c.retired(hash) < 0 {
			c.Retired = slices.Insert(c.Retired, 0, Retired{Hash: hash})
		}
	}
}

// sweep removes what earlier changes left behind and no chat can need any
// more: of the resource that is changed, and of deleted ones. It comes before
// the change: a content that is needed again is held again.
func (c *Catalog) sweep(snap *Snapshot, h holder, w *write) {
	old := c.now().Add(-retention)
	row := func(h holder, hash string) {
		w.gone = append(w.gone, center.Resource{Instance: h.About().Instance, Kind: kinds[h.Kind()].contents, ID: contentID(h.About().ID, hash)})
	}
	own := h.contents()
	excess, shown := len(own.Retired)-maxRetired, own.shown()
	var keep []Retired
	for i, r := range own.Retired {
		switch {
		case r.At.After(old) && i >= excess:
			keep = append(keep, r)
		case !slices.Contains(shown, r.Hash):
			row(h, r.Hash)
		}
	}
	own.Retired = keep

	graves := slices.SortedFunc(maps.Values(snap.graves), func(a, b holder) int { return a.contents().Deleted.Compare(b.contents().Deleted) })
	for i, g := range graves {
		needed := slices.ContainsFunc(g.contents().Retired, func(r Retired) bool { return r.At.After(old) })
		if needed && i >= len(graves)-maxRetired {
			continue
		}
		for _, r := range g.contents().Retired {
			row(g, r.Hash)
		}
		w.drop = append(w.drop, g)
	}
}
