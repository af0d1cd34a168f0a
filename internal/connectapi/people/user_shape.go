package people

import (
	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/wire"
)

// each translates a list; one that was not given stays nil.
func each[A, B any](list []A, translate func(A) B) []B {
	if list == nil {
		return nil
	}
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = translate(a)
	}
	return out
}

// routingProfileOf resolves the member RoutingProfileId.
func routingProfileOf(snap *catalog.Snapshot, ref string) (center.RoutingProfileID, error) {
	p, err := catalog.Find[*catalog.RoutingProfile](snap, ref)
	if err != nil {
		return "", wire.InMember("RoutingProfileId", err)
	}
	return p.ID, nil
}

// securityProfilesOf resolves the member SecurityProfileIds.
func securityProfilesOf(snap *catalog.Snapshot, refs []string) ([]center.SecurityProfileID, error) {
	var ids []center.SecurityProfileID
	for _, ref := range refs {
		p, err := catalog.Find[*catalog.SecurityProfile](snap, ref)
		if err != nil {
			return nil, wire.InMember("SecurityProfileIds", err)
		}
		ids = append(ids, p.ID)
	}
	return ids, nil
}

// groupOf resolves a member that names a hierarchy group, or none.
func groupOf(snap *catalog.Snapshot, member string, ref *string) (center.HierarchyGroupID, error) {
	if wire.Text(ref) == "" {
		return "", nil
	}
	g, err := catalog.Find[*catalog.Group](snap, *ref)
	if err != nil {
		return "", wire.InMember(member, err)
	}
	return g.ID, nil
}

func identityOf(in *connect.UserIdentityInfo) catalog.Identity {
	if in == nil {
		return catalog.Identity{}
	}
	return catalog.Identity{
		FirstName: wire.Text(in.FirstName), LastName: wire.Text(in.LastName), Email: wire.Text(in.Email),
		SecondaryEmail: wire.Text(in.SecondaryEmail), Mobile: wire.Text(in.Mobile),
	}
}

func phoneOf(in *connect.UserPhoneConfig) catalog.Phone {
	if in == nil {
		return catalog.Phone{}
	}
	return catalog.Phone{
		Type: string(in.PhoneType), AutoAccept: in.AutoAccept, WorkLimit: in.AfterContactWorkTimeLimit,
		Number: wire.Text(in.DeskPhoneNumber), Persistent: in.PersistentConnection,
	}
}

// channelsOf reads what is said of a user by channel.
func channelsOf(accept []connect.AutoAcceptConfig, work []connect.AfterContactWorkConfigPerChannel, numbers []connect.PhoneNumberConfig,
	persistent []connect.PersistentConnectionConfig, enhancements []connect.VoiceEnhancementConfig) catalog.UserConfig {
	return catalog.UserConfig{
		AutoAccept: each(accept, func(c connect.AutoAcceptConfig) catalog.AutoAccept {
			return catalog.AutoAccept{Channel: string(c.Channel), Accept: c.AutoAccept, Callback: c.AgentFirstCallbackAutoAccept}
		}),
		Work: each(work, func(c connect.AfterContactWorkConfigPerChannel) catalog.ContactWork {
			w := catalog.ContactWork{Channel: string(c.Channel), Limit: number(c.AfterContactWorkConfig.AfterContactWorkTimeLimit)}
			if c.AgentFirstCallbackAfterContactWorkConfig != nil {
				w.Callback = new(number(c.AgentFirstCallbackAfterContactWorkConfig.AfterContactWorkTimeLimit))
			}
			return w
		}),
		Numbers: each(numbers, func(c connect.PhoneNumberConfig) catalog.PhoneNumber {
			return catalog.PhoneNumber{Channel: string(c.Channel), Type: string(c.PhoneType), Number: wire.Text(c.PhoneNumber)}
		}),
		Persistent: each(persistent, func(c connect.PersistentConnectionConfig) catalog.Persistent {
			return catalog.Persistent{Channel: string(c.Channel), On: c.PersistentConnection}
		}),
		Enhancements: each(enhancements, func(c connect.VoiceEnhancementConfig) catalog.Enhancement {
			return catalog.Enhancement{Channel: string(c.Channel), Mode: string(c.VoiceEnhancementMode)}
		}),
	}
}

func number(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}

func proficienciesOf(in []connect.UserProficiency) []catalog.Proficiency {
	return each(in, func(p connect.UserProficiency) catalog.Proficiency {
		return catalog.Proficiency{Attribute: p.AttributeName, Value: p.AttributeValue, Level: p.Level}
	})
}

// The units of AfterContactWorkTimeLimit: DescribeUser has it in seconds, SearchUsers
// in milliseconds (API reference).
const (
	inSeconds      int32 = 1
	inMilliseconds int32 = 1000
)

// user describes a user. Without anything that is known of who it is there is no IdentityInfo.
func user(snap *catalog.Snapshot, u *catalog.User) connect.User {
	out := connect.User{
		Id: new(string(u.ID)), Arn: new(snap.ARNOf(u)), Username: &u.Name, PhoneConfig: phone(u.Config, inSeconds), DirectoryUserId: wire.Optional(u.DirectoryID),
		SecurityProfileIds: securityProfileIDs(u), RoutingProfileId: new(string(u.RoutingProfile)), HierarchyGroupId: wire.Optional(string(u.Group)),
		Tags: wire.Tags(u.Tags), LastModifiedTime: &u.Updated, LastModifiedRegion: new(snap.Region()),
		AutoAcceptConfigs: autoAccepts(u), AfterContactWorkConfigs: works(u, inSeconds), PhoneNumberConfigs: numbers(u), PersistentConnectionConfigs: persistents(u), VoiceEnhancementConfigs: enhancements(u),
	}
	if u.Identity != (catalog.Identity{}) {
		out.IdentityInfo = &connect.UserIdentityInfo{
			FirstName: wire.Optional(u.Identity.FirstName), LastName: wire.Optional(u.Identity.LastName), Email: wire.Optional(u.Identity.Email),
			SecondaryEmail: wire.Optional(u.Identity.SecondaryEmail), Mobile: wire.Optional(u.Identity.Mobile),
		}
	}
	return out
}

// userFound shows a user as SearchUsers does.
func userFound(snap *catalog.Snapshot, u *catalog.User) connect.UserSearchSummary {
	out := connect.UserSearchSummary{
		Id: new(string(u.ID)), Arn: new(snap.ARNOf(u)), Username: &u.Name, PhoneConfig: phone(u.Config, inMilliseconds), DirectoryUserId: wire.Optional(u.DirectoryID),
		SecurityProfileIds: securityProfileIDs(u), RoutingProfileId: new(string(u.RoutingProfile)), HierarchyGroupId: wire.Optional(string(u.Group)), Tags: wire.Tags(u.Tags),
		AutoAcceptConfigs: autoAccepts(u), AfterContactWorkConfigs: works(u, inMilliseconds), PhoneNumberConfigs: numbers(u), PersistentConnectionConfigs: persistents(u), VoiceEnhancementConfigs: enhancements(u),
	}
	if u.Identity.FirstName != "" || u.Identity.LastName != "" {
		out.IdentityInfo = &connect.UserIdentityInfoLite{FirstName: wire.Optional(u.Identity.FirstName), LastName: wire.Optional(u.Identity.LastName)}
	}
	return out
}

// phone shows what is set for all channels: AutoAccept and AfterContactWorkTimeLimit also when
// nothing was said of them, unless they are set by channel.
func phone(c catalog.UserConfig, unit int32) *connect.UserPhoneConfig {
	out := &connect.UserPhoneConfig{
		PhoneType: connect.PhoneType(c.Phone.Type), AutoAccept: c.Phone.AutoAccept, AfterContactWorkTimeLimit: limitIn(unit, c.Phone.WorkLimit),
		DeskPhoneNumber: wire.Optional(c.Phone.Number), PersistentConnection: c.Phone.Persistent,
	}
	if out.AutoAccept == nil && len(c.AutoAccept) == 0 {
		out.AutoAccept = new(false)
	}
	if out.AfterContactWorkTimeLimit == nil && len(c.Work) == 0 {
		out.AfterContactWorkTimeLimit = new(int32(0))
	}
	return out
}

func limitIn(unit int32, seconds *int32) *int32 {
	if seconds == nil {
		return nil
	}
	return new(*seconds * unit)
}

func securityProfileIDs(u *catalog.User) []string {
	return each(u.SecurityProfiles, func(id center.SecurityProfileID) string { return string(id) })
}

func autoAccepts(u *catalog.User) []connect.AutoAcceptConfig {
	return each(u.Config.AutoAccept, func(c catalog.AutoAccept) connect.AutoAcceptConfig {
		return connect.AutoAcceptConfig{Channel: connect.Channel(c.Channel), AutoAccept: c.Accept, AgentFirstCallbackAutoAccept: c.Callback}
	})
}

func works(u *catalog.User, unit int32) []connect.AfterContactWorkConfigPerChannel {
	return each(u.Config.Work, func(c catalog.ContactWork) connect.AfterContactWorkConfigPerChannel {
		out := connect.AfterContactWorkConfigPerChannel{
			Channel: connect.Channel(c.Channel), AfterContactWorkConfig: &connect.AfterContactWorkConfig{AfterContactWorkTimeLimit: limitIn(unit, &c.Limit)},
		}
		if c.Callback != nil {
			out.AgentFirstCallbackAfterContactWorkConfig = &connect.AfterContactWorkConfig{AfterContactWorkTimeLimit: limitIn(unit, c.Callback)}
		}
		return out
	})
}

func numbers(u *catalog.User) []connect.PhoneNumberConfig {
	return each(u.Config.Numbers, func(c catalog.PhoneNumber) connect.PhoneNumberConfig {
		return connect.PhoneNumberConfig{Channel: connect.Channel(c.Channel), PhoneType: connect.PhoneType(c.Type), PhoneNumber: wire.Optional(c.Number)}
	})
}

func persistents(u *catalog.User) []connect.PersistentConnectionConfig {
	return each(u.Config.Persistent, func(c catalog.Persistent) connect.PersistentConnectionConfig {
		return connect.PersistentConnectionConfig{Channel: connect.Channel(c.Channel), PersistentConnection: c.On}
	})
}

func enhancements(u *catalog.User) []connect.VoiceEnhancementConfig {
	return each(u.Config.Enhancements, func(c catalog.Enhancement) connect.VoiceEnhancementConfig {
		return connect.VoiceEnhancementConfig{Channel: connect.Channel(c.Channel), VoiceEnhancementMode: connect.VoiceEnhancementMode(c.Mode)}
	})
}
