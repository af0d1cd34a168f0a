// Command powercut cuts the power of a Parley server's disk again and again under a mixed load,
// and checks that nothing that was acknowledged is lost, doubled or out of order.
//
//	cd bench/powercut && go run .     100 cuts, in a few minutes; it needs Linux, root, /dev/fuse and mkfs.ext4
//
// The disk is a block device of the kernel (a loop device) with ext4 on it. Its image is a file that
// this program serves by FUSE, so that each write and each flush of the device arrives here. When the power is cut,
// no write arrives any more and the server is killed. What then is on the disk is everything that was
// written before the last flush that was completed, and of what came later any 512-byte sectors: none,
// all or some, whatever the order in which they were written. The kernel mounts that, repairs it from the journal of ext4, and
// the server starts on it. Load and checks are those of package durable.
//
// It shows that the server flushes what it acknowledges, in the right order, on ext4 as Linux mounts
// it. It does not show what other file systems do, nor disks that say that they have flushed when they have not: -lie
// makes this one such a disk, and then faults have to be found.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"parley.example/parley/bench/durable"
)

const (
	diskSize = 256 << 20
	maxCuts  = 10_000
)

var lie = flag.Bool("lie", false, "a disk that completes flushes without doing anything: the run then has to find faults")

func main() { durable.Main("powercut", "cuts", 100, "run", run) }

func run(ctx context.Context, o durable.Options, out io.Writer) (err error) {
	if err := o.Check("cuts", maxCuts); err != nil {
		return err
	}
	m, err := newMachine(ctx, &o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	fmt.Fprintf(out, "%d cuts, seed %d\n", o.Times, o.Seed)
	return o.Under(ctx, m.server, m.hook, out, func(ctx context.Context, l *durable.Load) error { return m.cuts(ctx, l, o, out) })
}

// machine is a server, its disk, and what can be done to the two.
type machine struct {
	dir    string
	hook   *durable.Hook
	device *device
	disk   *durable.Disk
	server *durable.Server

	mounted       bool
	dirty, cached int
}

// newMachine makes an empty disk and starts a server on it.
func newMachine(ctx context.Context, o *durable.Options) (m *machine, err error) {
	m = &machine{}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.close())
		}
	}()
	if m.dir, err = os.MkdirTemp("", "parley-powercut"); err != nil {
		return m, err
	}
	for _, sub := range []string{"device", "mount"} {
		if err := os.Mkdir(filepath.Join(m.dir, sub), 0o700); err != nil {
			return m, err
		}
	}
	if m.server, m.hook, err = o.Prepare(ctx, "../..", m.dir, filepath.Join(m.dir, "mount", "data")); err != nil {
		return m, err
	}
	image := filepath.Join(m.dir, "empty")
	if err := command("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image, strconv.Itoa(diskSize>>10)); err != nil {
		return m, err
	}
	content, err := os.ReadFile(image)
	if err != nil {
		return m, err
	}
	if m.device, err = newDevice(filepath.Join(m.dir, "device")); err != nil {
		return m, fmt.Errorf("serve the disk by FUSE: %w", err)
	}
	if err := m.plug(content); err != nil {
		return m, err
	}
	return m, m.server.Start(0)
}

// plug mounts a disk with a content.
func (m *machine) plug(content []byte) error {
	m.disk = durable.NewDisk(content)
	if err := mount(m.device.plug(m.disk), filepath.Join(m.dir, "mount")); err != nil {
		return err
	}
	m.mounted = true
	return nil
}

// cuts cuts the power at random moments, a few of them before the server has done anything.
func (m *machine) cuts(ctx context.Context, l *durable.Load, o durable.Options, out io.Writer) error {
	r := rand.New(rand.NewPCG(o.Seed, 1<<33))
	var progress durable.Progress
	for n := 0; n < o.Times && !l.Faulty(); n++ {
		acked, began := l.Acknowledged(), time.Now()
		if *lie {
			m.disk.Lie()
		}
		life, early := time.Duration(r.IntN(800))*time.Millisecond, r.IntN(10) == 0
		for time.Since(began) < life || !early && l.Acknowledged() == acked && !l.Faulty() { // a busy machine may have done nothing yet
			if err := ctx.Err(); err != nil {
				return err
			}
			time.Sleep(time.Millisecond)
		}
		for late := time.Now().Add(time.Second); !m.disk.Dirty() && time.Now().Before(late); { // most cuts meet a flush that is under way
			time.Sleep(50 * time.Microsecond)
		}
		content, cached := m.disk.Cut(r)
		if m.cached += cached; cached > 0 {
			m.dirty++
		}
		_ = m.server.Kill() // it may have ended when it lost its disk
		if err := m.unplug(); err != nil {
			return err
		}
		if err := m.plug(content); err != nil {
			return fmt.Errorf("after cut %d: %w", n+1, err)
		}
		if err := m.server.Start(0); err != nil {
			return fmt.Errorf("after cut %d: %w", n+1, err)
		}
		if err := l.Look(ctx); err != nil {
			return fmt.Errorf("after cut %d: %w", n+1, err)
		}
		progress.Say(out, n+1, "cuts", l)
	}
	fmt.Fprintf(out, "%d cuts met writes that were not flushed, of %d kB in all\n", m.dirty, m.cached>>10)
	return nil
}

func (m *machine) unplug() error {
	if !m.mounted {
		return nil
	}
	m.mounted = false
	defer m.disk.Release()
	return unmount(filepath.Join(m.dir, "mount"))
}

func (m *machine) close() error {
	var errs []error
	if m.server != nil {
		errs = append(errs, m.server.Kill())
	}
	errs = append(errs, m.unplug())
	if m.device != nil {
		errs = append(errs, m.device.close())
	}
	if m.hook != nil {
		errs = append(errs, m.hook.Close())
	}
	if m.dir != "" && errors.Join(errs...) == nil { // never below something that is mounted
		errs = append(errs, os.RemoveAll(m.dir))
	}
	return errors.Join(errs...)
}
