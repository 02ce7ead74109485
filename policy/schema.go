package policy

import (
	"sync"

	"github.com/jail-project/jail/policy/kind"
)

// Key describes one key of the profile language. The tree of keys is the
// only description there is: the checker, the merge, the printed policy, the
// JSON Schema and the reference all read it.
type Key struct {
	Name string
	// Path is what messages call the key, "filesystem.read". The table fills it in.
	Path string
	Kind kind.Kind
	Doc  string // what it does, full sentences
	// Exempt says how to make an exception from it, Caution what it
	// cannot guarantee. Both may be empty.
	Exempt, Caution string

	Enum    []string // the values of an Enum; otherwise words it takes beside its kind
	Default string   // scalars: as a profile would write it
	// DefaultList is what a list holds when no layer gives it. With
	// DefaultBase it is a layer below all others instead, so that entries
	// add to it and only !replace forgets it.
	DefaultList []string
	DefaultBase bool

	Keys     []Key  // Mapping, and the mapping form of an Elem
	Elem     *Key   // List
	Short    string // a scalar in place of the mapping is the value of this key
	Required bool   // an entry without this key is an error

	// Group joins lists that are about the same things: for one thing the
	// later layer wins, whichever of the lists it uses.
	Group string
	// Own marks what describes the document itself and is not inherited.
	Own bool
	// Later names the machinery that this version lacks. Values other
	// than the default and those in Now are refused by Unsupported.
	Later string
	Now   []string

	access Access            // path lists
	at     func(*Policy) any // a leaf: where the policy keeps it
	id     int               // a leaf: its index in table.leaves
}

// table is the tree with its leaves numbered in the order of the tree.
type table struct {
	root   Key
	leaves []*Key
}

// schema builds the table once, when it is first needed.
var schema = sync.OnceValue(func() *table {
	t := &table{root: Key{Kind: kind.Mapping, Keys: []Key{
		{
			Name: "name", Kind: kind.ProfileName, Own: true, at: func(p *Policy) any { return &p.Name },
			Doc: "The name of the profile, under which jail keeps what belongs to it, such as a private home. The default is the base name of the file.",
		},
		{
			Name: "description", Kind: kind.Text, Own: true, at: func(p *Policy) any { return &p.Description },
			Doc: "One line about the program, for listings.",
		},
		{
			Name: "extends", Kind: kind.List, Own: true, Elem: &Key{Kind: kind.ProfileRef},
			Doc: "Profiles that this one builds on, weakest first: names, which are searched, or files as ./relative.yaml, relative to this file. Each profile counts once, where it is first met. A cycle is an error.",
		},
		{
			Name: "programs", Kind: kind.List, Own: true, Elem: &Key{Kind: kind.ProgramName}, at: func(p *Policy) any { return &p.Programs },
			Doc: "Names of programs for which jail PROGRAM uses this profile. A profile whose file is named like the program comes first.",
		},
		filesystemKey(), environmentKey(), capabilitiesKey(), syscallsKey(), networkKey(),
		namespacesKey(), landlockKey(), identityKey(), limitsKey(), displayKey(), audioKey(), dbusKey(),
		devicesKey(), socketsKey(), testsKey(),
	}}}
	t.number(&t.root, "")
	return t
})

// number gives every leaf its index and every key its path.
func (t *table) number(k *Key, prefix string) {
	for i := range k.Keys {
		sub := &k.Keys[i]
		sub.Path = prefix + sub.Name
		if sub.Kind == kind.Mapping {
			t.number(sub, sub.Path+".")
			continue
		}
		sub.id = len(t.leaves)
		t.leaves = append(t.leaves, sub)
		if sub.Elem != nil {
			nameEntries(sub.Elem, "an entry of "+sub.Path)
		}
	}
}

// nameEntries gives the keys of list entries the names that messages use.
func nameEntries(elem *Key, path string) {
	elem.Path = path
	for i := range elem.Keys {
		elem.Keys[i].Path = elem.Keys[i].Name
		if elem.Keys[i].Elem != nil {
			nameEntries(elem.Keys[i].Elem, "an entry of "+elem.Keys[i].Name)
		}
	}
}

// find returns the key of a path such as "filesystem.read", nil for none.
func (t *table) find(path []string) *Key {
	k := &t.root
	for _, name := range path {
		if k = k.Sub(name); k == nil {
			return nil
		}
	}
	return k
}

// Sub returns the key of that name in a mapping, nil for none.
func (k *Key) Sub(name string) *Key {
	for i := range k.Keys {
		if k.Keys[i].Name == name {
			return &k.Keys[i]
		}
	}
	return nil
}

// names lists the keys of a mapping.
func (k *Key) names() []string {
	names := make([]string, len(k.Keys))
	for i := range k.Keys {
		names[i] = k.Keys[i].Name
	}
	return names
}

// Schema returns the description of a whole profile. It is shared and must
// not be changed.
func Schema() *Key { return &schema().root }
