package sqlite

import (
	"context"
	"encoding/json"
	"iter"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

const resourceColumns = "instance, kind, id, name, version, created, updated, body, tags"

// Resource implements [store.Store].
func (s *Store) Resource(ctx context.Context, kind center.Kind, id string) (res center.Resource, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		r, err := c.First("SELECT "+resourceColumns+" FROM resources WHERE kind = ? AND id = ?", string(kind), id)
		if err != nil {
			return err
		}
		if r == nil {
			return center.Missing(kind, id)
		}
		res, err = readResource(r)
		return err
	})
	return res, err
}

// Resources implements [store.Store].
func (s *Store) Resources(ctx context.Context, instance center.InstanceID, kind center.Kind) iter.Seq2[center.Resource, error] {
	sql := "SELECT " + resourceColumns + " FROM resources WHERE kind = ? AND instance = ? AND (name, id) > (?, ?) ORDER BY name, id LIMIT ?+0"
	if kind == center.KindInstance && instance == "" {
		sql = "SELECT " + resourceColumns + " FROM resources WHERE kind = ? AND instance >= ? AND (name, id) > (?, ?) ORDER BY name, id LIMIT ?+0"
	}
	return pages(s, ctx, string(instance), func() nextPage[center.Resource] {
		var name, id string
		return func(c *conn, add func(center.Resource)) error {
			return c.Query(func(r row) error {
				res, err := readResource(r)
				if err != nil {
					return err
				}
				name, id = res.Name, res.ID
				add(res)
				return nil
			}, sql, string(kind), string(instance), name, id, int64(page))
		}
	})
}

func readResource(r row) (center.Resource, error) {
	res := center.Resource{Instance: center.InstanceID(r.Text(0)), Kind: center.Kind(r.Text(1)), ID: r.Text(2), Name: r.Text(3),
		Version: r.Int(4), Created: r.Time(5), Updated: r.Time(6)}
	if body := r.Text(7); body != "" {
		res.Body = json.RawMessage(body)
	}
	if tags := r.Text(8); tags != "" {
		return res, json.Unmarshal([]byte(tags), &res.Tags)
	}
	return res, nil
}

// WriteResources implements [store.Store].
func (s *Store) WriteResources(ctx context.Context, w store.ResourceWrite) (map[center.InstanceID]int64, error) {
	return give(ctx, s, func(own *writer) (map[center.InstanceID]int64, error) {
		for i := range w.Drop {
			if w.Drop[i].Kind == center.KindInstance {
				own.instances.drop(center.InstanceID(w.Drop[i].ID))
			}
		}
		return own.conn.writeResources(&w)
	})
}

func (c *conn) writeResources(w *store.ResourceWrite) (map[center.InstanceID]int64, error) {
	revisions := map[center.InstanceID]int64{} // of what was touched
	for i := range w.Drop {
		r, err := c.First("DELETE FROM resources WHERE kind = ? AND id = ? RETURNING instance", string(w.Drop[i].Kind), w.Drop[i].ID)
		if err != nil {
			return nil, err
		}
		if r != nil {
			revisions[center.InstanceID(r.Text(0))] = 0
		}
	}
	for i := range w.Put {
		if err := c.putResource(&w.Put[i], revisions); err != nil {
			return nil, err
		}
	}
	if w.Erase != nil {
		active, err := c.count(store.ActiveChats(w.Erase.Instance))
		if err != nil {
			return nil, err
		}
		if active > 0 {
			return nil, center.Errorf(center.BadRequest, "the instance has %d active chats; end them with StopContact first", active)
		}
		if err := c.putErasure(w.Erase); err != nil {
			return nil, err
		}
	}
	for instance := range revisions {
		r, err := c.First(`INSERT INTO revisions (instance, revision) VALUES (?, 1)
			ON CONFLICT (instance) DO UPDATE SET revision = revision + 1 RETURNING revision`, string(instance))
		if err != nil {
			return nil, err
		}
		revisions[instance] = r.Int(0)
	}
	return revisions, nil
}

// putResource writes one resource and notes the instances that it touches.
func (c *conn) putResource(res *center.Resource, touched map[center.InstanceID]int64) error {
	tags, err := optionalJSON(res.Tags, len(res.Tags) == 0)
	if err != nil {
		return err
	}
	stored, err := c.First("SELECT version, instance FROM resources WHERE kind = ? AND id = ?", string(res.Kind), res.ID)
	if err != nil {
		return err
	}
	switch {
	case res.Version == 0 && stored != nil:
		return center.Errorf(center.Duplicate, "%s %q exists", res.Kind, res.ID)
	case res.Version != 0 && (stored == nil || stored.Int(0) != res.Version):
		return center.Errorf(center.Conflict, "%s %q was changed meanwhile", res.Kind, res.ID)
	}
	touched[res.Instance] = 0
	if stored != nil {
		touched[center.InstanceID(stored.Text(1))] = 0
	}
	if res.Name != "" {
		taken, err := c.First("SELECT 1 FROM resources WHERE instance = ? AND kind = ? AND name = ? AND name <> '' AND id <> ?",
			string(res.Instance), string(res.Kind), res.Name, res.ID)
		if err != nil {
			return err
		}
		if taken != nil {
			return center.Errorf(center.Duplicate, "a %s with the name %q exists", res.Kind, res.Name)
		}
	}
	_, err = c.Exec("INSERT INTO resources ("+resourceColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (kind, id) DO UPDATE SET instance = excluded.instance, name = excluded.name, version = excluded.version,
			created = excluded.created, updated = excluded.updated, body = excluded.body, tags = excluded.tags`,
		string(res.Instance), string(res.Kind), res.ID, res.Name, res.Version+1, sqlconn.Millis(res.Created), sqlconn.Millis(res.Updated),
		sqlconn.Text(string(res.Body)), tags)
	return err
}

// Revision implements [store.Store].
func (s *Store) Revision(ctx context.Context, instance center.InstanceID) (revision int64, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		r, err := c.First("SELECT revision FROM revisions WHERE instance = ?", string(instance))
		if r != nil {
			revision = r.Int(0)
		}
		return err
	})
	return revision, err
}
