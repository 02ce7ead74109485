package score

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/policy/kind"
)

// A filtered network is as bad as the widest entry that it allows.
const (
	reachesName    = 2 // one host by name or address
	reachesDomain  = 3 // all names of a domain
	reachesNetwork = 5
	reachesAll     = 7
)

// filtered judges the entries of a filtered network.
func (f *facts) filtered() outcome {
	n := &f.Policy.Network
	worst := outcome{detail: "a network of its own, and nothing allowed", by: []Cause{leaf("network.mode", n.Mode.V, n.Mode.Origin)}}
	for i := range n.Allow {
		entry := &n.Allow[i]
		host, problem := kind.ParseHost(entry.Text)
		if problem != nil {
			continue
		}
		badness := reachesName
		switch {
		case host.Any:
			badness = reachesAll
		case host.Below:
			badness = reachesDomain
		case host.Group == kind.LocalGroup || host.Net != "" && !host.Single():
			badness = reachesNetwork
		}
		if badness > worst.badness {
			worst = outcome{
				badness: badness, named: len(n.Allow), detail: fmt.Sprintf("%d entries allowed, the widest is %s", len(n.Allow), entry.Text),
				by: []Cause{leaf("network.allow", entry.Text, entry.Origin)},
			}
		}
	}
	return worst
}

// hostLoopback judges whether a filtered network leads to the host's loopback.
func (f *facts) hostLoopback() outcome {
	for i := range f.Policy.Network.Allow {
		entry := &f.Policy.Network.Allow[i]
		host, problem := kind.ParseHost(entry.Text)
		if problem != nil || host.Group == "" {
			continue
		}
		by := leaf("network.allow", entry.Text, entry.Origin)
		if host.Group == kind.HostGroup && host.First != 0 && host.First == host.Last {
			return outcome{badness: 4, detail: "one port of it", by: []Cause{by}}
		}
		return outcome{badness: 10, detail: "many ports of it", by: []Cause{by}}
	}
	return outcome{detail: "it has a loopback of its own"}
}

// reachesAsOthers is for a network namespace that others made: what they let through is
// not known here. sharesLoopback is for what listens in there.
const (
	reachesAsOthers = 8
	sharesLoopback  = 4
)

// behindOthers judges a network behind the host's, which reaches everything that is not
// local unless entries of allow say otherwise, and a network that others made.
func (f *facts) behindOthers() outcome {
	n := &f.Policy.Network
	by := []Cause{leaf("network.mode", n.Mode.V, n.Mode.Origin)}
	switch {
	case n.Mode.V == "namespace":
		return outcome{badness: reachesAsOthers, detail: "a network that others made, with all that it reaches", by: by}
	case len(n.Allow) > 0:
		return f.filtered()
	}
	return outcome{badness: reachesAll, detail: "everything that is not local", by: by}
}

// otherNetwork tells whether the network is another than the launcher's.
func (f *facts) otherNetwork() bool { return f.own(unix.CLONE_NEWNET) || f.Plan.Join.Path != "" }
