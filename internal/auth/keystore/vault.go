package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/disk"
)

// SecretFile is the name of the file in the data directory, unless it is kept elsewhere.
const SecretFile = "parley.secret"

// Vault seals what the store keeps of secrets with AES-256-GCM, under a key from a file
// that the store does not have. The kind and the id of what a secret belongs to are
// sealed with it, so that no secret can be put in the place of another. [Unlock] finds or makes the file.
//
//	id of the vault (4) nonce (12) encrypted secret, tag (16)
type Vault struct {
	id   [4]byte
	aead cipher.AEAD
}

// newVault returns the vault of a secret of 32 bytes.
func newVault(secret []byte) (*Vault, error) {
	id, err := hkdf.Key(sha256.New, secret, nil, "parley vault id", 4)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "parley vault", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	v := &Vault{id: [4]byte(id)}
	v.aead, err = cipher.NewGCMWithRandomNonce(block)
	return v, err
}

// String says nothing of the key.
func (v *Vault) String() string { return fmt.Sprintf("vault %x", v.id) }

// GoString says nothing of the key either.
func (v *Vault) GoString() string { return v.String() }

// errOtherVault is the error for what was sealed under the secret of another file.
var errOtherVault = errors.New("it was sealed with another secret file")

func (v *Vault) seal(kind center.Kind, id string, secret []byte) []byte {
	return v.aead.Seal(v.id[:], nil, secret, about(kind, id))
}

func (v *Vault) open(kind center.Kind, id string, sealed []byte) ([]byte, error) {
	if len(sealed) < len(v.id) {
		return nil, fmt.Errorf("the secret of %s %s is damaged", kind, id)
	}
	if [4]byte(sealed[:4]) != v.id {
		return nil, errOtherVault
	}
	secret, err := v.aead.Open(nil, nil, sealed[4:], about(kind, id))
	if err != nil {
		return nil, fmt.Errorf("the secret of %s %s is damaged", kind, id)
	}
	return secret, nil
}

func about(kind center.Kind, id string) []byte { return []byte(string(kind) + " " + id) }

// The text form of the file: one line behind comments.
const (
	secretPrefix  = "parley-secret-1:"
	secretComment = `# The secrets of access keys and tokens in the database of a Parley server are sealed with this.
# Keep it as long as the database, secret, and apart from backups of it: together they are worth what they protect.
`
	maxSecretFile = 4 << 10
)

// readVault reads the vault of a file. That it is not there is fs.ErrNotExist.
func readVault(file string) (*Vault, error) {
	text, err := disk.ReadFile(file, maxSecretFile)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		coded, ok := strings.CutPrefix(strings.TrimSpace(line), secretPrefix)
		if !ok {
			continue
		}
		if secret, err := base64.RawURLEncoding.Strict().DecodeString(coded); err == nil && len(secret) == auth.SecretSize {
			return newVault(secret)
		}
	}
	return nil, fmt.Errorf("%s is not a secret file of Parley, or is damaged: it must have a line %s… with 43 more characters", file, secretPrefix)
}

// makeVault makes the file with a new secret. Once it returns the file is on the disk.
func makeVault(file string) (*Vault, error) {
	secret := make([]byte, auth.SecretSize)
	rand.Read(secret)
	if file != "" {
		if dir := filepath.Dir(file); !isDirectory(dir) {
			return nil, fmt.Errorf("make %s: there is no directory %s", file, dir)
		}
		if err := disk.WriteFile(file, []byte(secretComment+secretPrefix+base64.RawURLEncoding.EncodeToString(secret)+"\n")); err != nil {
			return nil, fmt.Errorf("make %s: %w", file, err)
		}
	}
	return newVault(secret)
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
