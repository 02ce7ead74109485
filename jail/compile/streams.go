package compile

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/landlock"
)

var streamNames = [...]string{"standard input", "standard output", "standard error"}

// streamRights are those that the descriptor gives already.
func streamRights(s *host.Stream) landlock.FS {
	if s.Kind != host.StreamFile && s.Kind != host.StreamDevice {
		return 0
	}
	var r landlock.FS
	if s.Read {
		r |= landlock.ReadFile
	}
	if s.Write {
		r |= landlock.WriteFile | landlock.Truncate
	}
	if s.Kind == host.StreamDevice {
		r |= landlock.IoctlDev
	}
	return r
}

// refuseStreams refuses standard input, output and error through which more
// could be reached than was passed on.
func (k *compiler) refuseStreams() {
	k.rules.files = k.landlock.abi > 0 && !k.landlock.open
	if k.problems.HasErrors() {
		return
	}
	at := &k.p.Landlock.Use.At
	if k.landlock.open {
		at = &k.p.Namespaces.User.At
	}
	for _, d := range streamProblems(&k.h.Stdio, k.rules.files) {
		d.Subject = *at
		if k.landlock.open && d.Subject.IsZero() {
			d.Subject = *k.view.Root.Grant.At
		}
		k.problems = append(k.problems, d)
	}
}

// streamProblems says what is wrong with standard streams; files tells whether
// Landlock bounds what a file can be opened again for.
func streamProblems(stdio *[3]host.Stream, files bool) diag.List {
	var out diag.List
	for i := range stdio {
		switch {
		case stdio[i].Kind == host.StreamDirectory:
			out = append(out, diag.Diagnostic{
				Code:    CodeStream,
				Summary: streamNames[i] + " is a directory or is open for nothing, and everything around it would be in reach",
				Remedy:  "grant the directory with --read or --write, and redirect " + streamNames[i] + " to /dev/null",
			})
		case stdio[i].Kind == host.StreamFile && !files:
			out = append(out, diag.Diagnostic{
				Code:    CodeStream,
				Summary: streamNames[i] + " is a file, and this jail has no Landlock that keeps the program from opening it again with other rights",
				Notes:   []diag.Note{{Text: "Landlock is off or missing, or the jail shows the root directory as a whole and has nested user namespaces"}},
				Remedy:  "use a pipe, as in `cat FILE | jail …` or `jail … | cat >FILE`",
			})
		}
	}
	return out
}

// streams adds rules about standard input, output and error, which lie outside the tree:
// the program can open such a file again with the rights of the descriptor, and with no
// others.
func (b *builder) streams(tree, writes plan.Slot, handled landlock.FS, stdio *[3]host.Stream) {
	for i := range stdio {
		rights := handled & streamRights(&stdio[i])
		b.because("let the program open again", streamNames[i], nil)
		b.stream(tree, i, rights)
		b.stream(writes, i, rights&^landlock.Looking)
	}
}

// stream accepts EBADFD: a memfd is of no file system that has names, and not
// restricted.
func (b *builder) stream(ruleset plan.Slot, number int, rights landlock.FS) {
	if rights == 0 {
		return
	}
	attr := &plan.Block{Bytes: landlock.PathBeneathAttr(rights, int32(number)), Show: "{" + rights.String() + ", " + strconv.Itoa(number) + "}"}
	b.call("landlock_add_rule", unix.SYS_LANDLOCK_ADD_RULE, plan.NoSlot, fd(ruleset), pathBeneath(), block(attr), num(0, "")).Accept = unix.EBADFD
}
