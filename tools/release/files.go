package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// file is a file, or a directory when mode says so, of an archive. A mode of 0 is that of a plain file.
type file struct {
	text []byte
	mode fs.FileMode
	uid  int // of user and group; 0 but in images
}

func (f file) perm() fs.FileMode { return cmp.Or(f.mode, 0o644) }

// files are files by their path in an archive.
type files map[string]file

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// below returns the files with a directory before their names.
func (fs files) below(dir string) files {
	all := files{}
	for name, f := range fs {
		all[path.Join(dir, name)] = f
	}
	return all
}

// readDir reads the files of a directory below root, by their paths from root.
func readDir(root, dir string) (files, error) {
	all := files{}
	err := fs.WalkDir(os.DirFS(root), dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		all[name] = file{text: text}
		return err
	})
	return all, err
}

// writeArchive writes the archive of a binary: a zip file for Windows, else a tar file.
func (r *release) writeArchive(b built, papers files) error {
	all := files{
		"parley" + exe(b.os):      {text: b.binary, mode: 0o755},
		"THIRD-PARTY-NOTICES.txt": {text: noticesText(b.notices)},
	}
	maps.Copy(all, papers)
	all = all.below(r.name(b, ""))
	if b.os == "windows" {
		text, err := zipped(all, r.facts.date)
		if err != nil {
			return err
		}
		return r.write(r.name(b, ".zip"), text)
	}
	text, err := tarred(all, r.facts.date)
	if err == nil {
		text, err = gzipped(text)
	}
	if err != nil {
		return err
	}
	return r.write(r.name(b, ".tar.gz"), text)
}

// tarred writes a tar file: sorted, all of one time, owned by root unless a file says otherwise.
func tarred(all files, date time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range sorted(all) {
		f := all[name]
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: int64(f.perm().Perm()), Size: int64(len(f.text)), ModTime: date, Uid: f.uid, Gid: f.uid, Format: tar.FormatUSTAR}
		if f.mode.IsDir() {
			h.Typeflag, h.Name = tar.TypeDir, strings.TrimSuffix(name, "/")+"/"
		}
		if f.mode&fs.ModeSticky != 0 {
			h.Mode |= 0o1000
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.text); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// zipped writes a zip file, as tarred does.
func zipped(all files, date time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range sorted(all) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: date.UTC()}
		h.SetMode(all[name].perm())
		out, err := w.CreateHeader(h)
		if err == nil {
			_, err = out.Write(all[name].text)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// gzipped compresses, with neither a name nor a time.
func gzipped(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}
