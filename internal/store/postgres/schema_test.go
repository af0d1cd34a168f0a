package postgres_test

import (
	"context"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/store/postgres"
)

// tables returns the columns of all tables and views.
func tables(t *testing.T, database string) (all []string) {
	t.Helper()
	for _, row := range rows(t, database, "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1") {
		all = append(all, row[0].(string))
	}
	return all
}

func rows(t *testing.T, database, sql string, args ...any) (all [][]any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	found, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	all, err = pgx.CollectRows(found, func(r pgx.CollectableRow) ([]any, error) { return r.Values() })
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return all
}

// TestNodesStartTogether: each node finds all tables or makes them, whichever lock the engine has.
func TestNodesStartTogether(t *testing.T) {
	want := tables(t, template)
	for _, rowLock := range []bool{false, true} {
		database := server.Database(t, "template0")
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				s, err := postgres.Open(t.Context(), postgres.Options{URL: server.URL(database), RowLock: rowLock})
				if err != nil {
					t.Errorf("row lock %v: Open: %v", rowLock, err)
					return
				}
				s.Close()
			})
		}
		wg.Wait()
		if got := tables(t, database); !reflect.DeepEqual(got, want) {
			t.Errorf("row lock %v: the tables are %v; want %v", rowLock, got, want)
		}
		if got := rows(t, database, "SELECT count(*) FROM identity"); got[0][0] != int64(1) {
			t.Errorf("the data has %v ids", got[0][0])
		}
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	database := server.Database(t, template)
	if err := server.Exec(t.Context(), database, "UPDATE parley_format SET format = format + 1"); err != nil {
		t.Fatal(err)
	}
	before := tables(t, database)
	_, err := postgres.Open(t.Context(), postgres.Options{URL: server.URL(database)})
	if err == nil || !strings.Contains(err.Error(), "newer release of Parley") {
		t.Errorf("Open = %v; want what helps", err)
	}
	if got := tables(t, database); !reflect.DeepEqual(got, before) {
		t.Error("the data was altered")
	}
}

// TestUpgradeIsWhole: a step that fails leaves the data as it was.
func TestUpgradeIsWhole(t *testing.T) {
	database := server.Database(t, "template0")
	if err := server.Exec(t.Context(), database, "CREATE TABLE erasures (someone text)"); err != nil { // of another program
		t.Fatal(err)
	}
	if s, err := postgres.Open(t.Context(), postgres.Options{URL: server.URL(database)}); err == nil {
		s.Close()
		t.Fatal("Open took a table of another program for its own")
	}
	if got := tables(t, database); !reflect.DeepEqual(got, []string{"erasures.someone"}) {
		t.Errorf("the tables are %v", got)
	}
}
