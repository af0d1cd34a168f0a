package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// diskTime is how long a server may take to see that its disk takes nothing, or does again.
const diskTime = time.Minute

// onDisk mounts a file system on a directory of its own, which only root can do, and calls f with a server that
// has its data there, but does not run. For others a line says that the attack is not tried.
func (t *target) onDisk(out io.Writer, name string, mount []string, f func(dir string, on *target) error) (err error) {
	dir := filepath.Join(filepath.Dir(t.data), strings.ReplaceAll(name, " ", "-"))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if said, err := exec.Command("mount", append(mount, dir)...).CombinedOutput(); err != nil {
		fmt.Fprintf(out, "%-22s not tried: a disk for it cannot be mounted: %v %s\n", name, err, strings.TrimSpace(string(said)))
		return nil
	}
	defer func() {
		if failed := exec.Command("umount", dir).Run(); failed != nil {
			err = errors.Join(err, fmt.Errorf("umount %s: %w", dir, failed))
		}
	}()
	if err := f(dir, &target{binary: t.binary, data: filepath.Join(dir, "data"), lasts: t.lasts}); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// chatting starts a server and a chat with it.
func (t *target) chatting(ctx context.Context) (stop func() error, c customer, err error) {
	if stop, err = t.start(ctx); err != nil {
		return nil, c, err
	}
	chats, err := t.chats(ctx, 1)
	if err != nil {
		return nil, c, errors.Join(err, stop())
	}
	return stop, chats[0], nil
}

// full fills the disk of a server of its own, a file system in memory. The server refuses
// what it cannot keep, stays alive, says on /readyz why it is not ready, and is ready again by itself.
func full(ctx context.Context, t *target, out io.Writer) error {
	const name = "full disk"
	return t.onDisk(out, name, []string{"-t", "tmpfs", "-o", "size=64m", "parley-attack"}, func(dir string, on *target) (err error) {
		stop, customer, err := on.chatting(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		ballast := filepath.Join(dir, "ballast")
		for round := range 2 {
			if ok, err := here.send(ctx, on, customer.bearer); err != nil || !ok {
				return fmt.Errorf("with room a message is not taken: %w", err)
			}
			if err := fill(ballast); err != nil {
				return err
			}
			began := time.Now()
			said, err := on.fails(ctx, customer, "full")
			if err != nil {
				return err
			}
			noticed := time.Since(began)
			if err := os.Remove(ballast); err != nil {
				return err
			}
			began = time.Now()
			if err := on.ready(ctx); err != nil {
				return err
			}
			fmt.Fprintf(out, "%-22s round %d: writes failed after %s; /readyz said %q; ready again after %s\n",
				name, round+1, noticed.Round(time.Millisecond), said, time.Since(began).Round(time.Millisecond))
		}
		if ok, err := here.send(ctx, on, customer.bearer); err != nil || !ok {
			return fmt.Errorf("afterwards a message is not taken: %w", err)
		}
		return nil
	})
}

// readOnly makes the disk of a server read-only under it, as ext4 does by itself after an error of the device. The
// server refuses what it cannot keep and says why. On such a disk no server starts, in a line that names the directory.
// When the disk is repaired, one does, and has what was acknowledged.
func readOnly(ctx context.Context, t *target, out io.Writer) error {
	const name = "read-only disk"
	image := t.data + "-image"
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(image, 64<<20); err != nil {
		return err
	}
	if said, err := exec.CommandContext(ctx, "mkfs.ext4", "-q", "-F", image).CombinedOutput(); err != nil {
		fmt.Fprintf(out, "%-22s not tried: a disk for it cannot be made: %v %s\n", name, err, strings.TrimSpace(string(said)))
		return nil
	}
	mount := []string{"-o", "loop", image}
	return t.onDisk(out, name, mount, func(dir string, on *target) (err error) {
		stop, customer, err := on.chatting(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		acknowledged := 0
		for range 20 {
			ok, err := here.send(ctx, on, customer.bearer)
			if err != nil || !ok {
				return fmt.Errorf("before, a message is not taken: %w", err)
			}
			acknowledged++
		}
		if said, err := exec.Command("mount", "-o", "remount,abort", dir).CombinedOutput(); err != nil {
			return fmt.Errorf("remount %s: %w %s", dir, err, said)
		}
		began := time.Now()
		said, err := on.fails(ctx, customer, "read-only")
		if err != nil {
			return err
		}
		noticed := time.Since(began)
		if err := stop(); err != nil {
			fmt.Fprintf(out, "%-22s the server ended with %v\n", name, err)
		}
		stop = func() error { return nil }
		refusal, err := exec.CommandContext(ctx, on.binary, "serve", "--listen", "127.0.0.1:0", "--data", on.data).CombinedOutput()
		if err == nil || !strings.Contains(string(refusal), on.data) || !strings.Contains(string(refusal), "read-only") {
			return fmt.Errorf("a start says %q, %w", refusal, err)
		}
		for _, command := range [][]string{{"umount", dir}, {"e2fsck", "-f", "-p", image}, append(append([]string{"mount"}, mount...), dir)} {
			said, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
			if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !(ok && command[0] == "e2fsck" && exit.ExitCode() == 1) { // 1: it has repaired
				return fmt.Errorf("%v: %w %s", command, err, said)
			}
		}
		began = time.Now()
		if stop, err = on.start(ctx); err != nil {
			return err
		}
		body, status, err := here.status(ctx, on, "/participant/transcript", customer.bearer, `{"MaxResults":100}`)
		if n := strings.Count(body, `"Type":"MESSAGE"`); err != nil || status != http.StatusOK || n < acknowledged {
			return fmt.Errorf("afterwards the transcript is %d and has %d messages of %d that were acknowledged, %w", status, n, acknowledged, err)
		}
		fmt.Fprintf(out, "%-22s writes failed after %s; /readyz said %q; a start: %q; repaired, all is there after %s\n",
			name, noticed.Round(time.Millisecond), said, strings.TrimSpace(string(refusal)), time.Since(began).Round(time.Millisecond))
		return nil
	})
}

// fails waits until a server cannot keep what a customer says, and returns what /readyz says: it has to name the reason. The
// server is alive meanwhile.
func (t *target) fails(ctx context.Context, c customer, reason string) (said string, err error) {
	// The log has room of its own until a disk is full.
	if err := wait(ctx, "writes fail", func() (bool, error) {
		_, status, err := here.status(ctx, t, "/participant/message", c.bearer, text)
		return status >= 500, err
	}); err != nil {
		return "", err
	}
	status, said, err := get(ctx, t.url+"/readyz")
	if err != nil {
		return "", err
	}
	if said = strings.TrimSpace(said); status != http.StatusServiceUnavailable || !strings.Contains(said, reason) {
		return "", fmt.Errorf("/readyz is %d %q; want 503 and %q", status, said, reason)
	}
	if alive, _, err := get(ctx, t.url+"/healthz"); err != nil || alive != http.StatusOK {
		return "", fmt.Errorf("/healthz is %d, %w", alive, err)
	}
	return said, nil
}

func (t *target) ready(ctx context.Context) error {
	return wait(ctx, "the server is ready again", func() (bool, error) {
		status, _, err := get(ctx, t.url+"/readyz")
		return status == http.StatusOK, err
	})
}

// fill writes a file that leaves no room for anything.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close() // what was written counts, and all of it has been
	for n := 1 << 20; n > 0; {
		switch _, err := f.Write(make([]byte, n)); {
		case errors.Is(err, syscall.ENOSPC):
			n /= 2
		case err != nil:
			return err
		}
	}
	return nil
}

func wait(ctx context.Context, what string, met func() (bool, error)) error {
	for late := time.Now().Add(diskTime); ; time.Sleep(10 * time.Millisecond) {
		ok, err := met()
		if ok || err != nil {
			return err
		}
		if ctx.Err() != nil || time.Now().After(late) {
			return fmt.Errorf("it did not come to it that %s", what)
		}
	}
}

func get(ctx context.Context, url string) (status int, said string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := here.http.Do(r)
	if err != nil {
		return 0, "", err
	}
	return answer(res)
}
