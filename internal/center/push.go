package center

// Push is one thing that the participants of a chat are sent over their
// sockets, after the change it belongs to is durable. Pushes of a chat keep
// the order of its commits.
type Push struct {
	Chat ContactID
	// Item is what is sent: an item of the transcript, or, with Seq 0, an event
	// that is sent and not stored (typing, idle …), or, with TypeMetadata, a receipt.
	Item Item
	// Receipt is set for TypeMetadata.
	Receipt *Receipt
	// Only, when set, is the one participant to send it to; Except is one to leave out.
	Only, Except ParticipantID
	// Gone, when set, is a participant who is sent nothing that follows. An agent whose leaving is the
	// Item need not be named; a supervisor may leave without an item, and stay in spite of one.
	Gone ParticipantID
	// Last says that nothing follows: the chat has ended and its sockets may close.
	Last bool
}
