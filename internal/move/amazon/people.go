package amazon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"parley.example/parley/api/connect"
)

type queueOf struct {
	Name, Description, Hours string
	MaxContacts              *int32
	Status                   connect.QueueStatus
}

var queues = kind[queueOf]{
	name: "queue",
	list: func(ctx context.Context, s *side) (all []entry, err error) {
		err = pages(ctx, s, s.api.ListQueues, &connect.ListQueuesRequest{QueueTypes: []connect.QueueType{connect.QueueTypeSTANDARD}}, func(o *connect.ListQueuesResponse) {
			for _, q := range o.QueueSummaryList {
				all = append(all, entry{id: text(q.Id), name: text(q.Name)})
			}
		})
		return all, err
	},
	read: func(ctx context.Context, s *side, id string) (*queueOf, error) {
		o, err := call(ctx, s, s.api.DescribeQueue, &connect.DescribeQueueRequest{QueueId: id})
		if err != nil {
			return nil, err
		}
		q := o.Queue
		return &queueOf{text(q.Name), text(q.Description), text(q.HoursOfOperationId), q.MaxContacts, q.Status}, nil
	},
	create: func(ctx context.Context, s *side, q *queueOf) (string, error) {
		o, err := call(ctx, s, s.api.CreateQueue, &connect.CreateQueueRequest{Name: q.Name, Description: optional(q.Description), HoursOfOperationId: q.Hours, MaxContacts: q.MaxContacts})
		if err != nil {
			return "", err
		}
		if id := text(o.QueueId); q.Status != connect.QueueStatusDISABLED {
			return id, nil
		}
		_, err = call(ctx, s, s.api.UpdateQueueStatus, &connect.UpdateQueueStatusRequest{QueueId: text(o.QueueId), Status: q.Status})
		return text(o.QueueId), err
	},
	update: func(ctx context.Context, s *side, id string, want, have *queueOf) (err error) {
		if want.Description != have.Description {
			_, err = call(ctx, s, s.api.UpdateQueueName, &connect.UpdateQueueNameRequest{QueueId: id, Name: &want.Name, Description: &want.Description})
		}
		if err == nil && want.Hours != have.Hours {
			_, err = call(ctx, s, s.api.UpdateQueueHoursOfOperation, &connect.UpdateQueueHoursOfOperationRequest{QueueId: id, HoursOfOperationId: want.Hours})
		}
		if err == nil && !same(&want.MaxContacts, &have.MaxContacts) {
			_, err = call(ctx, s, s.api.UpdateQueueMaxContacts, &connect.UpdateQueueMaxContactsRequest{QueueId: id, MaxContacts: want.MaxContacts})
		}
		if err == nil && want.Status != have.Status {
			_, err = call(ctx, s, s.api.UpdateQueueStatus, &connect.UpdateQueueStatusRequest{QueueId: id, Status: want.Status})
		}
		return err
	},
}

type routingOf struct {
	Name, Description, Outbound string
	Media                       []connect.MediaConcurrency
	Timer                       connect.AgentAvailabilityTimer
	Queues                      []connect.RoutingProfileQueueConfig
}

var routingProfiles = kind[routingOf]{
	name: "routing profile",
	list: func(ctx context.Context, s *side) (all []entry, err error) {
		err = pages(ctx, s, s.api.ListRoutingProfiles, &connect.ListRoutingProfilesRequest{}, func(o *connect.ListRoutingProfilesResponse) {
			for _, p := range o.RoutingProfileSummaryList {
				all = append(all, entry{id: text(p.Id), name: text(p.Name)})
			}
		})
		return all, err
	},
	read: func(ctx context.Context, s *side, id string) (*routingOf, error) {
		o, err := call(ctx, s, s.api.DescribeRoutingProfile, &connect.DescribeRoutingProfileRequest{RoutingProfileId: id})
		if err != nil {
			return nil, err
		}
		p := o.RoutingProfile
		out := &routingOf{text(p.Name), text(p.Description), text(p.DefaultOutboundQueueId), p.MediaConcurrencies, p.AgentAvailabilityTimer, []connect.RoutingProfileQueueConfig{}}
		slices.SortFunc(out.Media, func(a, b connect.MediaConcurrency) int { return cmp.Compare(a.Channel, b.Channel) })
		err = pages(ctx, s, s.api.ListRoutingProfileQueues, &connect.ListRoutingProfileQueuesRequest{RoutingProfileId: id}, func(o *connect.ListRoutingProfileQueuesResponse) {
			for _, q := range o.RoutingProfileQueueConfigSummaryList {
				out.Queues = append(out.Queues, connect.RoutingProfileQueueConfig{QueueReference: &connect.RoutingProfileQueueReference{QueueId: q.QueueId, Channel: q.Channel}, Priority: q.Priority, Delay: q.Delay})
			}
		})
		return out, err
	},
	create: func(ctx context.Context, s *side, p *routingOf) (string, error) {
		o, err := call(ctx, s, s.api.CreateRoutingProfile, &connect.CreateRoutingProfileRequest{Name: p.Name, Description: cmp.Or(p.Description, p.Name), DefaultOutboundQueueId: p.Outbound,
			MediaConcurrencies: p.Media, AgentAvailabilityTimer: p.Timer})
		if err != nil {
			return "", err
		}
		return text(o.RoutingProfileId), p.queue(ctx, s, text(o.RoutingProfileId), p.Queues, false)
	},
	update: func(ctx context.Context, s *side, id string, want, have *routingOf) (err error) {
		if want.Description != have.Description {
			_, err = call(ctx, s, s.api.UpdateRoutingProfileName, &connect.UpdateRoutingProfileNameRequest{RoutingProfileId: id, Description: &want.Description})
		}
		if err == nil && want.Outbound != have.Outbound {
			_, err = call(ctx, s, s.api.UpdateRoutingProfileDefaultOutboundQueue, &connect.UpdateRoutingProfileDefaultOutboundQueueRequest{RoutingProfileId: id, DefaultOutboundQueueId: want.Outbound})
		}
		if err == nil && want.Timer != have.Timer && want.Timer != "" {
			_, err = call(ctx, s, s.api.UpdateRoutingProfileAgentAvailabilityTimer, &connect.UpdateRoutingProfileAgentAvailabilityTimerRequest{RoutingProfileId: id, AgentAvailabilityTimer: want.Timer})
		}
		if err == nil && !same(&want.Media, &have.Media) {
			_, err = call(ctx, s, s.api.UpdateRoutingProfileConcurrency, &connect.UpdateRoutingProfileConcurrencyRequest{RoutingProfileId: id, MediaConcurrencies: want.Media})
		}
		if err != nil {
			return err
		}
		if err := want.queue(ctx, s, id, missingIn(want.Queues, have.Queues), true); err != nil {
			return err
		}
		return want.unqueue(ctx, s, id, have.Queues)
	},
}

// sort puts the queues into one order, by their ids in the instance.
func (p *routingOf) sort() {
	slices.SortFunc(p.Queues, func(a, b connect.RoutingProfileQueueConfig) int {
		return cmp.Or(cmp.Compare(a.QueueReference.QueueId, b.QueueReference.QueueId), cmp.Compare(a.QueueReference.Channel, b.QueueReference.Channel))
	})
}

// missingIn returns those of want that have does not have as they are.
func missingIn(want, have []connect.RoutingProfileQueueConfig) (left []connect.RoutingProfileQueueConfig) {
	for _, w := range want {
		if !slices.ContainsFunc(have, func(h connect.RoutingProfileQueueConfig) bool { return same(&w, &h) }) {
			left = append(left, w)
		}
	}
	return left
}

const someQueues = 10 // of one call

// queue adds queues to a profile; with update those that it has get their priority and delay.
func (p *routingOf) queue(ctx context.Context, s *side, id string, all []connect.RoutingProfileQueueConfig, update bool) error {
	for some := range slices.Chunk(all, someQueues) {
		if _, err := call(ctx, s, s.api.AssociateRoutingProfileQueues, &connect.AssociateRoutingProfileQueuesRequest{RoutingProfileId: id, QueueConfigs: some}); err != nil {
			return err
		}
		if !update {
			continue
		}
		if _, err := call(ctx, s, s.api.UpdateRoutingProfileQueues, &connect.UpdateRoutingProfileQueuesRequest{RoutingProfileId: id, QueueConfigs: some}); err != nil {
			return err
		}
	}
	return nil
}

// unqueue takes queues from a profile that it does not have in the source.
func (p *routingOf) unqueue(ctx context.Context, s *side, id string, have []connect.RoutingProfileQueueConfig) error {
	var extra []connect.RoutingProfileQueueReference
	for _, h := range have {
		if !slices.ContainsFunc(p.Queues, func(w connect.RoutingProfileQueueConfig) bool { return *w.QueueReference == *h.QueueReference }) {
			extra = append(extra, *h.QueueReference)
		}
	}
	for some := range slices.Chunk(extra, someQueues) {
		if _, err := call(ctx, s, s.api.DisassociateRoutingProfileQueues, &connect.DisassociateRoutingProfileQueuesRequest{RoutingProfileId: id, QueueReferences: some}); err != nil {
			return err
		}
	}
	return nil
}

type userOf struct {
	Name          string
	Identity      *connect.UserIdentityInfo
	Phone         *connect.UserPhoneConfig
	Routing       string
	Group         string
	Security      []string
	Proficiencies []connect.UserProficiency
}

// users are copied without their passwords, which no API gives.
func (c *copier) users() kind[userOf] {
	return kind[userOf]{
		name: "user",
		list: func(ctx context.Context, s *side) (all []entry, err error) {
			err = pages(ctx, s, s.api.ListUsers, &connect.ListUsersRequest{}, func(o *connect.ListUsersResponse) {
				for _, u := range o.UserSummaryList {
					all = append(all, entry{id: text(u.Id), name: text(u.Username)})
				}
			})
			return all, err
		},
		read: func(ctx context.Context, s *side, id string) (*userOf, error) {
			o, err := call(ctx, s, s.api.DescribeUser, &connect.DescribeUserRequest{UserId: id})
			if err != nil {
				return nil, err
			}
			u := o.User
			out := &userOf{text(u.Username), u.IdentityInfo, u.PhoneConfig, text(u.RoutingProfileId), text(u.HierarchyGroupId), u.SecurityProfileIds, nil}
			err = pages(ctx, s, s.api.ListUserProficiencies, &connect.ListUserProficienciesRequest{UserId: id}, func(o *connect.ListUserProficienciesResponse) {
				out.Proficiencies = append(out.Proficiencies, o.UserProficiencyList...)
			})
			return out, err
		},
		create: func(ctx context.Context, s *side, u *userOf) (string, error) {
			if c.Password == "" {
				return "", lacks{errors.New("users of the source have passwords that nobody can read: give those who are created a first one, with --password-file")}
			}
			o, err := call(ctx, s, s.api.CreateUser, &connect.CreateUserRequest{Username: u.Name, Password: &c.Password, IdentityInfo: u.Identity, PhoneConfig: u.Phone, RoutingProfileId: u.Routing,
				SecurityProfileIds: u.Security, HierarchyGroupId: optional(u.Group)})
			if err != nil {
				return "", err
			}
			return text(o.UserId), proficient(ctx, s, text(o.UserId), u.Proficiencies, nil)
		},
		update: func(ctx context.Context, s *side, id string, want, have *userOf) (err error) {
			if want.Identity != nil && !same(want.Identity, have.Identity) {
				_, err = call(ctx, s, s.api.UpdateUserIdentityInfo, &connect.UpdateUserIdentityInfoRequest{UserId: id, IdentityInfo: want.Identity})
			}
			if err == nil && want.Phone != nil && !same(want.Phone, have.Phone) {
				_, err = call(ctx, s, s.api.UpdateUserPhoneConfig, &connect.UpdateUserPhoneConfigRequest{UserId: id, PhoneConfig: want.Phone})
			}
			if err == nil && want.Routing != have.Routing {
				_, err = call(ctx, s, s.api.UpdateUserRoutingProfile, &connect.UpdateUserRoutingProfileRequest{UserId: id, RoutingProfileId: want.Routing})
			}
			if err == nil && want.Group != have.Group {
				_, err = call(ctx, s, s.api.UpdateUserHierarchy, &connect.UpdateUserHierarchyRequest{UserId: id, HierarchyGroupId: optional(want.Group)})
			}
			if err == nil && !slices.Equal(want.Security, have.Security) {
				_, err = call(ctx, s, s.api.UpdateUserSecurityProfiles, &connect.UpdateUserSecurityProfilesRequest{UserId: id, SecurityProfileIds: want.Security})
			}
			if err == nil {
				err = proficient(ctx, s, id, want.Proficiencies, have.Proficiencies)
			}
			return err
		},
	}
}

func (u *userOf) sort() {
	slices.Sort(u.Security)
	slices.SortFunc(u.Proficiencies, func(a, b connect.UserProficiency) int {
		return cmp.Or(cmp.Compare(a.AttributeName, b.AttributeName), cmp.Compare(a.AttributeValue, b.AttributeValue))
	})
}

// proficient gives a user the proficiencies of want, and takes those that want does not have.
func proficient(ctx context.Context, s *side, id string, want, have []connect.UserProficiency) error {
	about := func(all []connect.UserProficiency, p connect.UserProficiency) *connect.UserProficiency {
		for i := range all {
			if all[i].AttributeName == p.AttributeName && all[i].AttributeValue == p.AttributeValue {
				return &all[i]
			}
		}
		return nil
	}
	var add, change []connect.UserProficiency
	var drop []connect.UserProficiencyDisassociate
	for _, p := range want {
		switch h := about(have, p); {
		case h == nil:
			add = append(add, p)
		case h.Level != p.Level:
			change = append(change, p)
		}
	}
	for _, p := range have {
		if about(want, p) == nil {
			drop = append(drop, connect.UserProficiencyDisassociate{AttributeName: p.AttributeName, AttributeValue: p.AttributeValue})
		}
	}
	var err error
	if len(drop) > 0 {
		_, err = call(ctx, s, s.api.DisassociateUserProficiencies, &connect.DisassociateUserProficienciesRequest{UserId: id, UserProficiencies: drop})
	}
	if err == nil && len(add) > 0 {
		_, err = call(ctx, s, s.api.AssociateUserProficiencies, &connect.AssociateUserProficienciesRequest{UserId: id, UserProficiencies: add})
	}
	if err == nil && len(change) > 0 {
		_, err = call(ctx, s, s.api.UpdateUserProficiencies, &connect.UpdateUserProficienciesRequest{UserId: id, UserProficiencies: change})
	}
	if err != nil {
		return fmt.Errorf("proficiencies: %w", err)
	}
	return nil
}

type connectOf struct {
	Name, Description string
	Config            *connect.QuickConnectConfig
}

var quickConnects = kind[connectOf]{
	name: "quick connect",
	list: func(ctx context.Context, s *side) (all []entry, err error) {
		err = pages(ctx, s, s.api.ListQuickConnects, &connect.ListQuickConnectsRequest{}, func(o *connect.ListQuickConnectsResponse) {
			for _, q := range o.QuickConnectSummaryList {
				all = append(all, entry{id: text(q.Id), name: text(q.Name)})
			}
		})
		return all, err
	},
	read: func(ctx context.Context, s *side, id string) (*connectOf, error) {
		o, err := call(ctx, s, s.api.DescribeQuickConnect, &connect.DescribeQuickConnectRequest{QuickConnectId: id})
		if err != nil {
			return nil, err
		}
		return &connectOf{text(o.QuickConnect.Name), text(o.QuickConnect.Description), o.QuickConnect.QuickConnectConfig}, nil
	},
	create: func(ctx context.Context, s *side, q *connectOf) (string, error) {
		o, err := call(ctx, s, s.api.CreateQuickConnect, &connect.CreateQuickConnectRequest{Name: q.Name, Description: optional(q.Description), QuickConnectConfig: q.Config})
		if err != nil {
			return "", err
		}
		return text(o.QuickConnectId), nil
	},
	update: func(ctx context.Context, s *side, id string, want, have *connectOf) (err error) {
		if want.Description != have.Description {
			_, err = call(ctx, s, s.api.UpdateQuickConnectName, &connect.UpdateQuickConnectNameRequest{QuickConnectId: id, Name: &want.Name, Description: &want.Description})
		}
		if err == nil && !same(want.Config, have.Config) {
			_, err = call(ctx, s, s.api.UpdateQuickConnectConfig, &connect.UpdateQuickConnectConfigRequest{QuickConnectId: id, QuickConnectConfig: want.Config})
		}
		return err
	},
}

type queueConnectsOf struct{ QuickConnects []string }

// queueConnects are the quick connects of queues.
var queueConnects = kind[queueConnectsOf]{
	name: "quick connects of a queue",
	list: queues.list,
	read: func(ctx context.Context, s *side, id string) (*queueConnectsOf, error) {
		out := &queueConnectsOf{[]string{}}
		err := pages(ctx, s, s.api.ListQueueQuickConnects, &connect.ListQueueQuickConnectsRequest{QueueId: id}, func(o *connect.ListQueueQuickConnectsResponse) {
			for _, q := range o.QuickConnectSummaryList {
				out.QuickConnects = append(out.QuickConnects, text(q.Id))
			}
		})
		return out, err
	},
	create: func(context.Context, *side, *queueConnectsOf) (string, error) {
		return "", lacks{errors.New("the queue is not there")}
	},
	update: func(ctx context.Context, s *side, id string, want, have *queueConnectsOf) error {
		without := func(a, b []string) (left []string) {
			for _, id := range a {
				if !slices.Contains(b, id) {
					left = append(left, id)
				}
			}
			return left
		}
		const most = 50 // of one call
		for some := range slices.Chunk(without(want.QuickConnects, have.QuickConnects), most) {
			if _, err := call(ctx, s, s.api.AssociateQueueQuickConnects, &connect.AssociateQueueQuickConnectsRequest{QueueId: id, QuickConnectIds: some}); err != nil {
				return err
			}
		}
		for some := range slices.Chunk(without(have.QuickConnects, want.QuickConnects), most) {
			if _, err := call(ctx, s, s.api.DisassociateQueueQuickConnects, &connect.DisassociateQueueQuickConnectsRequest{QueueId: id, QuickConnectIds: some}); err != nil {
				return err
			}
		}
		return nil
	},
}

func (q *queueConnectsOf) sort() { slices.Sort(q.QuickConnects) }

func (q *queueConnectsOf) without(missed map[string]string) {
	q.QuickConnects = slices.DeleteFunc(q.QuickConnects, func(id string) bool { return missed[id] != "" })
}
