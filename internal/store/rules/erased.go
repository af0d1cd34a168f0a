package rules

// The kinds of what is erased, as receipts of erasures count them.
const (
	KindChats       = "chats"
	KindContacts    = "contacts"
	KindItems       = "items"
	KindReceipts    = "receipts"
	KindAnswers     = "requestAnswers"
	KindDeliveries  = "deliveries"
	KindDead        = "deadLetters"
	KindUploads     = "uploads"
	KindHoldings    = "holdings"
	KindAgents      = "agents"
	KindAttachments = "attachments"
	KindLines       = "flowLogLines"
)
