package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/authtest"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/erasure"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
	"parley.example/parley/internal/store"
)

// TestErasedCustomerIsInNoFile erases people in each way, in memory and not, and looks for
// them in every file.
func TestErasedCustomerIsInNoFile(t *testing.T) {
	a := newArchive(t)
	names := []string{"zqanna", "zqbert", "zqcora", "zqkeep"}
	chats := map[string]*servertest.Chat{}
	for _, name := range names {
		chats[name] = a.leave(name)
	}
	again := a.leave("zqanna", func(in *connect.StartChatContactRequest) { in.ClientToken = nil })
	for _, name := range names {
		a.present(name)
	}
	keeper := a.records(chats["zqkeep"]) + a.transcript(chats["zqkeep"])

	var preview erasure.Preview
	in := erasure.EraseRequest{CustomerId: "zqanna-customer", DryRun: true}
	if got := a.ask("", &in, &preview); got.status != 200 || preview.Counts["chats"] != 2 || preview.Counts["attachments"] != 4 || len(preview.ContactIds) != 2 {
		t.Errorf("the dry run says %d %s", got.status, got.body)
	}
	a.present("zqanna")
	r := a.erase(&erasure.EraseRequest{CustomerId: "zqanna-customer"})
	want := slices.Sorted(slices.Values([]string{chats["zqanna"].Contact, again.Contact}))
	if got := fmt.Sprint(r.ContactIds); got != fmt.Sprint(want) || r.Counts["chats"] != 2 || r.Counts["attachments"] != 4 || r.Counts["items"] < 90 ||
		r.Counts["receipts"] != 2 || r.Counts["requestAnswers"] != 2 || r.Counts["deliveries"] < 90 || r.Counts["flowLogLines"] < 6 {
		t.Errorf("the receipt is %+v", r)
	}
	a.gone("zqanna")
	a.missing(chats["zqanna"])
	if anna, keep := a.heard("zqanna-message"), a.heard("zqkeep-message"); len(anna) != 0 || fmt.Sprint(keep) != fmt.Sprint([]string{chats["zqkeep"].Contact}) {
		t.Errorf("by what was said are found %v of the one that is gone and %v of another", anna, keep)
	}

	a.killLetters(chats["zqbert"]) // restarts: nothing is in memory
	r = a.erase(&erasure.EraseRequest{ContactId: chats["zqbert"].Contact})
	if r.Counts["deadLetters"] == 0 {
		t.Errorf("the receipt is %+v; want dead letters", r)
	}
	a.gone("zqanna", "zqbert")
	a.missing(chats["zqbert"].On(a.Server))

	r = a.erase(&erasure.EraseRequest{Attribute: &erasure.Attribute{Name: "email", Value: "zqcora-attribute@example.com"}})
	if fmt.Sprint(r.ContactIds) != fmt.Sprint([]string{chats["zqcora"].Contact}) {
		t.Errorf("by attribute the receipt is %+v", r)
	}
	a.gone("zqanna", "zqbert", "zqcora")

	if got := a.records(chats["zqkeep"].On(a.Server)) + a.transcript(chats["zqkeep"].On(a.Server)); got != keeper {
		t.Errorf("another customer's data was\n%s\nand is\n%s", keeper, got)
	}
	a.present("zqkeep")
	var all erasure.ListErasuresResponse
	if got := a.ask("", nil, &all); got.status != 200 || len(all.Erasures) != 3 || all.Erasures[2].SelectedBy != store.ByCustomer {
		t.Errorf("the receipts are %d %s", got.status, got.body)
	}
	a.sound()
	a.gone("zqanna", "zqbert", "zqcora")
	a.present("zqkeep")
}

// TestActiveChatIsErasedWhenItIsToBeEnded: without a word nothing happens to a chat that goes on;
// with it the chat ends, its sockets close, and it is gone.
func TestActiveChatIsErasedWhenItIsToBeEnded(t *testing.T) {
	a := newArchive(t)
	a.leave("zqended", func(in *connect.StartChatContactRequest) { in.CustomerId = new("zqcustomer") })
	c := a.visit("zqactive", func(in *connect.StartChatContactRequest) { in.CustomerId = new("zqcustomer") })
	socket := c.Socket()
	var r erasure.Receipt
	got := a.ask("", &erasure.EraseRequest{CustomerId: "zqcustomer"}, &r)
	if got.status != 409 || got.code(t) != "ResourceConflictException" || !strings.Contains(got.body, c.Contact) {
		t.Errorf("while a chat is active: %d %s", got.status, got.body)
	}
	c.Send("zqactive is still here")
	if len(a.holders("zqended-message")) == 0 {
		t.Error("a chat was erased all the same")
	}

	r = a.erase(&erasure.EraseRequest{CustomerId: "zqcustomer", EndActive: true})
	if r.Counts["chats"] != 2 || len(r.ContactIds) != 2 {
		t.Errorf("the receipt is %+v", r)
	}
	socket.Closed()
	a.missing(c)
	a.gone("zqended", "zqactive")
	if active := metric(t, a.Server, "parley_active_chats"); active != 0 {
		t.Errorf("%v chats are counted as active", active)
	}

	// The request that began the chat begins another one now: there is no answer of the former.
	again := a.visit("zqactive")
	if again.Contact == c.Contact {
		t.Errorf("a repeated StartChatContact finds the erased contact %s", c.Contact)
	}
	a.sound()
	a.gone("zqended")
}

// TestRequestsForErasuresAreChecked sends what is wrong, unsigned, or not allowed.
func TestRequestsForErasuresAreChecked(t *testing.T) {
	a := newArchive(t, func(c *server.Config) { c.Dev = false })
	a.Connect = a.Client(a.Key)
	instance := a.Instance(t)
	for _, in := range []struct {
		body   string
		status int
		says   string
	}{
		{`{`, 400, "JSON text ends"},
		{`{"Instanceid":"x","Typo":1}`, 400, "Typo: is not a member"},
		{`{"InstanceId":"` + instance + `","CustomerId":"x","DryRn":true}`, 400, "DryRn: is not a member; there are Attribute, ContactId, CustomerId, DryRun, EndActive, InstanceId"},
		{`{"InstanceId":"` + instance + `","Attribute":{"Name":"x","Valu":"y"}}`, 400, "Attribute.Valu: is not a member"},
		{`{"CustomerId":"x"}`, 400, "InstanceId"},
		{`{"InstanceId":"` + instance + `"}`, 400, "exactly one"},
		{`{"InstanceId":"` + instance + `","CustomerId":"x","ContactId":"y"}`, 400, "exactly one"},
		{`{"InstanceId":"` + instance + `","Attribute":{"Value":"y"}}`, 400, "Name"},
		{`{"InstanceId":"` + instance + `","ContactId":"y"}`, 404, "does not exist"},
		{`{"InstanceId":"11111111-0000-4000-8000-000000000000","CustomerId":"y"}`, 404, "instance"},
		{`{"InstanceId":"` + instance + `","CustomerId":"` + strings.Repeat("x", 70_000) + `"}`, 400, "bytes"},
		{`{"InstanceId":"` + instance + `","CustomerId":"nobody"}`, 200, `"Counts":{}`},
	} {
		r := a.signed(a.Key, http.MethodPost, "", in.body)
		if r.status != in.status || !strings.Contains(r.body, in.says) {
			t.Errorf("%.100s is answered %d %s", in.body, r.status, r.body)
		}
	}
	if r := call(t, a.Server, "POST", erasure.Path, `{}`); r.status != 403 || r.code(t) != "MissingAuthenticationTokenException" {
		t.Errorf("an unsigned request is answered %d %s", r.status, r.body)
	}
	if r := call(t, a.Server, "GET", erasure.Path, ``); r.status != 403 {
		t.Errorf("an unsigned request for receipts is answered %d %s", r.status, r.body)
	}
	if r := a.signed(a.Key, http.MethodGet, "/nothing", ""); r.status != 404 {
		t.Errorf("a receipt that is not there: %d %s", r.status, r.body)
	}

	arn := "arn:aws:connect:us-east-1:123456789012:instance/" + instance
	a.Stop()
	eraser := a.makeKey(`{"Statement":[{"Effect":"Allow","Action":"parley:Erase","Resource":"` + arn + `"}]}`)
	lister := a.makeKey(`{"Statement":[{"Effect":"Allow","Action":"parley:ListErasures","Resource":"*"}]}`)
	untagged := a.makeKey(`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/env":"prod"}}}]}`)
	everything := a.makeKey(`{"Statement":[{"Effect":"Allow","Action":"connect:*","Resource":"*"}]}`)
	a.start(func(c *server.Config) { c.Dev = false })
	if _, err := a.Connect.TagResource(t.Context(), &connect.TagResourceRequest{ResourceArn: arn, Tags: map[string]string{"env": "prod"}}); err != nil {
		t.Fatal(err)
	}
	body := `{"InstanceId":"` + arn + `","CustomerId":"nobody"}`
	for _, by := range []struct {
		name         string
		key          auth.Key
		asks, listed int
	}{{"Erase", eraser, 200, 403}, {"ListErasures", lister, 403, 200}, {"connect:*", everything, 403, 403}, {"a Deny of the tag", untagged, 403, 403}, {"full", a.Key, 200, 200}} {
		if r := a.signed(by.key, http.MethodPost, "", body); r.status != by.asks {
			t.Errorf("a key with %s asks: %d %s", by.name, r.status, r.body)
		}
		if r := a.signed(by.key, http.MethodGet, "", ""); r.status != by.listed {
			t.Errorf("a key with %s lists: %d %s", by.name, r.status, r.body)
		}
	}
}

// makeKey makes an access key, while the server is stopped.
func (a *archive) makeKey(policy string) auth.Key {
	a.t.Helper()
	s, vault := openStopped(a.t, a.dir)
	defer s.Close()
	p, err := auth.ParsePolicy([]byte(policy))
	if err != nil {
		a.t.Fatal(err)
	}
	key, err := (&auth.Keys{Store: keystore.Keys{Store: s, Vault: vault}}).Create(a.t.Context(), "test", p, time.Now())
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

// signed sends a signed request for erasures.
func (a *archive) signed(key auth.Key, method, path, body string) reply {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.URL+erasure.Path+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if key.ID != "" {
		if err := (authtest.Signer{ID: key.ID, Secret: key.Secret}).Sign(r, []byte(body), a.Clock().Now()); err != nil {
			a.t.Fatal(err)
		}
	}
	return do(a.t, a.Server, r)
}

// TestRetention has the parts of chats go one after another, as the server, the instance and the
// chats themselves say.
func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	a := newArchive(t, func(c *server.Config) { c.Retain = "transcripts=20d attachments=10d" })
	plain := a.leave("zqplain")
	short := a.leave("zqshort", func(in *connect.StartChatContactRequest) { in.Attributes["parley-retain"] = "2d" })
	long := a.leave("zqlong", func(in *connect.StartChatContactRequest) { in.Attributes["parley-retain"] = "forever" })
	for _, name := range []string{"zqplain", "zqshort", "zqlong"} {
		a.present(name)
	}
	in := a.Request(t)
	in.Attributes = map[string]string{"parley-retain": "a while"}
	_, err := a.Connect.StartChatContact(t.Context(), in)
	servertest.Refused(t, "an attribute that cannot be read", err, "InvalidParameterException", 400)
	arn := "arn:aws:connect:us-east-1:123456789012:instance/" + a.Instance(t)
	_, err = a.Connect.TagResource(t.Context(), &connect.TagResourceRequest{ResourceArn: arn, Tags: map[string]string{"parley-retain": "contracts=1y"}})
	servertest.Refused(t, "a tag that cannot be read", err, "InvalidRequestException", 400)

	a.Clock().Advance(3 * day)
	a.gone("zqshort")
	a.missing(short)
	a.present("zqplain")

	a.Clock().Advance(8 * day) // 11
	a.gone("zqplain-content")
	if len(a.holders("zqplain-message-7")) == 0 || len(a.holders("zqlong-content")) == 0 {
		t.Error("more is gone than attachments")
	}
	a.Clock().Advance(10 * day) // 21
	for _, what := range []string{"-message", "-long", "-read", "-initial", "-file", "-unfinished", "-attribute@example.com\",\"P"} {
		a.gone("zqplain" + what)
	}
	described, err := a.Connect.DescribeContact(t.Context(), &connect.DescribeContactRequest{InstanceId: a.Instance(t), ContactId: plain.Contact})
	if err != nil || *described.Contact.Name != "zqplain-name" {
		t.Errorf("the contact whose transcript is gone: %+v, %v", described, err)
	}
	if _, err := a.Connect.TagResource(t.Context(), &connect.TagResourceRequest{ResourceArn: arn, Tags: map[string]string{"parley-retain": "contacts=30d"}}); err != nil {
		t.Fatal(err)
	}
	a.restart(func(c *server.Config) { c.Retain = "transcripts=20d attachments=10d" })
	a.Clock().Advance(31 * day)
	a.gone("zqplain", "zqshort")
	a.missing(plain.On(a.Server))
	if len(a.holders("zqlong-message-7")) == 0 {
		t.Error("the chat that is kept for ever is gone")
	}
	a.records(long.On(a.Server))
	a.sound()
	a.gone("zqplain", "zqshort")
}

// TestDeletedInstanceTakesEverythingWithIt deletes an instance beside another one.
func TestDeletedInstanceTakesEverythingWithIt(t *testing.T) {
	a := newArchive(t)
	a.leave("zqkeep")
	made, err := a.Connect.CreateInstance(t.Context(), &connect.CreateInstanceRequest{
		IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new("zqalias"), ClientToken: new("again"), InboundCallsEnabled: true, OutboundCallsEnabled: true})
	if err != nil {
		t.Fatal(err)
	}
	flow, err := a.Connect.CreateContactFlow(t.Context(), &connect.CreateContactFlowRequest{
		InstanceId: *made.Id, Name: "zqflow", Type: connect.ContactFlowTypeCONTACT_FLOW, Content: strings.ReplaceAll(remembers, "Hello", "zqhello")})
	if err != nil {
		t.Fatal(err)
	}
	var contacts []string
	for i := range 3 {
		c := a.Begin(t, func(in *connect.StartChatContactRequest) {
			in.InstanceId, in.ContactFlowId = *made.Id, *flow.ContactFlowId
			in.Attributes = map[string]string{"who": fmt.Sprint("zqvisitor", i)}
		})
		c.Connect()
		c.Send("zqtext" + strings.Repeat(" zqlong", 2000))
		contacts = append(contacts, c.Contact)
	}
	_, err = a.Connect.DeleteInstance(t.Context(), &connect.DeleteInstanceRequest{InstanceId: *made.Id})
	servertest.Refused(t, "DeleteInstance with active chats", err, "InvalidRequestException", 400)
	for _, id := range contacts {
		if _, err := a.Connect.StopContact(t.Context(), &connect.StopContactRequest{InstanceId: *made.Id, ContactId: id}); err != nil {
			t.Fatal(err)
		}
	}
	a.wait("the flow log is written", func() bool { return len(a.holders("zqvisitor2@example.com")) > 0 })
	if _, err := a.Connect.DeleteInstance(t.Context(), &connect.DeleteInstanceRequest{InstanceId: *made.Id}); err != nil {
		t.Fatalf("DeleteInstance: %v", err)
	}
	var all erasure.ListErasuresResponse
	a.ask("", nil, &all)
	if len(all.Erasures) != 1 || all.Erasures[0].SelectedBy != store.ByInstance || all.Erasures[0].InstanceId != "" && string(all.Erasures[0].InstanceId) != *made.Id {
		t.Fatalf("the receipts are %+v", all)
	}
	r := a.finished(all.Erasures[0].ErasureId)
	if r.Counts["chats"] != 3 || r.Counts["flowLogLines"] > 0 && len(r.ContactIds) > 0 {
		t.Errorf("the receipt is %+v", r)
	}
	a.gone("zqvisitor", "zqtext", "zqlong", "zqflow", "zqalias", "zqhello")
	a.present("zqkeep")

	// The same request makes an instance with the same id, which has its chats for itself.
	again, err := a.Connect.CreateInstance(t.Context(), &connect.CreateInstanceRequest{
		IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new("zqother"), ClientToken: new("again"), InboundCallsEnabled: true, OutboundCallsEnabled: true})
	if err != nil || *again.Id != *made.Id {
		t.Fatalf("CreateInstance again: %+v, %v", again, err)
	}
	a.sound()
	a.gone("zqvisitor", "zqtext", "zqlong", "zqflow", "zqalias", "zqhello")
	a.present("zqkeep")
}
