package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/alecthomas/kong"
)

// configFile is the --config flag: reading it adds the file's settings as
// defaults for the flags of their names.
type configFile string

// BeforeResolve implements kong's hook: it runs before flags take their defaults.
func (c configFile) BeforeResolve(k *kong.Kong, ctx *kong.Context, trace *kong.Path) error {
	path := string(ctx.FlagValue(trace.Flag).(configFile))
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	settings := map[string]any{}
	if err := json.Unmarshal(text, &settings); err != nil {
		return fmt.Errorf("config %s: want a JSON object of settings: %w", path, err)
	}
	ctx.AddResolver(fileResolver{path, settings})
	return nil
}

type fileResolver struct {
	path     string
	settings map[string]any
}

// Validate refuses a file that names something no verb knows.
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
			return fmt.Errorf("config %s: there is no setting %q; the settings are the long flags of parley serve --help, without --", f.path, name)
		}
	}
	return nil
}

// Resolve implements kong.Resolver.
func (f fileResolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	v, ok := f.settings[flag.Name]
	if !ok {
		return nil, nil
	}
	if m, ok := v.(map[string]any); ok { // a map flag reads k=v pairs
		var pairs []string
		for _, k := range slices.Sorted(maps.Keys(m)) {
			pairs = append(pairs, fmt.Sprintf("%s=%v", k, m[k]))
		}
		return pairs, nil
	}
	return v, nil
}
