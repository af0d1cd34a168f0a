package cli

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"text/tabwriter"
	"time"

	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/keysapi"
)

// keyJSON is a key as --json prints it.
type keyJSON struct {
	AccessKeyID     string           `json:"AccessKeyId"`
	SecretAccessKey string           `json:",omitempty"` // of a new one
	Name            string           `json:",omitempty"`
	State           string           // Active or Disabled
	Created         *time.Time       `json:",omitempty"`
	LastUsed        *keysapi.LastUse `json:",omitempty"`
	Policy          json.RawMessage
}

func keyAsJSON(k *keysapi.Key) keyJSON {
	return keyJSON{AccessKeyID: k.AccessKeyId, Name: k.Name, State: k.State, Created: k.Created, LastUsed: k.LastUsed, Policy: json.RawMessage(k.Policy)}
}

func keysAsJSON(keys []keysapi.Key) any {
	out := struct{ Keys []keyJSON }{make([]keyJSON, len(keys))}
	for i := range keys {
		out.Keys[i] = keyAsJSON(&keys[i])
	}
	return out
}

// printKeys prints a table. Times are UTC.
func printKeys(io streams, keys []keysapi.Key) error {
	if len(keys) == 0 {
		_, err := fmt.Fprintln(io.out, "There are no access keys. Create one with: parley keys create --name NAME")
		return err
	}
	w := tabwriter.NewWriter(io.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ACCESS KEY\tNAME\tSTATE\tCREATED\tLAST USED\tOPERATION\tFROM")
	for _, k := range keys {
		state := "active"
		if k.State == keysapi.Disabled {
			state = "disabled"
		}
		last, operation, from := "never", "-", "-"
		if u := k.LastUsed; u != nil {
			last, operation, from = minute(u.Time), u.Operation, orDash(u.Address)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.AccessKeyId, orDash(k.Name), state, minute(k.Created), last, operation, from)
	}
	return w.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func minute(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// printCreated prints a new key as shell commands, or as JSON, and says what is to be known of it.
func (k *keysCmd) printCreated(io streams, out *keysapi.CreateKeyResponse) error {
	key := keyAsJSON(out.Key)
	key.SecretAccessKey = out.SecretAccessKey
	var err error
	if k.JSON {
		err = printJSON(io.out, key)
	} else {
		_, err = fmt.Fprint(io.out, keystore.KeyText(out.Key.AccessKeyId, out.SecretAccessKey))
	}
	fmt.Fprintln(io.err, "The secret is not shown again.")
	if u, err := url.Parse(k.Server); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		fmt.Fprintf(io.err, "It came from %s without encryption: whoever was in between may have read it.\n", k.Server)
	}
	return err
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// printChanged says what became of a key.
func (k *keysCmd) printChanged(io streams, key *keysapi.Key, done string) error {
	if k.JSON {
		return printJSON(io.out, keyAsJSON(key))
	}
	_, err := fmt.Fprintf(io.out, "Access key %s (%s) is %s.\n", key.AccessKeyId, orDash(key.Name), done)
	return err
}

// printSecrets says how long tokens of the former secrets stay valid.
func printSecrets(io streams, list []keysapi.TokenSecret) error {
	if len(list) == 0 {
		return nil
	}
	fmt.Fprintf(io.out, "Tokens are sealed with secret %d from now on.\n", list[0].Id)
	if len(list) == 1 {
		_, err := fmt.Fprintln(io.out, "Those of before are refused: open chats have lost theirs.")
		return err
	}
	for _, s := range list[1:] {
		fmt.Fprintf(io.out, "Those of secret %d stay valid until %s.\n", s.Id, minute(s.Until))
	}
	return nil
}
