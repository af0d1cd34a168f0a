package catalog

import (
	"parley.example/parley/internal/center"
)

// Instance is a contact centre (Instance). Its name is InstanceAlias.
type Instance struct {
	Meta        `json:"-"`
	Identity    string            `json:"identity"`            // IdentityManagementType
	DirectoryID string            `json:"directory,omitempty"` // of EXISTING_DIRECTORY
	Attributes  map[string]string `json:"attributes"`          // by InstanceAttributeType; see [Instance.Attribute]
}

// Kind returns KindInstance.
func (*Instance) Kind() center.Kind { return center.KindInstance }

// InstanceID returns the id as what it is.
func (i *Instance) InstanceID() center.InstanceID { return center.InstanceID(i.ID) }

// Flow is a contact flow (ContactFlow).
type Flow struct {
	Meta `json:"-"`
	Contents
	Type        string `json:"type"` // ContactFlowType
	Description string `json:"description,omitempty"`
	Archived    bool   `json:"archived,omitempty"` // ContactFlowState ARCHIVED
	Default     bool   `json:"default,omitempty"`  // came with the instance and cannot be deleted
}

// Kind returns KindFlow.
func (*Flow) Kind() center.Kind { return center.KindFlow }

// RoutingProfile says which contacts an agent takes (RoutingProfile).
type RoutingProfile struct {
	Meta            `json:"-"`
	Description     string         `json:"description,omitempty"`
	DefaultOutbound string         `json:"defaultOutbound"` // DefaultOutboundQueueId
	Concurrency     []Concurrency  `json:"concurrency"`     // MediaConcurrencies
	Queues          []ProfileQueue `json:"queues,omitempty"`
	Timer           string         `json:"timer"` // AgentAvailabilityTimer
	Default         bool           `json:"default,omitempty"`
}

// Kind returns KindRoutingProfile.
func (*RoutingProfile) Kind() center.Kind { return center.KindRoutingProfile }

// Concurrency is how many contacts of a channel an agent holds at once (MediaConcurrency).
type Concurrency struct {
	Channel    string `json:"channel"`
	Max        int32  `json:"max"`
	AnyChannel bool   `json:"anyChannel,omitempty"` // BehaviorType ROUTE_ANY_CHANNEL
}

// ProfileQueue is a queue and channel of a routing profile (RoutingProfileQueueConfig).
type ProfileQueue struct {
	Queue    string `json:"queue"`
	Channel  string `json:"channel"`
	Priority int32  `json:"priority"`
	Delay    int32  `json:"delay"` // seconds
}

// SecurityProfile says what a user may do (SecurityProfile).
type SecurityProfile struct {
	Meta        `json:"-"`
	Description string   `json:"description,omitempty"`
	Permissions []string `json:"permissions"` // by the names of ListSecurityProfilePermissions
}

// Kind returns KindSecurityProfile.
func (*SecurityProfile) Kind() center.Kind { return center.KindSecurityProfile }

// AgentStatus is what an agent can be set to (AgentStatus).
type AgentStatus struct {
	Meta        `json:"-"`
	Description string `json:"description,omitempty"`
	Type        string `json:"type"` // AgentStatusType
	Order       int32  `json:"order"`
	Disabled    bool   `json:"disabled,omitempty"`
}

// Kind returns KindAgentStatus.
func (*AgentStatus) Kind() center.Kind { return center.KindAgentStatus }

// StorageConfig says where one type of data of an instance is kept
// (InstanceStorageConfig). Its name is the InstanceStorageResourceType: an
// instance has at most one of each.
type StorageConfig struct {
	Meta     `json:"-"`
	Type     string        `json:"type"` // StorageType
	S3       *S3Storage    `json:"s3,omitempty"`
	Video    *VideoStorage `json:"video,omitempty"`
	Stream   string        `json:"stream,omitempty"`   // StreamArn of KINESIS_STREAM
	Firehose string        `json:"firehose,omitempty"` // FirehoseArn of KINESIS_FIREHOSE
}

// Kind returns KindStorageConfig.
func (*StorageConfig) Kind() center.Kind { return center.KindStorageConfig }

// S3Storage is a place in a bucket (S3Config). Key is the KMS key, "" for no encryption of its own.
type S3Storage struct {
	Bucket string `json:"bucket"`
	Prefix string `json:"prefix"`
	Key    string `json:"key,omitempty"`
}

// VideoStorage is a video stream (KinesisVideoStreamConfig).
type VideoStorage struct {
	Prefix string `json:"prefix"`
	Hours  int32  `json:"hours"`
	Key    string `json:"key"`
}
