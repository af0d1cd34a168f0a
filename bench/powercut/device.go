package main

import (
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"parley.example/parley/bench/durable"
)

// device shows disks as files, each of which the kernel takes for a block device.
type device struct {
	fs.Inode
	server *fuse.Server
	dir    string
	n      int
}

// newDevice shows disks in dir.
func newDevice(dir string) (*device, error) {
	d := &device{dir: dir}
	var err error
	d.server, err = fs.Mount(dir, d, &fs.Options{MountOptions: fuse.MountOptions{
		DirectMountStrict: true, FsName: "powercut", Name: "powercut", MaxWrite: 1 << 20, DisableXAttrs: true}})
	return d, err
}

func (d *device) close() error { return d.server.Unmount() }

// plug shows a disk and returns its file.
func (d *device) plug(disk *durable.Disk) string {
	d.n++
	name := fmt.Sprintf("disk%d", d.n)
	d.AddChild(name, d.NewPersistentInode(context.Background(), &file{disk: disk}, fs.StableAttr{Mode: syscall.S_IFREG}), true)
	return d.dir + "/" + name
}

// file is one disk.
type file struct {
	fs.Inode
	disk *durable.Disk
}

var (
	_ fs.NodeGetattrer = (*file)(nil)
	_ fs.NodeOpener    = (*file)(nil)
	_ fs.NodeReader    = (*file)(nil)
	_ fs.NodeWriter    = (*file)(nil)
	_ fs.NodeFsyncer   = (*file)(nil)
)

// Getattr implements [fs.NodeGetattrer].
func (f *file) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Size = 0o600, uint64(f.disk.Size())
	return 0
}

// Open implements [fs.NodeOpener]. The kernel keeps nothing of the file: the disk sees each write and flush.
func (f *file) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO, 0
}

// Read implements [fs.NodeReader].
func (f *file) Read(_ context.Context, _ fs.FileHandle, b []byte, at int64) (fuse.ReadResult, syscall.Errno) {
	return fuse.ReadResultData(b[:f.disk.ReadAt(b, at)]), 0
}

// Write implements [fs.NodeWriter].
func (f *file) Write(_ context.Context, _ fs.FileHandle, b []byte, at int64) (uint32, syscall.Errno) {
	if err := f.disk.WriteAt(b, at); err != nil {
		return 0, syscall.EIO
	}
	return uint32(len(b)), 0
}

// Fsync implements [fs.NodeFsyncer]: it is what the kernel makes of a flush of the block device.
func (f *file) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	if err := f.disk.Flush(); err != nil {
		return syscall.EIO
	}
	return 0
}

// mount has the kernel mount the file system of a disk, which it repairs from its journal.
func mount(file, dir string) error { return command("mount", "-o", "loop", "-t", "ext4", file, dir) }

// unmount lets go of a file system whose disk has no power.
func unmount(dir string) (err error) {
	for range 50 { // a killed process may hold it for a moment
		if err = command("umount", dir); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}
