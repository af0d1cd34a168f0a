package machine

import "encoding/json"

// Event is why a run goes on.
type Event struct {
	Kind EventKind
	// Of EventEffectDone: which effect, and what came of it.
	Effect string
	Answer json.RawMessage // nil when Err is set
	Err    string          // why the effect failed
	// Of EventCustomerMessage.
	ContentType, Content string
	// Of EventSignedIn and EventSignInCancelled.
	Session string
	SignIn  SignIn
}

// EventKind is the kind of an event.
type EventKind string

// The events.
const (
	EventTime            EventKind = "time"            // Wait.Until has come
	EventCustomerMessage EventKind = "customerMessage" // the customer sent a message or a file
	EventCustomerBack    EventKind = "customerBack"    // the customer, who had fallen idle, connected again
	EventBotLeft         EventKind = "botLeft"         // the custom participant left
	EventEffectDone      EventKind = "effectDone"
	EventSignedIn        EventKind = "signedIn"        // UpdateParticipantAuthentication, for good or ill
	EventSignInCancelled EventKind = "signInCancelled" // CancelParticipantAuthentication
)

// SignIn is how a customer's authentication ended: what becomes of the segment
// attribute connect:CustomerAuthentication.
type SignIn struct {
	Err        string // why it failed, "" for success
	CustomerID string // AssociatedCustomerId
	Provider   string // IdentityProvider
	Method     string // AuthenticationMethod
}
