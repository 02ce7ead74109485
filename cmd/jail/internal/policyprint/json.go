// Package policyprint prints a policy as JSON, and names what is in one.
package policyprint

import (
	"time"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
)

// JSON is what show prints with --json: the policy as a flat list of its
// leaves, in the order of the profile language.
type JSON struct {
	Name    output.Text `json:"name"`
	Layers  []layerJSON `json:"layers"` // weakest first
	Entries []entryJSON `json:"entries"`
}

type layerJSON struct {
	Name   output.Text `json:"name"`
	File   output.Text `json:"file"`
	Reason output.Text `json:"reason"` // profile, extends, drop-in or flags
}

// entryJSON is one scalar, or one entry of a list.
type entryJSON struct {
	Key     string `json:"key"`   // "filesystem.read"
	Value   any    `json:"value"` // text, number, true or false; an object for what has further keys
	Default bool   `json:"default,omitempty"`
	output.Position
	Layer *int              `json:"layer,omitempty"` // index of layers
	Over  []output.Position `json:"over,omitempty"`  // what it overrode, latest first
}

type pathJSON struct {
	Path     output.Text `json:"path"`
	Create   string      `json:"create,omitempty"`
	Required bool        `json:"required,omitempty"`
	Size     int64       `json:"size,omitempty"` // bytes
	Inodes   int64       `json:"inodes,omitempty"`
	Mode     uint32      `json:"mode,omitempty"`
	Keep     output.Text `json:"keep,omitempty"`
	From     string      `json:"from,omitempty"` // "host", with a root of its own
}

type socketJSON struct {
	Path     output.Text `json:"path"`
	Required bool        `json:"required,omitempty"`
	From     string      `json:"from,omitempty"`
}

type syscallJSON struct {
	Name   output.Text `json:"name"`
	When   []condJSON  `json:"when,omitempty"`
	Action string      `json:"action"`
	Errno  string      `json:"errno,omitempty"`
}

type condJSON struct {
	Arg   uint   `json:"arg"`
	Op    string `json:"op"`
	Value uint64 `json:"value"`
	Mask  uint64 `json:"mask,omitempty"`
	Width int    `json:"width"`
}

type variableJSON struct {
	Name  output.Text `json:"name"`
	Value output.Text `json:"value"`
}

type testJSON struct {
	Probe  string        `json:"probe"`
	Target output.Text   `json:"target,omitempty"`
	Run    []output.Text `json:"run,omitempty"`
	Expect string        `json:"expect"`
}

// leaves collects the entries of a policy.
type leaves struct{ out []entryJSON }

// Of is what a policy looks like in JSON.
func Of(p *policy.Policy) JSON {
	l := leaves{}
	value(&l, "description", p.Description)
	l.entries("programs", p.Programs)
	l.filesystem(&p.Filesystem)
	l.entries("environment.keep", p.Environment.Keep)
	for _, v := range p.Environment.Set {
		l.add("environment.set", variableJSON{output.Text(v.Name), output.Text(v.Text)}, v.Origin)
	}
	l.entries("capabilities.drop", p.Capabilities.Drop)
	l.entries("capabilities.keep", p.Capabilities.Keep)
	l.syscalls(&p.Syscalls)
	value(&l, "network.mode", p.Network.Mode)
	value(&l, "network.namespace", p.Network.Namespace)
	l.entries("network.allow", p.Network.Allow)
	l.entries("network.deny", p.Network.Deny)
	l.entries("network.publish", p.Network.Publish)
	value(&l, "network.join", p.Network.Join)
	l.isolation(p)
	l.services(p)
	shown := JSON{Name: output.Text(p.Name), Entries: l.out}
	for _, layer := range p.Layers {
		shown.Layers = append(shown.Layers, layerJSON{output.Text(layer.Name), output.Text(layer.File), output.Text(layer.Reason)})
	}
	return shown
}

func (l *leaves) filesystem(f *policy.Filesystem) {
	for i := range f.Rules {
		r := &f.Rules[i]
		create := [...]string{"", "directory", "file"}[r.Create]
		l.add(ListOf(r.Access), pathJSON{
			output.Text(r.Path), create, r.Required, r.Size, r.Inodes, r.Mode, output.Text(r.Keep), fromOf(r),
		}, r.Origin)
	}
	value(l, "filesystem.root", f.Root)
	value(l, "filesystem.home", f.Home)
	value(l, "filesystem.startup.automatic", f.Startup.Automatic)
	value(l, "filesystem.startup.tools", f.Startup.Tools)
	value(l, "filesystem.arguments", f.Arguments)
}

func (l *leaves) syscalls(s *policy.Syscalls) {
	l.scalar("syscalls.default", s.Default.V.String(), s.Default.Set, s.Default.Origin)
	l.rules("syscalls.allow", s.Allow)
	l.rules("syscalls.deny", s.Deny)
	l.entries("syscalls.architectures", s.Architectures)
	value(l, "syscalls.restrict-suid-sgid", s.RestrictSUIDSGID)
}

func (l *leaves) rules(key string, rules []policy.SyscallRule) {
	for i := range rules {
		r := &rules[i].Rule
		shown := syscallJSON{Name: output.Text(r.Name), Action: r.Action.String()}
		if r.Action == seccomp.Errno {
			shown.Errno = ErrnoName(r.Errno)
		}
		for _, c := range r.When {
			shown.When = append(shown.When, condJSON{c.Arg, c.Op, c.Value, c.Mask, c.Width})
		}
		l.add(key, shown, rules[i].Origin)
	}
}

func (l *leaves) isolation(p *policy.Policy) {
	value(l, "namespaces.pid", p.Namespaces.PID)
	value(l, "namespaces.ipc", p.Namespaces.IPC)
	value(l, "namespaces.uts", p.Namespaces.UTS)
	value(l, "namespaces.cgroup", p.Namespaces.Cgroup)
	value(l, "namespaces.time", p.Namespaces.Time)
	value(l, "namespaces.user", p.Namespaces.User)
	value(l, "landlock.use", p.Landlock.Use)
	limit(l, "landlock.version", p.Landlock.Version)
	l.entries("landlock.connect", p.Landlock.Connect)
	value(l, "identity.user", p.Identity.User)
	value(l, "identity.groups", p.Identity.Groups)
	value(l, "identity.hostname", p.Identity.Hostname)
	value(l, "identity.machine-id", p.Identity.MachineID)
	limit(l, "limits.memory", p.Limits.Memory)
	limit(l, "limits.processes", p.Limits.Processes)
	limit(l, "limits.cpu", p.Limits.CPU)
	limit(l, "limits.open-files", p.Limits.OpenFiles)
	limit(l, "limits.file-size", p.Limits.FileSize)
	if t := p.Limits.Time; t.Set {
		l.scalar("limits.time", t.V.Round(time.Millisecond).String(), true, t.Origin)
	}
}

func (l *leaves) services(p *policy.Policy) {
	value(l, "display.x11", p.Display.X11)
	value(l, "display.size", p.Display.Size)
	value(l, "display.title", p.Display.Title)
	value(l, "display.clipboard.in", p.Display.Clipboard.In)
	value(l, "display.clipboard.out", p.Display.Clipboard.Out)
	value(l, "display.titles", p.Display.Titles)
	value(l, "display.wayland", p.Display.Wayland)
	value(l, "audio", p.Audio)
	for _, bus := range [...]struct {
		key   string
		rules *policy.BusRules
	}{{"dbus.session", &p.DBus.Session}, {"dbus.system", &p.DBus.System}} {
		l.entries(bus.key+".talk", bus.rules.Talk)
		l.entries(bus.key+".own", bus.rules.Own)
		l.entries(bus.key+".see", bus.rules.See)
	}
	l.entries("devices", p.Devices)
	for i := range p.Sockets {
		s := &p.Sockets[i]
		l.add("sockets", socketJSON{output.Text(s.Path), s.Required, fromOf(s)}, s.Origin)
	}
	for i := range p.Tests {
		t := &p.Tests[i]
		l.add("tests", testJSON{t.Probe, output.Text(t.Target), output.Texts(t.Run), t.Expect}, t.Origin)
	}
}

// fromOf names where the path of a rule is looked up, "" for the usual place.
func fromOf(r *policy.PathRule) string {
	if r.FromHost {
		return "host"
	}
	return ""
}

func (l *leaves) add(key string, shown any, o policy.Origin) {
	e := entryJSON{Key: key, Value: shown, Position: output.PositionOf(o.At)}
	if o.Layer >= 0 {
		e.Layer = &o.Layer
	} else {
		e.Default = true
	}
	for _, at := range o.Over {
		e.Over = append(e.Over, output.PositionOf(at))
	}
	l.out = append(l.out, e)
}

func (l *leaves) entries(key string, entries []policy.Entry) {
	for _, e := range entries {
		l.add(key, output.Text(e.Text), e.Origin)
	}
}

func (l *leaves) scalar(key string, shown any, set bool, o policy.Origin) {
	if !set {
		o = policy.Origin{Layer: -1}
	}
	l.add(key, shown, o)
}

// value adds a scalar; one that is neither given nor has a default is left
// out.
func value[T string | bool](l *leaves, key string, v policy.Value[T]) {
	switch shown := any(v.V).(type) {
	case string:
		if shown != "" || v.Set {
			l.scalar(key, output.Text(shown), v.Set, v.Origin)
		}
	default:
		l.scalar(key, shown, v.Set, v.Origin)
	}
}

// limit adds a number, which has no default.
func limit(l *leaves, key string, v policy.Value[int64]) {
	if v.Set {
		l.scalar(key, v.V, true, v.Origin)
	}
}
