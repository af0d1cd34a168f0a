package server_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// pause is a flow of one action.
const pause = `{"Version":"2019-10-30","StartAction":"end","Actions":[{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// TestQuotasOfAnInstance makes as many flows and queues as a quota allows, and one more. The quotas of the
// cloud are those of Amazon's Service Quotas (2026-11): 100 flows, 100 queues. A server in development mode
// has room for a suite of tests, unless it is told to be as narrow as the cloud.
func TestQuotasOfAnInstance(t *testing.T) {
	for name, c := range map[string]struct {
		change []func(*server.Config)
		flows  int // how many can be made; 0 for more than 101
		queues int
	}{
		"development mode":                     {nil, 0, 0},
		"development mode with a quota":        {set(func(c *server.Config) { c.Quotas = map[string]int{"flows": 5} }), 5, 0},
		"development mode with the cloud's":    {set(func(c *server.Config) { c.CloudLimits = true }), 100, 100},
		"the cloud's, but for one":             {set(func(c *server.Config) { c.CloudLimits, c.Quotas = true, map[string]int{"Queues per instance": 120} }), 100, 0},
		"every quota":                          {set(func(c *server.Config) { c.Quotas = map[string]int{"all": 7, "flows": 3} }), 3, 7},
		"production":                           {set(servertest.Production(t.TempDir())), 100, 100},
		"production with a quota":              {set(servertest.Production(t.TempDir()), func(c *server.Config) { c.Quotas = map[string]int{"contact_flows": 2} }), 2, 100},
		"production with every quota lifted":   {set(servertest.Production(t.TempDir()), func(c *server.Config) { c.Quotas = map[string]int{"ALL": 500} }), 0, 0},
		"production with a quota of one's own": {set(servertest.Production(t.TempDir()), func(c *server.Config) { c.Quotas = map[string]int{"queues": 101} }), 100, 101},
	} {
		t.Run(name, func(t *testing.T) {
			s := servertest.Start(t, c.change...)
			s.Clock().Freeze(true)
			instance := s.Instance(t)
			hours, err := s.Connect.ListHoursOfOperations(t.Context(), &connect.ListHoursOfOperationsRequest{InstanceId: instance})
			if err != nil {
				t.Fatal(err)
			}
			flow := func(n int) error {
				_, err := s.Connect.CreateContactFlow(t.Context(), &connect.CreateContactFlowRequest{
					InstanceId: instance, Name: fmt.Sprint("flow ", n), Type: connect.ContactFlowTypeCONTACT_FLOW, Content: pause})
				return err
			}
			queue := func(n int) error {
				_, err := s.Connect.CreateQueue(t.Context(), &connect.CreateQueueRequest{
					InstanceId: instance, Name: fmt.Sprint("queue ", n), HoursOfOperationId: *hours.HoursOfOperationSummaryList[0].Id})
				return err
			}
			list, err := s.Connect.ListContactFlows(t.Context(), &connect.ListContactFlowsRequest{InstanceId: instance})
			if err != nil {
				t.Fatal(err)
			}
			flows := 0 // that are there already, and count: the default flows do not
			for _, f := range list.ContactFlowSummaryList {
				if !strings.HasPrefix(*f.Name, "Default ") {
					flows++
				}
			}
			queues, err := s.Connect.ListQueues(t.Context(), &connect.ListQueuesRequest{InstanceId: instance})
			if err != nil {
				t.Fatal(err)
			}
			for _, kind := range []struct {
				what        string
				make        func(n int) error
				there, most int
			}{{"flow", flow, flows, c.flows}, {"queue", queue, len(queues.QueueSummaryList), c.queues}} {
				last := kind.most
				if last == 0 {
					last = 102
				}
				for n := range last - kind.there {
					s.Clock().Advance(time.Second) // room for the next request, where there is a rate
					if err := kind.make(n); err != nil {
						t.Fatalf("%s %d: %v", kind.what, n+kind.there+1, err)
					}
				}
				if kind.most == 0 {
					continue
				}
				s.Clock().Advance(time.Second)
				err := kind.make(last)
				servertest.Refused(t, fmt.Sprintf("%s %d", kind.what, last+1), err, "LimitExceededException", 429)
				if want := fmt.Sprintf("quota of %d %ss; the setting --quota %[2]ss=N changes it", kind.most, kind.what); !strings.Contains(err.Error(), want) {
					t.Errorf("%v; want something about the %s", err, want)
				}
			}
		})
	}
}

// TestEveryQuotaSaysHowItIsLifted uses up each quota but that of queues, set to one, and starts the server again with what its
// refusal says: there is room then, also for what was there before.
func TestEveryQuotaSaysHowItIsLifted(t *testing.T) {
	setting := regexp.MustCompile(`--quota ([a-z-]+)=N`)
	dir := t.TempDir()
	quotas := map[string]int{"all": 1}
	start := func() *servertest.Server {
		return servertest.Start(t, func(c *server.Config) { c.Data, c.Quotas = dir, quotas })
	}
	s := start()
	instance, ctx := s.Instance(t), t.Context()
	n := 0 // of what is made
	var module string
	for _, kind := range []struct {
		name string
		make func() error
	}{
		{"instances", func() error {
			_, err := s.Connect.CreateInstance(ctx, &connect.CreateInstanceRequest{IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new(fmt.Sprint("shop", n))})
			return err
		}},
		{"flows", func() error {
			_, err := s.Connect.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{InstanceId: instance, Name: fmt.Sprint(n), Type: connect.ContactFlowTypeCONTACT_FLOW, Content: pause})
			return err
		}},
		{"flow-modules", func() error {
			out, err := s.Connect.CreateContactFlowModule(ctx, &connect.CreateContactFlowModuleRequest{InstanceId: instance, Name: fmt.Sprint(n), Content: fmt.Sprintf(greetings, 1)})
			if err == nil {
				module = *out.Id
			}
			return err
		}},
		{"versions", func() error {
			_, err := s.Connect.CreateContactFlowModuleVersion(ctx, &connect.CreateContactFlowModuleVersionRequest{InstanceId: instance, ContactFlowModuleId: module})
			return err
		}},
		{"aliases", func() error {
			_, err := s.Connect.CreateContactFlowModuleAlias(ctx, &connect.CreateContactFlowModuleAliasRequest{InstanceId: instance, ContactFlowModuleId: module, ContactFlowModuleVersion: 1, AliasName: fmt.Sprint("a", n)})
			return err
		}},
		{"views", func() error {
			_, err := s.Connect.CreateView(ctx, &connect.CreateViewRequest{InstanceId: instance, Name: fmt.Sprint(n), Status: connect.ViewStatusSAVED,
				Content: &connect.ViewInputContent{Template: new(`{"Head":{"Configuration":{}},"Body":[]}`), Actions: []string{}}})
			return err
		}},
		{"hours-of-operation", func() error {
			_, err := s.Connect.CreateHoursOfOperation(ctx, &connect.CreateHoursOfOperationRequest{InstanceId: instance, Name: fmt.Sprint(n), TimeZone: "UTC", Config: []connect.HoursOfOperationConfig{}})
			return err
		}},
		{"lambda-functions", func() error {
			_, err := s.Connect.AssociateLambdaFunction(ctx, &connect.AssociateLambdaFunctionRequest{InstanceId: instance, FunctionArn: fmt.Sprint("arn:aws:lambda:us-east-1:123456789012:function:f", n)})
			return err
		}},
		{"bots", func() error {
			_, err := s.Connect.AssociateBot(ctx, &connect.AssociateBotRequest{InstanceId: instance, LexV2Bot: &connect.LexV2Bot{AliasArn: new(fmt.Sprint("arn:aws:lex:us-east-1:123456789012:bot-alias/BOT/A", n))}})
			return err
		}},
		{"approved-origins", func() error {
			_, err := s.Connect.AssociateApprovedOrigin(ctx, &connect.AssociateApprovedOriginRequest{InstanceId: instance, Origin: fmt.Sprintf("https://d%d.example", n)})
			return err
		}},
		{"active-chats", func() error {
			_, err := s.Connect.StartChatContact(ctx, s.Request(t))
			return err
		}},
	} {
		err := error(nil)
		for n = 0; err == nil && n < 9; n++ {
			err = kind.make()
		}
		said := []string(nil)
		if err != nil {
			said = setting.FindStringSubmatch(err.Error())
		}
		if said == nil || said[1] != kind.name {
			t.Fatalf("over the quota of %s: %v; want one that says --quota %s=N", kind.name, err, kind.name)
		}
		s.Stop()
		quotas[said[1]] = 20
		s = start()
		n++
		if err := kind.make(); err != nil {
			t.Errorf("with --quota %s=20: %v", said[1], err)
		}
	}
}

func set(change ...func(*server.Config)) []func(*server.Config) { return change }

// TestNamesOfQuotas takes the names that people would try, and refuses, in a line that lists the right
// ones, what is none.
func TestNamesOfQuotas(t *testing.T) {
	for _, name := range append(server.QuotaNames(), "Flows", "contact flows", "Contact flows per instance", "FlowModules", "flow_modules", "modules",
		"Hours of operation per instance", "hours", "AWS Lambda functions per instance", "Amazon Connect instances per account",
		"Concurrent active chats per instance", "max-active-chats", "lex-bots", "all") {
		c := server.Config{Dev: true, Quotas: map[string]int{name: 3}}
		for range 2 { // it can be checked again
			if err := c.Check(); err != nil {
				t.Errorf("quota %q: %v", name, err)
			}
		}
	}
	for want, c := range map[string]server.Config{
		`quota "flow" is not known; the quotas are active-chats, instances, flows, `: {Quotas: map[string]int{"flow": 3}},
		`quota "" is not known`:                             {Quotas: map[string]int{"": 3}},
		"quota flows=0 must be from 1 to 1000000":           {Quotas: map[string]int{"flows": 0}},
		"quota flows=-1 must":                               {Quotas: map[string]int{"flows": -1}},
		"quota all=1000001 must":                            {Quotas: map[string]int{"all": 1_000_001}},
		`quota "Contact flows" and "flows" are the same`:    {Quotas: map[string]int{"flows": 3, "Contact flows": 3}},
		"quota active-chats=3 contradicts max-active-chats": {MaxActiveChats: 4, Quotas: map[string]int{"active-chats": 3}},
	} {
		c.Dev = true
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Check = %v; want one line that begins with %q", err, want)
		}
	}
	for name, c := range map[string]struct {
		cfg  server.Config
		want int64
	}{
		"the cloud's":                      {server.Config{Data: "x"}, 500},
		"development mode's":               {server.Config{Dev: true}, 10_000},
		"the cloud's in development mode":  {server.Config{Dev: true, CloudLimits: true}, 500},
		"a quota":                          {server.Config{Dev: true, Quotas: map[string]int{"active-chats": 7}}, 7},
		"every quota":                      {server.Config{Data: "x", Quotas: map[string]int{"all": 8}}, 8},
		"its own setting before every one": {server.Config{Dev: true, MaxActiveChats: 9, Quotas: map[string]int{"all": 8}}, 9},
		"said twice, and the same":         {server.Config{Dev: true, MaxActiveChats: 9, Quotas: map[string]int{"chats": 9}}, 9},
	} {
		if err := c.cfg.Check(); err != nil || c.cfg.MaxActiveChats != c.want {
			t.Errorf("active chats, %s: %d, %v; want %d", name, c.cfg.MaxActiveChats, err, c.want)
		}
	}
}
