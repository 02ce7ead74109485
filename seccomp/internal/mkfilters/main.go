// Command mkfilters compiles the syscall filters of the shipped profiles, so
// that jail has them from the first run. Its argument is the directory for the
// programs. Those are for the architecture of this machine; programs of other
// architectures stay as they are.
package main

import (
	"errors"
	"fmt"
	"os"
	"testing/fstest"

	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/profiles"
	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/seccomp/libseccomp"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "mkfilters: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("the argument is the directory for the programs")
	}
	pack, err := filters()
	if err != nil {
		return err
	}
	all := make([]seccomp.Filter, len(pack))
	for i := range pack {
		all[i] = pack[i].filter
	}
	return seccomp.Ship(args[0], all, libseccomp.Compile)
}

// profileFilter is a profile and the filter that jails of it install.
type profileFilter struct {
	profile string
	filter  seccomp.Filter
}

// store holds the pack, and a profile that says nothing: its filter is that of
// every profile of a user which says nothing about syscalls.
func store() policy.Store {
	return policy.Store{Parse: yaml.Parse, Dirs: []policy.Dir{
		{Path: "/usr/share/jail/profiles", FS: profiles.FS, Embedded: true},
		{Path: "/nothing", FS: fstest.MapFS{"nothing.yaml": {}}},
	}}
}

// filters reads the pack. Profiles without a filter are left out.
func filters() ([]profileFilter, error) {
	listed, _, problems := policy.Profiles(store())
	if problems.HasErrors() {
		return nil, fmt.Errorf("list the profiles: %w", problems)
	}
	var pack []profileFilter
	for i := range listed {
		p, _, problems := policy.Load(store(), policy.Request{Name: listed[i].Name})
		if problems.HasErrors() {
			return nil, fmt.Errorf("read the profile %q: %w", listed[i].Name, problems)
		}
		pack = append(pack, profileFilter{listed[i].Name, compile.FilterOf(p)})
	}
	return pack, nil
}
