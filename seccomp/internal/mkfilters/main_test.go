package main

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/profiles"
	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/seccomp/internal/vm"
	"github.com/jail-project/jail/seccomp/libseccomp"
)

// shipped is the tree of programs that is part of jail.
func shipped(t *testing.T) fs.FS {
	t.Helper()
	tree, err := fs.Sub(profiles.Filters, "filters")
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// fromShipped gets a program without anybody compiling.
func fromShipped(t *testing.T, f seccomp.Filter) (seccomp.Program, error) {
	t.Helper()
	c := seccomp.Cache{Dir: t.TempDir(), Shipped: shipped(t), Compile: func(seccomp.Filter) (seccomp.Program, error) {
		return nil, errors.New("it would have to be compiled: run `make generate` and commit profiles/filters")
	}}
	program, _, err := c.Program(f)
	return program, err
}

// shippedBy is the release that compiled what is shipped. Those of others differ
// in length and not in what they do.
const shippedBy = "libseccomp 2.5.4"

// TestShippedPrograms shows that no shipped profile has its filter compiled
// when it is used, and that each program does what its filter says.
func TestShippedPrograms(t *testing.T) {
	pack, err := filters()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var all []seccomp.Filter
	tried := map[string]bool{}
	for _, p := range pack {
		names, all = append(names, p.profile), append(all, p.filter)
		encoded := string(seccomp.EncodeFilter(p.filter))
		if tried[encoded] {
			continue
		}
		tried[encoded] = true
		program, err := fromShipped(t, p.filter)
		if err != nil {
			t.Errorf("%s: %v", p.profile, err)
			continue
		}
		agree(t, p.profile, p.filter, program)
		if fresh, err := libseccomp.Compile(p.filter); libseccomp.Version() == shippedBy && !bytes.Equal(fresh, program) {
			t.Errorf("%s: compiled now, another program (%v): raise compilerVersion in package seccomp, "+
				"run `make generate` and commit profiles/filters", p.profile, err)
		}
	}
	for _, name := range []string{"default", "firefox", "make", "nothing"} {
		if !slices.Contains(names, name) {
			t.Errorf("there is no filter for %s", name)
		}
	}
	if err := seccomp.CheckShipped(shipped(t), all); err != nil {
		t.Errorf("%v\nrun `make generate` and commit profiles/filters", err)
	}
}

// agree runs a program on calls of every number and of every ABI. The seed is
// the same each time.
func agree(t *testing.T, name string, f seccomp.Filter, p seccomp.Program) {
	t.Helper()
	m, err := vm.Load(p)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	r := rand.New(rand.NewPCG(1, 4))
	for number := range uint32(600) {
		for round := range 12 {
			c := vm.Call{Arch: vm.Native(), Number: number}
			for i := range c.Args {
				c.Args[i] = r.Uint64() >> r.IntN(64)
				if round%2 == 0 { // families, types, protocols, levels
					c.Args[i] &= 0x1f
				}
			}
			if round == 11 {
				c.Arch ^= 1 << r.IntN(32)
			}
			if err := m.Agree(f, c); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

// TestFlagsDoNotCompile adds flags that say nothing about syscalls.
func TestFlagsDoNotCompile(t *testing.T) {
	p, _, problems := policy.Load(store(), policy.Request{
		Name: "default", CommandLine: "--read /srv --network host --open-files 100",
		Flags: []policy.Setting{
			{Path: []string{"filesystem", "read"}, Text: "/srv"},
			{Path: []string{"network", "mode"}, Text: "host"},
			{Path: []string{"limits", "open-files"}, Text: "100"},
		},
	})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if p.Network.Mode.V != "host" || p.Limits.OpenFiles.V != 100 {
		t.Fatalf("the flags had no effect: %+v", p)
	}
	if _, err := fromShipped(t, compile.FilterOf(p)); err != nil {
		t.Error(err)
	}
}

func TestGenerator(t *testing.T) {
	dir := t.TempDir()
	if err := run([]string{dir}); err != nil {
		t.Fatal(err)
	}
	pack, err := filters()
	if err != nil {
		t.Fatal(err)
	}
	var all []seccomp.Filter
	for _, p := range pack {
		all = append(all, p.filter)
	}
	if err := seccomp.CheckShipped(os.DirFS(dir), all); err != nil {
		t.Error(err)
	}
	if err := run(nil); err == nil {
		t.Error("it runs without an argument")
	}
}
