package catalog

import (
	"context"
	"encoding/json"
	"fmt"

	"parley.example/parley/internal/center"
)

// secret is the row that keeps the hash of a user's password: apart from the
// user, so that nothing that reads or shows users has it.
type secret struct {
	Hash string `json:"hash"`
}

// SetPassword has a change keep the hash of a user's password, in place of the one that is
// there; "" removes that.
func (w *Write) SetPassword(c *Catalog, u *User, hash string) error {
	row := center.Resource{Instance: u.Instance, Kind: center.KindPassword, ID: string(u.ID), Created: c.Now(), Updated: c.Now()}
	w.unneeded = append(w.unneeded, row)
	if hash == "" {
		return nil
	}
	body, err := json.Marshal(secret{hash})
	if err != nil {
		return fmt.Errorf("encode the hash of a password: %w", err)
	}
	row.Body = body
	w.secrets = append(w.secrets, row)
	return nil
}

// Password returns the user of an instance who has a username, spelt exactly so, and the hash
// of the password, "" for who has none. Errors: NotFound for the instance and the user.
func (c *Catalog) Password(ctx context.Context, instance center.InstanceID, username string) (*User, string, error) {
	snap, err := c.SnapshotWith(ctx, center.KindUser, string(instance))
	if err != nil {
		return nil, "", err
	}
	var u *User
	id := username // of nobody: the store is asked all the same, so that the time does not tell
	for e := range snap.shelf(center.KindUser).named(username) {
		u, id = e.resource.(*User), e.id
	}
	var s secret
	row, err := c.rows.store.Resource(ctx, center.KindPassword, id)
	if err == nil {
		err = json.Unmarshal(row.Body, &s)
	}
	switch {
	case err != nil && center.ReasonOf(err) != center.NotFound:
		return nil, "", err
	case u == nil:
		return nil, "", center.Missing(center.KindUser, username)
	}
	return u, s.Hash, nil
}
