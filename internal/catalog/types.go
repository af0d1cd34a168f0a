package catalog

import (
	"cmp"
	"slices"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/hours"
)

// Queue is a queue of the type STANDARD (Queue).
type Queue struct {
	Meta[center.QueueID] `json:"-"`
	Description          string         `json:"description,omitempty"`
	Hours                center.HoursID `json:"hours"`                 // HoursOfOperationId
	Disabled             bool           `json:"disabled,omitempty"`    // takes no more contacts; those in it go on waiting
	MaxContacts          *int32         `json:"maxContacts,omitempty"` // nil for the instance's limit
	OutboundName         string         `json:"outboundName,omitempty"`
	OutboundFlow         center.FlowRef `json:"outboundFlow,omitempty"`
}

// Kind returns KindQueue.
func (*Queue) Kind() center.Kind { return center.KindQueue }

// Hours are hours of operation (HoursOfOperation).
type Hours struct {
	Meta[center.HoursID] `json:"-"`
	hours.Schedule
	Description string           `json:"description,omitempty"`
	Parents     []center.HoursID `json:"parents,omitempty"` // ids of hours whose overrides are shared
}

// Kind returns KindHours.
func (*Hours) Kind() center.Kind { return center.KindHours }

// FindOverride returns the override with an id. Errors: NotFound.
func (h *Hours) FindOverride(id center.OverrideID) (hours.Override, error) {
	i := slices.IndexFunc(h.Overrides, func(o hours.Override) bool { return o.ID == id })
	if i < 0 {
		return hours.Override{}, MissingOverride(h, id)
	}
	return h.Overrides[i], nil
}

// MissingOverride is the error of an override that hours of operation do not have.
func MissingOverride(h *Hours, id center.OverrideID) error {
	return center.Errorf(center.NotFound, "hours of operation %s have no override %s", h.ID, id)
}

// RoutingProfile says which contacts an agent takes (RoutingProfile).
type RoutingProfile struct {
	Meta[center.RoutingProfileID] `json:"-"`
	Description                   string         `json:"description,omitempty"`
	DefaultOutbound               center.QueueID `json:"defaultOutbound"` // DefaultOutboundQueueId
	Concurrency                   []Concurrency  `json:"concurrency"`     // MediaConcurrencies
	Queues                        []ProfileQueue `json:"queues,omitempty"`
	Timer                         string         `json:"timer"` // AgentAvailabilityTimer
	Default                       bool           `json:"default,omitempty"`
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
	Queue    center.QueueID `json:"queue"`
	Channel  string         `json:"channel"`
	Priority int32          `json:"priority"`
	Delay    int32          `json:"delay"` // seconds
}

// SecurityProfile says what a user may do (SecurityProfile).
type SecurityProfile struct {
	Meta[center.SecurityProfileID] `json:"-"`
	Description                    string   `json:"description,omitempty"`
	Permissions                    []string `json:"permissions"`    // by the names of ListSecurityProfilePermissions
	Type                           string   `json:"type,omitempty"` // SecurityProfileType; see [SecurityProfile.ManagedBy]
}

// Who looks after a security profile (SecurityProfileType).
const (
	AWSManaged      = "AWS_MANAGED"      // it came with the instance
	CustomerManaged = "CUSTOMER_MANAGED" // somebody created it
)

// ManagedBy returns the type of a security profile. Profiles that were stored without
// one came with their instances: nobody could create others.
func (p *SecurityProfile) ManagedBy() string { return cmp.Or(p.Type, AWSManaged) }

// Kind returns KindSecurityProfile.
func (*SecurityProfile) Kind() center.Kind { return center.KindSecurityProfile }

// AgentStatus is what an agent can be set to (AgentStatus).
type AgentStatus struct {
	Meta[center.AgentStatusID] `json:"-"`
	Description                string `json:"description,omitempty"`
	Type                       string `json:"type"` // AgentStatusType
	Order                      int32  `json:"order"`
	Disabled                   bool   `json:"disabled,omitempty"`
}

// Kind returns KindAgentStatus.
func (*AgentStatus) Kind() center.Kind { return center.KindAgentStatus }

// StorageConfig says where one type of data of an instance is kept
// (InstanceStorageConfig). Its name is the InstanceStorageResourceType: an
// instance has at most one of each.
type StorageConfig struct {
	Meta[center.StorageID] `json:"-"`
	Type                   string        `json:"type"` // StorageType
	S3                     *S3Storage    `json:"s3,omitempty"`
	Video                  *VideoStorage `json:"video,omitempty"`
	Stream                 string        `json:"stream,omitempty"`   // StreamArn of KINESIS_STREAM
	Firehose               string        `json:"firehose,omitempty"` // FirehoseArn of KINESIS_FIREHOSE
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
