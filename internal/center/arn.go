package center

import (
	"cmp"
	"strings"
)

// Partition names where an instance lives: the account and the region that
// its ARNs carry.
type Partition struct {
	Region  string
	Account string
}

// InstanceARN returns the ARN of an instance.
func (p Partition) InstanceARN(id InstanceID) string {
	return "arn:aws:connect:" + p.Region + ":" + p.Account + ":instance/" + string(id)
}

// ARN returns the ARN of a resource of an instance, for example
// ARN(i, KindQueue, id) = …:instance/I/queue/ID.
func (p Partition) ARN(instance InstanceID, kind Kind, id string) string {
	return p.InstanceARN(instance) + "/" + cmp.Or(segments[kind], string(kind)) + "/" + id
}

// ContactARN returns the ARN of a contact.
func (p Partition) ContactARN(instance InstanceID, id ContactID) string {
	return p.InstanceARN(instance) + "/contact/" + string(id)
}

// Kind is a kind of resource that an administrator sets up in an instance.
// Its value is the word the store files it under.
type Kind string

// The kinds of resource.
const (
	KindInstance        Kind = "instance"
	KindFlow            Kind = "contact-flow"
	KindFlowVersion     Kind = "contact-flow-version"
	KindFlowModule      Kind = "flow-module"
	KindQueue           Kind = "queue"
	KindHours           Kind = "hours"
	KindRoutingProfile  Kind = "routing-profile"
	KindSecurityProfile Kind = "security-profile"
	KindAgentStatus     Kind = "agent-status"
	KindQuickConnect    Kind = "quick-connect"
	KindQuickResponse   Kind = "quick-response"
	KindUser            Kind = "user"
	KindPassword        Kind = "user-password" // the hash of the password of the user with its id
	KindHierarchyGroup  Kind = "agent-group"
	KindHierarchyLevel  Kind = "agent-group-level"
	KindHierarchy       Kind = "hierarchy-structure"
	KindAttribute       Kind = "predefined-attribute"
	KindView            Kind = "view"
	KindViewVersion     Kind = "view-version"
	KindStorageConfig   Kind = "storage-config"
	KindAssociation     Kind = "association"
	KindAccessKey       Kind = "access-key"
	KindKeyUse          Kind = "key-use" // when the access key with its id was last used
	KindSetting         Kind = "setting"
)

// segments are the words that ARNs use for kinds, where they differ from the kind's own.
var segments = map[Kind]string{
	KindHours:        "operating-hours",
	KindAgentStatus:  "agent-state",
	KindUser:         "agent",
	KindQuickConnect: "transfer-destination",
}

// ofSegment is the reverse of segments.
var ofSegment = func() map[string]Kind {
	kinds := make(map[string]Kind, len(segments))
	for kind, segment := range segments {
		kinds[segment] = kind
	}
	return kinds
}()

// ARN is what an ARN of the service says: the partition, the instance, and,
// when it names a resource inside the instance, that resource's kind and id.
// Kind is "contact" for a contact.
type ARN struct {
	Partition
	Instance InstanceID
	Kind     Kind
	ID       string
}

// ParseARN reads an ARN of the service connect. ok is false for anything else.
// A qualifier, as in ":$SAVED" or ":3" behind a flow's id, stays part of ID.
func ParseARN(s string) (a ARN, ok bool) {
	parts := strings.SplitN(s, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "connect" {
		return ARN{}, false
	}
	a.Region, a.Account = parts[3], parts[4]
	rest, found := strings.CutPrefix(parts[5], "instance/")
	if !found {
		return ARN{}, false
	}
	instance, rest, inner := strings.Cut(rest, "/")
	if instance == "" {
		return ARN{}, false
	}
	a.Instance, a.Kind = InstanceID(instance), KindInstance
	if !inner {
		return a, true
	}
	kind, id, found := strings.Cut(rest, "/")
	if !found || id == "" {
		return ARN{}, false
	}
	a.Kind, a.ID = cmp.Or(ofSegment[kind], Kind(kind)), id
	return a, true
}

// IDOf returns the bare id of an argument that may be an id or an ARN, as most
// members of the API may: "arn:…:instance/I/queue/Q" and "Q" both give "Q",
// and the ARN of an instance gives the instance's id.
func IDOf(s string) string {
	a, ok := ParseARN(s)
	switch {
	case !ok:
		return s
	case a.Kind == KindInstance:
		return string(a.Instance)
	}
	return a.ID
}

// FlowRef names a content of a flow: the flow's id, and behind a colon the number
// of a version or an alias; nothing for the content that is the published one
// when the reference is followed.
type FlowRef string

// Ref returns the reference to the flow that an id or ARN, which led to it, is:
// with the same version or alias.
func (id FlowID) Ref(s string) FlowRef {
	s = IDOf(s)
	_, qualifier, ok := strings.Cut(s, ":")
	if !ok || strings.HasPrefix(s, "arn:") || strings.HasSuffix(string(id), ":"+qualifier) {
		return FlowRef(id)
	}
	return FlowRef(string(id) + ":" + qualifier)
}

// ID returns the id of the flow.
func (r FlowRef) ID() FlowID {
	if strings.HasPrefix(string(r), "arn:") { // of nothing in an instance
		return FlowID(r)
	}
	id, _, _ := strings.Cut(string(r), ":")
	return FlowID(id)
}
