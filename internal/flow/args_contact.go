package flow

import (
	"errors"
	"strconv"
	"strings"
)

// AttributesArgs are those of UpdateContactAttributes.
type AttributesArgs struct {
	List    []Assignment
	Related bool // of the related contact
}

func readAttributes(p Params) (any, error) {
	list, err := p.Assignments("Attributes")
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, noAttribute("Attributes")
	}
	target, err := p.Literal("TargetContact")
	return &AttributesArgs{List: list, Related: strings.EqualFold(target, "Related")}, err
}

// noAttribute is the error of a map of attributes that is empty.
func noAttribute(name string) error { return errors.New(name + " must have at least one attribute") }

// FlowAttributesArgs are those of UpdateFlowAttributes.
type FlowAttributesArgs struct{ List []Assignment }

func readFlowAttributes(p Params) (any, error) {
	pairs, err := p.Pairs("FlowAttributes")
	if err != nil {
		return nil, err
	}
	s := &FlowAttributesArgs{}
	for _, pair := range pairs {
		inner, err := Object(pair.Value)
		if err != nil {
			return nil, errors.New("FlowAttributes." + Clip(pair.Key) + " is not an object with a Value")
		}
		text, ok := Scalar(inner["Value"])
		if !ok {
			return nil, errors.New("FlowAttributes." + Clip(pair.Key) + ".Value is not a string")
		}
		s.List = append(s.List, Assignment{Compile(pair.Key), Compile(text)})
	}
	if len(s.List) == 0 {
		return nil, noAttribute("FlowAttributes")
	}
	return s, nil
}

// LoggingArgs are those of UpdateFlowLoggingBehavior.
type LoggingArgs struct{ Behavior string }

func readLogging(p Params) (any, error) {
	b, err := p.Literal("FlowLoggingBehavior")
	return &LoggingArgs{b}, err
}

// ContactEvent is what happens to a contact: a key of EventHooks.
type ContactEvent struct {
	Flow  string    // the type of flow that it takes, "" for what does not happen in a chat, where nothing is held and nothing paused
	Where FlowTypes // the types of flow in which the designer lets it be set, 0 for all
}

// ContactEvents are the events of contacts by name.
var ContactEvents = map[string]ContactEvent{
	"CustomerQueue":     {Flow: "CUSTOMER_QUEUE", Where: Inbound | Transfers},
	"CustomerWhisper":   {Flow: "CUSTOMER_WHISPER", Where: spoken},
	"AgentWhisper":      {Flow: "AGENT_WHISPER", Where: spoken},
	"CustomerRemaining": {Flow: "CONTACT_FLOW"},
	"DefaultAgentUI":    {Flow: "CONTACT_FLOW"},
	"DisconnectAgentUI": {Flow: "CONTACT_FLOW"},
	"CustomerHold":      {},
	"AgentHold":         {},
	"PauseContact":      {},
	"ResumeContact":     {},
}

// Hook says which flow runs when something happens to the contact.
type Hook struct {
	Event string
	Flow  Template
}

// Impossible says why the hook cannot be set in a chat.
func (h *Hook) Impossible() string {
	if ContactEvents[h.Event].Flow == "" {
		return "a chat has no event " + Clip(h.Event)
	}
	return ""
}

// HooksArgs are those of UpdateContactEventHooks.
type HooksArgs struct {
	Hooks   []Hook
	Off, On []string // events whose hooks are switched
}

func readHooks(p Params) (any, error) {
	pairs, err := p.Pairs("EventHooks")
	if err != nil {
		return nil, err
	}
	s := &HooksArgs{}
	for _, pair := range pairs {
		text, ok := Scalar(pair.Value)
		if !ok {
			return nil, errors.New("EventHooks." + Clip(pair.Key) + " is not a string")
		}
		s.Hooks = append(s.Hooks, Hook{pair.Key, Compile(text)})
	}
	configured, err := p.Pairs("EventHooksConfiguration")
	if err != nil {
		return nil, err
	}
	for _, pair := range configured {
		inner, err := Object(pair.Value)
		if err != nil {
			return nil, errors.New("EventHooksConfiguration." + Clip(pair.Key) + " is not an object")
		}
		disabled, _ := Scalar(inner["DisableExecution"])
		switch {
		case strings.EqualFold(disabled, "true"):
			s.Off = append(s.Off, pair.Key)
		case strings.EqualFold(disabled, "false"):
			s.On = append(s.On, pair.Key)
		}
	}
	if len(pairs) == 0 && len(configured) == 0 {
		return nil, errors.New("no hook is specified")
	}
	return s, nil
}

// Impossible says why one of the hooks cannot be set in a chat.
func (s *HooksArgs) Impossible() (why string) {
	for i := range s.Hooks {
		if w := s.Hooks[i].Impossible(); w != "" {
			why = w
		}
	}
	return why
}

// MaxTagsAtOnce is how many tags one TagContact may set, and MaxTags how many a
// contact may have besides the service's own.
const (
	MaxTagsAtOnce = 6
	MaxTags       = 50
)

// TagsArgs are those of TagContact.
type TagsArgs struct{ List []Assignment }

func readTags(p Params) (any, error) {
	list, err := p.Assignments("Tags")
	if err == nil && (len(list) == 0 || len(list) > MaxTagsAtOnce) {
		err = errors.New("Tags has " + strconv.Itoa(len(list)) + " tags, not 1 to 6")
	}
	return &TagsArgs{list}, err
}

// UntagArgs are those of UntagContact.
type UntagArgs struct{ Keys []Template }

func readUntag(p Params) (any, error) {
	keys, err := p.List("TagKeys")
	if err != nil {
		return nil, err
	}
	s := &UntagArgs{}
	for _, key := range keys {
		s.Keys = append(s.Keys, Compile(key))
	}
	if len(s.Keys) == 0 || len(s.Keys) > MaxTags {
		return nil, errors.New("TagKeys has " + strconv.Itoa(len(s.Keys)) + " keys, not 1 to " + strconv.Itoa(MaxTags))
	}
	return s, nil
}

// PersistArgs are those of CreatePersistentContactAssociation.
type PersistArgs struct {
	Source Template
	Form   string // RehydrationType, as it is written
}

func readPersist(p Params) (any, error) {
	t, err := p.Template("SourceContactId")
	if err != nil {
		return nil, err
	}
	form, err := p.Literal("RehydrationType")
	return &PersistArgs{t, form}, err
}
