package words

import (
	"fmt"
	"strings"
	"testing"
)

func TestTerms(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "[]",
		" , ! 🙂 ":                       "[]",
		"Hello, WORLD":                  "[[hello] [world]]",
		"Café cafe\u0301 CAFÉ":          "[[cafe] [cafe] [cafe]]",
		"Straße İstanbul Œuvre Łódź":    "[[strasse] [istanbul] [oeuvre] [lodz]]",
		"Σίσυφος ΣΊΣΥΦΟΣ":               "[[σισυφοσ] [σισυφοσ]]",
		"Ёлка йод":                      "[[елка] [иод]]",
		"don't AB-1234 a@b.example 1.5": "[[don t] [ab 1234] [a b example] [1 5]]",
		"東京駅 まで":                        "[[東 京 駅] [ま で]]",
		"がぎ":                            "[[が ぎ]]",
		"ｶﾞ Ｆｕｌｌ ﬁne":                   "[[ガ] [full] [fine]]",
		"สวัสดี":                        "[[ส ว ั ส ด ี]]",
		"한국어 문서":                        "[[한국어] [문서]]",
		"שָׁלוֹם مُحَمَّد":              "[[שלום] [محمد]]",
		"नमस्ते":                        "[[नमस्ते]]",
		"x\xffy":                        "[[x y]]",
		"\ue000":                        "[]",
		strings.Repeat("a", 70):         "[[" + strings.Repeat("a", maxWord) + "]]",
	} {
		if got := fmt.Sprint(Terms(text)); got != want {
			t.Errorf("Terms(%q) = %s; want %s", text, got, want)
		}
	}
}

// What is indexed has the words of the terms, in their order, and no more than is asked for.
func TestAppend(t *testing.T) {
	var line strings.Builder
	Append(&line, "Don't panic,", 1000)
	Append(&line, "東京!", 1000)
	if got, want := line.String(), "don t panic 東 京"; got != want {
		t.Errorf("the line is %q; want %q", got, want)
	}
	line.Reset()
	Append(&line, strings.Repeat("abcd ", 100), 10)
	if got, want := line.String(), "abcd abcd abcd"; got != want {
		t.Errorf("the line is %q; want %q", got, want)
	}
}
