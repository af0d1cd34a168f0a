package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/store/sqlite"
)

// keysCmd manages access keys in a data directory. The server that uses the
// directory must be stopped: one process owns it.
type keysCmd struct {
	Data    string      `help:"The server's data directory." required:"" placeholder:"DIR" env:"PARLEY_DATA"`
	List    keysList    `cmd:"" help:"List the keys, without their secrets." default:"1"`
	Create  keysCreate  `cmd:"" help:"Create a key and print it, this once."`
	Disable keysDisable `cmd:"" help:"Disable a key: refuse it from now on."`
	Enable  keysEnable  `cmd:"" help:"Enable a disabled key again."`
	Delete  keysDelete  `cmd:"" help:"Delete a key."`
}

// Help is shown below the list of verbs.
func (keysCmd) Help() string {
	return `Examples:
  parley keys --data /var/lib/parley
  parley keys --data /var/lib/parley create --name website --policy policy.json
  parley keys --data /var/lib/parley disable AKIA…

The server keeps its data directory locked while it runs, so stop it first.`
}

// open calls f with the keys of the data directory. Only with create does it make a database that does not exist.
func (k *keysCmd) open(ctx context.Context, create bool, f func(*auth.Keys) error) error {
	if info, err := os.Stat(k.Data); err != nil {
		return usage{fmt.Errorf("data: %w", err)}
	} else if !info.IsDir() {
		return usage{fmt.Errorf("data: %s is not a directory", k.Data)}
	}
	// Of a database that was lost, opening the store says what to do.
	if !create && !k.has("parley.db") && !k.has("parley.id") {
		return usage{fmt.Errorf("data: %s is not the data directory of a server: it has no parley.db", k.Data)}
	}
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: k.Data})
	if err != nil {
		return err
	}
	err = f(&auth.Keys{Store: keystore.Keys{Store: s}})
	if cerr := s.Close(); err == nil {
		err = cerr
	}
	return err
}

func (k *keysCmd) has(name string) bool {
	_, err := os.Stat(filepath.Join(k.Data, name))
	return err == nil
}

type keysList struct{}

// Help is shown below the usage.
func (keysList) Help() string {
	return `Examples:
  parley keys list --data /var/lib/parley`
}

// Run lists the keys.
func (keysList) Run(ctx context.Context, io streams, k *command) error {
	return k.Keys.open(ctx, false, func(keys *auth.Keys) error {
		list, err := keys.Store.List(ctx)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			fmt.Fprintln(io.out, "There are no access keys. Create one with: parley keys create --name NAME")
			return nil
		}
		w := tabwriter.NewWriter(io.out, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "ACCESS KEY\tNAME\tCREATED\tSTATE")
		for _, key := range list {
			state := "active"
			if key.Disabled {
				state = "disabled"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", key.ID, key.Name, key.Created.Format(time.DateTime), state)
		}
		return w.Flush()
	})
}

type keysCreate struct {
	Name   string `help:"What the key is for." required:"" placeholder:"NAME"`
	Policy string `help:"File with an IAM-style policy; full access without it." placeholder:"FILE" type:"existingfile"`
}

// Help is shown below the usage.
func (keysCreate) Help() string {
	return `Examples:
  parley keys create --data /var/lib/parley --name website
  parley keys create --data /var/lib/parley --name website --policy policy.json

A policy has the format of IAM. This one lets a website start chats and nothing else:
  {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "connect:StartChatContact", "Resource": "*"}]}

Resource may be an ARN, in which * matches any characters. This one allows a single flow:
  arn:aws:connect:us-east-1:123456789012:instance/INSTANCE/contact-flow/FLOW
A call must be allowed on every resource that it names. A Deny of an instance's ARN
denies every call in that instance.`
}

// Run creates a key and prints it as shell commands.
func (c keysCreate) Run(ctx context.Context, io streams, k *command) error {
	if c.Name == "" {
		return usage{errors.New("name must not be empty; it says what the key is for, such as website")}
	}
	policy := auth.FullAccess()
	if c.Policy != "" {
		text, err := os.ReadFile(c.Policy)
		if err != nil {
			return usage{err}
		}
		if policy, err = auth.ParsePolicy(text); err != nil {
			return usage{fmt.Errorf("policy %s: %w", c.Policy, err)}
		}
	}
	return k.Keys.open(ctx, true, func(keys *auth.Keys) error {
		key, err := keys.Create(ctx, c.Name, policy, time.Now().UTC())
		if err != nil {
			return err
		}
		fmt.Fprintf(io.out, "export AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\n", key.ID, key.Secret)
		fmt.Fprintln(io.err, "The secret is not shown again.")
		return nil
	})
}

type keysDisable struct {
	ID string `arg:"" help:"The access key id."`
}

// Help is shown below the usage.
func (keysDisable) Help() string {
	return `Examples:
  parley keys disable --data /var/lib/parley AKIA…`
}

// Run disables the key.
func (c keysDisable) Run(ctx context.Context, k *command) error {
	return k.Keys.open(ctx, false, func(keys *auth.Keys) error { return keys.SetDisabled(ctx, c.ID, true) })
}

type keysEnable struct {
	ID string `arg:"" help:"The access key id."`
}

// Help is shown below the usage.
func (keysEnable) Help() string {
	return `Examples:
  parley keys enable --data /var/lib/parley AKIA…`
}

// Run enables the key.
func (c keysEnable) Run(ctx context.Context, k *command) error {
	return k.Keys.open(ctx, false, func(keys *auth.Keys) error { return keys.SetDisabled(ctx, c.ID, false) })
}

type keysDelete struct {
	ID string `arg:"" help:"The access key id."`
}

// Help is shown below the usage.
func (keysDelete) Help() string {
	return `Examples:
  parley keys delete --data /var/lib/parley AKIA…`
}

// Run deletes the key.
func (c keysDelete) Run(ctx context.Context, k *command) error {
	return k.Keys.open(ctx, false, func(keys *auth.Keys) error { return keys.Delete(ctx, c.ID) })
}
