package catalog

import (
	"embed"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
)

//go:embed managed/*.json
var managedFiles embed.FS

// managed are the views that come with the service, by id. Each has one version.
var managed = readManaged()

// managedSince is when the managed views were made: they never change.
var managedSince = time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)

func readManaged() map[center.ViewID]*View {
	files, err := managedFiles.ReadDir("managed")
	if err != nil {
		panic("catalog: " + err.Error()) // the files are part of the program
	}
	all := make(map[center.ViewID]*View, len(files))
	for _, file := range files {
		var text struct {
			Name, Description     string
			Template, InputSchema json.RawMessage
			Actions               []string
		}
		raw, err := managedFiles.ReadFile("managed/" + file.Name())
		if err == nil {
			err = json.Unmarshal(raw, &text)
		}
		if err != nil {
			panic("catalog: " + file.Name() + ": " + err.Error())
		}
		content := &ViewContent{Template: compact(text.Template), Actions: text.Actions, InputSchema: compact(text.InputSchema)}
		id, hash := center.ViewID(strings.TrimSuffix(file.Name(), ".json")), content.Hash()
		all[id] = &View{
			Meta: Meta[center.ViewID]{ID: id, Name: text.Name, Version: 1, Created: managedSince, Updated: managedSince},
			Authored: Authored{
				Contents:    contents.Contents{Published: hash, Versions: []contents.Version{{Number: 1, Hash: hash, Created: managedSince}}, LastVersion: 1},
				Description: text.Description,
			},
			Actions: map[string][]string{hash: text.Actions}, managed: content,
		}
	}
	return all
}

// compact writes JSON without spaces.
func compact(raw json.RawMessage) string {
	text, err := json.Marshal(raw)
	if err != nil {
		panic("catalog: a managed view: " + err.Error())
	}
	return string(text)
}

// managedViews returns the managed views by name.
func managedViews() []*View {
	return slices.SortedFunc(maps.Values(managed), func(a, b *View) int { return byName(a, b) })
}

// managedARN is what the ARNs of managed views begin with.
func managedARN(region string) string { return "arn:aws:connect:" + region + ":aws:view/" }

// managed returns the managed view that an id or ARN names, and the qualifier
// behind it. ARNs of any region do: the views are the same everywhere, and
// flows are carried from one region to another.
func (snap *Snapshot) managed(ref string) (v *View, qualifier string, ok bool) {
	if strings.HasPrefix(ref, "arn:") {
		parts := strings.SplitN(ref, ":", 6)
		if len(parts) != 6 || parts[2] != "connect" || parts[4] != "aws" {
			return nil, "", false
		}
		if ref, ok = strings.CutPrefix(parts[5], "view/"); !ok {
			return nil, "", false
		}
	}
	id, qualifier, _ := strings.Cut(ref, ":")
	v, ok = managed[center.ViewID(id)]
	return v, qualifier, ok
}
