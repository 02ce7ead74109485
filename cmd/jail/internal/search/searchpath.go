// Package search finds profiles and compiled filters on this host, and tells whether they
// may be used.
package search

import (
	"io/fs"
	"path"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/profiles"
	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/seccomp/libseccomp"
)

// Profiles is where profiles are looked for, strongest first.
func Profiles(h *host.Host) policy.Store {
	judged := func(dir string) policy.Dir {
		return policy.Dir{Path: dir, FS: judgedFS{HostFS(dir), h.UID}, Trusted: truster{h.UID, dir}.judge}
	}
	store := policy.Store{Parse: yaml.Parse, Root: judged("/")}
	dirs := []string{"/etc/jail/profiles", "/usr/share/jail/profiles"}
	if h.Own.Config != "" {
		dirs = append([]string{path.Join(h.Own.Config, "profiles")}, dirs...)
	}
	for _, dir := range dirs {
		store.Dirs = append(store.Dirs, judged(dir))
	}
	store.Dirs = append(store.Dirs, policy.Dir{FS: profiles.FS, Embedded: true})
	return store
}

// Filters is where the programs of syscall filters come from: those of the
// shipped profiles from this binary, others from the user's cache, and from
// libseccomp when they are in neither.
func Filters(h *host.Host) seccomp.Cache {
	c := seccomp.Cache{Compile: libseccomp.Compile, Compiler: libseccomp.Version()}
	if shipped, err := fs.Sub(profiles.Filters, "filters"); err == nil {
		c.Shipped = shipped
	}
	if h.Own.Cache != "" {
		c.Dir = path.Join(h.Own.Cache, "seccomp")
	}
	return c
}
