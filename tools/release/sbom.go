package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"
)

// writeSBOM writes what a binary is made of, as CycloneDX 1.6, from what Go wrote into it and what the build of the console said.
// The sums that Go has of modules are of no file, so they are properties, not hashes; those of npm are of the files that it distributes.
func (r *release) writeSBOM(b built) error {
	licences := map[string][]string{}
	for _, n := range b.notices {
		licences[n.module] = n.licences
	}
	main := module(b.info.Main.Path, b.info.Main.Version)
	main.Type, main.Name = cyclonedx.ComponentTypeApplication, "parley"
	main.PackageURL += fmt.Sprintf("?goarch=%s&goos=%s", b.arch, b.os)
	main.Licenses = spdx([]string{"Apache-2.0"})
	main.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sha256.Sum256(b.binary))}}
	if r.url != "" {
		main.ExternalReferences = &[]cyclonedx.ExternalReference{{Type: cyclonedx.ERTypeVCS, URL: r.url}}
	}
	std := module("std", r.facts.goes)
	std.Licenses = spdx(licences["Go"])
	components, needs := []cyclonedx.Component{std}, []string{std.BOMRef}
	for _, dep := range b.info.Deps {
		if dep.Replace != nil {
			return fmt.Errorf("%s is replaced; a release has no replacements", dep.Path)
		}
		c := module(dep.Path, dep.Version)
		if c.Licenses = spdx(licences[dep.Path]); c.Licenses == nil {
			return fmt.Errorf("%s is linked, and has no notice", dep.Path)
		}
		c.Properties = &[]cyclonedx.Property{{Name: "go:sum", Value: dep.Sum}}
		components, needs = append(components, c), append(needs, c.BOMRef)
	}
	for _, n := range b.notices {
		if n.integrity == "" {
			continue
		}
		c, err := npmPackage(n)
		if err != nil {
			return err
		}
		components, needs = append(components, c), append(needs, c.BOMRef)
	}
	bom := cyclonedx.NewBOM()
	bom.SerialNumber = uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "%s %s/%s %s", main.PackageURL, b.os, b.arch, r.facts.commit)).URN()
	bom.Metadata = &cyclonedx.Metadata{Timestamp: r.facts.date.UTC().Format(time.RFC3339), Component: &main, Properties: &[]cyclonedx.Property{{Name: "vcs.revision", Value: r.facts.commit}}}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: main.BOMRef, Dependencies: &needs}}
	var text bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6); err != nil {
		return err
	}
	return r.write(r.name(b, ".cdx.json"), text.Bytes())
}

// module is a component for a Go module.
func module(path, version string) cyclonedx.Component {
	url := fmt.Sprintf("pkg:golang/%s@%s", path, version)
	return cyclonedx.Component{BOMRef: url, Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version, PackageURL: url}
}

// npmPackage is a component for a package of npm. The group of a name is escaped, as the type npm of package URLs asks for.
func npmPackage(n notice) (cyclonedx.Component, error) {
	url := fmt.Sprintf("pkg:npm/%s@%s", strings.Replace(n.module, "@", "%40", 1), n.version)
	c := cyclonedx.Component{BOMRef: url, Type: cyclonedx.ComponentTypeLibrary, Name: n.module, Version: n.version, PackageURL: url, Licenses: spdx(n.licences)}
	if group, name, ok := strings.Cut(n.module, "/"); ok {
		c.Group, c.Name = group, name
	}
	sum, ok := strings.CutPrefix(n.integrity, "sha512-")
	text, err := base64.StdEncoding.DecodeString(sum)
	if !ok || err != nil || len(text) != sha512.Size {
		return c, fmt.Errorf("%s: the lock has no sum by SHA-512: %q", n.module, n.integrity)
	}
	c.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA512, Value: fmt.Sprintf("%x", text)}}
	return c, nil
}

// spdx are licences by their SPDX names; nil for none.
func spdx(names []string) *cyclonedx.Licenses {
	if len(names) == 0 {
		return nil
	}
	var all cyclonedx.Licenses
	for _, name := range names {
		all = append(all, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: name}})
	}
	return &all
}
