package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/keysapi"
)

// keysCmd manages access keys, and the secret of tokens: on a running server, or in the
// data directory of a stopped one.
type keysCmd struct {
	Server string `help:"The running server. Default: --data if it is given, else AWS_ENDPOINT_URL, else http://127.0.0.1:8790." placeholder:"URL"`
	signing
	Data       string `help:"The data directory of a server that is stopped. It is not used with --server." placeholder:"DIR" env:"PARLEY_DATA"`
	SecretFile string `help:"With --data, the file under whose secret the keys are sealed. Default: parley.secret in the directory." placeholder:"FILE" env:"PARLEY_SECRET_FILE" name:"secret-file"`
	JSON       bool   `help:"Print JSON." name:"json"`

	List         keysList    `cmd:"" help:"List the keys, with their last use and without their secrets." default:"1"`
	Create       keysCreate  `cmd:"" help:"Create a key and print it, this once."`
	Disable      keysDisable `cmd:"" help:"Disable a key: refuse it from now on."`
	Enable       keysEnable  `cmd:"" help:"Enable a disabled key again."`
	Delete       keysDelete  `cmd:"" help:"Delete a key."`
	RotateTokens keysRotate  `cmd:"" help:"Seal the tokens of chats with a new secret from now on." name:"rotate-tokens"`
	Reset        keysReset   `cmd:"" help:"Give up all keys and tokens, because parley.secret is lost."`
}

// Help is shown below the list of verbs.
func (keysCmd) Help() string {
	return `Examples:
  parley keys --key-file /var/lib/parley/first-key.env
  parley keys --server https://chat.example.com create --name website --policy policy.json
  parley keys disable AKIA…
  parley keys --data /var/lib/parley list

A running server is called with a key whose policy allows parley:ListKeys, parley:CreateKey and so on; the first
key may do everything. What is changed counts at once. With --data, keys are managed in the directory of a server
that is stopped, and no key is needed.`
}

type keysList struct{}

// Help is shown below the usage.
func (keysList) Help() string {
	return `Examples:
  parley keys list
  parley keys list --json
  parley keys list --data /var/lib/parley

When a key was last used is kept to the minute, with the address that called: that of the proxy, behind one.`
}

// Run lists the keys.
func (keysList) Run(ctx context.Context, io streams, k *command) error {
	return k.Keys.with(ctx, false, func(api keysapi.API) error {
		list, err := api.ListKeys(ctx, &keysapi.ListKeysRequest{})
		if err != nil {
			return err
		}
		if k.Keys.JSON {
			return printJSON(io.out, keysAsJSON(list.Keys))
		}
		return printKeys(io, list.Keys)
	})
}

type keysCreate struct {
	Name   string `help:"What the key is for." required:"" placeholder:"NAME"`
	Policy string `help:"File with an IAM-style policy; full access without it." placeholder:"FILE" type:"existingfile"`
}

// Help is shown below the usage.
func (keysCreate) Help() string {
	return `Examples:
  parley keys create --name website
  parley keys create --name website --policy policy.json
  parley keys create --data /var/lib/parley --name website

A policy has the format of IAM. This one lets a website start chats and nothing else:
  {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "connect:StartChatContact", "Resource": "*"}]}

Resource may be an ARN, in which * matches any characters. This one allows a single flow:
  arn:aws:connect:us-east-1:123456789012:instance/INSTANCE/contact-flow/FLOW
A call must be allowed on every resource that it names. A Deny of an instance's ARN
denies every call in that instance. Managing keys is parley:*, on the resource "*".`
}

// Run creates a key and prints it as shell commands.
func (c keysCreate) Run(ctx context.Context, io streams, k *command) error {
	if c.Name == "" {
		return usage{errors.New("name must not be empty; it says what the key is for, such as website")}
	}
	in := &keysapi.CreateKeyRequest{Name: c.Name, Policy: auth.FullAccess().String()}
	if c.Policy != "" {
		p, err := readPolicy(c.Policy)
		if err != nil {
			return err
		}
		in.Policy = p.String()
	}
	return k.Keys.with(ctx, true, func(api keysapi.API) error {
		out, err := api.CreateKey(ctx, in)
		if err != nil {
			return err
		}
		return k.Keys.printCreated(io, out)
	})
}

type keysDisable struct {
	ID    string `arg:"" help:"The access key id."`
	Force bool   `help:"Do so even if it is the last key that may manage keys."`
}

// Help is shown below the usage.
func (keysDisable) Help() string {
	return `Examples:
  parley keys disable AKIA…
  parley keys disable --data /var/lib/parley AKIA…`
}

// Run disables the key.
func (c keysDisable) Run(ctx context.Context, io streams, k *command) error {
	return k.Keys.update(ctx, io, &keysapi.UpdateKeyRequest{AccessKeyId: c.ID, State: keysapi.Disabled, Force: &c.Force}, "disabled: calls with it are refused from now on")
}

type keysEnable struct {
	ID string `arg:"" help:"The access key id."`
}

// Help is shown below the usage.
func (keysEnable) Help() string {
	return `Examples:
  parley keys enable AKIA…
  parley keys enable --data /var/lib/parley AKIA…`
}

// Run enables the key.
func (c keysEnable) Run(ctx context.Context, io streams, k *command) error {
	return k.Keys.update(ctx, io, &keysapi.UpdateKeyRequest{AccessKeyId: c.ID, State: keysapi.Active}, "active again")
}

func (k *keysCmd) update(ctx context.Context, io streams, in *keysapi.UpdateKeyRequest, done string) error {
	return k.with(ctx, false, func(api keysapi.API) error {
		out, err := api.UpdateKey(ctx, in)
		if err != nil {
			return err
		}
		return k.printChanged(io, out.Key, done)
	})
}

type keysDelete struct {
	ID    string `arg:"" help:"The access key id."`
	Force bool   `help:"Do so even if it is the last key that may manage keys."`
}

// Help is shown below the usage.
func (keysDelete) Help() string {
	return `Examples:
  parley keys delete AKIA…
  parley keys delete --data /var/lib/parley AKIA…`
}

// Run deletes the key.
func (c keysDelete) Run(ctx context.Context, io streams, k *command) error {
	return k.Keys.with(ctx, false, func(api keysapi.API) error {
		out, err := api.DeleteKey(ctx, &keysapi.DeleteKeyRequest{AccessKeyId: c.ID, Force: &c.Force})
		if err != nil {
			return err
		}
		return k.Keys.printChanged(io, out.Key, "deleted: calls with it are refused from now on")
	})
}

type keysRotate struct {
	Overlap string `help:"How long tokens of the former secrets stay valid, such as 1h or 7d. Default: 8d, as long as any can be of use; 0s ends them at once, and with them open chats." placeholder:"TIME"`
}

// Help is shown below the usage.
func (keysRotate) Help() string {
	return `Examples:
  parley keys rotate-tokens
  parley keys rotate-tokens --overlap 1d
  parley keys rotate-tokens --overlap 0s     after the secret was seen by others

Tokens are what customers and their pages hold. Chats go on: new tokens are sealed with the new secret, those of
before stay valid for the overlap. Then the former secret is dropped.`
}

// Run rotates the secret.
func (c keysRotate) Run(ctx context.Context, io streams, k *command) error {
	in := &keysapi.RotateTokenSecretRequest{}
	if c.Overlap != "" {
		overlap, err := center.ParseSpan(c.Overlap)
		if err != nil {
			return usage{fmt.Errorf("overlap: %w", err)}
		}
		in.OverlapSeconds = new(int64((overlap + time.Second - 1) / time.Second))
	}
	return k.Keys.with(ctx, false, func(api keysapi.API) error {
		out, err := api.RotateTokenSecret(ctx, in)
		if err != nil {
			return err
		}
		if k.Keys.JSON {
			return printJSON(io.out, out)
		}
		return printSecrets(io, out.TokenSecrets)
	})
}

type keysReset struct{}

// Help is shown below the usage.
func (keysReset) Help() string {
	return `Examples:
  parley keys reset --data /var/lib/parley

The secrets in the database are sealed with parley.secret. Without it nothing opens them: this makes a new one, drops
all access keys, and makes a first key as a first start does. Open chats lose their tokens. It refuses while
there is such a file: restore the right one if you can.`
}

// Run gives up what is sealed.
func (keysReset) Run(ctx context.Context, io streams, k *command) error {
	file, key, err := k.Keys.reset(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "Keys and tokens of before are gone. The new secret is in %s: keep it apart from backups of the database.\nA first access key is in %s. Store it safely, then delete the file.\n", file, key)
	return err
}
