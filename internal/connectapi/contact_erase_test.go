package connectapi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/store"
)

// rows returns the rows of the store that hold a chat and its contacts, as text.
func (h *hall) rows(chat string) string {
	h.Helper()
	head, err := h.engine.Store.Chat(h.Context(), center.ContactID(chat))
	if err != nil {
		h.Fatal(err)
	}
	rows := []string{string(head.State)}
	for c, err := range h.engine.Store.Contacts(h.Context(), store.ContactQuery{Chat: center.ContactID(chat)}) {
		if err != nil {
			h.Fatal(err)
		}
		record, err := json.Marshal(c)
		if err != nil {
			h.Fatal(err)
		}
		rows = append(rows, string(record))
	}
	return strings.Join(rows, "\n")
}

func (h *hall) erase(id string, fields ...connect.ContactField) error {
	_, err := h.DeleteContactData(h.Context(), &connect.DeleteContactDataRequest{InstanceId: h.instance, ContactId: id, ContactFields: fields})
	return err
}

const endpoint = connect.ContactFieldCUSTOMER_ENDPOINT

func TestDeleteContactData(t *testing.T) {
	inHall(t, func(h *hall) {
		id, bearer := h.join(func(in *startRequest) {
			in.ParticipantDetails.DisplayName = "Ana Ferreira"
			in.Attributes = map[string]string{"tier": "gold"}
		})
		h.refused("deleting data of a running contact", h.erase(id, endpoint), "ContactNotTerminatedException", 409)
		h.say(bearer, "Hi")
		h.leave(bearer)
		enginetest.Pass(time.Hour)
		if !strings.Contains(h.rows(id), "Ana Ferreira") {
			h.Fatal("no row holds the name: the test looks in the wrong place")
		}
		for range 2 { // the second time there is nothing to do
			if err := h.erase(h.engine.Partition.ContactARN(center.InstanceID(h.instance), center.ContactID(id)), endpoint, endpoint); err != nil {
				h.Fatalf("DeleteContactData: %v", err)
			}
			if rows := h.rows(id); strings.Contains(rows, "Ferreira") {
				h.Errorf("the name is still in\n%s", rows)
			}
			c := h.describe(id)
			if !c.LastUpdateTimestamp.Equal(c.DisconnectTimestamp.Add(time.Hour)) || c.CustomerEndpoint != nil || c.Attributes["tier"] != "gold" {
				h.Errorf("the contact is described as %+v", c)
			}
			enginetest.Pass(time.Minute)
		}
		if from := h.engine.Items(center.ContactID(id))[2].DisplayName; from != "Ana Ferreira" {
			h.Errorf("a message of the transcript is from %q; transcripts are not erased", from)
		}
		h.start(func(in *startRequest) { // what is left can be continued
			in.PersistentChat = &connect.PersistentChat{RehydrationType: connect.RehydrationTypeENTIRE_PAST_SESSION, SourceContactId: &id}
		})
	})
}

// TestDeleteContactDataOfAnEarlierContact: the first contact of a chain has ended, the
// disconnect flow of the second still waits.
func TestDeleteContactDataOfAnEarlierContact(t *testing.T) {
	inHall(t, func(h *hall) {
		id, bearer := h.join(func(in *startRequest) {
			in.ContactFlowId, in.ParticipantDetails.DisplayName = h.survey, "Ana Ferreira"
			in.DisconnectOnCustomerExit = []connect.DisconnectOnCustomerExitParticipantType{connect.DisconnectOnCustomerExitParticipantTypeAGENT}
		})
		h.leave(bearer)
		second := *h.associated(id)[1].ContactId
		h.refused("deleting data of the running contact", h.erase(second, endpoint), "ContactNotTerminatedException", 409)
		if err := h.erase(id, endpoint); err != nil {
			h.Fatalf("DeleteContactData of the first contact: %v", err)
		}
		if !strings.Contains(h.rows(id), "Ana Ferreira") {
			h.Error("the running contact has lost its customer's name")
		}
		if _, err := h.StopContact(h.Context(), &connect.StopContactRequest{InstanceId: h.instance, ContactId: second}); err != nil {
			h.Fatalf("StopContact: %v", err)
		}
		if rows := h.rows(id); strings.Contains(rows, "Ferreira") {
			h.Errorf("after the end of the chain the name is still in\n%s", rows)
		}
	})
}

func TestDeleteContactDataRefuses(t *testing.T) {
	inHall(t, func(h *hall) {
		id, bearer := h.join(func(in *startRequest) { in.ParticipantDetails.DisplayName = "Ana Ferreira" })
		h.leave(bearer)
		for _, c := range []struct {
			why    string
			id     string
			fields []connect.ContactField
			code   string
			status int
		}{
			{"a field that no contact has", id, []connect.ContactField{endpoint, "SHOE_SIZE"}, "InvalidParameterException", 400},
			{"a field of e-mail (API reference, DeleteContactData, 2026-11)", id, []connect.ContactField{endpoint, connect.ContactFieldEMAIL_SUBJECT}, "InvalidRequestException", 400},
			{"another field of e-mail", id, []connect.ContactField{connect.ContactFieldADDITIONAL_EMAIL_RECIPIENTS}, "InvalidRequestException", 400},
			{"no field", id, []connect.ContactField{}, "InvalidRequestException", 400},
			{"an unknown contact", center.NewUUID(), []connect.ContactField{endpoint}, "ResourceNotFoundException", 404},
		} {
			h.refused(c.why, h.erase(c.id, c.fields...), c.code, c.status)
		}
		_, err := h.DeleteContactData(h.Context(), &connect.DeleteContactDataRequest{InstanceId: center.NewUUID(), ContactId: id, ContactFields: []connect.ContactField{endpoint}})
		h.notFound("an unknown instance", err)
		if !strings.Contains(h.rows(id), "Ana Ferreira") {
			h.Error("a refused request has erased the name")
		}
	})
}
