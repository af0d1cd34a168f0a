package catalog_test

import (
	"testing"

	"parley.example/parley/internal/catalog"
)

// TestSecurityProfilesOfOlderBuilds: a profile that was stored before there were types came
// with its instance.
func TestSecurityProfilesOfOlderBuilds(t *testing.T) {
	for stored, want := range map[string]string{"": catalog.AWSManaged, catalog.AWSManaged: catalog.AWSManaged, catalog.CustomerManaged: catalog.CustomerManaged} {
		if got := (&catalog.SecurityProfile{Type: stored}).ManagedBy(); got != want {
			t.Errorf("a profile stored as %q is %s; want %s", stored, got, want)
		}
	}
}
