// Command weaken launches a jail with one of its guards switched off, which
// shows that the tests of that guard notice its absence: what it stopped works again. It
// compiles a profile as jail does, changes the plan, and starts that. Landlock,
// which stands behind many guards, is off in any case.
//
// It is part of no release: jail itself has no way to leave a step of a plan
// out.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/profiles"
	"github.com/jail-project/jail/seccomp/libseccomp"
)

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "weaken: %v\n", err)
	}
	os.Exit(status)
}

const failed = 125

func run(args []string) (int, error) {
	flags := flag.NewFlagSet("weaken", flag.ContinueOnError)
	profile := flags.String("profile", "", "the `FILE` with the profile")
	edits := flags.String("off", "", "what to leave out: a syscall, SYSCALL:ARGUMENT, links, attributes, propagation, quotas, quarantine, filter, local, gateway or landlock, with commas between")
	if err := flags.Parse(args); err != nil {
		return failed, err
	}
	weakened, err := compileProfile(*profile, flags.Args(), slices.Contains(strings.Split(*edits, ","), "filter"))
	if err != nil {
		return failed, err
	}
	// Landlock is the second guard of much, and has tests of its own.
	withoutLandlock(weakened)
	for edit := range strings.SplitSeq(*edits, ",") {
		if !weaken(weakened, edit) {
			return failed, fmt.Errorf("nothing in the plan is %s", edit)
		}
	}
	process, failure := launch.Start(weakened, nil, launch.Options{})
	if failure != nil {
		return failed, failure
	}
	return process.Wait(), nil
}

// compileProfile does what `jail run --profile FILE` does before it launches;
// unfiltered without the socket guard.
func compileProfile(file string, argv []string, unfiltered bool) (*plan.Plan, error) {
	host, err := host.Read(os.Environ())
	if err != nil {
		return nil, err
	}
	store := policy.Store{
		Parse: yaml.Parse, Root: policy.Dir{Path: "/", FS: os.DirFS("/")},
		Dirs: []policy.Dir{{FS: profiles.FS, Embedded: true}},
	}
	p, _, problems := policy.Load(store, policy.Request{File: file, As: file})
	if problems.HasErrors() {
		return nil, problems
	}
	if unfiltered {
		// The guard's filter goes with its listener.
		p.Sockets = append(p.Sockets, policy.PathRule{Access: policy.Connect, Path: paths.AnySocket})
	}
	program, err := libseccomp.Compile(compile.FilterOf(p))
	if err != nil {
		return nil, err
	}
	compiled, problems := compile.Compile(p, host, compile.Command{Argv: argv, Filter: program})
	if problems.HasErrors() {
		return nil, problems
	}
	return compiled.Plan, nil
}

// weaken changes the p and tells whether there was anything to change.
func weaken(p *plan.Plan, edit string) bool {
	switch edit {
	case "links":
		return change(p, followLinks)
	case "landlock": // which is off already
		return true
	case "quotas":
		return change(p, allowNamespaces)
	case "window":
		return openWindow(p)
	case "attributes":
		return change(p, clearAttributes)
	case "propagation":
		return change(p, keepPropagation)
	case "quarantine":
		return leaveOut(p, func(op *plan.Op) bool { return op.Verb == "hide" && strings.HasSuffix(op.Subject, "/quarantine") })
	case "filter":
		edit = "seccomp"
	case "local":
		return withoutRules(p)
	case "gateway":
		before := len(p.Attach.Args)
		p.Attach.Args = slices.DeleteFunc(p.Attach.Args, func(a string) bool { return a == "--no-map-gw" })
		return len(p.Attach.Args) < before
	}
	name, argument, _ := strings.Cut(edit, ":")
	return leaveOut(p, func(op *plan.Op) bool {
		return op.Name == name && (argument == "" || slices.ContainsFunc(op.Args, func(a plan.Arg) bool { return a.Text == argument }))
	})
}

// leaveOut removes steps and tells whether there were any.
func leaveOut(p *plan.Plan, which func(*plan.Op) bool) bool {
	before := p.Len()
	for _, part := range []*[]plan.Op{&p.Setup, &p.Init, &p.Program} {
		*part = slices.DeleteFunc(*part, func(op plan.Op) bool { return which(&op) })
	}
	return p.Len() < before
}

func withoutLandlock(p *plan.Plan) {
	for _, part := range []*[]plan.Op{&p.Setup, &p.Init, &p.Program} {
		*part = slices.DeleteFunc(*part, func(op plan.Op) bool { return strings.HasPrefix(op.Name, "landlock_") })
	}
}

// withoutRules leaves out the rules that keep what is local from a network behind the
// host's.
func withoutRules(p *plan.Plan) bool {
	before := len(p.Setup)
	p.Setup = slices.DeleteFunc(p.Setup, func(op plan.Op) bool { return op.Subject == "what is local" })
	return len(p.Setup) < before
}

func change(p *plan.Plan, edit func(*plan.Op) bool) bool {
	changed := false
	for _, part := range [][]plan.Op{p.Setup, p.Init, p.Program} {
		for i := range part {
			changed = edit(&part[i]) || changed
		}
	}
	return changed
}

// openWindow holds open the time in which what was checked could be exchanged:
// it sleeps 5 ms after each source called "source" was opened.
func openWindow(p *plan.Plan) bool {
	opened := false
	for i := 0; i < len(p.Setup); i++ {
		op := &p.Setup[i]
		if op.Name != "open_tree" && op.Name != "open_tree_attr" || op.Args[1].Text != "source" {
			continue
		}
		opened = true
		length := make([]byte, 16)
		binary.NativeEndian.PutUint64(length[8:], 5e6)
		p.Setup = slices.Insert(p.Setup, i+1, plan.Op{
			Name: "nanosleep", Number: unix.SYS_NANOSLEEP, Out: plan.NoSlot,
			Args: []plan.Arg{{Kind: plan.ArgBlock, Block: &plan.Block{Bytes: length}}, {}},
		})
	}
	return opened
}

// followLinks takes away what keeps links in the way to a source from being
// followed: the third word of struct open_how, and AT_SYMLINK_NOFOLLOW.
func followLinks(op *plan.Op) bool {
	switch op.Name {
	case "openat2":
		how := op.Args[2].Block
		if how.Bytes[16]&unix.RESOLVE_BENEATH != 0 {
			return false // a target, not a source
		}
		for i := 16; i < 24; i++ {
			how.Bytes[i] = 0
		}
		return true
	case "open_tree", "open_tree_attr":
		if strings.HasPrefix(op.Args[1].Text, "dev/") {
			return false // a mask of the jail's own, which may be a link
		}
		op.Args[2].Num &^= unix.AT_SYMLINK_NOFOLLOW
		return true
	}
	return false
}

// allowNamespaces writes another number of user namespaces that may be made.
func allowNamespaces(op *plan.Op) bool {
	if op.Name != "write" || op.Args[1].Block == nil || string(op.Args[1].Block.Bytes) != "0\n" {
		return false
	}
	op.Args[1].Block.Bytes[0] = '9'
	return true
}

// Offsets in struct mount_attr of mount_setattr(2).
const (
	attrSet         = 0
	attrPropagation = 16
)

func clearAttributes(op *plan.Op) bool {
	changed := false
	for i := range op.Args {
		if b := op.Args[i].Block; b != nil && isMountAttr(op) {
			b.Bytes[attrSet] &^= unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_RDONLY
			changed = true
		}
	}
	return changed
}

func keepPropagation(op *plan.Op) bool {
	changed := false
	for i := range op.Args {
		if b := op.Args[i].Block; b != nil && isMountAttr(op) {
			for at := range 8 {
				b.Bytes[attrPropagation+at] = 0
			}
			changed = true
		}
	}
	return changed
}

func isMountAttr(op *plan.Op) bool { return op.Name == "mount_setattr" || op.Name == "open_tree_attr" }
