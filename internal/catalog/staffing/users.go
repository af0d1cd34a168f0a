package staffing

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// How long texts of a user may be, in characters. The model of CreateUser says the first three, and for
// who signs in by SAML the text does; e-mail addresses and the ids of directories are bounded as a row must be.
const (
	maxUsername     = 100
	maxUsernameSAML = 64
	maxFirstName    = 255
	maxLastName     = 300
	maxEmail        = 320
	maxDirectoryID  = 256
)

// maxSecurityProfiles bounds the security profiles of a user.
const maxSecurityProfiles = 10

// The values of an instance's IdentityManagementType that make a difference to users.
const (
	identityManaged = "CONNECT_MANAGED"
	identitySAML    = "SAML"
)

// NewUser is what CreateUser takes.
type NewUser struct {
	ID               center.UserID // "" for a new one
	Username         string
	Identity         catalog.Identity
	DirectoryID      string
	RoutingProfile   center.RoutingProfileID
	SecurityProfiles []center.SecurityProfileID // those named twice count once
	Group            center.HierarchyGroupID    // "" for none
	Config           catalog.UserConfig
	Tags             map[string]string
	// Hash returns the hash of the password. It is called once everything else is
	// known to be right, and not while other changes wait; nil for a user without a password.
	Hash func(ctx context.Context) (string, error)
}

// CreateUser adds a user to an instance. A password is needed where the instance manages
// its users itself (CONNECT_MANAGED), and refused elsewhere. Errors: Invalid and BadRequest for what
// members are not right, alone or together; NotFound for the instance and for what the user names;
// Duplicate for the username; LimitExceeded; those of Hash.
func CreateUser(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n NewUser) (*catalog.User, error) {
	u := &catalog.User{Meta: catalog.NewMeta(c, instance, cmp.Or(n.ID, center.UserID(center.NewUUID())), n.Username, n.Tags), DirectoryID: n.DirectoryID}
	change := UserChange{
		Identity: &n.Identity, RoutingProfile: &n.RoutingProfile, SecurityProfiles: n.SecurityProfiles, Group: &n.Group,
		Phone: &n.Config.Phone, Channels: n.Config,
	}
	admits := func(snap *catalog.Snapshot) error {
		if err := signsIn(snap.Instance.Identity, u, n.Hash != nil); err != nil {
			return err
		}
		if err := apply(snap, u, change); err != nil {
			return err
		}
		return c.Admits(snap, u)
	}
	snap, err := c.SnapshotWith(ctx, center.KindUser, string(instance))
	if err != nil {
		return nil, err
	}
	if err := admits(snap); err != nil {
		return nil, err
	}
	hash := ""
	if n.Hash != nil {
		if hash, err = n.Hash(ctx); err != nil {
			return nil, err
		}
	}
	return u, c.Change(ctx, instance, func(snap *catalog.Snapshot) (w catalog.Write, err error) {
		if err := admits(snap); err != nil {
			return w, err
		}
		w.Put = []catalog.Resource{u}
		return w, w.SetPassword(c, u, hash)
	})
}

// signsIn refuses what does not go with the way in which the users of an instance sign in.
func signsIn(identity string, u *catalog.User, password bool) error {
	switch {
	case identity == identityManaged && !password:
		return center.Errorf(center.BadRequest, "Password is required where the instance manages its users (%s)", identity)
	case identity != identityManaged && password:
		return center.Errorf(center.BadRequest, "Password goes with an instance that manages its users (%s); this one has %s", identityManaged, identity)
	case identity == identitySAML && u.DirectoryID != "":
		return center.Errorf(center.BadRequest, "DirectoryUserId does not go with %s", identity)
	}
	if err := username(identity, u.Name); err != nil {
		return err
	}
	return text("DirectoryUserId", u.DirectoryID, maxDirectoryID)
}

// username refuses what cannot be a Username.
func username(identity, name string) error {
	most := maxUsername
	if identity == identitySAML {
		most = maxUsernameSAML
	}
	if err := named("Username", name, most); err != nil {
		return err
	}
	for _, r := range name {
		ascii := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(`_-.\@+`, r)
		if identity == identitySAML && !ascii || unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return center.Errorf(center.Invalid, `Username cannot have the character %q; letters, digits and _-.\@+ are always right`, r)
		}
	}
	if local, domain, at := strings.Cut(name, "@"); at && (local == "" || domain == "" || strings.Contains(domain, "@")) {
		return center.Errorf(center.Invalid, "Username has an @, but not as an e-mail address does: ana@example.com")
	}
	return nil
}

// UserChange is what the UpdateUser… operations change; nil members stay.
type UserChange struct {
	Identity         *catalog.Identity
	RoutingProfile   *center.RoutingProfileID
	SecurityProfiles []center.SecurityProfileID
	Group            *center.HierarchyGroupID // "" for none
	Phone            *catalog.Phone           // for all channels
	Channels         catalog.UserConfig       // by channel: its lists that are not nil; its Phone does not count
}

// UpdateUser changes a user. Errors: those of CreateUser.
func UpdateUser(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.UserID, n UserChange) error {
	return catalog.Update(ctx, c, instance, id, func(snap *catalog.Snapshot, u *catalog.User) error { return apply(snap, u, n) })
}

// apply changes a user that can be changed.
func apply(snap *catalog.Snapshot, u *catalog.User, n UserChange) error {
	if n.Identity != nil {
		if err := identify(snap.Instance.Identity, u, *n.Identity); err != nil {
			return err
		}
	}
	if n.RoutingProfile != nil {
		p, err := catalog.Get[*catalog.RoutingProfile](snap, *n.RoutingProfile)
		if err != nil {
			return err
		}
		u.RoutingProfile = p.ID
	}
	if n.SecurityProfiles != nil {
		if err := permit(snap, u, n.SecurityProfiles); err != nil {
			return err
		}
	}
	if n.Group != nil {
		if u.Group = *n.Group; u.Group != "" {
			if _, err := catalog.Get[*catalog.Group](snap, u.Group); err != nil {
				return err
			}
		}
	}
	return configure(&u.Config, n.Phone, n.Channels)
}

// identify says who a user is.
func identify(identity string, u *catalog.User, who catalog.Identity) error {
	if identity == identitySAML && who.Email != "" {
		return center.Errorf(center.BadRequest, "Email does not go with %s: the address is that of the identity provider", identity)
	}
	for _, t := range []struct {
		member, text string
		most         int
	}{
		{"FirstName", who.FirstName, maxFirstName}, {"LastName", who.LastName, maxLastName}, {"Email", who.Email, maxEmail}, {"SecondaryEmail", who.SecondaryEmail, maxEmail},
	} {
		if err := text(t.member, t.text, t.most); err != nil {
			return err
		}
	}
	for member, address := range map[string]string{"Email": who.Email, "SecondaryEmail": who.SecondaryEmail} {
		local, domain, _ := strings.Cut(address, "@")
		if address != "" && (local == "" || domain == "" || strings.ContainsFunc(address, unicode.IsSpace)) {
			return center.Errorf(center.Invalid, "%s is not an e-mail address like ana@example.com", member)
		}
	}
	u.Identity = who
	return nil
}

// permit gives a user security profiles, in place of the former ones.
func permit(snap *catalog.Snapshot, u *catalog.User, ids []center.SecurityProfileID) error {
	var have []center.SecurityProfileID
	for _, id := range ids {
		p, err := catalog.Get[*catalog.SecurityProfile](snap, id)
		if err != nil {
			return err
		}
		if !slices.Contains(have, p.ID) {
			have = append(have, p.ID)
		}
	}
	if len(have) < 1 || len(have) > maxSecurityProfiles {
		return center.Errorf(center.Invalid, "SecurityProfileIds has 1 to %d profiles, not %d", maxSecurityProfiles, len(have))
	}
	u.SecurityProfiles = have
	return nil
}

// SetPassword keeps the hash of another password of a user, or another hash of the same one. Errors:
// NotFound; BadRequest where users have no passwords.
func SetPassword(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.UserID, hash string) error {
	return c.Change(ctx, instance, func(snap *catalog.Snapshot) (w catalog.Write, err error) {
		u, err := catalog.Get[*catalog.User](snap, id)
		if err != nil {
			return w, err
		}
		if err := signsIn(snap.Instance.Identity, u, true); err != nil {
			return w, err
		}
		return w, w.SetPassword(c, u, hash)
	})
}

// DeleteUser removes a user, with the password. The username may be used again. Errors: NotFound.
func DeleteUser(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.UserID) error {
	return c.Change(ctx, instance, func(snap *catalog.Snapshot) (w catalog.Write, err error) {
		u, err := catalog.Get[*catalog.User](snap, id)
		if err != nil {
			return w, err
		}
		w.Drop = []catalog.Resource{u}
		return w, w.SetPassword(c, u, "")
	})
}
