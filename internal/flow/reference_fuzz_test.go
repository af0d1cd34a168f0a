package flow

import (
	"slices"
	"strings"
	"testing"
)

// FuzzReferences: no text makes finding its references panic;
// what is found stands in the text, and nothing of the rest is lost.
func FuzzReferences(f *testing.F) {
	for _, text := range []string{
		"Hello, $.Attributes.empFirstName $.Attributes.empLastName , You are Authenticated.", "`$.External.items[0].id`",
		"$['Attributes']['first name']$.['LanguageCode'].", "$5.00 $ 118.02 ${AWS::Region} $.", "$.Views.ViewResultData.FormData.extras.0",
		"$.Attributes.escalationReason 窓口へ", "$.Media.Sip.Headers.P-Asserted-Identity-", "$.SegmentAttributes['connect:X']['Y'].$[''].a$[",
		"$.Attributes.ключ.x $.External.größe[0] $.Lex['a $.Tags[\"b c\"].😀- $.Attributes. ",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := Compile(text)
		rest := text
		for _, p := range found.Parts {
			want := p.Literal
			if p.Ref != nil {
				want = p.Ref.String()
				if again, size, ok := scanReference(want); !ok || size != len(want) || again.Name != p.Ref.Name || !slices.Equal(again.Path, p.Ref.Path) || again.Raw != p.Ref.Raw {
					t.Errorf("the reference %q of %q reads as %+v", want, text, again)
				}
				if after, quoted := strings.CutPrefix(rest, "`"+want+"`"); quoted {
					rest = after
					continue
				}
			}
			if !strings.HasPrefix(rest, want) {
				t.Fatalf("%q does not go on with %q", rest, want)
			}
			rest = rest[len(want):]
		}
		if found.Constant() {
			rest = strings.TrimPrefix(rest, found.Literal)
		}
		if rest != "" {
			t.Errorf("%q of %q is lost", rest, text)
		}
	})
}
