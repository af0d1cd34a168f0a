package people

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/engine"
)

// Users answers the operations on users and their proficiencies.
type Users struct {
	Catalog *catalog.Catalog
	// Hash returns the hash of a password, which is all that is kept of it.
	Hash func(ctx context.Context, password string) (string, error)
	// Agents knows what users do as agents.
	Agents *engine.Agents
}

// CreateUser adds a user. What the instance's IdentityManagementType asks for is checked
// (InvalidRequestException): a Password where it is CONNECT_MANAGED, and none elsewhere; with SAML no
// DirectoryUserId and no IdentityInfo.Email. Username has 1 to 100 characters without spaces, with SAML 1 to 64
// letters, digits and _-.\@+, and an @ only as in an e-mail address; it is unique, spelt exactly so (DuplicateResourceException).
// Texts have to be in Normalization Form C, as in the cloud (InvalidParameterException). The 20 characters that the API reference allows a
// Username without SAML are not held to: the service takes more, and so do users who come from it.
//
// What is set by channel, as in AutoAcceptConfigs, is not set in PhoneConfig as well (InvalidRequestException). A missing PhoneConfig is a
// SOFT_PHONE. The routing profile, security profiles and hierarchy group must exist. Over the quota of users it is a LimitExceededException.
func (s *Users) CreateUser(ctx context.Context, in *connect.CreateUserRequest) (*connect.CreateUserResponse, error) {
	snap, err := query.Holding[*catalog.User](ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	n := staffing.NewUser{
		Username: in.Username, Identity: identityOf(in.IdentityInfo), DirectoryID: wire.Text(in.DirectoryUserId), Tags: in.Tags,
		Config: channelsOf(in.AutoAcceptConfigs, in.AfterContactWorkConfigs, in.PhoneNumberConfigs, in.PersistentConnectionConfigs, in.VoiceEnhancementConfigs),
	}
	n.Config.Phone = phoneOf(in.PhoneConfig)
	if n.RoutingProfile, err = routingProfileOf(snap, in.RoutingProfileId); err != nil {
		return nil, err
	}
	if n.SecurityProfiles, err = securityProfilesOf(snap, in.SecurityProfileIds); err != nil {
		return nil, err
	}
	if n.Group, err = groupOf(snap, "HierarchyGroupId", in.HierarchyGroupId); err != nil {
		return nil, err
	}
	if in.Password != nil {
		n.Hash = func(ctx context.Context) (string, error) { return s.Hash(ctx, *in.Password) }
	}
	u, err := staffing.CreateUser(ctx, s.Catalog, snap.ID(), n)
	if err != nil {
		return nil, err
	}
	return &connect.CreateUserResponse{UserId: new(string(u.ID)), UserArn: new(snap.ARNOf(u))}, nil
}

// DescribeUser describes a user. AfterContactWorkTimeLimit is in seconds. Nothing of the password is shown.
func (s *Users) DescribeUser(ctx context.Context, in *connect.DescribeUserRequest) (*connect.DescribeUserResponse, error) {
	u, err := query.Describe(ctx, s.Catalog, in.InstanceId, in.UserId, user)
	return &connect.DescribeUserResponse{User: u}, err
}

// ListUsers lists the users of an instance by username.
func (s *Users) ListUsers(ctx context.Context, in *connect.ListUsersRequest) (*connect.ListUsersResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId, query.Page{List: "ListUsers", Token: in.NextToken, Max: in.MaxResults}, nil,
		func(snap *catalog.Snapshot, u *catalog.User) connect.UserSummary {
			return connect.UserSummary{Id: new(string(u.ID)), Arn: new(snap.ARNOf(u)), Username: &u.Name, LastModifiedTime: &u.Updated, LastModifiedRegion: new(snap.Region())}
		})
	return &connect.ListUsersResponse{UserSummaryList: list, NextToken: next}, err
}

// DeleteUser removes a user with the password. The username may be used again. A user who has
// contacts in hand, after-contact work and missed ones included, is refused
// (InvalidRequestException): the API reference says nothing of them, and nobody could end them afterwards.
func (s *Users) DeleteUser(ctx context.Context, in *connect.DeleteUserRequest) (*connect.DeleteUserResponse, error) {
	return &connect.DeleteUserResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.UserId, func(u *catalog.User) error {
		return s.Agents.Remove(ctx, u.Instance, u.ID, func() error { return staffing.DeleteUser(ctx, s.Catalog, u.Instance, u.ID) })
	})
}

// update changes a user; change says how, given the instance.
func (s *Users) update(ctx context.Context, instance, ref string, change func(snap *catalog.Snapshot) (staffing.UserChange, error)) error {
	snap, u, err := query.Find[*catalog.User](ctx, s.Catalog, instance, ref)
	if err != nil {
		return err
	}
	n, err := change(snap)
	if err != nil {
		return err
	}
	return staffing.UpdateUser(ctx, s.Catalog, u.Instance, u.ID, n)
}

// UpdateUserIdentityInfo says who a user is, in place of what was known: a member that is not given is
// unknown afterwards.
func (s *Users) UpdateUserIdentityInfo(ctx context.Context, in *connect.UpdateUserIdentityInfoRequest) (*connect.UpdateUserIdentityInfoResponse, error) {
	return &connect.UpdateUserIdentityInfoResponse{}, s.update(ctx, in.InstanceId, in.UserId, func(*catalog.Snapshot) (staffing.UserChange, error) {
		return staffing.UserChange{Identity: new(identityOf(in.IdentityInfo))}, nil
	})
}

// UpdateUserPhoneConfig says how contacts of all channels reach a user, in place of what was said. What it sets
// is not set by channel afterwards.
func (s *Users) UpdateUserPhoneConfig(ctx context.Context, in *connect.UpdateUserPhoneConfigRequest) (*connect.UpdateUserPhoneConfigResponse, error) {
	return &connect.UpdateUserPhoneConfigResponse{}, s.update(ctx, in.InstanceId, in.UserId, func(*catalog.Snapshot) (staffing.UserChange, error) {
		return staffing.UserChange{Phone: new(phoneOf(in.PhoneConfig))}, nil
	})
}

// UpdateUserConfig says how contacts reach a user by channel: each list that is given replaces the one that
// is there, and what it sets is not set in PhoneConfig afterwards; an empty one removes it, others stay. One of the lists
// is needed (InvalidRequestException), and none names a channel twice.
func (s *Users) UpdateUserConfig(ctx context.Context, in *connect.UpdateUserConfigRequest) (*connect.UpdateUserConfigResponse, error) {
	return &connect.UpdateUserConfigResponse{}, s.update(ctx, in.InstanceId, in.UserId, func(*catalog.Snapshot) (staffing.UserChange, error) {
		if in.AutoAcceptConfigs == nil && in.AfterContactWorkConfigs == nil && in.PhoneNumberConfigs == nil && in.PersistentConnectionConfigs == nil && in.VoiceEnhancementConfigs == nil {
			return staffing.UserChange{}, center.Errorf(center.BadRequest, "one of AutoAcceptConfigs, AfterContactWorkConfigs, PhoneNumberConfigs, PersistentConnectionConfigs and VoiceEnhancementConfigs is required")
		}
		return staffing.UserChange{Channels: channelsOf(in.AutoAcceptConfigs, in.AfterContactWorkConfigs, in.PhoneNumberConfigs, in.PersistentConnectionConfigs, in.VoiceEnhancementConfigs)}, nil
	})
}

// UpdateUserHierarchy puts a user into a hierarchy group; without HierarchyGroupId the user is in none.
func (s *Users) UpdateUserHierarchy(ctx context.Context, in *connect.UpdateUserHierarchyRequest) (*connect.UpdateUserHierarchyResponse, error) {
	return &connect.UpdateUserHierarchyResponse{}, s.update(ctx, in.InstanceId, in.UserId, func(snap *catalog.Snapshot) (staffing.UserChange, error) {
		id, err := groupOf(snap, "HierarchyGroupId", in.HierarchyGroupId)
		return staffing.UserChange{Group: &id}, err
	})
}

// UpdateUserRoutingProfile gives a user another routing profile.
func (s *Users) UpdateUserRoutingProfile(ctx context.Context, in *connect.UpdateUserRoutingProfileRequest) (*connect.UpdateUserRoutingProfileResponse, error) {
	return &connect.UpdateUserRoutingProfileResponse{}, s.update(ctx, in.InstanceId, in.UserId, func(snap *catalog.Snapshot) (staffing.UserChange, error) {
		id, err := routingProfileOf(snap, in.RoutingProfileId)
		return staffing.UserChange{RoutingProfile: &id}, err
	})
}

// UpdateUserSecurityProfiles gives a user security profiles in place of the former ones.
func (s *Users) UpdateUserSecurityProfiles(ctx context.Context, in *connect.UpdateUserSecurityProfilesRequest) (*connect.UpdateUserSecurityProfilesResponse, error) {
	return &connect.UpdateUserSecurityProfilesResponse{}, s.update(ctx, in.InstanceId, in.UserId, func(snap *catalog.Snapshot) (staffing.UserChange, error) {
		ids, err := securityProfilesOf(snap, in.SecurityProfileIds)
		return staffing.UserChange{SecurityProfiles: ids}, err
	})
}

// AssociateUserProficiencies gives a user proficiencies: of predefined attributes that exist (ResourceNotFoundException), and with values that they
// have (InvalidParameterException). One that the user has is no error on the same level, so that a request can be repeated; on another level,
// and above the quota of 10, it is an InvalidRequestException.
func (s *Users) AssociateUserProficiencies(ctx context.Context, in *connect.AssociateUserProficienciesRequest) (*connect.AssociateUserProficienciesResponse, error) {
	return &connect.AssociateUserProficienciesResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.UserId, func(u *catalog.User) error {
		return staffing.AddProficiencies(ctx, s.Catalog, u.Instance, u.ID, proficienciesOf(in.UserProficiencies))
	})
}

// UpdateUserProficiencies changes the levels of proficiencies that a user has; one that the user does not have is a
// ResourceNotFoundException, and nothing is changed.
func (s *Users) UpdateUserProficiencies(ctx context.Context, in *connect.UpdateUserProficienciesRequest) (*connect.UpdateUserProficienciesResponse, error) {
	return &connect.UpdateUserProficienciesResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.UserId, func(u *catalog.User) error {
		return staffing.SetLevels(ctx, s.Catalog, u.Instance, u.ID, proficienciesOf(in.UserProficiencies))
	})
}

// DisassociateUserProficiencies takes proficiencies from a user; one that the user does not have is a
// ResourceNotFoundException, and nothing is changed.
func (s *Users) DisassociateUserProficiencies(ctx context.Context, in *connect.DisassociateUserProficienciesRequest) (*connect.DisassociateUserProficienciesResponse, error) {
	return &connect.DisassociateUserProficienciesResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.UserId, func(u *catalog.User) error {
		return staffing.RemoveProficiencies(ctx, s.Catalog, u.Instance, u.ID, each(in.UserProficiencies, func(p connect.UserProficiencyDisassociate) catalog.Proficiency {
			return catalog.Proficiency{Attribute: p.AttributeName, Value: p.AttributeValue}
		}))
	})
}

// ListUserProficiencies lists the proficiencies of a user by attribute, then value. LastModifiedTime is
// that of the user.
func (s *Users) ListUserProficiencies(ctx context.Context, in *connect.ListUserProficienciesRequest) (*connect.ListUserProficienciesResponse, error) {
	snap, u, err := query.Find[*catalog.User](ctx, s.Catalog, in.InstanceId, in.UserId)
	if err != nil {
		return nil, err
	}
	list, next, err := query.Within(query.Page{List: "ListUserProficiencies", Token: in.NextToken, Max: in.MaxResults}, string(u.ID), u.Proficiencies,
		func(p *catalog.Proficiency) string { return p.Attribute + "\x00" + p.Value },
		func(p catalog.Proficiency) connect.UserProficiency {
			return connect.UserProficiency{AttributeName: p.Attribute, AttributeValue: p.Value, Level: p.Level}
		})
	return &connect.ListUserProficienciesResponse{UserProficiencyList: list, NextToken: next, LastModifiedTime: &u.Updated, LastModifiedRegion: new(snap.Region())}, err
}
