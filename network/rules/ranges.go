package rules

import (
	"cmp"
	"slices"
)

// ranges collects ports.
type ranges []Ports

func (rs *ranges) add(p Ports) { *rs = append(*rs, p) }

// joined returns the ranges in ascending order, with those that overlap or touch made
// one.
func (rs ranges) joined() []Ports {
	slices.SortFunc(rs, func(a, b Ports) int { return cmp.Compare(a.First, b.First) })
	var out []Ports
	for _, p := range rs {
		if n := len(out); n > 0 && int(p.First) <= int(out[n-1].Last)+1 {
			out[n-1].Last = max(out[n-1].Last, p.Last)
		} else {
			out = append(out, p)
		}
	}
	return out
}

// without returns what is left of the ranges when others are taken away.
func (rs ranges) without(others ranges) []Ports {
	left := rs.joined()
	for _, o := range others.joined() {
		var next []Ports
		for _, p := range left {
			if o.Last < p.First || p.Last < o.First {
				next = append(next, p)
				continue
			}
			if p.First < o.First {
				next = append(next, Ports{p.First, o.First - 1})
			}
			if o.Last < p.Last {
				next = append(next, Ports{o.Last + 1, p.Last})
			}
		}
		left = next
	}
	return left
}
