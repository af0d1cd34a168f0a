package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/erasure"
)

// TestKilledServerCompletesErasures kills a server again and again while it erases many chats on
// request, and those of a deleted instance: what was asked for happens all the same, once, and
// nothing else is touched.
func TestKilledServerCompletesErasures(t *testing.T) {
	dir, listen := t.TempDir(), freeAddress(t)
	child := startChild(t, dir, listen)
	cfg := restjson.ClientConfig{Endpoint: "http://" + listen, HTTPClient: &http.Client{Timeout: time.Minute}}
	api, customer := connect.NewClient(cfg), participant.NewClient(cfg)
	ctx := t.Context()

	made, err := api.CreateInstance(ctx, &connect.CreateInstanceRequest{IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED,
		InstanceAlias: new("zqinstance"), InboundCallsEnabled: true, OutboundCallsEnabled: true})
	if err != nil {
		t.Fatal(err)
	}
	flows := map[string]string{} // of instances
	begin := func(instance, name string) string {
		id := flows[instance]
		if id == "" {
			made, err := api.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{InstanceId: instance, Name: "Remembers", Type: connect.ContactFlowTypeCONTACT_FLOW, Content: remembers})
			if err != nil {
				t.Fatal(err)
			}
			id = *made.ContactFlowId
			flows[instance] = id
		}
		chat, err := api.StartChatContact(ctx, &connect.StartChatContactRequest{InstanceId: instance, ContactFlowId: id,
			ParticipantDetails: &connect.ParticipantDetails{DisplayName: name}, Attributes: map[string]string{"who": name}, CustomerId: &name})
		if err != nil {
			t.Fatal(err)
		}
		joined, err := customer.CreateParticipantConnection(ctx, &participant.CreateParticipantConnectionRequest{ParticipantToken: *chat.ParticipantToken,
			ConnectParticipant: new(true), Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 12 {
			if _, err := customer.SendMessage(ctx, &participant.SendMessageRequest{ConnectionToken: *joined.ConnectionCredentials.ConnectionToken,
				ContentType: "text/plain", Content: strings.Repeat(fmt.Sprintf("%s says %d; ", name, i), 1+i*20)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := api.StopContact(ctx, &connect.StopContactRequest{InstanceId: instance, ContactId: *chat.ContactId}); err != nil {
			t.Fatal(err)
		}
		return *chat.ContactId
	}
	const chats = 150
	for range chats {
		begin(catalog.DemoInstance, "zqgone")
		begin(*made.Id, "zqowned")
	}
	keeper := begin(catalog.DemoInstance, "zqkeep")
	holders := func(name string) (files []string) {
		for _, file := range filesBelow(t, dir) {
			b, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte(name)) {
				files = append(files, file)
			}
		}
		return files
	}

	if _, err := api.DeleteInstance(ctx, &connect.DeleteInstanceRequest{InstanceId: *made.Id}); err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, body string, out any) bool {
		r, err := http.NewRequestWithContext(ctx, method, cfg.Endpoint+erasure.Path+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := cfg.HTTPClient.Do(r)
		if err != nil {
			return false // killed meanwhile
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		return err == nil && res.StatusCode == 200 && json.Unmarshal(text, out) == nil
	}
	restarted := func() {
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // it was killed: that is its error
		child = startChild(t, dir, listen)
	}
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		var r erasure.Receipt
		ask("POST", "", `{"InstanceId":"`+catalog.DemoInstance+`","CustomerId":"zqgone"}`, &r)
	}()
	// The first kill comes once the erasure is on record; it may be half asked for then.
	for all := (erasure.ListErasuresResponse{}); len(all.Erasures) < 2; time.Sleep(time.Millisecond) {
		ask("GET", "", "", &all)
	}
	for range 5 {
		restarted()
		time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
	}
	<-asked
	var all erasure.ListErasuresResponse
	for done := 0; done < 2; time.Sleep(20 * time.Millisecond) {
		if !ask("GET", "", "", &all) {
			t.Fatal("the receipts cannot be listed")
		}
		done = 0
		for _, r := range all.Erasures {
			if r.FinishedAt != nil {
				done++
			}
		}
	}
	if len(all.Erasures) != 2 {
		t.Errorf("%d receipts; want 2", len(all.Erasures))
	}
	for _, r := range all.Erasures {
		if r.Counts["chats"] != chats || r.Counts["contacts"] != chats || r.Counts["items"] < 12*chats {
			t.Errorf("the receipt is %+v", r)
		}
	}
	for _, name := range []string{"zqgone", "zqowned", "zqinstance"} {
		if files := holders(name); len(files) > 0 {
			t.Errorf("%s is in %q", name, files)
		}
	}
	if described, err := api.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: catalog.DemoInstance, ContactId: keeper}); err != nil || *described.Contact.CustomerId != "zqkeep" {
		t.Errorf("another customer's contact: %+v, %v", described, err)
	}
	if len(holders("zqkeep says 11")) == 0 {
		t.Error("another customer's messages are gone")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	if got := integrity(t, filepath.Join(dir, "parley.db")); got != "ok" {
		t.Errorf("integrity_check: %s", got)
	}
}
