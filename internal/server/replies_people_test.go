package server_test

import (
	"maps"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/server/servertest"
)

// barePeople makes a user, a group and a predefined attribute of which nothing is said that can be left out.
func (r *replies) barePeople(s *servertest.Server, known map[string]any) {
	ctx, instance := r.t.Context(), known["InstanceId"].(string)
	told[connect.UpdateUserHierarchyStructureResponse](r)(s.Connect.UpdateUserHierarchyStructure(ctx, &connect.UpdateUserHierarchyStructureRequest{
		InstanceId: instance, HierarchyStructure: &connect.HierarchyStructureUpdate{LevelOne: &connect.HierarchyLevelUpdate{Name: "one"}}}))
	known["HierarchyGroupId"] = *told[connect.CreateUserHierarchyGroupResponse](r)(s.Connect.CreateUserHierarchyGroup(ctx, &connect.CreateUserHierarchyGroupRequest{InstanceId: instance, Name: "g"})).HierarchyGroupId
	told[connect.CreatePredefinedAttributeResponse](r)(s.Connect.CreatePredefinedAttribute(ctx, &connect.CreatePredefinedAttributeRequest{InstanceId: instance, Name: "a"}))
	known["DescribePredefinedAttribute.Name"] = "a"
	known["UserId"] = r.person(s, known, "ana", func(*connect.CreateUserRequest) {})
}

// person makes a user.
func (r *replies) person(s *servertest.Server, known map[string]any, name string, change func(in *connect.CreateUserRequest)) string {
	in := &connect.CreateUserRequest{
		InstanceId: known["InstanceId"].(string), Username: name, Password: new("Secret-of-" + name + "-1"),
		RoutingProfileId: known["RoutingProfileId"].(string), SecurityProfileIds: []string{known["SecurityProfileId"].(string)},
	}
	change(in)
	return *told[connect.CreateUserResponse](r)(s.Connect.CreateUser(r.t.Context(), in)).UserId
}

// fullPeople makes a hierarchy of five levels, a predefined attribute, and two users: of one everything is set
// for all channels, of the other by channel.
func (r *replies) fullPeople(s *servertest.Server, known map[string]any, tags map[string]string) {
	ctx, instance := r.t.Context(), known["InstanceId"].(string)
	level := func(name string) *connect.HierarchyLevelUpdate { return &connect.HierarchyLevelUpdate{Name: name} }
	told[connect.UpdateUserHierarchyStructureResponse](r)(s.Connect.UpdateUserHierarchyStructure(ctx, &connect.UpdateUserHierarchyStructureRequest{InstanceId: instance,
		HierarchyStructure: &connect.HierarchyStructureUpdate{LevelOne: level("one"), LevelTwo: level("two"), LevelThree: level("three"), LevelFour: level("four"), LevelFive: level("five")}}))
	var group *string
	for _, name := range []string{"Spain", "Madrid", "Centro", "Sales", "Team 7"} {
		group = told[connect.CreateUserHierarchyGroupResponse](r)(s.Connect.CreateUserHierarchyGroup(ctx, &connect.CreateUserHierarchyGroupRequest{
			InstanceId: instance, Name: name, ParentGroupId: group, Tags: tags})).HierarchyGroupId
	}
	told[connect.CreatePredefinedAttributeResponse](r)(s.Connect.CreatePredefinedAttribute(ctx, &connect.CreatePredefinedAttributeRequest{
		InstanceId: instance, Name: "Language", Values: &connect.PredefinedAttributeValues{StringList: []string{"English", "French"}}, Purposes: []string{"routing"},
		AttributeConfiguration: &connect.InputPredefinedAttributeConfiguration{EnableValueValidationOnAssociation: new(true)}}))
	told[connect.CreatePredefinedAttributeResponse](r)(s.Connect.CreatePredefinedAttribute(ctx, &connect.CreatePredefinedAttributeRequest{InstanceId: instance, Name: "Product"}))

	known["by channel"] = r.person(s, known, "bo", func(in *connect.CreateUserRequest) {
		seconds := &connect.AfterContactWorkConfig{AfterContactWorkTimeLimit: new(int32(30))}
		in.AutoAcceptConfigs = []connect.AutoAcceptConfig{{Channel: connect.ChannelCHAT, AutoAccept: true, AgentFirstCallbackAutoAccept: new(true)}}
		in.AfterContactWorkConfigs = []connect.AfterContactWorkConfigPerChannel{{Channel: connect.ChannelCHAT, AfterContactWorkConfig: seconds, AgentFirstCallbackAfterContactWorkConfig: seconds}}
		in.PhoneNumberConfigs = []connect.PhoneNumberConfig{{Channel: connect.ChannelVOICE, PhoneType: connect.PhoneTypeDESK_PHONE, PhoneNumber: new("+14155550101")}}
		in.PersistentConnectionConfigs = []connect.PersistentConnectionConfig{{Channel: connect.ChannelVOICE, PersistentConnection: true}}
		in.VoiceEnhancementConfigs = []connect.VoiceEnhancementConfig{{Channel: connect.ChannelVOICE, VoiceEnhancementMode: connect.VoiceEnhancementModeNONE}}
	})
	user := r.person(s, known, "ana", func(in *connect.CreateUserRequest) {
		in.HierarchyGroupId, in.DirectoryUserId, in.Tags = group, new("directory-1"), tags
		in.IdentityInfo = &connect.UserIdentityInfo{FirstName: new("Ana"), LastName: new("Quintero"), Email: new("ana@shop.example"), SecondaryEmail: new("a@home.example"), Mobile: new("+14155550100")}
		in.PhoneConfig = &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeDESK_PHONE, AutoAccept: new(true), AfterContactWorkTimeLimit: new(int32(30)), DeskPhoneNumber: new("+14155550101"), PersistentConnection: new(true)}
	})
	told[connect.AssociateUserProficienciesResponse](r)(s.Connect.AssociateUserProficiencies(ctx, &connect.AssociateUserProficienciesRequest{InstanceId: instance, UserId: user, UserProficiencies: []connect.UserProficiency{
		{AttributeName: "Language", AttributeValue: "English", Level: 5}, {AttributeName: "Language", AttributeValue: "French", Level: 1.5}}}))
	maps.Copy(known, map[string]any{"UserId": user, "HierarchyGroupId": *group, "DescribePredefinedAttribute.Name": "Language"})
}
