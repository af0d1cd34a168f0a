package flow

import (
	"errors"
	"slices"
	"strings"
)

// voiceData are the parameters of UpdateContactData that a chat cannot have, those
// of Voice ID. A switch that is off asks for nothing.
var voiceData = []string{"WatchlistId", "IsVoiceIdStreamingEnabled", "IsVoiceAuthenticationEnabled", "IsFraudDetectionEnabled",
	"VoiceAuthenticationThreshold", "VoiceAuthenticationResponseTime", "FraudDetectionThreshold"}

// DataArgs are those of UpdateContactData.
type DataArgs struct {
	Texts      map[string]*Template // Name, Description, LanguageCode, CustomerId
	References []ReferenceArg
	Segments   []SegmentArg
	Session    *Template // WisdomSessionArn
	Related    bool      // of the related contact
	Voice      string    // a parameter that no chat can have
}

// ReferenceArg is an entry of References.
type ReferenceArg struct{ Key, Type, Value Template }

// SegmentArg is an entry of SegmentAttributes.
type SegmentArg struct {
	Key, Value Template
	Integer    bool
}

// SystemSegment is what the names of the service's own segment attributes begin with.
const SystemSegment = "connect:"

func readData(p Params) (any, error) {
	s := &DataArgs{Texts: map[string]*Template{}}
	for _, name := range []string{"Name", "Description", "LanguageCode", "CustomerId"} {
		if !p.Has(name) {
			continue
		}
		t, err := p.Template(name)
		if err != nil {
			return nil, err
		}
		s.Texts[name] = &t
	}
	var err error
	if s.References, err = p.References(); err != nil {
		return nil, err
	}
	if s.Segments, err = p.Segments(); err != nil {
		return nil, err
	}
	if p.Has("WisdomSessionArn") {
		t, err := p.Template("WisdomSessionArn")
		if err != nil {
			return nil, err
		}
		s.Session = &t
	}
	voice := slices.DeleteFunc(slices.Clone(voiceData), func(name string) bool { return !p.Has(name) })
	if i := slices.IndexFunc(voice, p.asks); i >= 0 {
		s.Voice = voice[i]
	}
	target, err := p.Literal("TargetContact")
	s.Related = strings.EqualFold(target, "Related")
	if err == nil && len(s.Texts)+len(s.References)+len(s.Segments)+len(voice) == 0 && s.Session == nil {
		err = errors.New("there is nothing to set")
	}
	return s, err
}

// asks reports whether a parameter of Voice ID asks for something.
func (p Params) asks(name string) bool {
	text, ok := Scalar(p[name])
	return !ok || !strings.HasPrefix(name, "Is") || !isFalse(text)
}

// Impossible says what of the data no chat can have.
func (s *DataArgs) Impossible() string {
	if s.Voice != "" {
		return "a chat has no " + s.Voice
	}
	return ""
}

// References reads the references of a contact.
func (p Params) References() ([]ReferenceArg, error) {
	pairs, err := p.Pairs("References")
	if err != nil {
		return nil, err
	}
	var list []ReferenceArg
	for _, pair := range pairs {
		inner, err := Object(pair.Value)
		if err != nil {
			return nil, errors.New("References." + Clip(pair.Key) + " is not an object with Value and Type")
		}
		r := ReferenceArg{Key: Compile(pair.Key)}
		if r.Type, err = inner.Template("Type"); err != nil {
			return nil, err
		}
		if r.Value, err = inner.Template("Value"); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// Segments reads segment attributes: texts, or objects with Value, ValueString
// or ValueInteger.
func (p Params) Segments() ([]SegmentArg, error) {
	pairs, err := p.Pairs("SegmentAttributes")
	if err != nil {
		return nil, err
	}
	var list []SegmentArg
	for _, pair := range pairs {
		if strings.HasPrefix(pair.Key, SystemSegment) {
			return nil, errors.New("SegmentAttributes." + Clip(pair.Key) + " is set by the service")
		}
		one := SegmentArg{Key: Compile(pair.Key)}
		text, ok := Scalar(pair.Value)
		if inner, err := Object(pair.Value); err == nil {
			for _, name := range []string{"Value", "ValueString", "ValueInteger"} {
				if inner.Has(name) {
					text, ok = Scalar(inner[name])
					one.Integer = name == "ValueInteger"
				}
			}
		}
		if !ok {
			return nil, errors.New("SegmentAttributes." + Clip(pair.Key) + " is not a string")
		}
		one.Value = Compile(text)
		list = append(list, one)
	}
	return list, nil
}
