package catalog

import (
	"cmp"
	"slices"
	"strconv"

	"parley.example/parley/internal/catalog/permission"
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
	// QuickConnects are what agents may transfer to who take contacts from the queue, in the order in which they were added.
	QuickConnects []center.QuickConnectID `json:"quickConnects,omitempty"`
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

// RoutingProfile says which contacts an agent takes (RoutingProfile). What routing
// asks is [RoutingProfile.On] and the two lists of queues.
type RoutingProfile struct {
	Meta[center.RoutingProfileID] `json:"-"`
	Description                   string         `json:"description,omitempty"`
	DefaultOutbound               center.QueueID `json:"defaultOutbound"`  // DefaultOutboundQueueId
	Concurrency                   []Concurrency  `json:"concurrency"`      // MediaConcurrencies: each channel once
	Queues                        []ProfileQueue `json:"queues,omitempty"` // contacts are offered from; each queue and channel once
	Manual                        []QueueChannel `json:"manual,omitempty"` // agents may pick from by hand; those in Queues are offered all the same
	Timer                         string         `json:"timer"`            // AgentAvailabilityTimer
	Default                       bool           `json:"default,omitempty"`
}

// Kind returns KindRoutingProfile.
func (*RoutingProfile) Kind() center.Kind { return center.KindRoutingProfile }

// QueueIDs are the queues that contacts are offered from, each once.
func (p *RoutingProfile) QueueIDs() []string {
	return distinct(p.Queues, func(q ProfileQueue) center.QueueID { return q.Queue })
}

// ManualIDs are the queues that agents may pick from by hand, each once.
func (p *RoutingProfile) ManualIDs() []string {
	return distinct(p.Manual, func(q QueueChannel) center.QueueID { return q.Queue })
}

// distinct returns the queues of a list in the order in which they come first.
func distinct[T any](list []T, queue func(T) center.QueueID) (ids []string) {
	for _, e := range list {
		if id := string(queue(e)); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// On returns how many contacts of a channel an agent with the profile holds at
// once. ok is false for a channel that the profile does not have: queues in its
// lists that name it give nothing.
func (p *RoutingProfile) On(channel string) (c Concurrency, ok bool) {
	i := slices.IndexFunc(p.Concurrency, func(c Concurrency) bool { return c.Channel == channel })
	if i < 0 {
		return Concurrency{}, false
	}
	return p.Concurrency[i], true
}

// Concurrency is how many contacts of a channel an agent holds at once (MediaConcurrency).
type Concurrency struct {
	Channel    string     `json:"channel"`
	Max        int32      `json:"max"`                  // 0 to 10
	AnyChannel bool       `json:"anyChannel,omitempty"` // other channels go on giving contacts meanwhile: BehaviorType ROUTE_ANY_CHANNEL
	Workloads  []Workload `json:"workloads,omitempty"`  // of TASK and EMAIL
}

// AllWorkloads is to how many contacts the workload types come together.
func (c *Concurrency) AllWorkloads() (sum int32) {
	for _, w := range c.Workloads {
		sum += w.Max
	}
	return sum
}

// Workload is how many of a channel's contacts may be of a kind (WorkloadTypeConcurrency).
type Workload struct {
	Type     string `json:"type"`
	Max      int32  `json:"max"`
	Behavior string `json:"behavior,omitempty"` // ChannelWorkloadBehaviorType
}

// QueueChannel is a queue and one channel of it (RoutingProfileQueueReference).
type QueueChannel struct {
	Queue   center.QueueID `json:"queue"`
	Channel string         `json:"channel"`
}

// ProfileQueue is from where a routing profile has contacts offered (RoutingProfileQueueConfig).
type ProfileQueue struct {
	QueueChannel
	Priority int32 `json:"priority"` // 1 to 99; the lowest first
	Delay    int32 `json:"delay"`    // seconds, 0 to 9,999, that a contact must have waited
}

// QuickConnect is where an agent can transfer a contact to (QuickConnect).
type QuickConnect struct {
	Meta[center.QuickConnectID] `json:"-"`
	Description                 string         `json:"description,omitempty"`
	Type                        string         `json:"type"`            // QuickConnectType
	User                        center.UserID  `json:"user,omitempty"`  // of USER; it may have been deleted since
	Queue                       center.QueueID `json:"queue,omitempty"` // of QUEUE
	Flow                        center.FlowRef `json:"flow,omitempty"`  // that a transferred contact runs; not of PHONE_NUMBER
	Phone                       string         `json:"phone,omitempty"` // of PHONE_NUMBER, in E.164
}

// The types of quick connect (QuickConnectType).
const (
	ToUser  = "USER"
	ToQueue = "QUEUE"
	ToPhone = "PHONE_NUMBER"
	ToFlow  = "FLOW"
)

// Kind returns KindQuickConnect.
func (*QuickConnect) Kind() center.Kind { return center.KindQuickConnect }

// QuickResponse is what agents often say.
type QuickResponse struct {
	Meta[center.QuickResponseID] `json:"-"`
	Description                  string                    `json:"description,omitempty"`
	Shortcut                     string                    `json:"shortcut,omitempty"` // ShortcutKey, without white space
	Content                      string                    `json:"content"`            // with placeholders
	Markdown                     bool                      `json:"markdown,omitempty"` // as it is sent: text/markdown, or else text/plain
	Disabled                     bool                      `json:"disabled,omitempty"` // no agent has it
	Profiles                     []center.RoutingProfileID `json:"profiles,omitempty"` // whose agents have it; none for everybody
}

// Kind returns KindQuickResponse.
func (*QuickResponse) Kind() center.Kind { return center.KindQuickResponse }

// SecurityProfile says what a user may do (SecurityProfile).
type SecurityProfile struct {
	Meta[center.SecurityProfileID] `json:"-"`
	Description                    string   `json:"description,omitempty"`
	Permissions                    []string `json:"permissions"`    // names of package permission, in alphabetical order
	Type                           string   `json:"type,omitempty"` // SecurityProfileType; see [SecurityProfile.ManagedBy]
	// Withheld are the permissions that a profile that came with the instance would have, and that somebody has taken away. It is
	// nil for a profile that somebody made, and for one that was stored before this was kept account of.
	Withheld []string `json:"withheld,omitzero"`

	// Restrictions are what the profile takes from its permissions.
	Restrictions
	Applications []Application      `json:"applications,omitempty"`
	Modules      []AllowedModule    `json:"modules,omitempty"`  // AllowedFlowModules
	AIAgents     []AllowedAIAgent   `json:"aiAgents,omitempty"` // AllowedAIAgents
	Holders      []center.AIAgentID `json:"holders,omitempty"`  // AI agents that have the profile (AssociateSecurityProfiles)
}

// Restrictions bound the resources that the permissions of a security profile are for: package access has the rules.
type Restrictions struct {
	AccessTags   map[string]string       `json:"accessTags,omitempty"`   // AllowedAccessControlTags: what a restricted resource must have
	ByTag        []string                `json:"byTag,omitempty"`        // TagRestrictedResources
	ByHierarchy  []string                `json:"byHierarchy,omitempty"`  // HierarchyRestrictedResources
	Group        center.HierarchyGroupID `json:"group,omitempty"`        // AllowedAccessControlHierarchyGroupId
	TablesByRows []RowRestriction        `json:"tablesByRows,omitempty"` // GranularAccessControlConfiguration
}

// RowRestriction restricts data tables to rows with some values (PrimaryAttributeValue).
type RowRestriction struct {
	Access    string   `json:"access,omitempty"` // AccessType
	Attribute *string  `json:"attribute,omitempty"`
	Values    []string `json:"values,omitempty"`
}

// Application is a third-party application with what its users may do in it (Application).
type Application struct {
	Namespace   string   `json:"namespace"`
	Permissions []string `json:"permissions,omitempty"`
	Type        string   `json:"type,omitempty"` // ApplicationType
}

// AllowedModule is a flow module that AI agents may use as a tool (FlowModule).
type AllowedModule struct {
	Type   string          `json:"type,omitempty"` // FlowModuleType
	Module center.ModuleID `json:"module"`
}

// AllowedAIAgent is an AI agent that users with a security profile may use (AIAgent).
type AllowedAIAgent struct {
	ARN  string `json:"arn"`
	Type string `json:"type,omitempty"` // AIAgentType
}

// Who looks after a security profile (SecurityProfileType).
const (
	AWSManaged      = "AWS_MANAGED"      // it came with the instance
	CustomerManaged = "CUSTOMER_MANAGED" // somebody created it
)

// ManagedBy returns the type of a security profile. Profiles that were stored without
// one came with their instances: nobody could create others.
func (p *SecurityProfile) ManagedBy() string { return cmp.Or(p.Type, AWSManaged) }

// Grant gives a profile permissions, those of package permission in alphabetical order, in place of what it has.
func (p *SecurityProfile) Grant(names []string) {
	p.Permissions = names
	if p.ManagedBy() == AWSManaged {
		p.Withheld = without(permission.Predefined(p.Name), names)
	}
}

// renew gives a profile that came with the instance the permissions that such profiles have by now and did not have when it was
// stored, as the service does with those of its own. What somebody took away stays away. Of a profile that was stored
// before that was kept account of, nothing is known once somebody has changed it: it stays as it is.
func (p *SecurityProfile) renew() {
	now := permission.Predefined(p.Name)
	switch {
	case p.ManagedBy() != AWSManaged || len(now) == 0:
	case p.Withheld != nil:
		p.Permissions = slices.Compact(slices.Sorted(slices.Values(slices.Concat(p.Permissions, without(now, p.Withheld)))))
	case p.Updated.Equal(p.Created):
		p.Permissions, p.Withheld = now, []string{}
	}
}

// without returns those of a list that are not in another, which is in alphabetical order; it is never nil.
func without(list, other []string) []string {
	left := []string{}
	for _, e := range list {
		if _, found := slices.BinarySearch(other, e); !found {
			left = append(left, e)
		}
	}
	return left
}

// Kind returns KindSecurityProfile.
func (*SecurityProfile) Kind() center.Kind { return center.KindSecurityProfile }

// AgentStatus is what an agent can be set to (AgentStatus).
type AgentStatus struct {
	Meta[center.AgentStatusID] `json:"-"`
	Description                string `json:"description,omitempty"`
	Type                       string `json:"type"`  // AgentStatusType
	Order                      int32  `json:"order"` // DisplayOrder, 1 to 50; 0 for none
	Disabled                   bool   `json:"disabled,omitempty"`
}

// Kind returns KindAgentStatus.
func (*AgentStatus) Kind() center.Kind { return center.KindAgentStatus }

// The states of an agent status (AgentStatusState).
const (
	Enabled  = "ENABLED"
	Disabled = "DISABLED"
)

// State returns whether agents can choose the status.
func (s *AgentStatus) State() string {
	if s.Disabled {
		return Disabled
	}
	return Enabled
}

// DisplayOrder returns where the status stands in the agent's list, "" for behind all that say where.
func (s *AgentStatus) DisplayOrder() string {
	if s.Order == 0 {
		return ""
	}
	return strconv.Itoa(int(s.Order))
}

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
