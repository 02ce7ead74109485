package codec

import (
	"time"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
)

// policy encodes and decodes. Whoever adds a field to Policy adds it here and
// raises version; a test fails otherwise.
func (c *codec) policy(p *policy.Policy) {
	c.text(&p.Name)
	codeSlice(c, &p.Layers, 9, codeLayer)
	c.layers = len(p.Layers)
	codeValue(c, &p.Description, (*codec).text)
	c.entries(&p.Programs)
	c.filesystem(&p.Filesystem)
	c.entries(&p.Environment.Keep)
	codeSlice(c, &p.Environment.Set, 9, codeVariable)
	c.entries(&p.Capabilities.Drop)
	c.entries(&p.Capabilities.Keep)
	c.syscalls(&p.Syscalls)
	c.network(&p.Network)
	c.namespaces(&p.Namespaces)
	c.choice(&p.Landlock.Use, "required", "optional", "off")
	codeValue(c, &p.Landlock.Version, (*codec).signed)
	c.entries(&p.Landlock.Connect)
	codeValue(c, &p.Identity.User, (*codec).text)
	codeValue(c, &p.Identity.Hostname, (*codec).text)
	codeValue(c, &p.Identity.MachineID, (*codec).text)
	c.choice(&p.Identity.Groups, "masked", "keep", "dropped")
	c.limits(&p.Limits)
	c.choice(&p.Display.X11, "none", "auto", "filtered", "xephyr", "xvfb", "xpra", "xwayland", "untrusted", "host")
	for _, v := range [...]*policy.Value[string]{&p.Display.Clipboard.In, &p.Display.Clipboard.Out} {
		c.choice(v, "deny", "on-key", "ask", "allow")
	}
	codeValue(c, &p.Display.Titles, (*codec).bool)
	c.choice(&p.Display.Wayland, "none", "auto", "strict", "host", "true", "false")
	codeValue(c, &p.Display.Size, (*codec).text)
	codeValue(c, &p.Display.Title, (*codec).text)
	c.choice(&p.Audio, "none", "pulse", "pipewire")
	c.bus(&p.DBus.Session)
	c.bus(&p.DBus.System)
	c.entries(&p.Devices)
	codeSlice(c, &p.Sockets, 16, codePathRule)
	codeSlice(c, &p.Tests, 11, codeTest)
}

func (c *codec) filesystem(f *policy.Filesystem) {
	codeSlice(c, &f.Rules, 16, codePathRule)
	codeValue(c, &f.Root, (*codec).text)
	c.choice(&f.Home, "host", "private", "empty")
	c.choice(&f.Startup.Automatic, "block", "report", "quarantine")
	c.choice(&f.Startup.Tools, "block", "report", "quarantine")
	c.choice(&f.Arguments, "no", "read", "write")
}

func (c *codec) syscalls(s *policy.Syscalls) {
	codeValue(c, &s.Default, codeAction)
	codeSlice(c, &s.Allow, 11, codeSyscallRule)
	codeSlice(c, &s.Deny, 11, codeSyscallRule)
	c.entries(&s.Architectures)
	codeValue(c, &s.RestrictSUIDSGID, (*codec).bool)
}

func (c *codec) network(n *policy.Network) {
	c.choice(&n.Mode, "none", "host", "filtered", "nat", "namespace")
	codeValue(c, &n.Namespace, (*codec).text)
	c.entries(&n.Allow)
	c.entries(&n.Deny)
	c.entries(&n.Publish)
	codeValue(c, &n.Join, (*codec).text)
}

func (c *codec) namespaces(n *policy.Namespaces) {
	for _, v := range [...]*policy.Value[bool]{&n.PID, &n.IPC, &n.UTS, &n.Cgroup, &n.Time, &n.User} {
		codeValue(c, v, (*codec).bool)
	}
}

func (c *codec) limits(l *policy.Limits) {
	for _, v := range [...]*policy.Value[int64]{&l.Memory, &l.Processes, &l.CPU, &l.OpenFiles, &l.FileSize} {
		codeValue(c, v, (*codec).signed)
	}
	codeValue(c, &l.Time, func(c *codec, d *time.Duration) { c.signed((*int64)(d)) })
}

func (c *codec) bus(b *policy.BusRules) {
	c.entries(&b.Talk)
	c.entries(&b.Own)
	c.entries(&b.See)
}

// entries encodes and decodes a list of names.
func (c *codec) entries(list *[]policy.Entry) { codeSlice(c, list, 9, codeEntry) }

// choice encodes and decodes a scalar that takes one of few words.
func (c *codec) choice(v *policy.Value[string], words ...string) {
	c.word(&v.V, words...)
	c.bool(&v.Set)
	c.origin(&v.Origin)
}

func codeValue[T any](c *codec, v *policy.Value[T], what func(*codec, *T)) {
	what(c, &v.V)
	c.bool(&v.Set)
	c.origin(&v.Origin)
}

func (c *codec) origin(o *policy.Origin) {
	c.place(&o.At)
	codeSlice(c, &o.Over, 5, (*codec).place)
	c.int(&o.Layer)
	if c.step == reading && (o.Layer < 0 && !o.IsDefault() || o.Layer >= c.layers) {
		c.in.Fail()
	}
}

// place encodes an end as its distance from the start, which is short.
func (c *codec) place(r *diag.Range) {
	c.text(&r.File)
	c.int(&r.Start.Line)
	c.int(&r.Start.Column)
	lines, columns := r.End.Line-r.Start.Line, r.End.Column-r.Start.Column
	c.int(&lines)
	c.int(&columns)
	if c.step == reading {
		r.End.Line, r.End.Column = r.Start.Line+lines, r.Start.Column+columns
	}
}

func codeLayer(c *codec, l *policy.Layer) {
	c.text(&l.Name)
	c.text(&l.File)
	c.text(&l.Dir)
	c.word(&l.Reason, "profile", "extends", "drop-in", "flags")
	c.place(&l.Via)
}

func codeEntry(c *codec, e *policy.Entry) {
	c.text(&e.Text)
	c.text(&e.File)
	c.origin(&e.Origin)
}

func codeVariable(c *codec, v *policy.Variable) {
	c.text(&v.Name)
	c.text(&v.Text)
	c.origin(&v.Origin)
}

func codePathRule(c *codec, r *policy.PathRule) {
	codeUpTo(c, &r.Access, policy.Connect)
	c.text(&r.Path)
	codeUpTo(c, &r.Create, policy.CreateFile)
	c.bool(&r.Required)
	c.signed(&r.Size)
	c.signed(&r.Inodes)
	codeUpTo(c, &r.Mode, 0o7777)
	c.text(&r.Keep)
	c.bool(&r.FromHost)
	c.origin(&r.Origin)
}

func codeAction(c *codec, a *seccomp.Action) { codeUpTo(c, a, seccomp.Log) }

func codeSyscallRule(c *codec, r *policy.SyscallRule) {
	c.text(&r.Rule.Name)
	codeSlice(c, &r.Rule.When, 5, codeCond)
	codeAction(c, &r.Rule.Action)
	c.int(&r.Rule.Errno)
	c.origin(&r.Origin)
}

func codeCond(c *codec, w *seccomp.Cond) {
	codeUpTo(c, &w.Arg, 5)
	c.word(&w.Op, "==", "!=", "<", "<=", ">", ">=", "&")
	c.unsigned(&w.Mask)
	c.unsigned(&w.Value)
	codeIndex(c, &w.Width, 32, 64)
}

func codeTest(c *codec, t *policy.Test) {
	c.word(&t.Probe, "read", "write", "connect", "run")
	c.text(&t.Target)
	codeSlice(c, &t.Run, 1, (*codec).text)
	c.word(&t.Expect, "missing", "denied", "success", "failure")
	c.origin(&t.Origin)
}
