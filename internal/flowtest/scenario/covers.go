package scenario

import (
	"encoding/json"
	"fmt"

	"parley.example/parley/internal/flowtest/wording"
)

// covers reports whether what is in want is in got: members of objects may be
// missing in want, everything else is equal. path names the first difference.
func covers(got, want any, path string) (difference string) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return differ(got, want, path)
		}
		for key, v := range want {
			have, there := object[key]
			if !there {
				return fmt.Sprintf("%s is not there", path+"."+key)
			}
			if d := covers(have, v, path+"."+key); d != "" {
				return d
			}
		}
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return differ(got, want, path)
		}
		for i, v := range want {
			if d := covers(list[i], v, fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
	default:
		if got != want {
			return differ(got, want, path)
		}
	}
	return ""
}

func differ(got, want any, path string) string {
	return fmt.Sprintf("%s is %s, not %s", path, wording.JSON(got), wording.JSON(want))
}

// decoded is the JSON value of a message's content; nil when it is not JSON.
func decoded(content string) any {
	var v any
	if json.Unmarshal([]byte(content), &v) != nil {
		return nil
	}
	return v
}
