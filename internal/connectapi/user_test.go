package connectapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// staff is an office with what a user needs.
type staff struct {
	*office
	routing, security string // ids of profiles that are there
}

func newStaff(t *testing.T, limits catalog.Limits) *staff {
	t.Helper()
	s := &staff{office: newOffice(t, limits)}
	s.routing, s.security = s.profiles(s.id)
	return s
}

// profiles returns a routing profile and a security profile of an instance.
func (s *staff) profiles(instance string) (routing, security string) {
	s.t.Helper()
	rs := must[*connect.ListRoutingProfilesResponse](s.t)(s.ListRoutingProfiles(s.t.Context(), &connect.ListRoutingProfilesRequest{InstanceId: instance}))
	ss := must[*connect.ListSecurityProfilesResponse](s.t)(s.ListSecurityProfiles(s.t.Context(), &connect.ListSecurityProfilesRequest{InstanceId: instance}))
	return *rs.RoutingProfileSummaryList[0].Id, *ss.SecurityProfileSummaryList[0].Id
}

const password = "Correct-Horse-1"

// request is what creates a user.
func (s *staff) request(name string) *connect.CreateUserRequest {
	return &connect.CreateUserRequest{
		InstanceId: s.id, Username: name, Password: new(password), RoutingProfileId: s.routing, SecurityProfileIds: []string{s.security},
		PhoneConfig: &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE}, IdentityInfo: &connect.UserIdentityInfo{FirstName: new("Ana"), LastName: new("Quintero")},
	}
}

// user adds a user as changed and returns the id.
func (s *staff) user(name string, change ...func(in *connect.CreateUserRequest)) string {
	s.t.Helper()
	in := s.request(name)
	for _, c := range change {
		c(in)
	}
	return *must[*connect.CreateUserResponse](s.t)(s.CreateUser(s.t.Context(), in)).UserId
}

func (s *staff) describe(ref string) *connect.User {
	s.t.Helper()
	return must[*connect.DescribeUserResponse](s.t)(s.DescribeUser(s.t.Context(), &connect.DescribeUserRequest{InstanceId: s.id, UserId: ref})).User
}

// same compares two values as JSON shows them.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	g, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(g) != string(w) {
		t.Errorf("%s is\n%s; want\n%s", what, g, w)
	}
}

func TestUserFromCreatedToDeleted(t *testing.T) {
	s := newStaff(t, catalog.Limits{})
	ctx := t.Context()
	must[*connect.UpdateUserHierarchyStructureResponse](t)(s.UpdateUserHierarchyStructure(ctx, &connect.UpdateUserHierarchyStructureRequest{InstanceId: s.id, HierarchyStructure: &connect.HierarchyStructureUpdate{LevelOne: &connect.HierarchyLevelUpdate{Name: "Team"}}}))
	group := must[*connect.CreateUserHierarchyGroupResponse](t)(s.CreateUserHierarchyGroup(ctx, &connect.CreateUserHierarchyGroupRequest{InstanceId: s.id, Name: "Sales"}))
	in := s.request("ana@example.com")
	in.InstanceId, in.RoutingProfileId, in.SecurityProfileIds = s.arn, s.arn+"/routing-profile/"+s.routing, []string{s.arn + "/security-profile/" + s.security, s.security}
	in.HierarchyGroupId, in.DirectoryUserId, in.Tags = group.HierarchyGroupArn, new("dir-1"), map[string]string{"team": "sales"}
	in.IdentityInfo = &connect.UserIdentityInfo{FirstName: new("Zoë"), LastName: new("Quintero"), Email: new("zoe@example.com"), SecondaryEmail: new("z@example.org"), Mobile: new("+14155550100")}
	in.PhoneConfig = &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeDESK_PHONE, AutoAccept: new(true), AfterContactWorkTimeLimit: new(int32(30)), DeskPhoneNumber: new("+14155550101")}
	made := must[*connect.CreateUserResponse](t)(s.CreateUser(ctx, in))
	if *made.UserArn != s.arn+"/agent/"+*made.UserId {
		t.Errorf("the ARN is %s", *made.UserArn)
	}
	u := s.describe(*made.UserArn)
	want := &connect.User{
		Id: made.UserId, Arn: made.UserArn, Username: new("ana@example.com"), IdentityInfo: in.IdentityInfo, PhoneConfig: in.PhoneConfig, DirectoryUserId: new("dir-1"),
		SecurityProfileIds: []string{s.security}, RoutingProfileId: &s.routing, HierarchyGroupId: group.HierarchyGroupId, Tags: in.Tags,
		LastModifiedTime: u.LastModifiedTime, LastModifiedRegion: new("eu-central-1"),
	}
	same(t, "the user", u, want)

	// Each change shows, and leaves the rest.
	want.IdentityInfo = &connect.UserIdentityInfo{FirstName: new("Ana")}
	must[*connect.UpdateUserIdentityInfoResponse](t)(s.UpdateUserIdentityInfo(ctx, &connect.UpdateUserIdentityInfoRequest{InstanceId: s.id, UserId: *made.UserArn, IdentityInfo: want.IdentityInfo}))
	want.PhoneConfig = &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE, AutoAccept: new(false), AfterContactWorkTimeLimit: new(int32(0))}
	must[*connect.UpdateUserPhoneConfigResponse](t)(s.UpdateUserPhoneConfig(ctx, &connect.UpdateUserPhoneConfigRequest{InstanceId: s.id, UserId: *made.UserId, PhoneConfig: &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE}}))
	want.HierarchyGroupId = nil
	must[*connect.UpdateUserHierarchyResponse](t)(s.UpdateUserHierarchy(ctx, &connect.UpdateUserHierarchyRequest{InstanceId: s.id, UserId: *made.UserId}))
	all := must[*connect.ListSecurityProfilesResponse](t)(s.ListSecurityProfiles(ctx, &connect.ListSecurityProfilesRequest{InstanceId: s.id})).SecurityProfileSummaryList
	want.SecurityProfileIds = []string{*all[2].Id, *all[1].Id}
	must[*connect.UpdateUserSecurityProfilesResponse](t)(s.UpdateUserSecurityProfiles(ctx, &connect.UpdateUserSecurityProfilesRequest{InstanceId: s.id, UserId: *made.UserId, SecurityProfileIds: want.SecurityProfileIds}))
	must[*connect.UpdateUserRoutingProfileResponse](t)(s.UpdateUserRoutingProfile(ctx, &connect.UpdateUserRoutingProfileRequest{InstanceId: s.id, UserId: *made.UserId, RoutingProfileId: s.arn + "/routing-profile/" + s.routing}))
	must[*connect.TagResourceResponse](t)(s.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: *made.UserArn, Tags: map[string]string{"site": "x"}}))
	must[*connect.UntagResourceResponse](t)(s.UntagResource(ctx, &connect.UntagResourceRequest{ResourceArn: *made.UserArn, TagKeys: []string{"team"}}))
	want.Tags = map[string]string{"site": "x"}
	u = s.describe(*made.UserId)
	want.LastModifiedTime = u.LastModifiedTime
	same(t, "the changed user", u, want)
	if tags := must[*connect.ListTagsForResourceResponse](t)(s.ListTagsForResource(ctx, &connect.ListTagsForResourceRequest{ResourceArn: *made.UserArn})).Tags; tags["site"] != "x" || len(tags) != 1 {
		t.Errorf("the tags are %v", tags)
	}
	must[*connect.UpdateUserHierarchyResponse](t)(s.UpdateUserHierarchy(ctx, &connect.UpdateUserHierarchyRequest{InstanceId: s.id, UserId: *made.UserId, HierarchyGroupId: group.HierarchyGroupId}))
	if u = s.describe(*made.UserId); *u.HierarchyGroupId != *group.HierarchyGroupId {
		t.Errorf("the group is %s", *u.HierarchyGroupId)
	}

	remove := &connect.DeleteUserRequest{InstanceId: s.id, UserId: *made.UserArn}
	must[*connect.DeleteUserResponse](t)(s.DeleteUser(ctx, remove))
	_, err := s.DeleteUser(ctx, remove)
	refused(t, "deleting twice", err, "ResourceNotFoundException", 404)
	again := s.user("ana@example.com", func(in *connect.CreateUserRequest) { in.PhoneConfig, in.IdentityInfo = nil, nil })
	bare := s.describe(again)
	if again == *made.UserId || bare.IdentityInfo != nil || bare.PhoneConfig.PhoneType != connect.PhoneTypeSOFT_PHONE {
		t.Errorf("a user of whom nothing is said is %+v", bare)
	}
}

// TestUserByChannel holds what is set by channel apart from what is set for all.
func TestUserByChannel(t *testing.T) {
	s := newStaff(t, catalog.Limits{})
	ctx := t.Context()
	accept := []connect.AutoAcceptConfig{{Channel: connect.ChannelCHAT, AutoAccept: true}, {Channel: connect.ChannelVOICE, AgentFirstCallbackAutoAccept: new(true)}}
	work := []connect.AfterContactWorkConfigPerChannel{{Channel: connect.ChannelCHAT, AfterContactWorkConfig: &connect.AfterContactWorkConfig{AfterContactWorkTimeLimit: new(int32(2_000_000))},
		AgentFirstCallbackAfterContactWorkConfig: &connect.AfterContactWorkConfig{AfterContactWorkTimeLimit: new(int32(7))}}}
	numbers := []connect.PhoneNumberConfig{{Channel: connect.ChannelVOICE, PhoneType: connect.PhoneTypeDESK_PHONE, PhoneNumber: new("+14155550101")}}
	persistent := []connect.PersistentConnectionConfig{{Channel: connect.ChannelVOICE, PersistentConnection: true}}
	enhancement := []connect.VoiceEnhancementConfig{{Channel: connect.ChannelVOICE, VoiceEnhancementMode: connect.VoiceEnhancementModeNOISE_SUPPRESSION}}
	id := s.user("ana", func(in *connect.CreateUserRequest) {
		in.AutoAcceptConfigs, in.AfterContactWorkConfigs, in.PhoneNumberConfigs, in.PersistentConnectionConfigs, in.VoiceEnhancementConfigs = accept, work, numbers, persistent, enhancement
	})
	u := s.describe(id)
	same(t, "AutoAcceptConfigs", u.AutoAcceptConfigs, accept)
	same(t, "AfterContactWorkConfigs", u.AfterContactWorkConfigs, work)
	same(t, "PhoneNumberConfigs", u.PhoneNumberConfigs, numbers)
	same(t, "PersistentConnectionConfigs", u.PersistentConnectionConfigs, persistent)
	same(t, "VoiceEnhancementConfigs", u.VoiceEnhancementConfigs, enhancement)
	same(t, "PhoneConfig", u.PhoneConfig, &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE})
	found := must[*connect.SearchUsersResponse](t)(s.SearchUsers(ctx, &connect.SearchUsersRequest{InstanceId: s.id})).Users[0]
	if got := *found.AfterContactWorkConfigs[0].AfterContactWorkConfig.AfterContactWorkTimeLimit; got != 2_000_000_000 {
		t.Errorf("SearchUsers shows a limit of %d; want milliseconds", got)
	}

	// What is set for all is set by channel no longer, and the reverse.
	must[*connect.UpdateUserPhoneConfigResponse](t)(s.UpdateUserPhoneConfig(ctx, &connect.UpdateUserPhoneConfigRequest{InstanceId: s.id, UserId: id,
		PhoneConfig: &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeDESK_PHONE, AutoAccept: new(true), DeskPhoneNumber: new("+14155550102"), PersistentConnection: new(false)}}))
	u = s.describe(id)
	if u.AutoAcceptConfigs != nil || u.PhoneNumberConfigs != nil || u.PersistentConnectionConfigs != nil || len(u.AfterContactWorkConfigs) != 1 || len(u.VoiceEnhancementConfigs) != 1 || u.PhoneConfig.AfterContactWorkTimeLimit != nil {
		t.Errorf("after UpdateUserPhoneConfig the user is %+v", u)
	}
	must[*connect.UpdateUserConfigResponse](t)(s.UpdateUserConfig(ctx, &connect.UpdateUserConfigRequest{InstanceId: s.id, UserId: id, AutoAcceptConfigs: accept, PhoneNumberConfigs: numbers, PersistentConnectionConfigs: persistent, VoiceEnhancementConfigs: []connect.VoiceEnhancementConfig{}}))
	u = s.describe(id)
	same(t, "PhoneConfig after UpdateUserConfig", u.PhoneConfig, &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeDESK_PHONE})
	if len(u.AutoAcceptConfigs) != 2 || len(u.PhoneNumberConfigs) != 1 || len(u.PersistentConnectionConfigs) != 1 || u.VoiceEnhancementConfigs != nil || len(u.AfterContactWorkConfigs) != 1 {
		t.Errorf("after UpdateUserConfig the user is %+v", u)
	}
}

func TestCreateUserRefuses(t *testing.T) {
	s := newStaff(t, catalog.Limits{Users: 3})
	s.user("taken")
	const invalid, request, missing = "InvalidParameterException", "InvalidRequestException", "ResourceNotFoundException"
	decomposed := "Zoe\u0308"
	for what, c := range map[string]struct {
		change func(in *connect.CreateUserRequest)
		code   string
	}{
		"a taken name":               {func(in *connect.CreateUserRequest) { in.Username = "taken" }, "DuplicateResourceException"},
		"an unknown instance":        {func(in *connect.CreateUserRequest) { in.InstanceId = unknownID }, missing},
		"an unknown routing profile": {func(in *connect.CreateUserRequest) { in.RoutingProfileId = unknownID }, missing},
		"a routing profile of another kind": {func(in *connect.CreateUserRequest) {
			in.RoutingProfileId = s.arn + "/security-profile/" + s.security
		}, missing},
		"an unknown security profile": {func(in *connect.CreateUserRequest) { in.SecurityProfileIds = []string{s.security, unknownID} }, missing},
		"no security profile":         {func(in *connect.CreateUserRequest) { in.SecurityProfileIds = []string{} }, invalid},
		"eleven security profiles":    {func(in *connect.CreateUserRequest) { in.SecurityProfileIds = slices.Repeat([]string{s.security}, 11) }, invalid},
		"an unknown group":            {func(in *connect.CreateUserRequest) { in.HierarchyGroupId = new(unknownID) }, missing},
		"no password":                 {func(in *connect.CreateUserRequest) { in.Password = nil }, request},
		"a short password":            {func(in *connect.CreateUserRequest) { in.Password = new("Short-1") }, invalid},
		"a long password":             {func(in *connect.CreateUserRequest) { in.Password = new("Aa1" + strings.Repeat("x", 62)) }, invalid},
		"a password without a digit":  {func(in *connect.CreateUserRequest) { in.Password = new("Correct-Horse") }, invalid},
		"a password in small letters": {func(in *connect.CreateUserRequest) { in.Password = new("correct-horse-1") }, invalid},
		"a password in capitals":      {func(in *connect.CreateUserRequest) { in.Password = new("CORRECT-HORSE-1") }, invalid},
		"a password with a space":     {func(in *connect.CreateUserRequest) { in.Password = new("Correct Horse 1") }, invalid},
		"a long name":                 {func(in *connect.CreateUserRequest) { in.Username = strings.Repeat("x", 101) }, invalid},
		"no name":                     {func(in *connect.CreateUserRequest) { in.Username = "" }, invalid},
		"a name with a space":         {func(in *connect.CreateUserRequest) { in.Username = "ana q" }, invalid},
		"a name that is no address":   {func(in *connect.CreateUserRequest) { in.Username = "ana@" }, invalid},
		"a name with two @":           {func(in *connect.CreateUserRequest) { in.Username = "a@b@c" }, invalid},
		"a decomposed name":           {func(in *connect.CreateUserRequest) { in.Username = decomposed }, invalid},
		"a decomposed first name":     {func(in *connect.CreateUserRequest) { in.IdentityInfo.FirstName = &decomposed }, invalid},
		"a decomposed last name":      {func(in *connect.CreateUserRequest) { in.IdentityInfo.LastName = &decomposed }, invalid},
		"a first name with a bell":    {func(in *connect.CreateUserRequest) { in.IdentityInfo.FirstName = new("Ana\a") }, invalid},
		"a long first name":           {func(in *connect.CreateUserRequest) { in.IdentityInfo.FirstName = new(strings.Repeat("é", 256)) }, invalid},
		"a long last name":            {func(in *connect.CreateUserRequest) { in.IdentityInfo.LastName = new(strings.Repeat("é", 301)) }, invalid},
		"an address without a domain": {func(in *connect.CreateUserRequest) { in.IdentityInfo.Email = new("ana") }, invalid},
		"another without one":         {func(in *connect.CreateUserRequest) { in.IdentityInfo.SecondaryEmail = new("@example.com") }, invalid},
		"a mobile without a country":  {func(in *connect.CreateUserRequest) { in.IdentityInfo.Mobile = new("555") }, invalid},
		"a long directory id":         {func(in *connect.CreateUserRequest) { in.DirectoryUserId = new(strings.Repeat("x", 257)) }, invalid},
		"a negative limit":            {func(in *connect.CreateUserRequest) { in.PhoneConfig.AfterContactWorkTimeLimit = new(int32(-1)) }, invalid},
		"a limit of 24 days":          {func(in *connect.CreateUserRequest) { in.PhoneConfig.AfterContactWorkTimeLimit = new(int32(2_000_001)) }, invalid},
		"a desk without a number":     {func(in *connect.CreateUserRequest) { in.PhoneConfig.DeskPhoneNumber = new("555") }, invalid},
		"an unknown type of phone":    {func(in *connect.CreateUserRequest) { in.PhoneConfig.PhoneType = "TIN_CAN" }, invalid},
		"a tag of the service":        {func(in *connect.CreateUserRequest) { in.Tags = map[string]string{"aws:x": "y"} }, invalid},
		"AutoAccept in two ways": {func(in *connect.CreateUserRequest) {
			in.PhoneConfig.AutoAccept, in.AutoAcceptConfigs = new(false), []connect.AutoAcceptConfig{{Channel: connect.ChannelCHAT}}
		}, request},
		"a limit in two ways": {func(in *connect.CreateUserRequest) {
			in.PhoneConfig.AfterContactWorkTimeLimit = new(int32(1))
			in.AfterContactWorkConfigs = []connect.AfterContactWorkConfigPerChannel{{Channel: connect.ChannelCHAT, AfterContactWorkConfig: &connect.AfterContactWorkConfig{}}}
		}, request},
		"a number in two ways": {func(in *connect.CreateUserRequest) {
			in.PhoneConfig.DeskPhoneNumber, in.PhoneNumberConfigs = new("+14155550101"), []connect.PhoneNumberConfig{{Channel: connect.ChannelVOICE, PhoneType: connect.PhoneTypeDESK_PHONE}}
		}, request},
		"a connection in two ways": {func(in *connect.CreateUserRequest) {
			in.PhoneConfig.PersistentConnection, in.PersistentConnectionConfigs = new(true), []connect.PersistentConnectionConfig{{Channel: connect.ChannelVOICE}}
		}, request},
		"a channel twice": {func(in *connect.CreateUserRequest) {
			in.AutoAcceptConfigs = []connect.AutoAcceptConfig{{Channel: connect.ChannelCHAT}, {Channel: connect.ChannelCHAT}}
		}, request},
		"a limit of 24 days by channel": {func(in *connect.CreateUserRequest) {
			in.AfterContactWorkConfigs = []connect.AfterContactWorkConfigPerChannel{{Channel: connect.ChannelCHAT, AfterContactWorkConfig: &connect.AfterContactWorkConfig{AfterContactWorkTimeLimit: new(int32(2_000_001))}}}
		}, invalid},
	} {
		in := s.request("new")
		c.change(in)
		_, err := s.CreateUser(t.Context(), in)
		status := map[string]int{invalid: 400, request: 400, missing: 404}[c.code]
		if status == 0 {
			status = 409
		}
		refused(t, what, err, c.code, status)
		if err != nil && in.Password != nil && strings.Contains(err.Error(), *in.Password) {
			t.Errorf("%s: the error has the password: %v", what, err)
		}
	}
	s.user("a@b.c", func(in *connect.CreateUserRequest) { // the longest of everything
		in.Username = strings.Repeat("é", 88) + "@example.com"
		in.Password = new("Aa1" + strings.Repeat("é", 61))
		in.IdentityInfo = &connect.UserIdentityInfo{FirstName: new(strings.Repeat("é", 255)), LastName: new(strings.Repeat("é", 300))}
		in.PhoneConfig.AfterContactWorkTimeLimit = new(int32(2_000_000))
	})
	s.user("third", func(in *connect.CreateUserRequest) { in.Password = new("Secret-1") })
	_, err := s.CreateUser(t.Context(), s.request("fourth"))
	refused(t, "over the quota", err, "LimitExceededException", 429)
}

// TestSignInDecidesWhatAUserNeeds goes through the ways in which users of an instance sign in.
func TestSignInDecidesWhatAUserNeeds(t *testing.T) {
	s := newStaff(t, catalog.Limits{})
	ctx := t.Context()
	for i, c := range []struct {
		identity connect.DirectoryType
		what     string
		change   func(in *connect.CreateUserRequest)
		code     string
	}{
		{connect.DirectoryTypeSAML, "as it should be", func(*connect.CreateUserRequest) {}, ""},
		{connect.DirectoryTypeSAML, "64 characters", func(in *connect.CreateUserRequest) { in.Username = strings.Repeat("x", 64) }, ""},
		{connect.DirectoryTypeSAML, "all that is right", func(in *connect.CreateUserRequest) { in.Username = `aZ09_-.\+@x` }, ""},
		{connect.DirectoryTypeSAML, "65 characters", func(in *connect.CreateUserRequest) { in.Username = strings.Repeat("x", 65) }, "InvalidParameterException"},
		{connect.DirectoryTypeSAML, "another letter", func(in *connect.CreateUserRequest) { in.Username = "zoë" }, "InvalidParameterException"},
		{connect.DirectoryTypeSAML, "a password", func(in *connect.CreateUserRequest) { in.Password = new(password) }, "InvalidRequestException"},
		{connect.DirectoryTypeSAML, "an address", func(in *connect.CreateUserRequest) {
			in.IdentityInfo = &connect.UserIdentityInfo{Email: new("a@example.com")}
		}, "InvalidRequestException"},
		{connect.DirectoryTypeSAML, "an id in a directory", func(in *connect.CreateUserRequest) { in.DirectoryUserId = new("x") }, "InvalidRequestException"},
		{connect.DirectoryTypeEXISTING_DIRECTORY, "an id in a directory", func(in *connect.CreateUserRequest) { in.DirectoryUserId = new("x") }, ""},
		{connect.DirectoryTypeEXISTING_DIRECTORY, "a password", func(in *connect.CreateUserRequest) { in.Password = new(password) }, "InvalidRequestException"},
	} {
		in := &connect.CreateInstanceRequest{IdentityManagementType: c.identity, InstanceAlias: new(fmt.Sprint("instance", i))}
		if c.identity == connect.DirectoryTypeEXISTING_DIRECTORY {
			in.DirectoryId = new("d-1234567890")
		}
		made := must[*connect.CreateInstanceResponse](t)(s.CreateInstance(ctx, in))
		u := s.request("ana")
		u.InstanceId, u.Password = *made.Id, nil
		routing, security := s.profiles(*made.Id)
		u.RoutingProfileId, u.SecurityProfileIds = routing, []string{security}
		c.change(u)
		if _, err := s.CreateUser(ctx, u); c.code != "" {
			refused(t, fmt.Sprint(c.identity, ": ", c.what), err, c.code, 400)
		} else if err != nil {
			t.Errorf("%s: %s: %v", c.identity, c.what, err)
		}
	}
}

func TestUpdatesOfUsersRefuse(t *testing.T) {
	s := newStaff(t, catalog.Limits{})
	ctx := t.Context()
	id := s.user("ana")
	decomposed := "Zoe\u0308"
	calls := map[string]func(instance, user string) error{
		"DescribeUser": func(i, u string) error {
			_, err := s.DescribeUser(ctx, &connect.DescribeUserRequest{InstanceId: i, UserId: u})
			return err
		},
		"DeleteUser": func(i, u string) error {
			_, err := s.DeleteUser(ctx, &connect.DeleteUserRequest{InstanceId: i, UserId: u})
			return err
		},
		"UpdateUserIdentityInfo": func(i, u string) error {
			_, err := s.UpdateUserIdentityInfo(ctx, &connect.UpdateUserIdentityInfoRequest{InstanceId: i, UserId: u, IdentityInfo: &connect.UserIdentityInfo{}})
			return err
		},
		"UpdateUserPhoneConfig": func(i, u string) error {
			_, err := s.UpdateUserPhoneConfig(ctx, &connect.UpdateUserPhoneConfigRequest{InstanceId: i, UserId: u, PhoneConfig: &connect.UserPhoneConfig{}})
			return err
		},
		"UpdateUserConfig": func(i, u string) error {
			_, err := s.UpdateUserConfig(ctx, &connect.UpdateUserConfigRequest{InstanceId: i, UserId: u, AutoAcceptConfigs: []connect.AutoAcceptConfig{}})
			return err
		},
		"UpdateUserHierarchy": func(i, u string) error {
			_, err := s.UpdateUserHierarchy(ctx, &connect.UpdateUserHierarchyRequest{InstanceId: i, UserId: u})
			return err
		},
		"UpdateUserRoutingProfile": func(i, u string) error {
			_, err := s.UpdateUserRoutingProfile(ctx, &connect.UpdateUserRoutingProfileRequest{InstanceId: i, UserId: u, RoutingProfileId: s.routing})
			return err
		},
		"UpdateUserSecurityProfiles": func(i, u string) error {
			_, err := s.UpdateUserSecurityProfiles(ctx, &connect.UpdateUserSecurityProfilesRequest{InstanceId: i, UserId: u, SecurityProfileIds: []string{s.security}})
			return err
		},
		"AssociateUserProficiencies": func(i, u string) error {
			_, err := s.AssociateUserProficiencies(ctx, &connect.AssociateUserProficienciesRequest{InstanceId: i, UserId: u, UserProficiencies: []connect.UserProficiency{}})
			return err
		},
		"UpdateUserProficiencies": func(i, u string) error {
			_, err := s.UpdateUserProficiencies(ctx, &connect.UpdateUserProficienciesRequest{InstanceId: i, UserId: u, UserProficiencies: []connect.UserProficiency{}})
			return err
		},
		"DisassociateUserProficiencies": func(i, u string) error {
			_, err := s.DisassociateUserProficiencies(ctx, &connect.DisassociateUserProficienciesRequest{InstanceId: i, UserId: u, UserProficiencies: []connect.UserProficiencyDisassociate{}})
			return err
		},
		"ListUserProficiencies": func(i, u string) error {
			_, err := s.ListUserProficiencies(ctx, &connect.ListUserProficienciesRequest{InstanceId: i, UserId: u})
			return err
		},
	}
	for name, call := range calls {
		refused(t, name+" of an unknown user", call(s.id, unknownID), "ResourceNotFoundException", 404)
		refused(t, name+" of an unknown instance", call(unknownID, id), "ResourceNotFoundException", 404)
		refused(t, name+" by the name", call(s.id, "ana"), "ResourceNotFoundException", 404)
		if name != "DeleteUser" {
			if err := call(s.arn, s.arn+"/agent/"+id); err != nil {
				t.Errorf("%s by ARN: %v", name, err)
			}
		}
	}
	for what, c := range map[string]struct {
		err  error
		code string
	}{
		"UpdateUserConfig without a list":   {errorOf(s.UpdateUserConfig(ctx, &connect.UpdateUserConfigRequest{InstanceId: s.id, UserId: id})), "InvalidRequestException"},
		"UpdateUserConfig, a channel twice": {errorOf(s.UpdateUserConfig(ctx, &connect.UpdateUserConfigRequest{InstanceId: s.id, UserId: id, VoiceEnhancementConfigs: slices.Repeat([]connect.VoiceEnhancementConfig{{Channel: connect.ChannelVOICE, VoiceEnhancementMode: connect.VoiceEnhancementModeNONE}}, 2)})), "InvalidRequestException"},
		"a long limit":                      {errorOf(s.UpdateUserPhoneConfig(ctx, &connect.UpdateUserPhoneConfigRequest{InstanceId: s.id, UserId: id, PhoneConfig: &connect.UserPhoneConfig{AfterContactWorkTimeLimit: new(int32(2_000_001))}})), "InvalidParameterException"},
		"a decomposed name":                 {errorOf(s.UpdateUserIdentityInfo(ctx, &connect.UpdateUserIdentityInfoRequest{InstanceId: s.id, UserId: id, IdentityInfo: &connect.UserIdentityInfo{FirstName: &decomposed}})), "InvalidParameterException"},
		"an unknown routing profile":        {errorOf(s.UpdateUserRoutingProfile(ctx, &connect.UpdateUserRoutingProfileRequest{InstanceId: s.id, UserId: id, RoutingProfileId: unknownID})), "ResourceNotFoundException"},
		"an unknown security profile":       {errorOf(s.UpdateUserSecurityProfiles(ctx, &connect.UpdateUserSecurityProfilesRequest{InstanceId: s.id, UserId: id, SecurityProfileIds: []string{unknownID}})), "ResourceNotFoundException"},
		"no security profile":               {errorOf(s.UpdateUserSecurityProfiles(ctx, &connect.UpdateUserSecurityProfilesRequest{InstanceId: s.id, UserId: id, SecurityProfileIds: []string{}})), "InvalidParameterException"},
		"an unknown group":                  {errorOf(s.UpdateUserHierarchy(ctx, &connect.UpdateUserHierarchyRequest{InstanceId: s.id, UserId: id, HierarchyGroupId: new(unknownID)})), "ResourceNotFoundException"},
	} {
		refused(t, what, c.err, c.code, map[string]int{"ResourceNotFoundException": 404}[c.code]+map[string]int{"InvalidRequestException": 400, "InvalidParameterException": 400}[c.code])
	}
}

// errorOf is the error of a call.
func errorOf[T any](_ T, err error) error { return err }

// TestUsersPageByPage walks over users while others come and go.
func TestUsersPageByPage(t *testing.T) {
	s := newStaff(t, catalog.Limits{})
	ctx := t.Context()
	for _, name := range []string{"b", "d", "f", "h"} {
		s.user(name)
	}
	for what, page := range map[string]func(token *string, most int32) ([]string, *string, error){
		"ListUsers": func(token *string, most int32) (names []string, next *string, err error) {
			out, err := s.ListUsers(ctx, &connect.ListUsersRequest{InstanceId: s.id, NextToken: token, MaxResults: &most})
			if err != nil {
				return nil, nil, err
			}
			for _, u := range out.UserSummaryList {
				if *u.Arn != s.arn+"/agent/"+*u.Id || u.LastModifiedTime == nil || *u.LastModifiedRegion != "eu-central-1" {
					t.Errorf("the list shows %+v", u)
				}
				names = append(names, *u.Username)
			}
			return names, out.NextToken, nil
		},
		"SearchUsers": func(token *string, most int32) (names []string, next *string, err error) {
			out, err := s.SearchUsers(ctx, &connect.SearchUsersRequest{InstanceId: s.id, NextToken: token, MaxResults: &most})
			if err != nil {
				return nil, nil, err
			}
			for _, u := range out.Users {
				names = append(names, *u.Username)
			}
			return names, out.NextToken, nil
		},
	} {
		first, token, err := page(nil, 2)
		if err != nil || !reflect.DeepEqual(first, []string{"b", "d"}) {
			t.Fatalf("%s begins with %v, %v", what, first, err)
		}
		a, e, d := s.user("a"), s.user("e"), must[*connect.ListUsersResponse](t)(s.ListUsers(ctx, &connect.ListUsersRequest{InstanceId: s.id})).UserSummaryList[2]
		must[*connect.DeleteUserResponse](t)(s.DeleteUser(ctx, &connect.DeleteUserRequest{InstanceId: s.id, UserId: *d.Id})) // where the page ended
		rest, last, err := page(token, 3)
		if err != nil || !reflect.DeepEqual(rest, []string{"e", "f", "h"}) || last != nil {
			t.Errorf("%s goes on with %v, %v", what, rest, err)
		}
		_, _, err = page(new("token"), 2)
		refused(t, what+" with a token of nobody", err, "InvalidParameterException", 400)
		if what == "ListUsers" {
			_, err = s.SearchUsers(ctx, &connect.SearchUsersRequest{InstanceId: s.id, NextToken: token})
			refused(t, "a token of another list", err, "InvalidParameterException", 400)
		}
		for _, id := range []string{a, e} {
			must[*connect.DeleteUserResponse](t)(s.DeleteUser(ctx, &connect.DeleteUserRequest{InstanceId: s.id, UserId: id}))
		}
		s.user("d")
	}
}

// TestPasswordsAreNowhere looks for a password, and for its hash, where neither belongs.
func TestPasswordsAreNowhere(t *testing.T) {
	s := newStaff(t, catalog.Limits{})
	ctx := context.WithoutCancel(t.Context())
	id := s.user("ana")
	u, hash, err := s.service.Users.Catalog.Password(ctx, center.InstanceID(s.id), "ana")
	if err != nil || string(u.ID) != id || !strings.HasPrefix(hash, "$argon2id$") {
		t.Fatalf("ana is %v with %q, %v", u, hash, err)
	}
	shown, err := json.Marshal([]any{s.describe(id), must[*connect.SearchUsersResponse](t)(s.SearchUsers(ctx, &connect.SearchUsersRequest{InstanceId: s.id})), u})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []center.Kind{center.KindUser, center.KindPassword} {
		row, err := s.service.Contacts.Store.Resource(ctx, kind, id)
		if err != nil {
			t.Fatal(err)
		}
		if kind == center.KindUser {
			shown = append(shown, row.Body...)
		}
		if strings.Contains(string(row.Body), password) {
			t.Errorf("the row of the %s has the password", kind)
		}
	}
	if text := string(shown); strings.Contains(text, password) || strings.Contains(text, "argon2") || strings.Contains(text, hash) {
		t.Errorf("somebody shows the password or its hash: %s", text)
	}
	must[*connect.DeleteInstanceResponse](t)(s.DeleteInstance(ctx, &connect.DeleteInstanceRequest{InstanceId: s.id}))
	for _, kind := range []center.Kind{center.KindUser, center.KindPassword} {
		if row, err := s.service.Contacts.Store.Resource(ctx, kind, id); center.ReasonOf(err) != center.NotFound {
			t.Errorf("with the instance gone there is %+v, %v", row, err)
		}
	}
}
