package auth

import "parley.example/parley/internal/auth/iam"

// Policy says what the owner of an access key may do.
type Policy = iam.Policy

// FullAccess returns the policy that allows everything.
func FullAccess() Policy { return iam.FullAccess() }

// ParsePolicy reads a policy document for a new key: see [iam.Parse].
func ParsePolicy(text []byte) (Policy, error) { return iam.Parse(text) }
