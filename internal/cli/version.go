package cli

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
)

// build is what the program knows of how it was made. Go writes it into every binary:
// in a checkout from Git's tags and commits, with go install from the module's version.
type build struct {
	version  string    // of the tag, or Go's pseudo-version of the commit, or devel
	commit   string    // empty when it is not known
	date     time.Time // of the commit
	modified bool      // there were changes that no commit has
}

// built is the build of this program.
var built = readBuild(debug.ReadBuildInfo())

// version is how the program calls itself.
var version = built.version

func readBuild(info *debug.BuildInfo, ok bool) build {
	b := build{version: "devel"}
	if !ok {
		return b
	}
	if v := strings.Trim(info.Main.Version, "()"); v != "" {
		b.version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value
		case "vcs.time":
			b.date, _ = time.Parse(time.RFC3339, s.Value) // Go wrote it; a zero time is not shown
		case "vcs.modified":
			b.modified = s.Value == "true"
		}
	}
	return b
}

// String is the version in a line, and what it was built from in the next one.
func (b build) String() string {
	from := "commit " + cmp.Or(b.commit, "not recorded")
	if !b.date.IsZero() {
		from += " of " + b.date.UTC().Format(time.RFC3339)
	}
	if b.modified {
		from += ", with changes that are not committed"
	}
	return fmt.Sprintf("parley %s\n%s\n%s %s/%s", b.version, from, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

type versionCmd struct{}

// Help is shown below the usage.
func (versionCmd) Help() string {
	return `Examples:
  parley version`
}

// Run prints the version and the commit it was built from, and which APIs it speaks:
// the day on which Amazon's model had that shape, and how many operations it has.
func (versionCmd) Run(io streams) error {
	_, err := fmt.Fprintf(io.out, "%s\nAmazon Connect API of %s, %d operations; Participant Service API, %d operations\n",
		built, connect.API.Published, len(connect.Operations), len(participant.Operations))
	return err
}
