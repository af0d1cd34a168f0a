package contacts

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// DeleteContactData erases fields of a contact that has ended, for good. Of the
// fields a chat has CUSTOMER_ENDPOINT: the display name of its customer, which
// no row of a contact or chat holds afterwards. EMAIL_SUBJECT and
// ADDITIONAL_EMAIL_RECIPIENTS are, as the API reference says, of the e-mail
// channel alone: an InvalidRequestException, and nothing is erased. A contact
// that has not ended is a ContactNotTerminatedException; repeating the request
// changes nothing.
//
// The contacts of a chain share their customer: one request is enough for all of
// them, and while a later one is running the name is kept until that has ended.
//
// Not erased, since ContactFields do not name them: the transcript and its
// copies (each item shows who sent it), attributes, name, description,
// references and tags of the contact, its CustomerId, and what a flow passed on
// or logged.
func (s *Contacts) DeleteContactData(ctx context.Context, in *connect.DeleteContactDataRequest) (*connect.DeleteContactDataResponse, error) {
	chat, c, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	if len(in.ContactFields) == 0 {
		return nil, center.Errorf(center.BadRequest, "ContactFields names nothing; for a chat give %s", connect.ContactFieldCUSTOMER_ENDPOINT)
	}
	for _, f := range in.ContactFields {
		if f != connect.ContactFieldCUSTOMER_ENDPOINT {
			return nil, center.Errorf(center.BadRequest, "ContactFields: %s is a field of e-mail contacts, and contact %s is a chat", f, c.ID)
		}
	}
	if _, err := s.Engine.Do(ctx, chat.ID, contact.EraseEndpoint{Contact: c.ID}); err != nil {
		return nil, err
	}
	return &connect.DeleteContactDataResponse{}, nil
}
