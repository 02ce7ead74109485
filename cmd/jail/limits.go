package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"

	"github.com/jail-project/jail/cgroup"
	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/systemd"
)

// limiter is the control group of one jail: made below one that was delegated
// to the user, or by the user's systemd.
type limiter struct {
	limits  cgroup.Limits
	policy  *policy.Policy
	runtime string // directory of the user's sockets
	group   *cgroup.Group
	adopted bool // a service manager made the group and will remove it
	killed  int  // processes that the kernel has ended for want of memory
}

// limiter returns the control group that the limits of a launch need, nil when
// they need none. It is made when the jail's init is there.
func (l *loaded) limiter() *limiter {
	limits, needed := compile.GroupLimits(l.policy, l.host)
	if !needed {
		return nil
	}
	return &limiter{limits: limits, policy: l.policy, runtime: l.host.Dirs["XDG_RUNTIME_DIR"]}
}

// options are those of one launch.
func (l *loaded) options() launch.Options { return l.launch().Options() }

// Inside is the control group of a jail that runs, "" before there is one.
func (g *limiter) Inside() string {
	if g.group == nil {
		return ""
	}
	return g.group.Inside()
}

// Dir is the directory of the group with the limits, "" when there is none.
func (g *limiter) Dir() string {
	if g.group == nil {
		return ""
	}
	return g.group.Dir()
}

// Add makes the group and puts the init into it.
func (g *limiter) Add(pid int) error {
	err := g.make(pid)
	if err == nil {
		err = g.group.Add(pid)
	}
	if err != nil {
		return &launch.Refusal{Problem: g.refusal(err)}
	}
	return nil
}

// make makes the group where the caller may, else asks the service manager.
func (g *limiter) make(pid int) error {
	tree, err := cgroup.ReadTree()
	if err != nil {
		return err
	}
	place, err := tree.Find(g.limits.Controllers(), os.Getpid(), pid)
	if _, notMine := errors.AsType[*cgroup.NotDelegated](err); notMine {
		return g.ask(tree, pid)
	}
	if err != nil {
		return err
	}
	g.group, err = place.Make(g.limits, os.Getpid(), pid)
	return err
}

// ask has the service manager make a scope for the init.
func (g *limiter) ask(tree cgroup.Tree, pid int) error {
	m, err := systemd.Connect(g.runtime)
	if err != nil {
		return err
	}
	defer m.Close()
	group, err := m.Scope(pid, g.limits)
	if err != nil {
		return err
	}
	g.adopted = true
	g.group, err = cgroup.Adopt(path.Join(tree.Root, group), g.limits)
	return err
}

// Remove ends what is left in the group.
func (g *limiter) Remove() {
	if g.group == nil {
		return
	}
	g.killed = g.group.Killed()
	if g.adopted {
		_ = g.group.Kill()
		g.group.Close()
	} else {
		g.group.Remove()
	}
	g.group = nil
}

// refusal says at the line of a limit why it can't be held.
func (g *limiter) refusal(err error) diag.Diagnostic {
	at := g.policy.Limits.Memory.Origin
	switch {
	case g.policy.Limits.Memory.Set:
	case g.policy.Limits.CPU.Set:
		at = g.policy.Limits.CPU.Origin
	default:
		at = g.policy.Limits.Processes.Origin
	}
	return diag.Diagnostic{
		Code: "no-control-group", Subject: at.At,
		Summary: "this limit takes a control group, and none can be had: " + err.Error(),
		Remedy:  limitRemedy(err),
	}
}

// limitRemedy says what to do when no control group is to be had.
func limitRemedy(err error) string {
	switch {
	case errors.Is(err, cgroup.ErrNoTree):
		return "start this machine with control groups of version 2 (systemd.unified_cgroup_hierarchy=1 on the kernel's command line), or leave the limit out"
	case errors.Is(err, systemd.ErrNoManager):
		return "log in through a session of systemd (`loginctl enable-linger` keeps its service manager running), or start jail in a control group that root has delegated to you, or leave the limit out"
	case errors.Is(err, systemd.ErrSilent):
		return "see what holds your service manager up (`systemctl --user status`; as root, `systemctl restart user@UID.service` starts it anew, with all your sessions' services), or start jail in a control group that root has delegated to you, or leave the limit out"
	case errors.Is(err, cgroup.ErrNotHeld):
		return "your service manager lacks a controller. As root: systemctl edit user@.service, with the lines `[Service]` and `Delegate=cpu memory pids`; then log in again. Or leave the limit out"
	default:
		return "`jail doctor` tells what this host has; or leave the limit out"
	}
}

// explainKilled says, after a jail has ended, that it ran out of memory.
func (a *app) explainKilled(g *limiter) {
	if g != nil && g.killed > 0 {
		a.fail(fmt.Sprintf("the memory limit of %s was reached; processes that the kernel ended: %d", kind.FormatSize(g.limits.Memory), g.killed), "")
	}
}

// mechanisms lists the limits of the profile.
func (l *loaded) mechanisms() []output.Limit {
	p := &l.policy.Limits
	group, grouped := "", false
	if g := l.limiter(); g != nil {
		group, grouped = g.where()
	}
	var out []output.Limit
	add := func(key string, set bool, value, by string, held bool, at policy.Origin) {
		if set {
			out = append(out, output.Limit{Key: "limits." + key, Value: output.Text(value), By: output.Text(by), Held: held, At: at})
		}
	}
	add("memory", p.Memory.Set, kind.FormatSize(p.Memory.V), group, grouped, p.Memory.Origin)
	add("cpu", p.CPU.Set, fmt.Sprintf("%d%%", p.CPU.V), group, grouped, p.CPU.Origin)
	by, held := "RLIMIT_NPROC in the jail's own user namespace", true
	switch {
	case grouped:
		by = group
	case l.host.Uncounted:
		by, held = "nothing: the kernel counts no processes of root, and no control group was asked for", false
	}
	add("processes", p.Processes.Set, fmt.Sprint(p.Processes.V), by, held, p.Processes.Origin)
	add("open-files", p.OpenFiles.Set, fmt.Sprint(p.OpenFiles.V), "RLIMIT_NOFILE of each process", true, p.OpenFiles.Origin)
	add("file-size", p.FileSize.Set, kind.FormatSize(p.FileSize.V), "RLIMIT_FSIZE of each process", true, p.FileSize.Origin)
	add("time", p.Time.Set, p.Time.V.String(), "the launcher's clock", true, p.Time.Origin)
	return out
}

// limitsText is a line for each limit.
func limitsText(list []output.Limit) []byte {
	var b bytes.Buffer
	for i := range list {
		m := &list[i]
		fmt.Fprintf(&b, "%s: %s, held by %s\n", m.Key, m.Value, diag.Escape(string(m.By)))
	}
	return b.Bytes()
}

// where says which group a launch would make, without making it.
func (g *limiter) where() (string, bool) {
	tree, err := cgroup.ReadTree()
	if err == nil {
		var place cgroup.Place
		if place, err = tree.Find(g.limits.Controllers(), os.Getpid()); err == nil {
			return "a control group in " + place.Dir, true
		}
	}
	if _, notMine := errors.AsType[*cgroup.NotDelegated](err); notMine {
		var version string
		if version, err = managerOf(g.runtime, tree, g.limits.Controllers()); err == nil {
			return "a scope of your service manager, systemd " + version, true
		}
	}
	return "nothing: " + err.Error(), false
}

// managerOf returns the version of the user's service manager, if it has these
// controllers to give.
func managerOf(runtime string, tree cgroup.Tree, controllers []string) (string, error) {
	m, err := systemd.Connect(runtime)
	if err != nil {
		return "", err
	}
	defer m.Close()
	version, err := m.Version()
	if err != nil {
		return "", err
	}
	group, err := m.Group()
	if err != nil {
		return "", err
	}
	return version, tree.Has(group, controllers)
}
