// Package contents keeps account of the contents that a flow, a flow module or
// a view has had: the published one, the draft, versions, aliases, and those
// that have been replaced and that running chats may still need. The contents
// themselves are elsewhere, each under its hash.
//
// Everything is a value and pure: time is an argument, nothing blocks. A content
// that chats could begin with is kept for longer than a chat can last
// ([Contents.Expire]); numbers of versions are never given twice. Start reading
// at [Contents].
package contents

import (
	"slices"
	"strconv"
	"time"

	"parley.example/parley/internal/center"
)

// Contents says which contents a resource has had, each by its hash. One that
// is not deleted has one published or saved.
type Contents struct {
	Published   string    `json:"published,omitempty"`   // hash of the content that chats begin with ($LATEST); "" when never published
	Draft       string    `json:"draft,omitempty"`       // hash of a saved content that is not published ($SAVED)
	Versions    []Version `json:"versions,omitempty"`    // oldest first
	LastVersion int64     `json:"lastVersion,omitempty"` // numbers are never used again
	Aliases     []Alias   `json:"aliases,omitempty"`     // by name
	Retired     []Retired `json:"retired,omitempty"`     // contents that only running chats may need
	Deleted     time.Time `json:"deleted,omitzero"`      // a tombstone: kept as long as Retired is
}

// Version is an immutable version of a content (ContactFlowVersionSummary,
// ContactFlowModuleVersionSummary, ViewVersionSummary).
type Version struct {
	Number      int64     `json:"number"`
	Hash        string    `json:"hash"`
	Description string    `json:"description,omitempty"`
	Created     time.Time `json:"created"`          // LastModifiedTime: a version does not change
	Region      string    `json:"region,omitempty"` // LastModifiedRegion; "" for the instance's own
}

// Alias is a name for a version (ContactFlowAliasInfo, ContactFlowModuleAliasInfo).
type Alias struct {
	ID          center.AliasID `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Version     int64          `json:"version"`
	Updated     time.Time      `json:"updated"`
}

// Retired is a content that has been replaced.
type Retired struct {
	Hash string    `json:"hash"`
	At   time.Time `json:"at,omitzero"` // when chats stopped beginning with it; zero when none ever did
}

// Which says which content of a resource is meant. A positive value is the
// number of a version.
type Which int64

// The contents besides versions.
const (
	Live  Which = 0  // the published one
	Saved Which = -1 // the draft
)

// The qualifiers that may follow an id behind a colon, besides the number of a
// version and the name or id of an alias.
const (
	QualifierSaved  = "$SAVED"
	QualifierLatest = "$LATEST"
)

// Resolve reads the qualifier behind the id of a resource; nothing is the
// published content. isQualifier is false for what is not one, found for a
// version that does not exist.
func (c *Contents) Resolve(qualifier string) (which Which, isQualifier, found bool) {
	switch qualifier {
	case "", QualifierLatest:
		return Live, true, true
	case QualifierSaved:
		return Saved, true, true
	}
	if a, ok := c.FindAlias(qualifier); ok {
		return Which(a.Version), true, true
	}
	n, err := strconv.ParseInt(qualifier, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != qualifier { // a version has one name: not +1, not 01
		return 0, false, false
	}
	_, found = c.FindVersion(n)
	return Which(n), true, found
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

// VersionOf returns the latest version that has the content which stands for.
func (c *Contents) VersionOf(which Which) (Version, bool) {
	if which > 0 {
		return c.FindVersion(int64(which))
	}
	hash := c.At(which)
	for _, v := range slices.Backward(c.Versions) {
		if v.Hash == hash {
			return v, true
		}
	}
	return Version{}, false
}

// FindAlias returns the alias with an id or a name.
func (c *Contents) FindAlias(ref string) (Alias, bool) {
	i := slices.IndexFunc(c.Aliases, func(a Alias) bool { return ref != "" && (string(a.ID) == ref || a.Name == ref) })
	if i < 0 {
		return Alias{}, false
	}
	return c.Aliases[i], true
}

// Shown returns the hashes of the contents that the resource shows.
func (c *Contents) Shown() []string {
	var hashes []string
	for _, hash := range append([]string{c.Published, c.Draft}, c.versions()...) {
		if hash != "" && !slices.Contains(hashes, hash) {
			hashes = append(hashes, hash)
		}
	}
	return hashes
}

// runs returns the hashes of the contents that chats may begin with.
func (c *Contents) runs() []string {
	hashes := c.versions()
	if c.Published != "" {
		hashes = append(hashes, c.Published)
	}
	slices.Sort(hashes)
	return slices.Compact(hashes)
}

func (c *Contents) versions() []string {
	hashes := make([]string, 0, len(c.Versions)+1)
	for _, v := range c.Versions {
		hashes = append(hashes, v.Hash)
	}
	return hashes
}

// Holds reports whether a content of the resource is kept, shown or retired.
func (c *Contents) Holds(hash string) bool {
	return slices.Contains(c.Shown(), hash) || c.retired(hash) >= 0
}

func (c *Contents) retired(hash string) int {
	return slices.IndexFunc(c.Retired, func(r Retired) bool { return r.Hash == hash })
}

// Publish makes a content the published one, which drops the draft, or the draft.
func (c *Contents) Publish(hash string, draft bool, now time.Time) {
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

// Bury makes the resource a tombstone, which keeps what running chats may need.
func (c *Contents) Bury(now time.Time) {
	c.retire(func() { c.Published, c.Draft, c.Versions, c.Aliases = "", "", nil, nil }, now)
	c.Deleted = now
}

// MaxVersion is the highest number of a version: clients in JavaScript cannot tell
// integers above it from their neighbours.
const MaxVersion = 1<<53 - 1

// AddVersion keeps the published content as a version, under the next number or
// under that of v when it has one: ok is false when the number is not above all
// former ones, or above [MaxVersion].
func (c *Contents) AddVersion(v Version) (number int64, ok bool) {
	if v.Number == 0 {
		v.Number = c.LastVersion + 1
	}
	if v.Number <= c.LastVersion || v.Number > MaxVersion {
		return 0, false
	}
	v.Hash, c.LastVersion = c.Published, v.Number
	c.Versions = append(c.Versions, v)
	return v.Number, true
}

// DeleteVersion removes a version.
func (c *Contents) DeleteVersion(number int64, now time.Time) {
	c.retire(func() {
		c.Versions = slices.DeleteFunc(c.Versions, func(v Version) bool { return v.Number == number })
	}, now)
}

// retire makes a change and notes which contents it leaves behind. Only those
// that chats could begin with may still be run. They are noted even when a
// draft goes on showing them, since that may be dropped before the chats end.
func (c *Contents) retire(change func(), now time.Time) {
	before, ran := c.Shown(), c.runs()
	change()
	after, runs := c.Shown(), c.runs()
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

// Retention is how long a replaced content is kept: longer than the longest chat (7 days).
const Retention = 8 * 24 * time.Hour

// MaxRetired bounds what a resource, or an instance of deleted ones, leaves
// behind for running chats. Beyond it the oldest goes.
const MaxRetired = 1000

// Expire drops what was retired too long ago for a chat to need it, and gives
// the hashes of the contents that nothing of the resource names any more. It
// comes before a change: a content that is needed again is held again.
func (c *Contents) Expire(now time.Time) (unneeded []string) {
	excess, shown := len(c.Retired)-MaxRetired, c.Shown()
	var keep []Retired
	for i, r := range c.Retired {
		switch {
		case r.At.After(now.Add(-Retention)) && i >= excess:
			keep = append(keep, r)
		case !slices.Contains(shown, r.Hash):
			unneeded = append(unneeded, r.Hash)
		}
	}
	c.Retired = keep
	return unneeded
}

// Needed reports whether running chats may need a retired content.
func (c *Contents) Needed(now time.Time) bool {
	return slices.ContainsFunc(c.Retired, func(r Retired) bool { return r.At.After(now.Add(-Retention)) })
}
