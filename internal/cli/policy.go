package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/iam"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/disk"
	"parley.example/parley/internal/erasure"
	"parley.example/parley/internal/keysapi"
	"parley.example/parley/internal/outboxapi"
)

// policyCmd reads policies of access keys, without a server.
type policyCmd struct {
	Check    policyCheck    `cmd:"" help:"Say what is wrong with a policy."`
	Simulate policySimulate `cmd:"" help:"Say whether a policy allows an action on a resource, and by which statement."`
}

// Help is shown below the list of verbs.
func (policyCmd) Help() string {
	return `Examples:
  parley policy check policy.json
  parley policy simulate policy.json --action connect:ListInstances

Policies are those of IAM: docs/policies.md has what they can say.`
}

type policyCheck struct {
	File string `arg:"" help:"The policy, a JSON file." type:"existingfile"`
}

// Help is shown below the arguments.
func (policyCheck) Help() string {
	return `Examples:
  parley policy check policy.json

What is an error here is one for parley keys create --policy as well. Warnings are for
actions that match no operation: a Deny of a misspelt action denies nothing. The exit
status is 2 if the policy is refused.`
}

// Run checks a policy.
func (c policyCheck) Run(io streams) error {
	p, err := readPolicy(c.File)
	if err != nil {
		return err
	}
	for _, action := range p.Idle(actions()) {
		fmt.Fprintf(io.out, "warning: %s matches no operation\n", action)
	}
	fmt.Fprintf(io.out, "%s is a policy for access keys\n", c.File)
	return nil
}

// actions are all that a policy can be about: the operations of the Connect API, and those of Parley's own.
func actions() []string {
	all := []string{"parley:" + erasure.OpErase, "parley:" + erasure.OpList}
	for i := range connect.Operations {
		all = append(all, "connect:"+connect.Operations[i].Name)
	}
	for _, op := range append(slices.Clone(keysapi.Operations), outboxapi.Operations...) {
		all = append(all, "parley:"+op.Name)
	}
	return all
}

func readPolicy(file string) (auth.Policy, error) {
	text, err := disk.ReadFile(file, maxSmallFile)
	if err != nil {
		return auth.Policy{}, usage{err}
	}
	p, err := auth.ParsePolicy(text)
	if err != nil {
		return auth.Policy{}, usage{fmt.Errorf("policy %s: %w", file, err)}
	}
	return p, nil
}

type policySimulate struct {
	File     string   `arg:"" help:"The policy, a JSON file." type:"existingfile"`
	Action   string   `help:"The action, such as connect:StartChatContact." required:"" placeholder:"ACTION"`
	Resource string   `help:"The ARN of what it is done to; * for an action that names no resource." default:"*" placeholder:"ARN"`
	Context  []string `help:"What the request has for a condition key; may be repeated, for several values of aws:TagKeys too. The time is now unless it is given." placeholder:"KEY=VALUE" sep:"none"`
}

// Help is shown below the arguments.
func (policySimulate) Help() string {
	return `Examples:
  parley policy simulate policy.json --action connect:ListInstances
  parley policy simulate policy.json --action connect:StopContact \
    --resource arn:aws:connect:us-east-1:123456789012:instance/I/contact/C \
    --context aws:SourceIp=203.0.113.7 --context aws:ResourceTag/team=sales

A call must be allowed on every resource that it needs a permission for: docs/policies.md
lists them for each operation. The exit status is 1 if the action is refused.`
}

// Run decides by a policy.
func (c policySimulate) Run(io streams) error {
	p, err := readPolicy(c.File)
	if err != nil {
		return err
	}
	if !strings.Contains(c.Action, ":") {
		return usage{fmt.Errorf("action %q has no service prefix; write connect:%s", c.Action, c.Action)}
	}
	if strings.ContainsAny(c.Action, "*?") {
		return usage{errors.New("the action of a call has no wildcards")}
	}
	if !slices.ContainsFunc(actions(), func(known string) bool { return strings.EqualFold(known, c.Action) }) {
		fmt.Fprintf(io.err, "warning: %s matches no operation: no call is ever asked about it; docs/operations.md lists those of the Connect API\n", c.Action)
	}
	given := map[iam.Key][]string{}
	for _, pair := range c.Context {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return usage{fmt.Errorf("context %q: want KEY=VALUE", pair)}
		}
		k, many, err := iam.ParseKey(name)
		if err != nil {
			return usage{fmt.Errorf("context %q: %w", pair, err)}
		}
		k.Tag = strings.ToLower(k.Tag)
		if len(given[k]) > 0 && !many {
			return usage{fmt.Errorf("context %q: %s has one value only", pair, name)}
		}
		given[k] = append(given[k], value)
	}
	now := time.Now().UTC()
	for k, value := range map[iam.KeyName]string{iam.CurrentTime: now.Format(time.RFC3339), iam.EpochTime: strconv.FormatInt(now.Unix(), 10)} {
		if _, ok := given[iam.Key{Name: k}]; !ok {
			given[iam.Key{Name: k}] = []string{value}
		}
	}
	var within []string
	if a, ok := center.ParseARN(c.Resource); ok {
		within = []string{a.InstanceARN(a.Instance)}
	}
	decision, err := p.Decide(c.Action, c.Resource, within, func(k iam.Key) ([]string, error) {
		k.Tag = strings.ToLower(k.Tag)
		return given[k], nil
	})
	switch {
	case err != nil:
		return usage{err}
	case decision.Allowed:
		fmt.Fprintf(io.out, "allowed: %s\n", decision.Reason)
		return nil
	}
	fmt.Fprintf(io.out, "refused: %s\n", decision.Reason)
	return silent{errors.New(decision.Reason)}
}
