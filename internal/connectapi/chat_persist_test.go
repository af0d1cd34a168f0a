package connectapi_test

import (
	"fmt"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
)

// TestCreatePersistentContactAssociation makes a running chat continue an
// ended one, once.
func TestCreatePersistentContactAssociation(t *testing.T) {
	inHall(t, func(h *hall) {
		old, bearer := h.join()
		h.say(bearer, "long ago")
		running, _ := h.join()
		associate := func(chat, source, token string) (*connect.CreatePersistentContactAssociationResponse, error) {
			in := &connect.CreatePersistentContactAssociationRequest{InstanceId: h.instance, InitialContactId: chat, SourceContactId: source,
				RehydrationType: connect.RehydrationTypeENTIRE_PAST_SESSION}
			if token != "" {
				in.ClientToken = &token
			}
			return h.CreatePersistentContactAssociation(h.Context(), in)
		}
		chat, mine := h.join()
		_, err := associate(chat, old, "")
		h.invalidRequest("continuing a chat that goes on", err)
		h.leave(bearer)
		for range 2 { // the second time is a repetition
			out, err := associate(chat, old, "token")
			if err != nil || *out.ContinuedFromContactId != old {
				h.Fatalf("CreatePersistentContactAssociation = %+v, %v; want it to continue %s", out, err, old)
			}
		}
		if n := h.published(center.EventRehydrated); n != 1 {
			h.Errorf("chat.rehydrated was told %d times; want once", n)
		}
		if related := h.describe(chat).RelatedContactId; related == nil || *related != old {
			h.Errorf("RelatedContactId is %v; want %s", related, old)
		}
		_, next := h.page(mine, nil)
		if past, _ := h.page(mine, next); fmt.Sprint(past) != "[Hello long ago]" {
			h.Errorf("behind its own the chat shows %q", past)
		}
		_, err = associate(chat, old, "another")
		h.invalidRequest("continuing twice", err)
		// A later contact of a chain can be related as well; the tree has all of both.
		first, customer := h.join(func(in *startRequest) {
			in.ContactFlowId = h.survey
			in.DisconnectOnCustomerExit = []connect.DisconnectOnCustomerExitParticipantType{connect.DisconnectOnCustomerExitParticipantTypeAGENT}
		})
		h.leave(customer)
		second := *h.associated(first)[1].ContactId
		if _, err := associate(first, old, ""); err != nil {
			h.Fatalf("CreatePersistentContactAssociation of a second contact: %v", err)
		}
		c := h.describe(second)
		if tree := h.associated(second); c.RelatedContactId == nil || *c.RelatedContactId != old || *c.ContactAssociationId != old || len(tree) != 4 {
			h.Errorf("the second contact is %+v, in a tree of %d; want it related to %s, in a tree of 4", c, len(tree), old)
		}
		_, err = associate(running, center.NewUUID(), "")
		if err == nil {
			h.Error("a source that does not exist was taken")
		}
	})
}
