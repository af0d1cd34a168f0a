package flow

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley.example/parley/internal/center"
)

// Bounds of what is told of a contact.
const (
	maxName        = 512  // characters, as UpdateContact has it
	maxDescription = 4096 // characters, as UpdateContact has it
	maxCustomerID  = 128
	maxDetails     = 100 // references and, apart, segment attributes of a contact
)

// voiceData are the parameters of UpdateContactData that a chat cannot have:
// Voice ID, and sessions of an assistant that Parley does not run.
var voiceData = []string{"WatchlistId", "IsVoiceIdStreamingEnabled", "IsVoiceAuthenticationEnabled", "IsFraudDetectionEnabled",
	"VoiceAuthenticationThreshold", "VoiceAuthenticationResponseTime", "FraudDetectionThreshold", "WisdomSessionArn"}

// setData is UpdateContactData: name, description, language, customer,
// references and segment attributes, all or none of them.
type setData struct {
	texts      map[string]*template // Name, Description, LanguageCode, CustomerId
	references []referenceTo
	segments   []segment
	related    bool
	voice      string // a parameter that no chat can have
}

type referenceTo struct {
	key        template
	typ, value template
}

type segment struct {
	key     template
	value   template
	integer bool
}

func newSetData(p params) (step, error) {
	s := &setData{texts: map[string]*template{}}
	for _, name := range []string{"Name", "Description", "LanguageCode", "CustomerId"} {
		if !p.has(name) {
			continue
		}
		t, err := p.template(name)
		if err != nil {
			return nil, err
		}
		s.texts[name] = &t
	}
	if err := s.readReferences(p); err != nil {
		return nil, err
	}
	if err := s.readSegments(p); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(voiceData, p.has); i >= 0 {
		s.voice = voiceData[i]
	}
	target, err := p.literal("TargetContact")
	s.related = strings.EqualFold(target, "Related")
	if err == nil && len(s.texts)+len(s.references)+len(s.segments) == 0 && s.voice == "" {
		err = errors.New("nothing is to be set")
	}
	return s, err
}

func (s *setData) readReferences(p params) error {
	pairs, err := p.pairs("References")
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		inner, err := object(pair.value)
		if err != nil {
			return errors.New("References." + clip(pair.key) + " is not an object with Value and Type")
		}
		r := referenceTo{key: compile(pair.key)}
		if r.typ, err = params(inner).template("Type"); err != nil {
			return err
		}
		if r.value, err = params(inner).template("Value"); err != nil {
			return err
		}
		s.references = append(s.references, r)
	}
	return nil
}

// readSegments reads segment attributes: texts, or objects with Value,
// ValueString or ValueInteger.
func (s *setData) readSegments(p params) error {
	pairs, err := p.pairs("SegmentAttributes")
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		if strings.HasPrefix(pair.key, "connect:") {
			return errors.New("SegmentAttributes." + clip(pair.key) + " is set by the service")
		}
		one := segment{key: compile(pair.key)}
		text, ok := scalarText(pair.value)
		if inner, err := object(pair.value); err == nil {
			for _, name := range []string{"Value", "ValueString", "ValueInteger"} {
				if params(inner).has(name) {
					text, ok = scalarText(inner[name])
					one.integer = name == "ValueInteger"
				}
			}
		}
		if !ok {
			return errors.New("SegmentAttributes." + clip(pair.key) + " has no text")
		}
		one.value = compile(text)
		s.segments = append(s.segments, one)
	}
	return nil
}

func (s *setData) run(m *machine, a *action) result {
	if s.voice != "" {
		return unsupported{problem: "a chat has no " + s.voice}.run(m, a)
	}
	u := Update{Contact: m.c.Related}
	texts, problem := s.resolve(m)
	if problem == "" {
		u.References, problem = s.resolveReferences(m)
	}
	if problem == "" {
		u.SegmentAttrs, problem = s.resolveSegments(m)
	}
	if problem != "" {
		return fail("%s", problem)
	}
	if name, ok := texts["Name"]; ok {
		u.Name = &name
	}
	if description, ok := texts["Description"]; ok {
		u.Description = &description
	}
	if s.related {
		return m.relate(u)
	}
	return s.apply(m, &u, texts)
}

// apply changes the contact itself.
func (s *setData) apply(m *machine, u *Update, texts map[string]string) result {
	references := merged(m.c.References, u.References)
	segments := merged(m.c.SegmentAttributes, u.SegmentAttrs)
	if len(references) > maxDetails || len(segments) > maxDetails {
		return fail("a contact may have at most %d references and %d segment attributes", maxDetails, maxDetails)
	}
	for name, into := range map[string]*string{
		"Name": &m.c.Name, "Description": &m.c.Description, "LanguageCode": &m.c.LanguageCode, "CustomerId": &m.c.CustomerID,
	} {
		if text, ok := texts[name]; ok {
			*into = text
		}
	}
	m.c.References, m.c.SegmentAttributes = references, segments
	return done
}

// resolve returns the texts, which have bounds of their own.
func (s *setData) resolve(m *machine) (texts map[string]string, problem string) {
	texts = make(map[string]string, len(s.texts))
	bounds := map[string]int{"Name": maxName, "Description": maxDescription, "LanguageCode": len("zh-Hans-CN"), "CustomerId": maxCustomerID}
	for name, t := range s.texts {
		text, ok := t.text(m)
		m.note(name, text)
		switch {
		case !ok || utf8.RuneCountInString(text) > bounds[name]:
			return nil, name + " is longer than " + strconv.Itoa(bounds[name]) + " characters"
		case name == "LanguageCode" && !isLanguage(text):
			return nil, "LanguageCode is \"" + clip(text) + "\", not a code like en-US"
		}
		texts[name] = text
	}
	return texts, ""
}

// isLanguage reports whether s has the form of a language with a region.
func isLanguage(s string) bool {
	language, region, ok := strings.Cut(s, "-")
	letters := func(s string) bool {
		return strings.IndexFunc(s, func(r rune) bool { return !(r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9' || r == '-') }) < 0
	}
	return ok && len(language) >= 2 && len(language) <= 3 && len(region) >= 2 && letters(language) && letters(region)
}

func (s *setData) resolveReferences(m *machine) (set map[string]center.Reference, problem string) {
	if len(s.references) == 0 {
		return nil, ""
	}
	set = make(map[string]center.Reference, len(s.references))
	for i := range s.references {
		r := &s.references[i]
		key, fits := r.key.text(m)
		typ, _ := r.typ.text(m)
		value, ok := r.value.text(m)
		if !fits || !ok || key == "" || len(key) > 4096 || len(value) > 4096 {
			return nil, "a reference has no name, or more than 4096 characters"
		}
		if typ == "" {
			typ = "STRING"
		}
		set[key] = center.Reference{Type: typ, Value: value}
	}
	return set, ""
}

func (s *setData) resolveSegments(m *machine) (set map[string]center.SegmentAttribute, problem string) {
	if len(s.segments) == 0 {
		return nil, ""
	}
	set = make(map[string]center.SegmentAttribute, len(s.segments))
	for i := range s.segments {
		one := &s.segments[i]
		key, fits := one.key.text(m)
		text, ok := one.value.text(m)
		if !fits || !ok || key == "" || len(key) > 128 || len(text) > 1024 || strings.HasPrefix(key, "connect:") {
			return nil, "a segment attribute has no name of its own, or is too long"
		}
		set[key] = center.SegmentAttribute{String: &text}
		if one.integer {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, "the segment attribute " + clip(key) + " is no whole number"
			}
			set[key] = center.SegmentAttribute{Integer: &n}
		}
	}
	return set, ""
}

// merged returns a new map with what is in a and b; b wins. With nothing in b it is a.
func merged[V any](a, b map[string]V) map[string]V {
	if len(b) == 0 {
		return a
	}
	m := make(map[string]V, len(a)+len(b))
	maps.Copy(m, a)
	maps.Copy(m, b)
	return m
}

// resume takes the outcome of a change of the related contact.
func (s *setData) resume(_ *machine, _ *action, ev Event) result { return came(ev) }

// relate changes the related contact and waits for that.
func (m *machine) relate(u Update) result {
	if u.Contact == "" {
		return fail("the contact has no related contact")
	}
	return m.await(Effect{Kind: EffectUpdate, Update: &u})
}

// await starts an effect and waits for its outcome.
func (m *machine) await(e Effect) result {
	e.ID = m.w.NewID()
	m.out.Effects = append(m.out.Effects, e)
	m.run.Wait = Wait{Kind: WaitEffect, Effect: e.ID, Until: m.w.Now.Add(e.Limit() + grace)}
	return suspend
}

// came is the result of an action whose effect has no answer that matters.
func came(ev Event) result {
	switch {
	case ev.Kind == EventTime:
		return fail("it was not done in time")
	case ev.Err != "":
		return fail("%s", ev.Err)
	}
	return done
}

// Bounds of tags: of one action, and of a contact besides the service's own.
const (
	maxTagsAtOnce = 6
	maxTags       = 50
)

// systemTag is what the keys of the service's own tags begin with.
const systemTag = "aws:"

// setTags is TagContact.
type setTags struct{ list []assignment }

func newSetTags(p params) (step, error) {
	list, err := p.assignments("Tags")
	if err == nil && (len(list) == 0 || len(list) > maxTagsAtOnce) {
		err = errors.New("Tags has " + strconv.Itoa(len(list)) + " tags, not 1 to 6")
	}
	return &setTags{list}, err
}

func (s *setTags) run(m *machine, _ *action) result {
	set, problem := m.assigned(s.list)
	if problem != "" {
		return fail("%s", problem)
	}
	for key, value := range set {
		if strings.HasPrefix(strings.ToLower(key), systemTag) || utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(value) > 256 {
			return fail("the tag %s is the service's, or too long", clip(key))
		}
	}
	tags := merged(m.c.Tags, set)
	own := 0
	for key := range tags {
		if !strings.HasPrefix(key, systemTag) {
			own++
		}
	}
	if own > maxTags {
		return fail("a contact may have at most %d tags", maxTags)
	}
	m.c.Tags = tags
	return done
}

// removeTags is UntagContact.
type removeTags struct{ keys []template }

func newRemoveTags(p params) (step, error) {
	keys, err := p.list("TagKeys")
	if err != nil {
		return nil, err
	}
	s := &removeTags{}
	for _, key := range keys {
		s.keys = append(s.keys, compile(key))
	}
	if len(s.keys) == 0 || len(s.keys) > maxTags {
		return nil, errors.New("TagKeys has " + strconv.Itoa(len(s.keys)) + " keys, not 1 to " + strconv.Itoa(maxTags))
	}
	return s, nil
}

func (s *removeTags) run(m *machine, _ *action) result {
	tags := maps.Clone(m.c.Tags)
	for i := range s.keys {
		key, ok := s.keys[i].text(m)
		if !ok || strings.HasPrefix(strings.ToLower(key), systemTag) {
			return fail("the tag %s is the service's, or too long", clip(key))
		}
		delete(tags, key)
	}
	m.c.Tags = tags
	return done
}

// persist is CreatePersistentContactAssociation: the chat continues an earlier
// one, whose transcript its participants can read from then on.
type persist struct {
	source template
	form   string
}

func newPersist(p params) (step, error) {
	t, err := p.template("SourceContactId")
	if err != nil {
		return nil, err
	}
	form, err := p.literal("RehydrationType")
	return &persist{t, form}, err
}

func (s *persist) run(m *machine, _ *action) result {
	source, _ := s.source.text(m)
	m.note("SourceContactId", source)
	id, ok := center.ParseContactID(source)
	// An export of the console spells FROM_SEGMENT in words.
	form := strings.ToUpper(strings.ReplaceAll(s.form, " ", "_"))
	switch {
	case m.c.Continues:
		return fail("the chat continues an earlier one already")
	case !ok:
		return fail("SourceContactId is %q, which is no contact", clip(source))
	case form != "ENTIRE_PAST_SESSION" && form != "FROM_SEGMENT":
		return fail("RehydrationType is %q, neither ENTIRE_PAST_SESSION nor FROM_SEGMENT", clip(s.form))
	}
	return m.await(Effect{Kind: EffectContinue, Continue: &Continue{Source: id, Entire: form == "ENTIRE_PAST_SESSION"}})
}

func (s *persist) resume(_ *machine, _ *action, ev Event) result { return came(ev) }

// isEmpty reports whether a JSON value is an object without members.
func isEmpty(raw json.RawMessage) bool {
	members, err := object(raw)
	return err == nil && len(members) == 0
}
