package compile

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/jail/plan"
)

// without returns the plan less the ops that a guard consists of.
func without(p *plan.Plan, is func(*plan.Op) bool) *plan.Plan {
	q := *p
	for _, part := range []*[]plan.Op{&q.Setup, &q.Init, &q.Program} {
		*part = slices.DeleteFunc(slices.Clone(*part), func(o plan.Op) bool { return is(&o) })
	}
	return &q
}

// withoutLandlock switches the layer off and nothing else.
func withoutLandlock(p *plan.Plan) *plan.Plan {
	return without(p, func(o *plan.Op) bool { return strings.HasPrefix(o.Name, "landlock_") })
}

// withoutTree leaves the ruleset about writing alone.
func withoutTree(p *plan.Plan) *plan.Plan {
	first := true
	return without(p, func(o *plan.Op) bool {
		off := first && o.Name == "landlock_restrict_self"
		first = first && !off
		return off
	})
}

// withoutReadOnly makes every mount of the plan writable.
func withoutReadOnly(p *plan.Plan) *plan.Plan {
	q := without(p, func(o *plan.Op) bool { return o.Name == "mount_setattr" && o.Verb == "seal" })
	writable := newBlocks().writable
	for i := range q.Setup {
		args := q.Setup[i].Args
		for j := range args {
			if args[j].Kind == plan.ArgBlock && strings.HasPrefix(args[j].Block.Show, "{RDONLY|") {
				args = slices.Clone(args)
				args[j].Block = writable
				q.Setup[i].Args = args
			}
		}
	}
	return q
}
