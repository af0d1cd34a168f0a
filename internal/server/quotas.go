package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"parley.example/parley/internal/catalog"
)

// What the quotas of an instance are when they are not set, besides those of
// the catalog.
const (
	usualActiveChats = 500
	// liftedQuota is each quota in development mode: more than a suite of tests makes, and still a bound.
	liftedQuota = 10_000
	// maxQuota bounds what a quota can be set to.
	maxQuota = 1_000_000
)

// everyQuota is the name that sets the quotas which are not set by their own.
const everyQuota = "all"

// activeChats is the quota that is not the catalog's.
var activeChats = catalog.Quota{Name: "active-chats", Also: []string{"chats", "max-active-chats", "Concurrent active chats"}}

// QuotaNames are the names that Config.Quotas takes, besides "all".
func QuotaNames() []string {
	names := []string{activeChats.Name}
	for _, q := range catalog.Quotas {
		names = append(names, q.Name)
	}
	return names
}

// plainName makes names of quotas alike that differ in how they are written:
// case, dashes and spaces, and "per instance" or "per account" at the end.
func plainName(name string) string {
	name = strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(name))
	return strings.TrimSuffix(strings.TrimSuffix(name, "perinstance"), "peraccount")
}

func isCalled(q catalog.Quota, name string) bool {
	same := func(other string) bool { return plainName(other) == plainName(name) }
	return same(q.Name) || slices.ContainsFunc(q.Also, same)
}

// checkQuotas makes limits of what is set, and of the defaults: those of the
// cloud, or in development mode, unless CloudLimits says otherwise, so many
// that tests do not come across them.
func (c *Config) checkQuotas() error {
	quotas := catalog.Limits{}
	chats := c.MaxActiveChats
	named := map[string]string{} // how each quota was called, by its name
	for _, name := range slices.Sorted(maps.Keys(c.Quotas)) {
		n := c.Quotas[name]
		if n < 1 || n > maxQuota {
			return fmt.Errorf("quota %s=%d must be from 1 to %d", name, n, maxQuota)
		}
		known := everyQuota
		if isCalled(activeChats, name) {
			known = activeChats.Name
			if chats != 0 && chats != int64(n) {
				return fmt.Errorf("quota %s=%d contradicts max-active-chats %d, which is the same quota", name, n, chats)
			}
			chats = int64(n)
		} else if i := slices.IndexFunc(catalog.Quotas, func(q catalog.Quota) bool { return isCalled(q, name) }); i >= 0 {
			known = catalog.Quotas[i].Name
			*catalog.Quotas[i].Of(&quotas) = n
		} else if plainName(name) != everyQuota {
			return fmt.Errorf("quota %q is not known; the quotas are %s and %s", name, strings.Join(QuotaNames(), ", "), everyQuota)
		}
		if other, twice := named[known]; twice {
			return fmt.Errorf("quota %q and %q are the same quota", other, name)
		}
		named[known] = name
	}
	every := c.Quotas[named[everyQuota]]
	if every == 0 && c.Dev && !c.CloudLimits {
		every = liftedQuota
	}
	for _, q := range catalog.Quotas {
		if of := q.Of(&quotas); *of == 0 {
			*of = every // 0 for the cloud's
		}
	}
	c.quotas = quotas.Defaults()
	switch {
	case chats != 0:
		c.MaxActiveChats = chats
	case every != 0:
		c.MaxActiveChats = int64(every)
	default:
		c.MaxActiveChats = usualActiveChats
	}
	return nil
}
