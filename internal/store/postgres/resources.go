package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

const resourceColumns = "instance, kind, id, name, version, created, updated, body, tags"

// Resource implements [store.Store].
func (s *Store) Resource(ctx context.Context, kind center.Kind, id string) (center.Resource, error) {
	return fetch(ctx, s, func(t *tx) (center.Resource, error) {
		found, err := rows(t, readResource, "SELECT "+resourceColumns+" FROM resources WHERE kind = $1 AND id = $2", string(kind), pack(id))
		if err != nil {
			return center.Resource{}, err
		}
		if len(found) == 0 {
			return center.Resource{}, refuse(center.Missing(kind, id))
		}
		return found[0], nil
	})
}

// Resources implements [store.Store].
func (s *Store) Resources(ctx context.Context, instance center.InstanceID, kind center.Kind) iter.Seq2[center.Resource, error] {
	sql := "SELECT " + resourceColumns + " FROM resources WHERE kind = $1 AND instance = $2 AND (name, id) > ($3, $4) ORDER BY name, id LIMIT $5"
	if kind == center.KindInstance && instance == "" {
		sql = "SELECT " + resourceColumns + " FROM resources WHERE kind = $1 AND instance >= $2 AND (name, id) > ($3, $4) ORDER BY name, id LIMIT $5"
	}
	return pages(ctx, s, func() func(*tx) ([]center.Resource, error) {
		var last center.Resource
		return func(t *tx) ([]center.Resource, error) {
			all, err := rows(t, readResource, sql, string(kind), pack(string(instance)), pack(last.Name), pack(last.ID), page)
			if len(all) > 0 {
				last = all[len(all)-1]
			}
			return all, err
		}
	})
}

func readResource(r pgx.Rows) (res center.Resource, err error) {
	var instance, kind, id, name string
	var created, updated *int64
	var body, tags *string
	if err := r.Scan(&instance, &kind, &id, &name, &res.Version, &created, &updated, &body, &tags); err != nil {
		return res, err
	}
	res.Instance, res.Kind, res.ID, res.Name = center.InstanceID(unpack(instance)), center.Kind(kind), unpack(id), unpack(name)
	res.Created, res.Updated = moment(created), moment(updated)
	if body != nil {
		res.Body = json.RawMessage(unpackJSON(*body))
	}
	if tags != nil {
		if err := json.Unmarshal(unpackJSON(*tags), &res.Tags); err != nil {
			return res, refuse(err)
		}
	}
	return res, nil
}

// WriteResources implements [store.Store].
func (s *Store) WriteResources(ctx context.Context, w store.ResourceWrite) (map[center.InstanceID]int64, error) {
	return give(ctx, s, func(t *tx) (map[center.InstanceID]int64, error) { return writeResources(t, &w) })
}

func writeResources(t *tx, w *store.ResourceWrite) (map[center.InstanceID]int64, error) {
	touched := map[center.InstanceID]int64{}
	// In one order, as everybody: first the rows that are there, then new ones.
	var kinds, named []string
	for _, r := range slices.Concat(w.Drop, w.Put) {
		kinds, named = append(kinds, string(r.Kind)), append(named, pack(r.ID))
	}
	if _, err := t.exec(`SELECT 1 FROM resources AS r JOIN unnest($1::text[], $2::text[]) AS u (kind, id) ON r.kind = u.kind AND r.id = u.id ORDER BY r.kind, r.id FOR UPDATE OF r`, kinds, named); err != nil {
		return nil, err
	}
	for i := range w.Drop {
		var instance string
		found, err := t.first([]any{&instance}, "DELETE FROM resources WHERE kind = $1 AND id = $2 RETURNING instance", string(w.Drop[i].Kind), pack(w.Drop[i].ID))
		if err != nil {
			return nil, err
		}
		if found {
			touched[center.InstanceID(unpack(instance))] = 0
		}
	}
	put := slices.Clone(w.Put)
	slices.SortStableFunc(put, func(a, b center.Resource) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	for i := range put {
		if err := putResource(t, &put[i], touched); err != nil {
			return nil, err
		}
	}
	if w.Erase != nil {
		active, err := count(t, store.ActiveChats(w.Erase.Instance))
		if err != nil {
			return nil, err
		}
		if active > 0 {
			return nil, refuse(center.Errorf(center.BadRequest, "the instance has %d active chats; end them with StopContact first", active))
		}
		if err := putErasure(t, w.Erase); err != nil {
			return nil, err
		}
	}
	for _, instance := range slices.Sorted(maps.Keys(touched)) {
		var revision int64
		if _, err := t.first([]any{&revision}, `INSERT INTO revisions (instance, revision) VALUES ($1, 1)
			ON CONFLICT (instance) DO UPDATE SET revision = revisions.revision + 1 RETURNING revision`, pack(string(instance))); err != nil {
			return nil, err
		}
		touched[instance] = revision
	}
	return touched, nil
}

// putResource writes one resource and notes the instances that it touches. What another node writes at the same time meets the unique
// indexes: then all is done again, and found.
func putResource(t *tx, res *center.Resource, touched map[center.InstanceID]int64) error {
	tags, err := optionalJSON(res.Tags, len(res.Tags) == 0)
	if err != nil {
		return refuse(err)
	}
	var version int64
	var instance string
	exists, err := t.first([]any{&version, &instance}, "SELECT version, instance FROM resources WHERE kind = $1 AND id = $2 FOR UPDATE", string(res.Kind), pack(res.ID))
	switch {
	case err != nil:
		return err
	case res.Version == 0 && exists:
		return refuse(center.Errorf(center.Duplicate, "%s %q exists", res.Kind, res.ID))
	case res.Version != 0 && (!exists || version != res.Version):
		return refuse(center.Errorf(center.Conflict, "%s %q was changed meanwhile", res.Kind, res.ID))
	}
	touched[res.Instance] = 0
	if exists {
		touched[center.InstanceID(unpack(instance))] = 0
	}
	if res.Name != "" {
		var one int
		taken, err := t.first([]any{&one}, "SELECT 1 FROM resources WHERE instance = $1 AND kind = $2 AND name = $3 AND name <> '' AND id <> $4",
			pack(string(res.Instance)), string(res.Kind), pack(res.Name), pack(res.ID))
		if err != nil {
			return err
		}
		if taken {
			return refuse(center.Errorf(center.Duplicate, "a %s with the name %q exists", res.Kind, res.Name))
		}
	}
	sql := "INSERT INTO resources (" + resourceColumns + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
	if exists {
		sql = "UPDATE resources SET instance = $1, name = $4, version = $5, created = $6, updated = $7, body = $8, tags = $9 WHERE kind = $2 AND id = $3"
	}
	var body *string
	if len(res.Body) > 0 {
		body = new(packJSON(res.Body))
	}
	_, err = t.exec(sql, pack(string(res.Instance)), string(res.Kind), pack(res.ID), pack(res.Name), res.Version+1, millis(res.Created), millis(res.Updated), body, tags)
	return err
}

// Overwrite implements [store.Store]. What PostgreSQL keeps of rows that were replaced, in its files, its log and its backups, is out of a client's
// reach: it goes with the server's own vacuum and the end of its logs.
func (s *Store) Overwrite(ctx context.Context, w store.ResourceWrite, gone ...string) error {
	if slices.ContainsFunc(w.Drop, func(r center.Resource) bool { return r.Kind == center.KindInstance }) {
		return center.Errorf(center.Invalid, "an instance is deleted by WriteResources")
	}
	if _, err := s.WriteResources(ctx, w); err != nil {
		return err
	}
	return s.vacuum(ctx, "resources")
}

// Revision implements [store.Store].
func (s *Store) Revision(ctx context.Context, instance center.InstanceID) (int64, error) {
	return fetch(ctx, s, func(t *tx) (revision int64, err error) {
		_, err = t.first([]any{&revision}, "SELECT revision FROM revisions WHERE instance = $1", pack(string(instance)))
		return revision, err
	})
}
