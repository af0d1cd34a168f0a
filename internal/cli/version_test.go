package cli

import (
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
)

func TestVersion(t *testing.T) {
	want := regexp.MustCompile(`^` + regexp.QuoteMeta(built.String()) + `\nAmazon Connect API of 20\d\d-\d\d-\d\d, ` +
		strconv.Itoa(len(connect.Operations)) + ` operations; Participant Service API, ` + strconv.Itoa(len(participant.Operations)) + ` operations\n$`)
	for _, say := range []string{"version", "--version"} {
		if status, out, _ := parley(t, "", say); status != 0 || !want.MatchString(out) {
			t.Errorf("parley %s = %d %q; want %s", say, status, out, want)
		}
	}
}

// TestBuildIsWhatGoWrote: whichever way the program was built, it says what is known, and no more.
func TestBuildIsWhatGoWrote(t *testing.T) {
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "30237a7ebaeb3914169b5286bca39d55ddc87765"}
	date := debug.BuildSetting{Key: "vcs.time", Value: "2026-11-30T06:50:31Z"}
	clean := debug.BuildSetting{Key: "vcs.modified", Value: "false"}
	changed := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	goes := "\n" + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
	for _, c := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"make build of a tag", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{commit, date, clean}},
			"parley v1.2.3\ncommit 30237a7ebaeb3914169b5286bca39d55ddc87765 of 2026-11-30T06:50:31Z"},
		{"make build with changes", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.4-0.20261130065031-30237a7ebaeb+dirty"}, Settings: []debug.BuildSetting{commit, date, changed}},
			"parley v1.2.4-0.20261130065031-30237a7ebaeb+dirty\ncommit 30237a7ebaeb3914169b5286bca39d55ddc87765 of 2026-11-30T06:50:31Z, with changes that are not committed"},
		{"go install of a version", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "parley v1.2.3\ncommit not recorded"},
		{"go run", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "parley devel\ncommit not recorded"},
		{"a test", &debug.BuildInfo{}, "parley devel\ncommit not recorded"},
		{"another compiler", nil, "parley devel\ncommit not recorded"},
	} {
		if got := readBuild(c.info, c.info != nil).String(); got != c.want+goes {
			t.Errorf("%s: it prints %q; want %q", c.name, got, c.want+goes)
		}
	}
	if b := readBuild(&debug.BuildInfo{Settings: []debug.BuildSetting{date}}, true); !b.date.Equal(time.Date(2026, 11, 30, 6, 50, 31, 0, time.UTC)) {
		t.Errorf("the date is %s", b.date)
	}
}
