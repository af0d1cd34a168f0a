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

// diskTime is how long a server may take to see that its disk is full, or is not any more.
const diskTime = time.Minute

// disk fills the disk of a server of its own, a file system in memory that only root can make. The server refuses
// what it cannot keep, stays alive, says on /readyz why it is not ready, and is ready again by itself.
func disk(ctx context.Context, t *target, out io.Writer) (err error) {
	dir := t.data + "-disk"
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if said, err := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", "size=64m", "parley-attack", dir).CombinedOutput(); err != nil {
		fmt.Fprintf(out, "%-22s not tried: a disk to fill cannot be mounted: %v %s\n", "full disk", err, strings.TrimSpace(string(said)))
		return nil
	}
	defer func() {
		if failed := exec.Command("umount", dir).Run(); failed != nil {
			err = errors.Join(err, fmt.Errorf("umount %s: %w", dir, failed))
		}
	}()
	full := &target{binary: t.binary, data: filepath.Join(dir, "data"), lasts: t.lasts}
	stop, err := full.start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	chats, err := full.chats(ctx, 1)
	if err != nil {
		return err
	}
	message := func() (int, error) {
		_, status, err := here.status(ctx, full, "/participant/message", chats[0].bearer, text)
		return status, err
	}
	ballast := filepath.Join(dir, "ballast")
	for round := range 2 {
		if status, err := message(); err != nil || status != http.StatusOK {
			return fmt.Errorf("full disk: with room a message is answered %d, %w", status, err)
		}
		if err := fill(ballast); err != nil {
			return err
		}
		began := time.Now()
		// The log has room of its own until it is full.
		if err := wait(ctx, "writes fail", func() (bool, error) { status, err := message(); return status >= 500, err }); err != nil {
			return err
		}
		status, said, err := get(ctx, full.url+"/readyz")
		if err != nil {
			return err
		}
		if status != http.StatusServiceUnavailable || !strings.Contains(said, "full") {
			return fmt.Errorf("full disk: /readyz is %d %q; want 503 and why", status, said)
		}
		if alive, _, err := get(ctx, full.url+"/healthz"); err != nil || alive != http.StatusOK {
			return fmt.Errorf("full disk: /healthz is %d, %w", alive, err)
		}
		noticed := time.Since(began)
		if err := os.Remove(ballast); err != nil {
			return err
		}
		began = time.Now()
		if err := wait(ctx, "the server is ready again", func() (bool, error) {
			status, _, err := get(ctx, full.url+"/readyz")
			return status == http.StatusOK, err
		}); err != nil {
			return err
		}
		fmt.Fprintf(out, "%-22s round %d: writes failed after %s; /readyz said %q; ready again after %s\n",
			"full disk", round+1, noticed.Round(time.Millisecond), strings.TrimSpace(said), time.Since(began).Round(time.Millisecond))
	}
	if status, err := message(); err != nil || status != http.StatusOK {
		return fmt.Errorf("full disk: afterwards a message is answered %d, %w", status, err)
	}
	return nil
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
			return fmt.Errorf("full disk: it did not come to it that %s", what)
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
	defer res.Body.Close() // read to its end
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, string(b), err
}
