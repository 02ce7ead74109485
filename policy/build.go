package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/seccomp"
)

// fromDefault is Origin.Layer of what no layer says.
const fromDefault = -1

// build makes the policy of a merged document.
func build(d *document, layers []Layer) *Policy {
	p := &Policy{Layers: layers}
	addDefaults(d)
	resolve(d)
	for i, key := range schema().leaves {
		if key.at == nil {
			continue
		}
		l := &d.leaves[i]
		if key.Kind == kind.List || key.Kind == kind.Variables {
			buildList(key.at(p), l)
		} else {
			buildScalar(key.at(p), l, key)
		}
	}
	askForFilter(&p.Network)
	slices.SortStableFunc(p.Filesystem.Rules, func(a, b PathRule) int { return compareSites(a.Origin, b.Origin) })
	return p
}

// compareSites orders by layer, and within one by place.
func compareSites(a, b Origin) int {
	return cmp.Or(a.Layer-b.Layer, a.At.Start.Compare(b.At.Start))
}

// addDefaults puts the default lists below all layers: those that others add
// to, and those of lists that no layer gives.
func addDefaults(d *document) {
	for i, key := range schema().leaves {
		l := &d.leaves[i]
		if len(key.DefaultList) == 0 || l.replace || l.given && !key.DefaultBase {
			continue
		}
		base := defaultList(key)
		base.addList(l)
		base.given, base.at = l.given, l.at
		*l = *base
	}
}

func defaultList(key *Key) *leaf {
	l := &leaf{}
	for _, text := range key.DefaultList {
		it := item{key: text, text: text, site: site{layer: fromDefault}}
		if key.Elem.Kind == kind.SyscallEntry {
			it.data = &SyscallRule{Rule: seccomp.Rule{Name: text}}
		}
		l.items = append(l.items, it)
	}
	return l
}

func (it *item) origin() Origin {
	o := Origin{At: it.at, Layer: it.layer}
	for i := range it.over {
		if it.over[i].layer != fromDefault {
			o.Over = append(o.Over, it.over[i].at)
		}
	}
	return o
}

// buildScalar stores the value of a scalar leaf, or its default.
func buildScalar(at any, l *leaf, key *Key) {
	v := kind.Value{Text: key.Default}
	origin := Origin{Layer: fromDefault}
	if l.given {
		v.Text, v.Num = l.items[0].text, l.items[0].num
		origin = l.items[0].origin()
	} else if key.Default != "" {
		// The defaults in the table are good; a test says so.
		v, _ = key.Kind.Parse(key.Default, key.Enum)
	}
	switch at := at.(type) {
	case *string:
		*at = v.Text
	case *Value[string]:
		*at = Value[string]{V: v.Text, Set: l.given, Origin: origin}
	case *Value[bool]:
		*at = Value[bool]{V: v.Num != 0, Set: l.given, Origin: origin}
	case *Value[int64]:
		*at = Value[int64]{V: v.Num, Set: l.given, Origin: origin}
	case *Value[time.Duration]:
		*at = Value[time.Duration]{V: time.Duration(v.Num), Set: l.given, Origin: origin}
	case *Value[seccomp.Action]:
		action, _ := seccomp.ParseAction(v.Text)
		*at = Value[seccomp.Action]{V: action, Set: l.given, Origin: origin}
	}
}

// buildList appends the entries that count to the list of the policy.
func buildList(at any, l *leaf) {
	switch at := at.(type) {
	case *[]Entry:
		for it := range l.live {
			line, _ := it.data.(listed)
			*at = append(*at, Entry{Text: it.text, File: line.file, Origin: it.origin()})
		}
	case *[]Variable:
		for it := range l.live {
			*at = append(*at, Variable{Name: it.key, Text: it.data.(string), Origin: it.origin()})
		}
	case *[]PathRule:
		*at = slices.Grow(*at, len(l.items))
		for it := range l.live {
			rule := *it.data.(*PathRule)
			rule.Origin = it.origin()
			*at = append(*at, rule)
		}
	case *[]SyscallRule:
		for it := range l.live {
			rule := *it.data.(*SyscallRule)
			rule.Origin = it.origin()
			*at = append(*at, rule)
		}
	case *[]Test:
		for it := range l.live {
			test := *it.data.(*Test)
			test.Origin = it.origin()
			*at = append(*at, test)
		}
	}
}
