package machine

import (
	"maps"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Bounds of the data of a contact.
const (
	maxName        = 512  // characters, as UpdateContact has it
	maxDescription = 4096 // characters, as UpdateContact has it
	maxCustomerID  = 128
	maxDetails     = 100 // references and, apart, segment attributes of a contact
)

// runSetData is UpdateContactData: name, description, language, customer,
// references and segment attributes, all or none of them.
func runSetData(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.DataArgs)
	if why := s.Impossible(); why != "" {
		return m.refuse(a, &flow.Refusal{ErrorType: flow.NoMatchingError, Why: why})
	}
	u := Update{Contact: m.c.Related}
	texts, problem := resolveTexts(m, s)
	if problem == "" {
		u.References, problem = resolveReferences(m, s)
	}
	if problem == "" {
		u.SegmentAttrs, problem = resolveSegments(m, s)
	}
	if problem == "" && s.Session != nil {
		problem = resolveSession(m, s.Session)
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
	if s.Related {
		return m.relate(u)
	}
	return applyData(m, s, &u, texts)
}

// applyData changes the contact itself.
func applyData(m *machine, s *flow.DataArgs, u *Update, texts map[string]string) result {
	references := merged(m.c.References, u.References)
	segments := merged(m.c.SegmentAttributes, u.SegmentAttrs)
	if ReferenceBytes(references) > MaxReferenceBytes {
		return fail("references have more than %d bytes", MaxReferenceBytes)
	}
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

// resolveTexts returns the texts, which have bounds of their own.
func resolveTexts(m *machine, s *flow.DataArgs) (texts map[string]string, problem string) {
	texts = make(map[string]string, len(s.Texts))
	bounds := map[string]int{"Name": maxName, "Description": maxDescription, "LanguageCode": len("zh-Hans-CN"), "CustomerId": maxCustomerID}
	for name, t := range s.Texts {
		text, ok := m.text(t)
		m.note(name, text)
		switch {
		case !ok || utf8.RuneCountInString(text) > bounds[name]:
			return nil, name + " is longer than " + strconv.Itoa(bounds[name]) + " characters"
		case name == "LanguageCode" && !isLanguage(text):
			return nil, "LanguageCode is \"" + flow.Clip(text) + "\", not a code like en-US"
		}
		texts[name] = text
	}
	return texts, ""
}

// resolveSession looks at WisdomSessionArn: the session has been created, and
// there is no assistant that would do something with it.
func resolveSession(m *machine, t *flow.Template) (problem string) {
	session, _ := m.text(t)
	m.note("WisdomSessionArn", session)
	if session == "" {
		return "WisdomSessionArn is empty: no session of an assistant has been created"
	}
	return ""
}

// isLanguage reports whether s has the form of a language with a region.
func isLanguage(s string) bool {
	language, region, ok := strings.Cut(s, "-")
	letters := func(s string) bool {
		return strings.IndexFunc(s, func(r rune) bool { return !(r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9' || r == '-') }) < 0
	}
	return ok && len(language) >= 2 && len(language) <= 3 && len(region) >= 2 && letters(language) && letters(region)
}

// MaxReferenceBytes bounds the references of a contact: keys and values together, in UTF-8.
const MaxReferenceBytes = 128 << 10

// ReferenceBytes counts what [MaxReferenceBytes] bounds.
func ReferenceBytes(m map[string]center.Reference) (n int) {
	for k, r := range m {
		n += len(k) + len(r.Value)
	}
	return n
}

func resolveReferences(m *machine, s *flow.DataArgs) (set map[string]center.Reference, problem string) {
	if len(s.References) == 0 {
		return nil, ""
	}
	set = make(map[string]center.Reference, len(s.References))
	for i := range s.References {
		r := &s.References[i]
		key, fits := m.text(&r.Key)
		typ, _ := m.text(&r.Type)
		value, ok := m.text(&r.Value)
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

func resolveSegments(m *machine, s *flow.DataArgs) (set map[string]center.SegmentAttribute, problem string) {
	if len(s.Segments) == 0 {
		return nil, ""
	}
	set = make(map[string]center.SegmentAttribute, len(s.Segments))
	for i := range s.Segments {
		one := &s.Segments[i]
		key, fits := m.text(&one.Key)
		text, ok := m.text(&one.Value)
		if !fits || !ok || key == "" || len(key) > 128 || len(text) > 1024 || strings.HasPrefix(key, flow.SystemSegment) {
			return nil, "a segment attribute has an empty or reserved name, or is too long"
		}
		set[key] = center.SegmentAttribute{String: &text}
		if one.Integer {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, "the segment attribute " + flow.Clip(key) + " is not a whole number"
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

// resumeSetData takes the outcome of a change of the related contact.
func resumeSetData(_ *machine, _ *flow.Action, ev Event) result { return came(ev) }

// runPersist is CreatePersistentContactAssociation: the chat continues an earlier
// one, whose transcript its participants can read from then on.
func runPersist(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.PersistArgs)
	source, _ := m.text(&s.Source)
	m.note("SourceContactId", source)
	id, ok := center.ParseContactID(source)
	// An export of the console spells FROM_SEGMENT in words.
	form := strings.ToUpper(strings.ReplaceAll(s.Form, " ", "_"))
	switch {
	case m.c.Continues:
		return fail("the chat already continues an earlier one")
	case !ok:
		return fail("SourceContactId is %q, which is not the id of a contact", flow.Clip(source))
	case form != "ENTIRE_PAST_SESSION" && form != "FROM_SEGMENT":
		return fail("RehydrationType is %q, neither ENTIRE_PAST_SESSION nor FROM_SEGMENT", flow.Clip(s.Form))
	}
	return m.await(Effect{Kind: EffectContinue, Continue: &Continue{Source: id, Entire: form == "ENTIRE_PAST_SESSION"}})
}

func resumePersist(_ *machine, _ *flow.Action, ev Event) result { return came(ev) }

// runAssistant is CreateWisdomSession. Parley has no assistants: where it is set
// up to make sessions up, $.Wisdom.SessionArn is an ARN such as the service's,
// arn:aws:wisdom:REGION:ACCOUNT:session/ASSISTANT/SESSION, of a session in which
// nobody answers; elsewhere the action fails.
func runAssistant(m *machine, a *flow.Action) result {
	assistant, _ := m.text(&a.Args.(*flow.AssistantArgs).Assistant)
	m.note("WisdomAssistantArn", assistant)
	switch {
	case assistant == "":
		return fail("no assistant is specified")
	case m.w.Facts == nil:
		return fail("%s", errNoFacts)
	}
	if err := m.w.Facts.Assistant(assistant); err != nil {
		return fail("%s", err)
	}
	m.keep(docWisdom, flow.Encode(map[string]any{"SessionArn": sessionARN(m, assistant)}))
	return done
}

// sessionARN is the ARN of a new session, in the account and region of the
// assistant when that is an ARN, else of the instance.
func sessionARN(m *machine, assistant string) string {
	of := strings.SplitN(m.c.InstanceARN, ":", 6)
	if parts := strings.SplitN(assistant, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		of, assistant = parts, parts[5]
	}
	if len(of) != 6 {
		of = []string{"arn", "aws", "", m.c.Region, "", ""}
	}
	id := assistant[strings.LastIndexByte(assistant, '/')+1:]
	return strings.Join([]string{of[0], of[1], "wisdom", of[3], of[4], "session/" + id + "/" + m.w.NewID()}, ":")
}
