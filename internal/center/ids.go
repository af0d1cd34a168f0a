package center

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Identifiers as the API shows them: UUIDs in text. Each kind is a type of its
// own, so that signatures say what they take.
type (
	InstanceID    string
	ContactID     string
	ParticipantID string
	FlowID        string
	QueueID       string
	UserID        string
	ItemID        string

	ModuleID          string // of a flow module
	ViewID            string
	AliasID           string // of a version of a flow or a module
	HoursID           string // of hours of operation
	OverrideID        string // of hours of operation
	RoutingProfileID  string
	SecurityProfileID string
	AgentStatusID     string
	HierarchyGroupID  string
	HierarchyLevelID  string
	AttributeID       string // of a predefined attribute, which the API knows by its name
	QuickConnectID    string
	QuickResponseID   string
	StorageID         string // AssociationId of a storage configuration
	AssociationID     string // of a function, a bot or an origin

	AIAgentID string // a UUID, with or without :QUALIFIER: see [ParseAIAgentID]
)

// NewUUID returns a random UUID (version 4) in text.
func NewUUID() string { return uuid.NewString() }

// NewContactID returns an id for a contact that starts at now: a UUID of
// version 7, so that contacts lie in the store in the order they began.
func NewContactID(now time.Time) ContactID {
	var r [10]byte
	rand.Read(r[:])
	return ContactID(uuidV7(now, r))
}

// NewItemID returns the id of item seq of a chat: a UUID of version 7 whose
// last 32 bits are the sequence number. The id alone therefore tells where in
// its chat the item lies, and a lookup by id needs no index of its own.
func NewItemID(now time.Time, seq int64, random uint64) ItemID {
	var r [10]byte
	binary.BigEndian.PutUint64(r[:8], random)
	binary.BigEndian.PutUint32(r[6:], uint32(seq))
	return ItemID(uuidV7(now, r))
}

// Seq returns the sequence number that the id carries. It is a hint: whoever
// uses it compares the id of the item found there.
func (id ItemID) Seq() (seq int64, ok bool) {
	u, err := uuid.Parse(string(id))
	if err != nil || u.Version() != 7 {
		return 0, false
	}
	return int64(binary.BigEndian.Uint32(u[12:])), true
}

func uuidV7(now time.Time, r [10]byte) string {
	var u uuid.UUID
	ms := uint64(now.UnixMilli())
	binary.BigEndian.PutUint64(u[:8], ms<<16)
	copy(u[6:], r[:])
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return u.String()
}

// ParseContactID accepts the id of a contact or its ARN and returns the id.
func ParseContactID(s string) (ContactID, bool) {
	if i := strings.LastIndexByte(s, '/'); i >= 0 && strings.HasPrefix(s, "arn:") {
		s = s[i+1:]
	}
	if _, err := uuid.Parse(s); err != nil {
		return "", false
	}
	return ContactID(strings.ToLower(s)), true
}

// ParseAIAgentID accepts an AiAgentId (StartAssistantContact): the UUID of an AI
// agent, or an ARN of the service wisdom that ends in it, either with a qualifier
// behind a colon, the number of a version or $LATEST. It returns UUID or UUID:QUALIFIER.
func ParseAIAgentID(s string) (AIAgentID, bool) {
	if parts := strings.SplitN(s, ":", 6); len(parts) == 6 && parts[0] == "arn" && parts[2] == "wisdom" {
		s = parts[5][strings.LastIndexByte(parts[5], '/')+1:]
	}
	id, qualifier, qualified := strings.Cut(s, ":")
	if len(id) != 36 || uuid.Validate(id) != nil || qualified && (qualifier == "" || strings.ContainsAny(qualifier, ":/")) {
		return "", false
	}
	return AIAgentID(strings.ToLower(id) + s[len(id):]), true
}

// Cut returns the UUID and the qualifier, "" without one.
func (id AIAgentID) Cut() (agent AIAgentID, qualifier string) {
	uuid, qualifier, _ := strings.Cut(string(id), ":")
	return AIAgentID(uuid), qualifier
}
