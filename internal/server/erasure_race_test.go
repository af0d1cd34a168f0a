package server_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/erasure"
	"parley.example/parley/internal/store"
)

// TestNoChatOutlivesItsInstance deletes instances while visitors start chats in them and end them. A chat
// that was acknowledged keeps its instance until it has ended, and none begins after the deletion.
func TestNoChatOutlivesItsInstance(t *testing.T) {
	a := newArchive(t)
	const rounds, visitors = 8, 4
	for round := range rounds {
		made, err := a.Connect.CreateInstance(t.Context(), &connect.CreateInstanceRequest{
			IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new(fmt.Sprint("race", round)), InboundCallsEnabled: true, OutboundCallsEnabled: true})
		if err != nil {
			t.Fatal(err)
		}
		flow, err := a.Connect.CreateContactFlow(t.Context(), &connect.CreateContactFlowRequest{
			InstanceId: *made.Id, Name: "flow", Type: connect.ContactFlowTypeCONTACT_FLOW, Content: remembers})
		if err != nil {
			t.Fatal(err)
		}
		var deleted atomic.Bool
		var started atomic.Int64
		var visits, came sync.WaitGroup
		for range visitors {
			came.Add(1)
			first := sync.OnceFunc(came.Done)
			visits.Go(func() {
				defer first()
				for {
					late := deleted.Load()
					c, err := a.Connect.StartChatContact(t.Context(), &connect.StartChatContactRequest{
						InstanceId: *made.Id, ContactFlowId: *flow.ContactFlowId, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "visitor"}})
					if gone := (*connect.ResourceNotFoundException)(nil); errors.As(err, &gone) {
						return
					}
					if err != nil || late {
						t.Errorf("StartChatContact (after the deletion: %v): %v", late, err)
						return
					}
					started.Add(1)
					if _, err := a.Connect.StopContact(t.Context(), &connect.StopContactRequest{InstanceId: *made.Id, ContactId: *c.ContactId}); err != nil {
						t.Errorf("an acknowledged chat was lost with its instance: %v", err)
						return
					}
					first()
				}
			})
		}
		came.Wait()
		for !t.Failed() {
			_, err := a.Connect.DeleteInstance(t.Context(), &connect.DeleteInstanceRequest{InstanceId: *made.Id})
			if busy := (*connect.InvalidRequestException)(nil); errors.As(err, &busy) && strings.Contains(err.Error(), "active chats") {
				continue
			}
			if err != nil {
				t.Fatalf("DeleteInstance: %v", err)
			}
			break
		}
		deleted.Store(true)
		visits.Wait()

		var all erasure.ListErasuresResponse
		a.ask("", nil, &all)
		if r := a.finished(all.Erasures[0].ErasureId); r.Counts["chats"] != started.Load() {
			t.Errorf("the erasure took %d chats; %d were started", r.Counts["chats"], started.Load())
		}
		a.Stop()
		s, _ := openStopped(t, a.dir)
		for c, err := range s.Contacts(t.Context(), store.ContactQuery{Instance: center.InstanceID(*made.Id)}) {
			t.Errorf("contact %s has outlived its instance, %v", c.ID, err)
		}
		s.Close()
		a.start()
	}
}

// TestErasureWhileChatsStart erases a customer whose chats start meanwhile, with the same ClientTokens again
// and again. Each contact that was acknowledged is in a receipt, or is there.
func TestErasureWhileChatsStart(t *testing.T) {
	a := newArchive(t)
	visit := a.Request(t)
	var mu sync.Mutex // guards acknowledged
	acknowledged := map[string]bool{}
	var visits sync.WaitGroup
	var done atomic.Bool
	for i := range 4 {
		visits.Go(func() {
			for n := 0; !done.Load(); n++ {
				in := *visit
				in.CustomerId, in.ClientToken = new("racer"), new(fmt.Sprint(i%2, "/", n%3))
				c, err := a.Connect.StartChatContact(t.Context(), &in)
				if err != nil {
					t.Errorf("StartChatContact: %v", err)
					return
				}
				mu.Lock()
				acknowledged[*c.ContactId] = true
				mu.Unlock()
			}
		})
	}
	var erased []center.ContactID
	for range 10 {
		var r erasure.Receipt
		in := &erasure.EraseRequest{CustomerId: "racer", EndActive: true}
		if got := a.ask("", in, &r); got.status != 200 {
			t.Errorf("the erasure: %d %s", got.status, got.body)
		}
		erased = append(erased, a.finished(r.ErasureId).ContactIds...)
	}
	done.Store(true)
	visits.Wait()
	for id := range acknowledged {
		_, err := a.Connect.DescribeContact(t.Context(), &connect.DescribeContactRequest{InstanceId: a.Instance(t), ContactId: id})
		gone := (*connect.ResourceNotFoundException)(nil)
		if err != nil && !errors.As(err, &gone) {
			t.Fatal(err)
		}
		if receipt := slices.Contains(erased, center.ContactID(id)); receipt == (err == nil) {
			t.Errorf("contact %s is in a receipt: %v; DescribeContact: %v", id, receipt, err)
		}
	}
	a.sound()
}
