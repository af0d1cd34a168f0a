package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // the formats
	nfpmfiles "github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// packageName is the name of the packages. Debian and Fedora have a "parley" already, a
// trainer for vocabulary, whose program has the same name.
const packageName = "parley-server"

// maintainer is who the packages come from, as long as nobody else says so.
const maintainer = "The Parley authors <parley@parley.example>"

// summary is what the packages are, in a line; description in full.
const (
	summary     = "Contact centre for chat that speaks Amazon Connect's APIs"
	description = "Parley is a server for customer chat that answers the chat APIs of Amazon\nConnect: AWS SDKs, the AWS CLI and ChatJS work with it unmodified. It is one\nprogram that keeps its data in one directory."
)

// conffile marks what the administrator edits, and an upgrade keeps.
const conffile = "config|noreplace"

// copyright is what Debian asks for of the package itself.
const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Parley
Comment: What the program contains of others is in THIRD-PARTY-NOTICES.txt.

Files: *
Copyright: 2026 The Parley authors
License: Apache-2.0
 On Debian systems the text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
`

// packaged is a file of a package.
type packaged struct {
	file
	kind, group string // group is root when it is empty
}

// writePackages writes the deb and the rpm of a binary.
func (r *release) writePackages(b built, papers files) error {
	for _, format := range []string{"deb", "rpm"} {
		contents, err := r.contents(format, b, papers)
		if err != nil {
			return err
		}
		text, err := r.packageText(format, b, contents)
		if err != nil {
			return fmt.Errorf("%s: %w", format, err)
		}
		if err := r.write(fmt.Sprintf("%s_%s_%s.%s", packageName, r.facts.version, b.arch, format), text); err != nil {
			return err
		}
	}
	return nil
}

// contents are the files of a package, in the places of the format's distributions.
func (r *release) contents(format string, b built, papers files) (map[string]packaged, error) {
	own, err := readDir(filepath.Join(r.src, "packaging"), "linux")
	if err != nil {
		return nil, err
	}
	doc, zsh := "/usr/share/doc/"+packageName, "/usr/share/zsh/vendor-completions"
	all := map[string]packaged{
		"/usr/bin/parley":                                  {file: file{text: b.binary, mode: 0o755}},
		"/usr/lib/systemd/system/parley.service":           {file: own["linux/parley.service"]},
		"/usr/lib/systemd/system/parley.socket":            {file: own["linux/parley.socket"]},
		"/etc/parley/parley.json":                          {file: own["linux/parley.json"], kind: conffile},
		"/etc/parley/README":                               {file: own["linux/README"]},
		doc + "/CHANGELOG.md":                              {file: papers["CHANGELOG.md"]},
		doc + "/README.md":                                 {file: papers["README.md"]},
		"/usr/share/bash-completion/completions/parley":    {file: papers["completions/parley.bash"]},
		"/usr/share/fish/vendor_completions.d/parley.fish": {file: papers["completions/parley.fish"]},
	}
	notices := packaged{file: file{text: noticesText(b.notices)}}
	if format == "deb" {
		all[doc+"/copyright"] = packaged{file: file{text: []byte(copyright)}}
		all[doc+"/THIRD-PARTY-NOTICES.txt"] = notices
		changelog, err := gzipped(r.debianChangelog())
		if err != nil {
			return nil, err
		}
		all[doc+"/changelog.gz"] = packaged{file: file{text: changelog}}
	} else {
		zsh = "/usr/share/zsh/site-functions"
		notices.kind = "license"
		licences := "/usr/share/licenses/" + packageName
		all[licences+"/LICENSE"] = packaged{file: papers["LICENSE"], kind: "license"}
		all[licences+"/THIRD-PARTY-NOTICES.txt"] = notices
		// Settings may be secret, and rpm gives each new version of a file the mode that it is packed with.
		all["/etc/parley/parley.json"] = packaged{file: file{text: own["linux/parley.json"].text, mode: 0o640}, kind: conffile, group: "parley"}
		all["/etc/parley"] = packaged{file: file{mode: fs.ModeDir | 0o755}, kind: "dir"}
	}
	all[zsh+"/_parley"] = packaged{file: papers["completions/_parley"]}
	for name, f := range papers {
		if page, ok := strings.CutPrefix(name, "man/"); ok {
			if f.text, err = gzipped(f.text); err != nil {
				return nil, err
			}
			all["/usr/share/man/man1/"+page+".gz"] = packaged{file: f}
		}
	}
	return all, nil
}

// debianChangelog is the changelog in Debian's own form, which apt shows: of this version alone.
func (r *release) debianChangelog() []byte {
	version, prerelease := packageVersion(r.facts.version)
	if prerelease != "" {
		version += "~" + prerelease
	}
	return fmt.Appendf(nil, "%s (%s) stable; urgency=medium\n\n  * What is new is in CHANGELOG.md, beside this file.\n\n -- %s  %s\n",
		packageName, version, maintainer, r.facts.date.UTC().Format(time.RFC1123Z))
}

// packageText makes a package with nfpm, which reads what it packs from files.
func (r *release) packageText(format string, b built, contents map[string]packaged) (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "package-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	info := &nfpm.Info{
		Name: packageName, Arch: b.arch, Platform: "linux", Version: r.facts.version, Section: "net", Priority: "optional",
		Maintainer: maintainer, Homepage: r.url, License: "Apache-2.0", MTime: r.facts.date, DisableGlobbing: true,
		Description: strings.ToLower(summary[:1]) + summary[1:] + "\n" + description, // Debian has both in one
	}
	info.Version, info.Prerelease = packageVersion(r.facts.version)
	scripts := filepath.Join(r.src, "packaging", "linux")
	info.Scripts = nfpm.Scripts{
		PreInstall: filepath.Join(scripts, "preinstall.sh"), PostInstall: filepath.Join(scripts, "postinstall.sh"),
		PreRemove: filepath.Join(scripts, "preremove.sh"), PostRemove: filepath.Join(scripts, "postremove.sh"),
	}
	info.Conflicts = []string{"parley"} // has /usr/bin/parley
	info.Recommends = []string{"ca-certificates"}
	if format == "deb" {
		info.Deb.Predepends = []string{"passwd"} // for the user
	} else {
		info.RPM.BuildHost, info.RPM.Summary, info.Description = "localhost", summary, description
		info.Depends = []string{"/usr/sbin/useradd", "/usr/sbin/groupadd"}
	}
	for i, name := range sorted(contents) {
		c := contents[name]
		if c.kind == "dir" {
			info.Contents = append(info.Contents, &nfpmfiles.Content{Destination: name, Type: c.kind, FileInfo: &nfpmfiles.ContentFileInfo{Owner: "root", Group: "root", Mode: c.perm().Perm(), MTime: r.facts.date}})
			continue
		}
		source := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(source, c.text, 0o600); err != nil {
			return nil, err
		}
		info.Contents = append(info.Contents, &nfpmfiles.Content{
			Source: source, Destination: name, Type: c.kind,
			FileInfo: &nfpmfiles.ContentFileInfo{Owner: "root", Group: cmp.Or(c.group, "root"), Mode: c.perm(), MTime: r.facts.date},
		})
	}
	info = nfpm.WithDefaults(info)
	if err := nfpm.PrepareForPackager(info, format); err != nil {
		return nil, err
	}
	packager, err := nfpm.Get(format)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = packager.Package(info, &text)
	return text.Bytes(), err
}

// packageVersion is a version as packages have it, and what comes before it is released: a
// pseudo-version of Go has a hyphen, which is not for versions of packages.
func packageVersion(version string) (base, prerelease string) {
	base, rest, _ := strings.Cut(version, "-")
	return base, strings.ReplaceAll(rest, "-", ".")
}
