package center

import "time"

// Item is one entry of a chat's transcript, in the form the Participant
// Service shows it (GetTranscript, Transcript members). Items are never
// changed after they are written; receipts are kept apart ([Receipt]).
type Item struct {
	Chat        ContactID // the first contact of the chain: InitialContactId
	Seq         int64     // position in the chat: 1, 2, 3 …, without gaps
	ID          ItemID
	Contact     ContactID // the contact of the chain that was current
	Time        time.Time // AbsoluteTime; strictly increasing within a chat, whole milliseconds
	Type        ItemType
	ContentType string
	Content     string
	Participant ParticipantID // empty on chat.ended and transfer.*
	DisplayName string
	Role        Role
	Visibility  Visibility
	Attachment  *Attachment // of TypeAttachment
	Processing  Processing  // "" for what is as it should be
	ClientToken string      // of the request that made it; not shown
}

// Whispered reports whether an item is what a person has said to agents and supervisors alone. What a flow says to agents, and what
// was kept back from the other side, is not.
func (it *Item) Whispered() bool {
	return it.Visibility == VisibleAgent && it.Type == TypeMessage && it.Processing == "" && (it.Role == RoleAgent || it.Role == RoleSupervisor)
}

// Processing says why a message that went through the chat's message processor
// was not delivered (MessageProcessingStatus). Only its sender's side sees such a message.
type Processing string

// What may become of a message that is not delivered. That it is still being
// processed is told to its sender and never kept.
const (
	ProcessingFailed   Processing = "FAILED"
	ProcessingRejected Processing = "REJECTED"
)

// ItemType is the Type of an item (ChatItemType).
type ItemType string

// The item types in use. Metadata exists on sockets and streams only.
const (
	TypeMessage    ItemType = "MESSAGE"
	TypeEvent      ItemType = "EVENT"
	TypeAttachment ItemType = "ATTACHMENT"
	TypeMetadata   ItemType = "MESSAGEMETADATA"
)

// Role is a participant's role (ParticipantRole).
type Role string

// The roles.
const (
	RoleCustomer   Role = "CUSTOMER"
	RoleAgent      Role = "AGENT"
	RoleSystem     Role = "SYSTEM"
	RoleCustomBot  Role = "CUSTOM_BOT"
	RoleSupervisor Role = "SUPERVISOR"
)

// Visibility says which side may see an item (the MessageVisibility attribute
// of message streaming). The zero value is everybody.
type Visibility string

// The visibilities.
const (
	VisibleAll      Visibility = ""
	VisibleCustomer Visibility = "CUSTOMER"
	VisibleAgent    Visibility = "AGENT"
	VisibleNone     Visibility = "NONE"
)

// To reports whether a participant of a role may see what has this visibility.
func (v Visibility) To(r Role) bool {
	switch v {
	case VisibleCustomer:
		return r == RoleCustomer
	case VisibleAgent:
		return r == RoleAgent || r == RoleSupervisor
	case VisibleNone:
		return false
	}
	return true
}

// Content types of messages and events.
const (
	PlainText           = "text/plain"
	Markdown            = "text/markdown"
	JSON                = "application/json"
	Interactive         = "application/vnd.amazonaws.connect.message.interactive"
	InteractiveResponse = "application/vnd.amazonaws.connect.message.interactive.response"
	AttachmentMessage   = "application/vnd.amazonaws.connect.message.attachment"

	eventPrefix              = "application/vnd.amazonaws.connect.event."
	EventTyping              = eventPrefix + "typing"
	EventJoined              = eventPrefix + "participant.joined"
	EventLeft                = eventPrefix + "participant.left"
	EventIdle                = eventPrefix + "participant.idle"
	EventReturned            = eventPrefix + "participant.returned"
	EventAutoDisconnection   = eventPrefix + "participant.autodisconnection"
	EventInvited             = eventPrefix + "participant.invited"
	EventEnded               = eventPrefix + "chat.ended"
	EventRehydrated          = eventPrefix + "chat.rehydrated"
	EventTransferSucceeded   = eventPrefix + "transfer.succeeded"
	EventTransferFailed      = eventPrefix + "transfer.failed"
	EventDelivered           = eventPrefix + "message.delivered"
	EventRead                = eventPrefix + "message.read"
	EventMetadata            = eventPrefix + "message.metadata"
	EventConnectionAck       = eventPrefix + "connection.acknowledged"
	EventAuthCancelled       = eventPrefix + "authentication.cancelled"
	EventAuthInitiated       = eventPrefix + "authentication.initiated"
	EventAuthSucceeded       = eventPrefix + "authentication.succeeded"
	EventAuthFailed          = eventPrefix + "authentication.failed"
	EventAuthTimeout         = eventPrefix + "authentication.timeout"
	EventDisplayNameUpdated  = eventPrefix + "participant.displayname.updated"
	DisplayNameSystemMessage = "SYSTEM_MESSAGE"
	DisplayNameBot           = "BOT"
)

// TimeLayout is the form of AbsoluteTime and of every other time in the
// Participant Service: UTC with three digits of milliseconds.
const TimeLayout = "2006-01-02T15:04:05.000Z"

// Receipt is what is known of one participant having got one message
// (MessageMetadata.Receipts). A zero time means not yet.
type Receipt struct {
	Chat      ContactID
	Item      ItemID
	Recipient ParticipantID
	Delivered time.Time
	Read      time.Time
}

// Attachment is a file of a chat.
type Attachment struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	ContentType string           `json:"type"`
	Size        int64            `json:"size"`
	Status      AttachmentStatus `json:"status"`
	Owner       ParticipantID    `json:"owner,omitempty"`
	Started     time.Time        `json:"started,omitzero"`
}

// AttachmentStatus is the Status of an attachment (ArtifactStatus).
// AttachmentUploading is ours: announced, not completed, not shown.
type AttachmentStatus string

// The attachment statuses.
const (
	AttachmentUploading  AttachmentStatus = ""
	AttachmentInProgress AttachmentStatus = "IN_PROGRESS"
	AttachmentApproved   AttachmentStatus = "APPROVED"
	AttachmentRejected   AttachmentStatus = "REJECTED"
)
