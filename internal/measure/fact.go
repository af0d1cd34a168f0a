package measure

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Quarter and Hour are what facts are added up by, in milliseconds.
const (
	Quarter int64 = 15 * 60 * 1000
	Hour          = 4 * Quarter
)

// Kind is a kind of facts.
type Kind string

// The kinds.
const (
	KindContact Kind = "contact"
	KindRing    Kind = "ring"
	KindSpan    Kind = "span"
)

// Fact is what metrics are made of. One member is set.
type Fact struct {
	Contact *Contact
	Ring    *Ring
	Span    *Span
}

// Kind is the kind of the fact.
func (f *Fact) Kind() Kind {
	switch {
	case f.Contact != nil:
		return KindContact
	case f.Ring != nil:
		return KindRing
	}
	return KindSpan
}

// ID distinguishes the fact from all others of its kind: a fact that is made again has the same.
func (f *Fact) ID() string {
	switch {
	case f.Contact != nil:
		return string(f.Contact.ID)
	case f.Ring != nil:
		return f.Ring.id()
	}
	return f.Span.id()
}

// Quarters returns when the quarters of an hour begin that the fact counts in, in milliseconds since 1970.
func (f *Fact) Quarters() (all []int64) {
	switch {
	case f.Contact != nil:
		for _, at := range f.Contact.moments() {
			if q := at * 1000 / Quarter * Quarter; at != 0 && !slices.Contains(all, q) {
				all = append(all, q)
			}
		}
		return all
	case f.Ring != nil:
		return []int64{f.Ring.From / Quarter * Quarter}
	}
	return []int64{f.Span.From / Quarter * Quarter}
}

// AddTo adds what the fact counts for at and after from and before to, which are in milliseconds since 1970.
func (f *Fact) AddTo(cells Cells, from, to int64) {
	switch {
	case f.Contact != nil:
		f.Contact.addTo(cells, from, to)
	case f.Ring != nil:
		f.Ring.addTo(cells, from, to)
	default:
		f.Span.addTo(cells, from, to)
	}
}

// Encode returns the form in which a fact is stored, besides its kind.
func (f *Fact) Encode() []byte {
	switch {
	case f.Contact != nil:
		return encode("contact", f.Contact)
	case f.Ring != nil:
		return encode("ring", f.Ring)
	}
	return encode("span", f.Span)
}

// DecodeFact is the reverse of [Fact.Encode].
func DecodeFact(kind Kind, body []byte) (f Fact, err error) {
	switch kind {
	case KindContact:
		f.Contact = &Contact{}
		err = json.Unmarshal(body, f.Contact)
	case KindRing:
		f.Ring = &Ring{}
		err = json.Unmarshal(body, f.Ring)
	case KindSpan:
		f.Span = &Span{}
		err = json.Unmarshal(body, f.Span)
	default:
		err = fmt.Errorf("there is no kind %q", kind)
	}
	if err != nil {
		return f, fmt.Errorf("decode a fact: %w", err)
	}
	return f, nil
}
