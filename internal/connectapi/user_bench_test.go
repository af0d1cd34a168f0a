package connectapi_test

import (
	"fmt"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/engine/enginetest"
)

// BenchmarkUsers imports users one by one, then measures what an instance that has so many answers:
// a new user, and a chat, must not become slower with them. Passwords are hashed at next to no cost here
// (BenchmarkHash of package identity is what they cost), and the store is in memory.
func BenchmarkUsers(b *testing.B) {
	for _, users := range []int{10, 10_000} {
		b.Run(fmt.Sprint(users), func(b *testing.B) { benchmarkUsers(b, users) })
	}
}

func benchmarkUsers(b *testing.B, users int) {
	_, c := serve(enginetest.Start(b, enginetest.Options{Partition: officePartition, Limits: catalog.Limits{Users: 10_000_000}}))
	ctx, check := b.Context(), func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	made, err := c.CreateInstance(ctx, &connect.CreateInstanceRequest{IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new("crowd")})
	check(err)
	routing, err := c.ListRoutingProfiles(ctx, &connect.ListRoutingProfilesRequest{InstanceId: *made.Id})
	check(err)
	security, err := c.ListSecurityProfiles(ctx, &connect.ListSecurityProfilesRequest{InstanceId: *made.Id})
	check(err)
	flow, err := c.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{InstanceId: *made.Id, Name: "hello", Type: connect.ContactFlowTypeCONTACT_FLOW, Content: good("hello")})
	check(err)
	n := 0
	create := func() {
		n++
		_, err := c.CreateUser(ctx, &connect.CreateUserRequest{
			InstanceId: *made.Id, Username: fmt.Sprintf("agent%07d", n*7919%10_000_019), Password: new("Correct-Horse-1"), RoutingProfileId: *routing.RoutingProfileSummaryList[0].Id,
			SecurityProfileIds: []string{*security.SecurityProfileSummaryList[1].Id}, PhoneConfig: &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE},
			IdentityInfo: &connect.UserIdentityInfo{FirstName: new("Ana"), LastName: new("Quintero"), Email: new("ana@example.com")}, Tags: map[string]string{"team": "sales"},
		})
		check(err)
	}
	began := time.Now()
	for range users {
		create()
	}
	b.Logf("%d users in %s, %s each", users, time.Since(began).Round(time.Millisecond), (time.Since(began) / time.Duration(users)).Round(time.Microsecond))
	start := func() {
		_, err := c.StartChatContact(ctx, &connect.StartChatContactRequest{InstanceId: *made.Id, ContactFlowId: *flow.ContactFlowId, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}})
		check(err)
	}
	for _, m := range []struct {
		name string
		call func()
	}{
		{"StartChatContact", start},
		{"CreateUser", create},
		{"StartChatContact and CreateUser", func() { create(); start() }},
		{"ListUsers", func() {
			_, err := c.ListUsers(ctx, &connect.ListUsersRequest{InstanceId: *made.Id, MaxResults: new(int32(100))})
			check(err)
		}},
		{"SearchUsers", func() {
			_, err := c.SearchUsers(ctx, &connect.SearchUsersRequest{InstanceId: *made.Id, MaxResults: new(int32(10)), SearchCriteria: &connect.UserSearchCriteria{StringCondition: saying("Username", contains, "77")}})
			check(err)
		}},
	} {
		b.Run(m.name, func(b *testing.B) {
			for b.Loop() {
				m.call()
			}
		})
	}
}
