package staffing_test

import (
	"context"
	"fmt"
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/center"
)

// crowd fills an instance with users, in one write, and returns what a new one needs.
func crowd(t testing.TB, f *catalogtest.Fixture, id center.InstanceID, users int) staffing.NewUser {
	t.Helper()
	snap := catalogtest.Must(f.Snapshot(t.Context(), string(id)))
	n := staffing.NewUser{
		Identity:         catalog.Identity{FirstName: "Ana", LastName: "Quintero", Email: "ana.quintero@example.com"},
		RoutingProfile:   catalog.All[*catalog.RoutingProfile](snap)[0].ID,
		SecurityProfiles: []center.SecurityProfileID{catalog.All[*catalog.SecurityProfile](snap)[1].ID},
		Tags:             map[string]string{"team": "sales"},
		Hash:             func(context.Context) (string, error) { return "$argon2id$…", nil },
	}
	err := f.Change(t.Context(), id, func(*catalog.Snapshot) (w catalog.Write, err error) {
		for i := range users {
			w.Put = append(w.Put, &catalog.User{
				Meta:     catalog.NewMeta(f.Catalog, id, center.UserID(center.NewUUID()), fmt.Sprintf("agent%06d", i*7919%users), n.Tags),
				Identity: n.Identity, RoutingProfile: n.RoutingProfile, SecurityProfiles: n.SecurityProfiles,
			})
		}
		return w, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// BenchmarkCreateUser is what a new user costs besides the hash of the password, in an instance
// that has so many, with a store in memory.
func BenchmarkCreateUser(b *testing.B) {
	for _, users := range []int{0, 10_000, 100_000} {
		b.Run(fmt.Sprint(users), func(b *testing.B) {
			f := catalogtest.New(b, catalog.Limits{Users: 10_000_000})
			id := f.NewInstance(b, "acme")
			n := crowd(b, f, id, users)
			made := 0
			b.ReportAllocs()
			for b.Loop() {
				made++
				n.Username = fmt.Sprintf("new%d", made)
				if _, err := staffing.CreateUser(b.Context(), f.Catalog, id, n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFirstUser is what whoever asks for users first after a start waits for.
func BenchmarkFirstUser(b *testing.B) {
	f := catalogtest.New(b, catalog.Limits{Users: 10_000_000})
	id := f.NewInstance(b, "acme")
	crowd(b, f, id, 10_000)
	for _, kind := range []center.Kind{center.KindFlow, center.KindUser} {
		b.Run(string(kind), func(b *testing.B) {
			for b.Loop() {
				if _, err := f.Again(catalog.Limits{}).SnapshotWith(b.Context(), kind, string(id)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
