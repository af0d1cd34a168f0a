package auth

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/auth/iam"
	"parley.example/parley/internal/center"
)

// Identity is who signed a request.
type Identity struct {
	AccessKey string // the access key id that the request presented; "" when it presented none
	Name      string // the name of the key; "" when the key was not looked up
	ARN       string // of the user behind the key, as error messages name it
	Policy    Policy // what the user may do
	Verified  bool   // false when a development server took the caller's word
	Origin    Origin // where the request comes from
}

// Origin is where a request comes from, as conditions ask.
type Origin struct {
	Address   string // of the client, as [http.Request] has it in RemoteAddr
	UserAgent string
	Secure    bool // over TLS
}

func (v *Verifier) originOf(r *http.Request) Origin {
	return Origin{Address: r.RemoteAddr, UserAgent: r.UserAgent(), Secure: r.TLS != nil || v.Secure != nil && v.Secure(r)}
}

// ip returns the address without its port; "" when the listener is no network's.
func (o Origin) ip() string {
	if at, err := netip.ParseAddrPort(o.Address); err == nil {
		return at.Addr().Unmap().WithZone("").String()
	}
	if ip, err := netip.ParseAddr(o.Address); err == nil {
		return ip.Unmap().WithZone("").String()
	}
	return ""
}

// Call is what a policy is asked about.
type Call struct {
	Service   string // the prefix of the action; "" for connect
	Resource  string // the ARN that it is about, for another service; "" for none
	Operation string // its name in the model
	Input     any    // the decoded request, a pointer
	Partition center.Partition
	Now       time.Time
	// Facts returns what is known of a resource, by its ARN: nothing when there is no such
	// resource. It is asked only when a condition is about them.
	Facts func(arn string) (Facts, error)
}

// Facts are what conditions can ask about a resource.
type Facts struct {
	Tags     map[string]string
	FlowType string // of a flow; "" for anything else
	Channel  string // of a contact; "" for anything else
}

// Authorize asks the identity's policy whether a call may be made: each
// resource that it needs a permission for must be allowed, and no Deny may name what it touches. A refusal is an AccessDeniedException with the text that IAM
// uses, and names the first resource that it is about; its Reason has the statement. Other errors
// are those of Call.Facts: the question is not answered.
func (id Identity) Authorize(c Call) error {
	if id.Policy.Full() {
		return nil
	}
	q := &question{id: id, call: c, about: Resources{Named: []string{cmp.Or(c.Resource, Everything)}}}
	if c.Service == "" {
		q.about = ResourcesOf(c.Partition, c.Operation, c.Input)
	}
	return q.answer()
}

// question is a call while a policy is asked about it, one resource after the other.
type question struct {
	id       Identity
	call     Call
	about    Resources
	resource string
	facts    *Facts // of the resource, once they are known
}

func (q *question) answer() error {
	for _, arn := range q.about.Named {
		q.resource, q.facts = arn, nil
		d, err := q.id.Policy.Decide(q.action(), arn, q.about.Touched, q.values)
		if err != nil || !d.Allowed {
			return q.refused(d, err)
		}
	}
	if q.about.More {
		q.resource = Everything
		return q.refused(iam.Decision{Reason: fmt.Sprintf("the request names more than %d resources", maxNamed)}, nil)
	}
	return nil
}

func (q *question) action() string { return cmp.Or(q.call.Service, "connect") + ":" + q.call.Operation }

// refused is the error for a decision, or for the want of one.
func (q *question) refused(d iam.Decision, err error) error {
	if err != nil {
		return fmt.Errorf("authorise %s on %s: %w", q.action(), q.resource, err)
	}
	message := "User: " + q.id.String() + " is not authorized to perform: " + q.action() + " on resource: " + q.resource
	if d.Denied {
		message += " with an explicit deny in an identity-based policy"
	} else {
		message += " because no identity-based policy allows the " + q.action() + " action"
	}
	return &Error{Code: AccessDenied, Message: message, Reason: d.Reason}
}

// values implements [iam.Lookup].
func (q *question) values(k iam.Key) ([]string, error) {
	switch k.Name {
	case iam.CurrentTime:
		return one(q.call.Now.UTC().Format(time.RFC3339Nano)), nil
	case iam.EpochTime:
		return one(strconv.FormatInt(q.call.Now.Unix(), 10)), nil
	case iam.PrincipalAccount:
		return one(q.call.Partition.Account), nil
	case iam.PrincipalARN:
		return one(q.id.ARN), nil
	case iam.RequestedRegion:
		return one(q.call.Partition.Region), nil
	case iam.SecureTransport:
		return one(strconv.FormatBool(q.id.Origin.Secure)), nil
	case iam.SourceIP:
		return one(q.id.Origin.ip()), nil
	case iam.UserAgent:
		return one(q.id.Origin.UserAgent), nil
	case iam.UserName:
		return one(q.id.Name), nil
	case iam.InstanceID:
		return one(q.instance()), nil
	case iam.RequestTag:
		return tagged(requestTags(q.call.Input), k.Tag), nil
	case iam.AttributeType, iam.StorageResourceType, iam.TagKeys:
		return askedMember(k.Name, q.call.Input), nil
	}
	if values := askedMember(k.Name, q.call.Input); values != nil {
		return values, nil // the type of a flow that is created
	}
	f, err := q.known()
	if err != nil {
		return nil, err
	}
	switch k.Name {
	case iam.ResourceTag:
		return tagged(f.Tags, k.Tag), nil
	case iam.FlowType:
		return one(f.FlowType), nil
	case iam.Channel:
		return one(f.Channel), nil
	}
	return nil, nil
}

// known returns what is known of the resource, looked up once.
func (q *question) known() (*Facts, error) {
	if q.facts == nil {
		q.facts = new(Facts)
		if q.call.Facts != nil {
			f, err := q.call.Facts(q.resource)
			if err != nil {
				return nil, err
			}
			q.facts = &f
		}
	}
	return q.facts, nil
}

// instance returns the id of the instance that the resource is in, or else of the one that the
// request is about.
func (q *question) instance() string {
	if a, ok := center.ParseARN(q.resource); ok {
		return string(a.Instance)
	}
	for _, arn := range slices.Concat(q.about.Touched, q.about.Named) {
		if a, ok := center.ParseARN(arn); ok {
			return string(a.Instance)
		}
	}
	return ""
}

// one is a key's only value; an empty text is none.
func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// tagged returns the value of a tag. Names of condition keys have no case, and so has the tag's key behind one;
// of two that differ in nothing else the one that is spelt alike counts.
func tagged(tags map[string]string, key string) []string {
	if value, ok := tags[key]; ok {
		return []string{value}
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if strings.EqualFold(k, key) {
			return []string{tags[k]}
		}
	}
	return nil
}

// asked has the condition keys whose values are a member of a request, and what its type is called:
// other operations have members of the same name that mean other things.
var asked = map[iam.KeyName]struct{ member, typ string }{
	iam.AttributeType:       {"AttributeType", "InstanceAttributeType"},
	iam.FlowType:            {"Type", "ContactFlowType"},
	iam.StorageResourceType: {"ResourceType", "InstanceStorageResourceType"},
	iam.TagKeys:             {"TagKeys", ""},
}

// askedMember returns what a request says of a condition key.
func askedMember(name iam.KeyName, request any) (values []string) {
	what, ok := asked[name]
	if !ok {
		return nil
	}
	f := reflect.Indirect(reflect.ValueOf(request)).FieldByName(what.member)
	if f.IsValid() && (what.typ == "" || f.Type().Name() == what.typ) {
		values = slices.Collect(texts(f))
	}
	if name == iam.TagKeys {
		values = slices.AppendSeq(values, maps.Keys(requestTags(request)))
	}
	return values
}

// requestTags returns the tags that a request sets.
func requestTags(request any) map[string]string {
	f := reflect.Indirect(reflect.ValueOf(request)).FieldByName("Tags")
	if !f.IsValid() {
		return nil
	}
	tags, _ := f.Interface().(map[string]string) // other operations call other things so
	return tags
}
