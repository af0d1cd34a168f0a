package machine

import (
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// LambdaEvent returns what a function is called with: the event of the service,
// named ContactFlowEvent, with the contact as it is now and the parameters of
// the action. Endpoints are null, since a web chat has no address; flow
// attributes are not sent. The first contact of a chain names itself as the
// previous one, as in the service's published example.
func LambdaEvent(c *Contact, parameters map[string]any) []byte {
	e := lambdaEvent{Name: "ContactFlowEvent"}
	e.Details.Parameters = parameters
	if parameters == nil {
		e.Details.Parameters = map[string]any{}
	}
	e.Details.ContactData = contactData{
		Attributes:        c.Attributes,
		Channel:           flow.ChatChannel,
		ContactID:         c.ID,
		CustomerID:        optional(c.CustomerID),
		Description:       optional(c.Description),
		InitialContactID:  c.Chat,
		InitiationMethod:  c.InitiationMethod,
		InstanceARN:       c.InstanceARN,
		LanguageCode:      c.language(),
		Name:              optional(c.Name),
		PreviousContactID: c.Previous,
		References:        make(map[string]lambdaReference, len(c.References)),
		RelatedContactID:  optional(string(c.Related)),
		SegmentAttributes: lambdaSegments(c.SegmentAttributes),
		Tags:              c.Tags,
	}
	d := &e.Details.ContactData
	if d.Attributes == nil {
		d.Attributes = map[string]string{}
	}
	if d.Tags == nil {
		d.Tags = map[string]string{}
	}
	if d.PreviousContactID == "" {
		d.PreviousContactID = c.ID
	}
	for key, r := range c.References {
		d.References[key] = lambdaReference(r)
	}
	if c.Queue.ARN != "" {
		d.Queue = &lambdaQueue{ARN: c.Queue.ARN, Name: c.Queue.Name}
	}
	return flow.Encode(e)
}

// optional is nil, which JSON writes as null, for what is not there.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

type lambdaEvent struct {
	Details struct {
		ContactData contactData
		Parameters  map[string]any
	}
	Name string
}

// contactData is ContactData of the event. The members up to SystemEndpoint are
// those of the published example; the others are what newer contacts carry.
type contactData struct {
	Attributes        map[string]string
	Channel           string
	ContactID         center.ContactID `json:"ContactId"`
	CustomerEndpoint  *struct{}
	CustomerID        *string `json:"CustomerId"`
	Description       *string
	InitialContactID  center.ContactID `json:"InitialContactId"`
	InitiationMethod  string
	InstanceARN       string
	LanguageCode      string
	MediaStreams      mediaStreams
	Name              *string
	PreviousContactID center.ContactID `json:"PreviousContactId"`
	Queue             *lambdaQueue
	References        map[string]lambdaReference
	SystemEndpoint    *struct{}
	RelatedContactID  *string `json:"RelatedContactId"`
	SegmentAttributes map[string]lambdaSegment
	Tags              map[string]string
}

type mediaStreams struct {
	Customer struct{ Audio *struct{} }
}

type lambdaQueue struct {
	ARN              string
	Name             string
	OutboundCallerID *struct{} `json:"OutboundCallerId"`
}

// lambdaReference has the members of a center.Reference in the event's names.
type lambdaReference struct {
	Type  string
	Value string
}

// lambdaSegment is a segment attribute: SegmentAttributeValue of the API.
type lambdaSegment struct {
	ValueString  *string                  `json:",omitempty"`
	ValueInteger *int64                   `json:",omitempty"`
	ValueMap     map[string]lambdaSegment `json:",omitempty"`
	ValueList    []lambdaSegment          `json:",omitempty"`
	ValueARN     *string                  `json:"ValueArn,omitempty"`
}

func lambdaSegments(of map[string]center.SegmentAttribute) map[string]lambdaSegment {
	out := make(map[string]lambdaSegment, len(of))
	for key, a := range of {
		out[key] = newLambdaSegment(a)
	}
	return out
}

func newLambdaSegment(a center.SegmentAttribute) lambdaSegment {
	s := lambdaSegment{ValueString: a.String, ValueInteger: a.Integer, ValueARN: a.ARN}
	if a.Map != nil {
		s.ValueMap = lambdaSegments(a.Map)
	}
	for _, e := range a.List {
		s.ValueList = append(s.ValueList, newLambdaSegment(e))
	}
	return s
}
