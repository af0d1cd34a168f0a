package cli

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"parley.example/parley/internal/server"
)

// reader reads the command line anew: the settings file may have changed.
type reader func() (*command, *kong.Context, error)

// reloadable are the settings that a running server takes over; all others need a restart.
var reloadable = []string{"log-level", "origin", "trusted-proxy"}

// reloads has a server read its settings and certificate again whenever the process is told to
// by SIGHUP, which no longer ends it.
type reloads struct {
	read    reader
	log     *slog.Logger
	level   *slog.LevelVar
	inForce map[string]any // by the names of flags
	hangups chan os.Signal
	// stop ends the server. It is called on SIGHUP when the terminal is gone that a server in
	// development mode was started in: nobody would know that it is there.
	stop     context.CancelFunc
	attached bool // there is such a terminal
}

// catch makes SIGHUP harmless from now on, until release.
func (r *reloads) catch() {
	r.hangups = make(chan os.Signal, 1)
	signal.Notify(r.hangups, syscall.SIGHUP)
}

func (r *reloads) release() { signal.Stop(r.hangups) }

// watch waits for SIGHUP until ctx ends.
func (r *reloads) watch(ctx context.Context, srv *server.Server) {
	for {
		select {
		case <-r.hangups:
		case <-ctx.Done():
			return
		}
		if r.attached && !onTerminal() {
			r.log.Info("the terminal was closed")
			r.stop()
			return
		}
		if err := r.reload(srv); err != nil {
			r.log.Error("the settings were not read again; nothing has changed", "err", err)
		}
	}
}

func (r *reloads) reload(srv *server.Server) error {
	cmd, k, err := r.read()
	if err != nil {
		return err
	}
	if err := srv.Reload(cmd.Serve.config(r.log)); err != nil {
		return err
	}
	if err := r.level.UnmarshalText([]byte(cmd.Serve.LogLevel)); err != nil {
		return err // never: the flag takes nothing else
	}
	var changed, waiting []string
	now := settings(k)
	for _, name := range slices.Sorted(maps.Keys(now)) {
		switch {
		case reflect.DeepEqual(now[name], r.inForce[name]):
		case slices.Contains(reloadable, name):
			changed = append(changed, name)
			r.inForce[name] = now[name]
		default:
			waiting = append(waiting, name)
		}
	}
	r.log.Info("the settings were read again", "changed", changed)
	if len(waiting) > 0 {
		r.log.Warn("these settings have changed and need a restart", "need_restart", waiting)
	}
	return nil
}

// settings are the values of the flags of a command line, by their names.
func settings(k *kong.Context) map[string]any {
	values := map[string]any{}
	for _, f := range k.Flags() {
		values[f.Name] = f.Target.Interface()
	}
	return values
}

// onTerminal says whether standard input is a terminal that is still there.
func onTerminal() bool { return term.IsTerminal(int(os.Stdin.Fd())) }
