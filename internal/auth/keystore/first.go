package keystore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/disk"
	"parley.example/parley/internal/store"
)

// FirstKeyFile is the name of the file with the first key, in the data directory.
const FirstKeyFile = "first-key.env"

// firstKey is the setting that has the id of the first key while it is made.
const firstKey = "first-key"

// First makes a key that may do everything when there is none yet, and reports
// whether it did. The key is written to a file that only its owner can read: a secret
// has no place in a log. The file is on the disk before the key counts. When the process
// dies in between, the next First makes the key of the file count.
func (k Keys) First(ctx context.Context, file string, now time.Time) (made bool, err error) {
	list, err := k.List(ctx)
	if err != nil || len(list) > 0 {
		return false, err
	}
	begun := center.Resource{Kind: center.KindSetting, ID: firstKey, Created: now, Updated: now}
	key, err := k.begun(ctx, &begun, file, now)
	if err != nil {
		return false, err
	}
	if key.ID == "" {
		key = auth.NewKey("first", auth.FullAccess(), now)
		var w store.ResourceWrite
		if err := put(&w, begun, key.ID); err != nil {
			return false, err
		}
		if _, err := k.Store.WriteResources(ctx, w); err != nil {
			return false, err
		}
		if err := disk.WriteFile(file, []byte(KeyText(key.ID, key.Secret))); err != nil {
			return false, fmt.Errorf("write the first access key: %w", err)
		}
	}
	w, err := k.write(ctx, key)
	if err != nil {
		return false, err
	}
	w.Drop = []center.Resource{begun}
	if _, err := k.Store.WriteResources(ctx, w); err != nil {
		return false, fmt.Errorf("create the first access key: %w", err)
	}
	return true, nil
}

// begun returns the key that an earlier First began to make and wrote to the file, the zero
// Key when there is none. A file with another key is from another time.
func (k Keys) begun(ctx context.Context, begun *center.Resource, file string, now time.Time) (auth.Key, error) {
	r, err := k.Store.Resource(ctx, begun.Kind, begun.ID)
	if center.ReasonOf(err) == center.NotFound {
		return auth.Key{}, nil
	}
	if err != nil {
		return auth.Key{}, err
	}
	begun.Version = r.Version
	var id string
	if err := json.Unmarshal(r.Body, &id); err != nil {
		return auth.Key{}, fmt.Errorf("decode the first access key: %w", err)
	}
	key := auth.Key{Name: "first", Policy: auth.FullAccess(), Created: now}
	if key.ID, key.Secret, err = ReadKeyFile(file); err != nil || key.ID != id || key.Check() != nil {
		return auth.Key{}, nil
	}
	return key, nil
}

// KeyText is a key as shell commands that put it where SDKs look for it.
func KeyText(id, secret string) string {
	return "export AWS_ACCESS_KEY_ID=" + id + "\nexport AWS_SECRET_ACCESS_KEY=" + secret + "\n"
}

// ReadKeyFile reads a key that was written as by [KeyText]; "export" may be left out.
func ReadKeyFile(file string) (id, secret string, err error) {
	text, err := disk.ReadFile(file, maxSecretFile)
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		value = strings.Trim(value, `"'`)
		switch strings.TrimSpace(name) {
		case "AWS_ACCESS_KEY_ID":
			id = value
		case "AWS_SECRET_ACCESS_KEY":
			secret = value
		}
	}
	if id == "" || secret == "" {
		return "", "", errors.New(file + " has no key: it needs lines with AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…")
	}
	return id, secret, nil
}
