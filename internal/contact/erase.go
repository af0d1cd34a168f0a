package contact

import "parley.example/parley/internal/center"

// EraseEndpoint erases the customer's endpoint of a contact that has ended
// (DeleteContactData, CUSTOMER_ENDPOINT). Of a chat that is the customer's
// display name ($.CustomerEndpoint.DisplayName): nothing else of it is known.
//
// The contacts of a chain share their customer. While a later one is running it
// needs the name, and so do messages that are still being processed; then the
// name is erased by the very change that closes the transcript. The items of the
// transcript keep it, in the store and in deliveries on their way to streaming
// endpoints; so does whatever a flow or a caller has copied it to.
//
// NotEnded if the contact has not ended. Repeated it changes nothing.
type EraseEndpoint struct{ Contact center.ContactID }

func (e EraseEndpoint) decide(d *decision) error {
	if e.Contact == d.chat.Latest.ID && !d.chat.Ended {
		return center.Errorf(center.NotEnded, "contact %s has not ended; data can be deleted from contacts that have", e.Contact)
	}
	if d.chat.Erase {
		return nil
	}
	if _, err := d.contact(e.Contact); err != nil { // says when it was updated
		return err
	}
	d.edit().Erase = true
	return nil
}

// erase erases what [EraseEndpoint] asked for, once the chat is over.
func (d *decision) erase() {
	if c := d.change.Chat; c != nil && c.Erase && c.Over() {
		c.Customer().DisplayName = ""
	}
}
