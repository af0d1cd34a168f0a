package permission

import (
	"slices"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// Granted reports whether a security profile of a user has a permission.
func Granted(snap *catalog.Snapshot, u *catalog.User, name Name) bool {
	return slices.ContainsFunc(u.SecurityProfiles, func(id center.SecurityProfileID) bool {
		p, err := catalog.Get[*catalog.SecurityProfile](snap, id)
		return err == nil && slices.Contains(p.Permissions, string(name)) // without one it is being deleted
	})
}
