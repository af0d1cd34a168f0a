package iam

import (
	"errors"
	"fmt"
	"strings"
)

// KeyName is the name of a condition key. Names that end in a slash are of keys for
// one tag each: the tag's key follows.
type KeyName string

// The condition keys that policies may use. Times are in RFC 3339 and UTC, EpochTime in seconds.
const (
	CurrentTime         KeyName = "aws:CurrentTime"             // when the request is decided
	EpochTime           KeyName = "aws:EpochTime"               // the same in seconds since 1970
	PrincipalAccount    KeyName = "aws:PrincipalAccount"        // the account of the key's owner
	PrincipalARN        KeyName = "aws:PrincipalArn"            // the ARN of the key's owner
	RequestTag          KeyName = "aws:RequestTag/"             // a tag that the request sets
	RequestedRegion     KeyName = "aws:RequestedRegion"         // the region that the server answers for
	ResourceTag         KeyName = "aws:ResourceTag/"            // a tag of the resource
	SecureTransport     KeyName = "aws:SecureTransport"         // whether the request came over TLS
	SourceIP            KeyName = "aws:SourceIp"                // the address of the client
	TagKeys             KeyName = "aws:TagKeys"                 // the keys of the tags that the request sets or removes
	UserAgent           KeyName = "aws:UserAgent"               // the header User-Agent
	UserName            KeyName = "aws:username"                // the name of the access key
	AttributeType       KeyName = "connect:AttributeType"       // of an instance
	Channel             KeyName = "connect:Channel"             // of a contact
	FlowType            KeyName = "connect:FlowType"            // of a flow
	InstanceID          KeyName = "connect:InstanceId"          // the instance that the resource is in
	StorageResourceType KeyName = "connect:StorageResourceType" // of a storage configuration
)

// kind is what the values of a key are, and what an operator compares.
type kind string

const (
	text    kind = "text"
	number  kind = "a number"
	moment  kind = "a time"
	boolean kind = "true or false"
	address kind = "an IP address"
	arn     kind = "an ARN"
)

// keyType is what is to be known of a key.
type keyType struct {
	name KeyName
	kind kind
	many bool // has several values: conditions need ForAllValues: or ForAnyValue:
}

var keyTypes = []keyType{
	{name: CurrentTime, kind: moment},
	{name: EpochTime, kind: moment},
	{name: PrincipalAccount, kind: text},
	{name: PrincipalARN, kind: arn},
	{name: RequestTag, kind: text},
	{name: RequestedRegion, kind: text},
	{name: ResourceTag, kind: text},
	{name: SecureTransport, kind: boolean},
	{name: SourceIP, kind: address},
	{name: TagKeys, kind: text, many: true},
	{name: UserAgent, kind: text},
	{name: UserName, kind: text},
	{name: AttributeType, kind: text},
	{name: Channel, kind: text},
	{name: FlowType, kind: text, many: true},
	{name: InstanceID, kind: text},
	{name: StorageResourceType, kind: text},
}

// unanswerable are keys of Amazon's that nothing here can answer, with the reason, by their names in
// lower case.
var unanswerable = map[string]string{
	"aws:principaltag/":                                        "access keys have no tags here",
	"connect:searchtag/":                                       "it is not published how a filter with several alternatives is compared",
	"connect:userarn":                                          "no operation that works here knows the agent of a contact",
	"connect:preferreduserarn":                                 "no operation that works here has it",
	"connect:contactassociationid":                             "no operation that works here has it",
	"connect:contactinitiationmethod":                          "no operation that works here has it",
	"connect:assignmenttype":                                   "no operation that works here has it",
	"connect:subtype":                                          "no operation that works here has it",
	"connect:monitorcapabilities":                              "no operation that works here has it",
	"connect:expressionvalue":                                  "no operation that works here has it",
	"connect:primaryattribute/":                                "no operation that works here has it",
	"connect:searchcontactsbycontactanalysis":                  "no operation that works here has it",
	"connect:listrealtimecontactanalysissegmentsbyoutputtype":  "no operation that works here has it",
	"connect:listrealtimecontactanalysissegmentsbysegmenttype": "no operation that works here has it",
}

// Key is a condition key: a name, and behind a name that ends in a slash the key of a tag.
type Key struct {
	Name KeyName
	Tag  string
}

// String returns the key as policies spell it.
func (k Key) String() string { return string(k.Name) + k.Tag }

// Keys returns the names of all condition keys, with KEY in the place of a tag's key.
func Keys() []string {
	names := make([]string, len(keyTypes))
	for i, t := range keyTypes {
		names[i] = string(t.name)
		if strings.HasSuffix(names[i], "/") {
			names[i] += "KEY"
		}
	}
	return names
}

// ParseKey reads the name of a condition key, in any case; many says that it has several
// values. The error says which keys there are.
func ParseKey(name string) (k Key, many bool, err error) {
	k, t, err := parseKey(name)
	return k, t.many, err
}

func parseKey(name string) (Key, keyType, error) {
	head, tag, slash := strings.Cut(name, "/")
	if slash {
		head += "/"
	}
	for _, t := range keyTypes {
		switch {
		case strings.EqualFold(string(t.name), head):
			if slash && tag == "" {
				return Key{}, t, fmt.Errorf("condition key %q lacks the key of a tag behind the slash", name)
			}
			return Key{t.name, tag}, t, nil
		case strings.EqualFold(string(t.name), head+"/"):
			return Key{}, t, fmt.Errorf("condition key %q needs the key of a tag: %sKEY", name, t.name)
		}
	}
	why := ""
	if reason, ok := unanswerable[strings.ToLower(head)]; ok {
		why = " (" + reason + ")"
	}
	return Key{}, keyType{}, fmt.Errorf("condition key %q is not supported%s; the keys are %s", name, why, strings.Join(Keys(), ", "))
}

// Lookup returns the values that a request has for a condition key: none when the request
// does not have the key, several only for keys with several values. An error means that the
// question could not be answered, so nothing is decided.
type Lookup func(Key) ([]string, error)

// one returns the value of a key with one value.
func (l Lookup) one(k Key) (value string, ok bool, err error) {
	values, err := l.all(k)
	if err != nil || len(values) == 0 {
		return "", false, err
	}
	if len(values) > 1 {
		return "", false, errors.New("several values for " + k.String())
	}
	return values[0], true, nil
}

// all is the lookup itself; nil finds nothing.
func (l Lookup) all(k Key) ([]string, error) {
	if l == nil {
		return nil, nil
	}
	return l(k)
}
