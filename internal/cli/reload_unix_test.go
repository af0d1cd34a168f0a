//go:build unix

package cli

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestHangupReloads changes the settings file under a server and sends it SIGHUP, which no
// longer ends it: what can change does, what cannot is named, and bad settings change nothing.
func TestHangupReloads(t *testing.T) {
	file := write(t, "parley.json", `{"dev":true,"listen":"127.0.0.1:0","close-span":"10ms","log-level":"error","region":"eu-west-1"}`)
	url, _, errs, stop := serving(t, "--config", file)
	change := func(settings, logged string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		errs.wait(t, logged)
	}
	refused := func(origin string) bool { return originRefused(t, url, origin) }
	if refused("https://b.example") {
		t.Error("without origins in the settings one was refused")
	}
	change(`{"dev":true,"listen":"127.0.0.1:0","log-level":"info","region":"eu-west-2","origin":["https://a.example"],"trusted-proxy":["127.0.0.1"]}`,
		`need_restart="[close-span region]"`)
	if refused("https://a.example") || !refused("https://b.example") {
		t.Error("the origins of the new settings do not count")
	}
	change(`{"dev":true,"origin":["nonsense"]}`, `nothing has changed" err="origin \"nonsense\" is not`)
	change(`{"dev":tr`, "is not a JSON object")
	change(`{"dev":true,"colour":"red"}`, "unknown setting")
	if refused("https://a.example") || !refused("https://b.example") {
		t.Error("bad settings have changed the origins")
	}
	if arn := about(t, url); !strings.HasPrefix(arn, "arn:aws:connect:eu-west-1:") {
		t.Errorf("the region has changed: %s", arn)
	}
	if status := stop(); status != 0 {
		t.Errorf("the status is %d\n%s", status, errs)
	}
}

// originRefused reports whether pages of an origin may open no socket of a server in development mode.
func originRefused(t *testing.T, url, origin string) bool {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url+"/ws?token=x", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Origin": origin, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return strings.Contains(res.Header.Get("X-Parley-Debug-Reason"), "origin")
}

// TestHangupWarnsByTheNewLevel: that a setting needs a restart is a warning, at the level of the settings that were
// read: at error there is none.
func TestHangupWarnsByTheNewLevel(t *testing.T) {
	settings := func(region, level string) string {
		return `{"dev":true,"listen":"127.0.0.1:0","close-span":"10ms","region":"` + region + `","log-level":"` + level + `","origin":["https://` + level + `.example"]}`
	}
	file := write(t, "parley.json", settings("eu-west-1", "error"))
	url, _, errs, stop := serving(t, "--config", file)
	hangup := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	warned := 0
	for _, at := range []struct {
		level string
		warns int
	}{{"warn", 1}, {"error", 0}, {"info", 1}, {"debug", 1}, {"error", 0}} {
		hangup(settings("eu-west-2", at.level))
		for originRefused(t, url, "https://"+at.level+".example") && !t.Failed() {
			continue // the settings are not yet read
		}
		// Refused settings are logged at every level, behind what the reload before has logged.
		mark := "mark-" + strconv.Itoa(warned) + at.level
		hangup(`{"` + mark + `":true}`)
		errs.wait(t, mark)
		warned += at.warns
		if got := strings.Count(errs.String(), `level=WARN msg="these settings have changed and need a restart" need_restart=[region]`); got != warned {
			t.Errorf("after a reload at %s there are %d warnings; want %d\n%s", at.level, got, warned, errs)
		}
	}
	if status := stop(); status != 0 {
		t.Errorf("the status is %d\n%s", status, errs)
	}
}
