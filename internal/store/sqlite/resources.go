package sqlite

import (
	"context"
	"encoding/json"
	"iter"

	"parley.example/parley/internal/center"
)

const resourceColumns = "instance, kind, id, name, version, created, updated, body, tags"

// Resource implements [store.Store].
func (s *Store) Resource(ctx context.Context, kind center.Kind, id string) (res center.Resource, err error) {
	err = s.read(ctx, func(c *conn) error {
		r, err := c.first("SELECT "+resourceColumns+" FROM resources WHERE kind = ? AND id = ?", string(kind), id)
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
	sql := "SELECT " + resourceColumns + " FROM resources WHERE kind = ? AND instance = ? AND (name, id) > (?, ?) ORDER BY name, id LIMIT ?"
	if kind == center.KindInstance && instance == "" {
		sql = "SELECT " + resourceColumns + " FROM resources WHERE kind = ? AND instance >= ? AND (name, id) > (?, ?) ORDER BY name, id LIMIT ?"
	}
	return pages(s, ctx, func() nextPage[center.Resource] {
		var name, id string
		return func(c *conn, add func(center.Resource)) error {
			return c.query(func(r row) error {
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
	res := center.Resource{Instance: center.InstanceID(r.text(0)), Kind: center.Kind(r.text(1)), ID: r.text(2), Name: r.text(3),
		Version: r.int(4), Created: r.time(5), Updated: r.time(6)}
	if body := r.text(7); body != "" {
		res.Body = json.RawMessage(body)
	}
	if tags := r.text(8); tags != "" {
		return res, json.Unmarshal([]byte(tags), &res.Tags)
	}
	return res, nil
}

// PutResources implements [store.Store].
func (s *Store) PutResources(ctx context.Context, rs ...center.Resource) error {
	return s.do(ctx, func(c *conn) error {
		for i := range rs {
			if err := c.putResource(&rs[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *conn) putResource(res *center.Resource) error {
	tags, err := optionalJSON(res.Tags, len(res.Tags) == 0)
	if err != nil {
		return err
	}
	stored, err := c.first("SELECT version FROM resources WHERE kind = ? AND id = ?", string(res.Kind), res.ID)
	if err != nil {
		return err
	}
	switch {
	case res.Version == 0 && stored != nil:
		return center.Errorf(center.Duplicate, "%s %q exists", res.Kind, res.ID)
	case res.Version != 0 && (stored == nil || stored.int(0) != res.Version):
		return center.Errorf(center.Conflict, "%s %q was changed meanwhile", res.Kind, res.ID)
	}
	if res.Name != "" {
		taken, err := c.first("SELECT 1 FROM resources WHERE instance = ? AND kind = ? AND name = ? AND name <> '' AND id <> ?",
			string(res.Instance), string(res.Kind), res.Name, res.ID)
		if err != nil {
			return err
		}
		if taken != nil {
			return center.Errorf(center.Duplicate, "a %s with the name %q exists", res.Kind, res.Name)
		}
	}
	_, err = c.exec("INSERT INTO resources ("+resourceColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (kind, id) DO UPDATE SET instance = excluded.instance, name = excluded.name, version = excluded.version,
			created = excluded.created, updated = excluded.updated, body = excluded.body, tags = excluded.tags`,
		string(res.Instance), string(res.Kind), res.ID, res.Name, res.Version+1, millis(res.Created), millis(res.Updated),
		text(string(res.Body)), tags)
	return err
}

// DeleteResources implements [store.Store].
func (s *Store) DeleteResources(ctx context.Context, rs ...center.Resource) error {
	return s.do(ctx, func(c *conn) error {
		for i := range rs {
			if _, err := c.exec("DELETE FROM resources WHERE kind = ? AND id = ?", string(rs[i].Kind), rs[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
}
