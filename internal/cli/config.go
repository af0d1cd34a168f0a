package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/alecthomas/kong"

	"parley.example/parley/internal/disk"
)

// maxSmallFile bounds files of settings, policies and secrets.
const maxSmallFile = 1 << 20

// configFile is the --config flag: the file's settings become the defaults of
// the flags with the same names.
type configFile string

// BeforeResolve implements kong's hook: it runs before flags take their defaults.
func (c configFile) BeforeResolve(k *kong.Kong, ctx *kong.Context, trace *kong.Path) error {
	path := string(ctx.FlagValue(trace.Flag).(configFile))
	text, err := disk.ReadFile(path, maxSmallFile)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	settings := map[string]any{}
	if err := json.Unmarshal(text, &settings); err != nil {
		return fmt.Errorf("config %s is not a JSON object of settings: %w", path, err)
	}
	ctx.AddResolver(fileResolver{path, settings})
	return nil
}

type fileResolver struct {
	path     string
	settings map[string]any
}

// Validate refuses a file with a setting that is not a flag of any verb.
func (f fileResolver) Validate(app *kong.Application) error {
	known := map[string]bool{}
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error { // the visitor returns no error
		if flag, ok := node.(*kong.Flag); ok {
			known[flag.Name] = true
		}
		return next(nil)
	})
	for _, name := range slices.Sorted(maps.Keys(f.settings)) {
		if !known[name] || name == "config" || name == "help" {
			return fmt.Errorf("config %s: unknown setting %q; settings are named like the flags in parley serve --help, without --", f.path, name)
		}
	}
	return nil
}

// Resolve implements kong.Resolver. Kong asks it about every flag that is not on
// the command line, including those that the environment sets: the environment
// takes precedence over the file.
func (f fileResolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	v, ok := f.settings[flag.Name]
	if !ok || slices.ContainsFunc(flag.Envs, isSet) {
		return nil, nil
	}
	return v, nil
}

func isSet(variable string) bool {
	_, set := os.LookupEnv(variable)
	return set
}
