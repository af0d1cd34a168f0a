package permission

import (
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
)

// TestEveryPermissionHasOneClass: no name is in two lists, or twice in one.
func TestEveryPermissionHasOneClass(t *testing.T) {
	seen := map[Name]Class{}
	note := func(n Name, c Class) {
		if before, twice := seen[n]; twice {
			t.Errorf("%s is %s, and %s", n, before, c)
		}
		seen[n] = c
	}
	for _, e := range Effects {
		note(e.Name, Enforced)
		if !strings.HasSuffix(e.What, ".") || strings.Contains(e.What, "|") {
			t.Errorf("what %s does is no sentence for a table: %s", e.Name, e.What)
		}
	}
	for class, families := range map[Class][]string{Managed: managed, Absent: absent} {
		for _, family := range families {
			n := 0
			for name := range namesOf(family) {
				note(name, class)
				n++
			}
			if n == 0 {
				t.Errorf("%q says nothing of what may be done", family)
			}
		}
	}
	n := 0
	for name, class := range All() {
		if got, ok := Of(name); !ok || got != class || seen[name] != class {
			t.Errorf("%s is %s; All says %s, the lists %s", name, got, class, seen[name])
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
	for range namesOf("Users: Create Delete") {
		break
	}
}

func TestPredefined(t *testing.T) {
	all := 0
	for n := range All() {
		if !n.Restricts() {
			all++
		}
	}
	for profile, want := range map[string]int{Admin: all, Agent: 2, CallCenterManager: 64, QualityAnalyst: 4, "Another": 0} {
		got := Predefined(profile)
		if checked, err := Checked(got); err != nil || !slices.Equal(got, checked) || len(got) != want {
			t.Errorf("%s has %d permissions, %q, %v; want %d, each once and in order", profile, len(got), got, err, want)
		}
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
