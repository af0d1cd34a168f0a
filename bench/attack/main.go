// Command attack floods a Parley server as strangers may, and shows what that does to
// those who behave.
//
//	go run ./bench/attack               everything, in about a minute
//	go run ./bench/attack -lasts 10s    longer
//
// It builds the server, starts it as a process of its own on loopback with a temporary
// data directory, outside development mode and with the settings of a server that has
// none, and prints a line for each attack. It fails when somebody who behaves is
// refused, an attacker gets more than the server's rates and bounds allow, or /readyz does not say
// that the disk is full or read-only. The disks are file systems in memory and in a file, which only root can mount; for
// others those attacks are not tried, as their lines say. Times depend on the machine: they are printed
// and not judged. Attackers call from 127.0.0.2 and 127.0.0.3, as from other machines, where the system
// lets them.
//
// Start reading at [attacks]; each kind is in a file of its name.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"parley.example/parley/bench/durable"
)

// attacks are what is tried, each on the same server.
var attacks = []func(ctx context.Context, t *target, out io.Writer) error{fair, desks, holding, full, readOnly}

// maxLasts bounds how long one attack may last.
const maxLasts = time.Minute

// target is a server under attack.
type target struct {
	binary string
	url    string
	pid    int
	data   string
	lasts  time.Duration // how long each attack lasts
}

func main() {
	lasts := flag.Duration("lasts", 4*time.Second, "how long each attack lasts, at most a minute")
	binary := flag.String("server", "", "server binary to attack instead of building one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *binary, min(*lasts, maxLasts), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, binary string, lasts time.Duration, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "parley-attack")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // temporary
	if binary == "" {
		if binary, err = durable.Build(ctx, ".", dir); err != nil {
			return err
		}
	}
	t := &target{binary: binary, data: filepath.Join(dir, "data"), lasts: lasts}
	stop, err := t.start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var errs []error
	for _, attack := range attacks {
		errs = append(errs, attack(ctx, t, out))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	fmt.Fprintln(out, "all attacks held")
	return nil
}

// start starts the server and returns, when it listens, how to stop it.
func (t *target) start(ctx context.Context) (stop func() error, err error) {
	cmd := exec.CommandContext(ctx, t.binary, "serve", "--listen", "127.0.0.1:0", "--data", t.data, "--close-span", "100ms", "--log-level", "error")
	cmd.Stderr = os.Stderr
	said, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t.pid, t.url = cmd.Process.Pid, ""
	for lines := bufio.NewScanner(said); t.url == "" && lines.Scan(); {
		if _, url, ok := strings.Cut(lines.Text(), "http://"); ok {
			t.url = "http://" + strings.TrimRight(strings.Fields(url)[0], ",/")
		}
	}
	if t.url == "" {
		return nil, errors.Join(errors.New("the server did not start"), cmd.Wait())
	}
	go io.Copy(io.Discard, said) // ends with the server
	return func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		return cmd.Wait()
	}, nil
}
