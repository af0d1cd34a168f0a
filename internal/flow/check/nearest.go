package check

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"parley.example/parley/internal/flow"
)

// misnamed has the action types by other names that people give to them.
var misnamed = func() map[string]string {
	names := map[string]string{}
	for _, t := range flow.Types() {
		for _, alias := range t.Aliases {
			names[alias] = t.Name
		}
	}
	return names
}()

// typeNames yields the names of the action types.
func typeNames(yield func(string) bool) {
	for _, t := range flow.Types() {
		if !yield(t.Name) {
			return
		}
	}
}

// maxHints bounds for how many problems of a flow a name is looked for: whoever
// has more of them is not helped by more.
const maxHints = 20

// didYouMean is a hint with the one of some names that is most like what was
// written, "" when none is.
func didYouMean(written string, names iter.Seq[string]) string {
	if best := Nearest(written, names); best != "" {
		return "Did you mean " + best + "?"
	}
	return ""
}

// Nearest returns the one of some names that is most like what was written, "" when
// none is.
func Nearest(written string, names iter.Seq[string]) string {
	best, least := "", 2+utf8.RuneCountInString(written)/4
	for name := range names {
		if strings.EqualFold(name, written) && name != written {
			return name
		}
		if d := distance(written, name, least+1); d < least || d == least && best != "" && name < best {
			best, least = name, d
		}
	}
	if best == written {
		return ""
	}
	return best
}

// maxMeant bounds how many names a hint offers.
const maxMeant = 3

// didYouMeanType is a hint with the action type that is spelt much like what was
// written, or else with those that have most words in common with it, the nearest first.
func didYouMeanType(written string) string {
	if best := Nearest(written, typeNames); best != "" {
		return "Did you mean " + best + "?"
	}
	words, shares := wordsOf(written), map[string]float64{}
	for name := range typeNames {
		of, same := wordsOf(name), 0
		for _, w := range of {
			if slices.Contains(words, w) {
				same++
			}
		}
		if share := float64(2*same) / float64(len(of)+len(words)); share >= 0.5 {
			shares[name] = share
		}
	}
	names := slices.SortedFunc(maps.Keys(shares), func(a, b string) int {
		return cmp.Or(cmp.Compare(shares[b], shares[a]), cmp.Compare(a, b))
	})
	if len(names) == 0 {
		return ""
	}
	return "Did you mean " + strings.Join(names[:min(len(names), maxMeant)], " or ") + "?"
}

// wordsOf splits a name at its capitals, without telling capitals from small letters.
func wordsOf(name string) (words []string) {
	from := 0
	for i := 1; i <= len(name); i++ {
		if i == len(name) || name[i] >= 'A' && name[i] <= 'Z' && !(name[i-1] >= 'A' && name[i-1] <= 'Z') {
			words = append(words, strings.ToLower(name[from:i]))
			from = i
		}
	}
	return words
}

// distance is how many characters have to be put in, taken out or replaced to
// make one text the other; anything from limit on is limit.
func distance(a, b string, limit int) int {
	x, y := []rune(flow.Clip(a)), []rune(flow.Clip(b))
	if max(len(x)-len(y), len(y)-len(x)) >= limit {
		return limit
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return min(row[len(y)], limit)
}
