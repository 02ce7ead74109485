package policy

import (
	"io/fs"
	"path"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
)

// dropIns loads NAME.d/*.yaml of every directory of the search path: the
// weakest directory first, and in one by name.
func (l *loader) dropIns(name string, via diag.Range) {
	sub := name + ".d"
	for i := len(l.store.Dirs) - 1; i >= 0; i-- {
		d := &l.store.Dirs[i]
		if info, err := fs.Stat(d.FS, sub); err != nil || !info.IsDir() {
			l.store.sawNot(err, d, sub)
			continue
		}
		l.misnamed(d, sub)
		files := l.store.yamlFiles(d, sub)
		if len(files) == 0 {
			continue
		}
		if err := l.store.trusted(d, sub); err != nil {
			l.report(readError(profileFile{dir: d, name: sub}, err, via))
			continue
		}
		for _, file := range files {
			l.visit(profileFile{dir: d, name: path.Join(sub, file)}, "drop-in", diag.Range{})
		}
	}
}

// misnamed warns about files that look like drop-ins and are not read.
func (l *loader) misnamed(d *Dir, sub string) {
	entries, err := fs.ReadDir(d.FS, sub)
	if err != nil {
		l.report(readError(profileFile{dir: d, name: sub}, err, diag.Range{}))
		return
	}
	for _, e := range entries {
		name := e.Name()
		base, isYAML := strings.CutSuffix(name, ".yaml")
		bad := isYAML && !kind.IsName(base) || strings.HasSuffix(name, ".yml")
		if bad && !strings.HasPrefix(name, ".") {
			shown := profileFile{dir: d, name: path.Join(sub, name)}.shown()
			l.report(diag.Diagnostic{
				Severity: diag.Warning, Code: "ignored-file",
				Summary: diag.Escape(shown) + " is not read, continuing without it",
				Remedy:  "drop-ins have names of letters, digits and . _ + - @ that end in .yaml",
			})
		}
	}
}

// refuseOwn reports keys that describe a profile as a whole and so mean
// nothing in a drop-in.
func (l *loader) refuseOwn(doc *document) {
	for i, key := range schema().leaves {
		if leaf := &doc.leaves[i]; key.Own && key.Name != "description" && leaf.given {
			l.report(diag.Diagnostic{
				Code: "misplaced-key", Summary: key.Path + " means nothing in a drop-in", Subject: leaf.at,
				Remedy: "it belongs into the profile itself",
			})
		}
	}
	doc.dropOwn()
}

// ineffective warns about what the rules of merging leave without effect: a
// conditional allow of a call that an earlier layer denies without
// conditions.
func ineffective(p *Policy) diag.List {
	var list diag.List
	if len(p.Syscalls.Deny) == 0 {
		return nil
	}
	denied := make(map[string]*SyscallRule, len(p.Syscalls.Deny))
	for i := range p.Syscalls.Deny {
		if r := &p.Syscalls.Deny[i]; len(r.Rule.When) == 0 {
			denied[r.Rule.Name] = r
		}
	}
	for i := range p.Syscalls.Allow {
		allow := &p.Syscalls.Allow[i]
		if deny := denied[allow.Rule.Name]; deny != nil && len(allow.Rule.When) > 0 {
			list = append(list, diag.Diagnostic{
				Severity: diag.Warning, Code: "no-effect", Subject: allow.At,
				Summary: diag.Escape(allow.Rule.Name) + " stays denied: an allow with conditions does not take back a deny without any",
				Notes:   []diag.Note{{Text: "denied here", At: deny.At}},
				Remedy:  "write deny: !replace [...] without it in the later layer",
			})
		}
	}
	return list
}
