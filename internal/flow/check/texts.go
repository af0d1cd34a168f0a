package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"parley.example/parley/internal/flow"
)

// maxLoose bounds how many numbers and booleans of one action are reported.
const maxLoose = 10

// texts checks that a parameter holds strings where JSON has numbers and
// booleans: the service takes "30" and "True" alone, on every level (probed by
// publishing, 2026-08). Not so where [flow.Param.Loose] says otherwise: in the
// data of a view and in routing criteria, and in LoopCount, of which a number was
// taken (2026-09-15). Types whose parameters are not published are left alone.
func (v *validation) texts(a *flow.Action, p *flow.Param) {
	if p.Loose || a.Spec.Open && p.Dynamic == flow.Structure {
		return
	}
	value, err := flow.Decode(a.Params[p.Name])
	if err != nil {
		return // Parse has said so
	}
	left := maxLoose
	v.text(a, "Parameters."+p.Name, value, &left)
}

// text is [validation.texts] of a value and of all that it holds.
func (v *validation) text(a *flow.Action, field string, value any, left *int) {
	if *left == 0 {
		return
	}
	written := ""
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			v.text(a, field+"."+flow.Clip(name), value[name], left)
		}
		return
	case []any:
		for i := range value {
			v.text(a, fmt.Sprintf("%s[%d]", field, i), value[i], left)
		}
		return
	case json.Number:
		written = value.String()
	case bool:
		written = strconv.FormatBool(value)
	default: // a string, or null for nothing
		return
	}
	*left--
	v.value(a, field, "must be a string: write "+strconv.Quote(flow.Clip(written)))
}
