package permission

import (
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
)

// TestEveryPermissionHasOnePlace: no name is in two lists, or twice in one.
func TestEveryPermissionHasOnePlace(t *testing.T) {
	seen := map[Name]Place{}
	note := func(n Name, p Place) {
		if before, twice := seen[n]; twice {
			t.Errorf("%s is at the %s, and %s", n, before, p)
		}
		seen[n] = p
	}
	for place, names := range places {
		for _, n := range names {
			note(n, place)
		}
	}
	for _, family := range kept {
		of, verbs, ok := strings.Cut(family, ": ")
		if !ok {
			t.Errorf("%q says nothing of what may be done", family)
		}
		for verb := range strings.FieldsSeq(verbs) {
			note(Name(of+"."+verb), Kept)
		}
	}
	n := 0
	for name, place := range All() {
		if got, ok := Of(name); !ok || got != place || seen[name] != place {
			t.Errorf("%s is at %s; All says %s, the lists %s", name, got, place, seen[name])
		}
		if len(name) > 128 { // SecurityProfilePermission
			t.Errorf("%s is longer than a permission may be", name)
		}
		n++
	}
	if n != len(seen) {
		t.Errorf("All yields %d permissions; want %d", n, len(seen))
	}
	for range All() {
		break // a reader may stop
	}
}

func TestPermissionsThatRestrict(t *testing.T) {
	var restrict []Name
	for n := range All() {
		if n.Restricts() {
			restrict = append(restrict, n)
		}
	}
	if want := []Name{"RequireEndContactConfirmation.Enabled", "RestrictContactAccessByHierarchy.View", "RestrictPhoneTypeSettings.Access", "RestrictTaskCreation.Access"}; !slices.Equal(restrict, want) {
		t.Errorf("the permissions that restrict are %q; want %q", restrict, want)
	}
}

func TestChecked(t *testing.T) {
	got, err := Checked([]string{"Users.View", "Analytics.PerformanceMetrics.Access", "BasicAgentAccess", "Users.View"})
	if want := []string{"Analytics.PerformanceMetrics.Access", "BasicAgentAccess", "Users.View"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Checked = %q, %v; want %q", got, err, want)
	}
	for wrong, hint := range map[string]string{"basicagentaccess": "did you mean BasicAgentAccess?", "Users.Viw": "did you mean Users.View?", "Everything at all": "a security profile"} {
		if _, err := Checked([]string{"Users.View", wrong}); center.ReasonOf(err) != center.Invalid || !strings.HasSuffix(err.Error(), hint) {
			t.Errorf("Checked(%q) = %v; want it Invalid, and to end with %q", wrong, err, hint)
		}
	}
}
