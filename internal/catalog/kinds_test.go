package catalog

import (
	"slices"
	"testing"

	"parley.example/parley/internal/center"
)

func TestEveryKindIsOneRow(t *testing.T) {
	for name, k := range kinds {
		if k.kind != name {
			t.Errorf("the row of %s is that of %s", name, k.kind)
		}
		if k.quota != "" && (k.plural == "" || k.over == center.Internal || !slices.ContainsFunc(Quotas, func(q Quota) bool { return q.Name == k.quota })) {
			t.Errorf("%s has a quota, and not all that is to be said of it", name)
		}
		if k.make == nil {
			continue
		}
		r := k.make()
		if r.Kind() != name {
			t.Errorf("the row of %s makes a %s", name, r.Kind())
		}
		if _, ok := r.(Holder); ok != (k.contents != nil) || ok && kinds[k.contents.rows] == nil {
			t.Errorf("%s has contents: %v; its row says %+v", name, ok, k.contents)
		}
		r.set(About{ID: "id"})
		if fields := Fields(name); !slices.Equal(Field(r, fields[len(fields)-1]), []string{"id"}) || len(fields) != 2+len(k.fields) {
			t.Errorf("%s has the fields %q", name, fields)
		}
		for field := range k.fields {
			want := []string{""}
			switch field {
			case "associatedQueueIds": // of which there are none
				want = nil
			case "state": // never empty
				want = []string{"ENABLED"}
			}
			if got := Field(r, field); !slices.Equal(got, want) {
				t.Errorf("the field %s of an empty %s is %q; want %q", field, name, got, want)
			}
		}
		row, err := encode(r)
		if err != nil || row.Kind != name {
			t.Errorf("encode a %s = %+v, %v", name, row, err)
		}
		if _, err := decode(row); err != nil {
			t.Errorf("decode a %s: %v", name, err)
		}
	}
}
