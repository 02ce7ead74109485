package policy

import (
	"bytes"
	"io/fs"
	"path"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/policy/node"
)

// A list of hosts may name files. Their lines become entries like others, whose
// places are in the files, so that nothing behind the checker knows of files.

// listed marks an item that is a line of a file.
type listed struct{ file string }

// maxLineFaults is how many bad lines of one file are reported: a file that is no
// list of hosts has nothing else.
const maxLineFaults = 10

// hostEntries checks an entry of a list of hosts and returns what it stands for.
func (c *checker) hostEntries(n *node.Node, elem *Key) []item {
	v, ok := c.record(n, elem)
	if !ok {
		return nil
	}
	host, file := v.get("host"), v.get("file")
	switch {
	case host != nil && file != nil:
		c.fault(file.node, &diag.Problem{Code: "contradiction", Summary: "an entry is a host or a file, not both", Remedy: "make two entries of them"})
		return nil
	case file != nil:
		return c.hostFile(file)
	case host != nil:
		return []item{{key: host.Key, text: host.Text, site: site{at: host.node.At}}}
	}
	c.fault(n, &diag.Problem{Code: "missing-key", Summary: "the entry has neither host nor file"})
	return nil
}

// hostFile reads a file of hosts.
func (c *checker) hostFile(file *value) []item {
	if c.readList == nil {
		c.fault(file.node, &diag.Problem{Code: "misplaced-key", Summary: "only a profile names files of hosts"})
		return nil
	}
	list, ok := c.readList(file.Text, file.node.At)
	if !ok {
		return nil
	}
	var items []item
	faults := 0
	for pos, entry := range kind.HostLines(string(list.text)) {
		at := diag.Range{File: list.shown, Start: pos, End: diag.Pos{Line: pos.Line, Column: pos.Column + len(entry)}}
		v, p := kind.HostPattern.Parse(entry, nil)
		if p == nil {
			items = append(items, item{key: v.Key, text: v.Text, data: listed{list.path}, site: site{at: at}})
			continue
		}
		c.list = append(c.list, p.Diagnostic(at))
		if faults++; faults == maxLineFaults {
			break
		}
	}
	return items
}

// dropRepeated drops the lines of files that repeat another entry of the list.
// Lists that others publish overlap.
func dropRepeated(items []item) []item {
	seen := make(map[string]bool, len(items))
	isListed := func(it *item) bool { _, ok := it.data.(listed); return ok }
	for i := range items {
		if !isListed(&items[i]) {
			seen[items[i].key] = true
		}
	}
	kept := items[:0]
	for i := range items {
		if isListed(&items[i]) {
			if seen[items[i].key] {
				continue
			}
			seen[items[i].key] = true
		}
		kept = append(kept, items[i])
	}
	return kept
}

// hostList is a file of hosts that was read.
type hostList struct {
	shown string // in messages
	path  string // absolute, "" for one that is in the binary
	text  []byte
}

// listOf finds and reads the file of hosts that the profile in from names.
func (l *loader) listOf(from profileFile, name string, at diag.Range) (list hostList, ok bool) {
	f := profileFile{dir: from.dir, name: path.Join(path.Dir(from.name), name)}
	if from.as != "" {
		f.as = path.Join(path.Dir(from.as), name)
	}
	if path.IsAbs(name) {
		f = profileFile{dir: &l.store.Root, name: strings.TrimPrefix(path.Clean(name), "/")}
	}
	if f.dir.FS == nil || !fs.ValidPath(f.name) {
		l.report(diag.Diagnostic{
			Code: "invalid-name", Summary: diag.Quote(name) + " leads out of the profile directory", Subject: at,
			Remedy: "write the absolute path of the file",
		})
		return hostList{}, false
	}
	text, err := l.store.read(f)
	switch {
	case err != nil:
		l.report(unreadable("list of hosts", f.shown(), err, at))
		return hostList{}, false
	case len(text) > node.MaxFileSize:
		l.report(diag.Diagnostic{Code: "too-large", Summary: diag.Escape(f.shown()) + " is larger than 1 MiB", Subject: at})
		return hostList{}, false
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	l.sources.Add(f.shown(), text)
	list = hostList{shown: f.shown(), text: text}
	if !f.dir.Embedded {
		list.path = path.Join("/", f.dir.Path, f.name)
	}
	return list, true
}
