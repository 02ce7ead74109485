package launcher

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/registry"
)

// Shared is the network that the jails of a group have in common: that of another jail, or,
// for the first, its own. Between FindShared and the registration of the jail no other one
// of a group starts.
type Shared struct {
	name, rules string
	other       *registry.Jail // that has the network, nil for none
	inside      *plan.Inside
	unlock      func()
	ended       string // that other has ended, and with it what this jail reached
}

// FindShared looks for the network of the group that a policy names; nil for none. The
// caller closes it.
func FindShared(p *policy.Policy, h *host.Host) (*Shared, *diag.Diagnostic) {
	join := &p.Network.Join
	if join.V == "" {
		return nil, nil
	}
	s := &Shared{name: join.V, rules: rulesOf(p)}
	d := &diag.Diagnostic{Code: "not-joined", Subject: join.At}
	refuse := func(summary, remedy string) (*Shared, *diag.Diagnostic) {
		s.Close()
		d.Summary, d.Remedy = "the network of the group "+diag.Quote(join.V)+" can't be joined: "+summary, remedy
		return nil, d
	}
	switch {
	case h.UID == 0:
		return refuse("each jail of root runs as a user of its own", "start both jails as an ordinary user")
	case len(p.Capabilities.Keep) > 0:
		return refuse("this jail keeps capabilities, which would hold for the other jails too", "keep none: --drop-cap all")
	case !p.Namespaces.PID.V:
		return refuse("this jail sees the processes of the host, and with them those of the other jails", "leave namespaces.pid on")
	}
	err := s.find(h)
	switch {
	case err != nil:
		return refuse(err.Error(), "")
	case s.other == nil:
		return s, nil
	case s.other.Rules != s.rules:
		return refuse("that of "+s.other.ID+" has other rules", "give both the same network.mode, allow and deny, identity.user and groups, and namespaces.user; `jail show` prints them")
	case p.Network.Mode.V == "filtered" && s.other.Joined:
		return refuse("the jail that connects it with other hosts has ended", "wait until "+s.other.ID+" has ended as well")
	}
	return s, nil
}

// find takes the lock and opens the namespaces of a jail of the group, if there is one.
func (s *Shared) find(h *host.Host) (err error) {
	if s.unlock, err = Place(h).Lock(); err != nil {
		return err
	}
	if s.other, err = registry.Member(Place(h), s.name); err != nil || s.other == nil {
		return err
	}
	namespaces, err := s.other.OpenNamespaces()
	if err != nil {
		return err
	}
	inside := &plan.Inside{User: -1, Network: -1}
	for _, n := range namespaces {
		switch n.Flag {
		case unix.CLONE_NEWUSER:
			inside.User = n.FD
		case unix.CLONE_NEWNET:
			inside.Network = n.FD
		default:
			_ = unix.Close(n.FD)
		}
	}
	s.inside = inside
	return nil
}

// rulesOf is a digest of what the jails of a group have to agree about.
func rulesOf(p *policy.Policy) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%q %q %q %t", p.Network.Mode.V, p.Identity.User.V, p.Identity.Groups.V, p.Namespaces.User.V)
	for _, list := range [...][]policy.Entry{p.Network.Allow, p.Network.Deny} {
		var entries []string
		for i := range list {
			entries = append(entries, list[i].Text)
		}
		slices.Sort(entries)
		fmt.Fprintf(&text, " %q", entries)
	}
	digest := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(digest[:])
}

// Inside are the namespaces to join, nil for the first jail of a group, and for one of none.
func (s *Shared) Inside() *plan.Inside {
	if s == nil {
		return nil
	}
	return s.inside
}

// registered lets other jails of groups start.
func (s *Shared) registered() {
	if s != nil && s.unlock != nil {
		s.unlock()
		s.unlock = nil
	}
}

// Close gives back what FindShared took.
func (s *Shared) Close() {
	if s == nil {
		return
	}
	s.registered()
	if s.inside != nil {
		_ = unix.Close(s.inside.User)
		_ = unix.Close(s.inside.Network)
	}
	if s.other != nil {
		s.other.Close()
	}
}

// follow notes when the jail ends that connects a filtered network with other hosts.
func (s *Shared) follow(r *Running, mode string) {
	if s == nil || s.other == nil || mode != "filtered" {
		return
	}
	r.WatchFD(s.other.Pidfd(), func() {
		s.ended = "the jail " + s.other.ID + " has ended, which connected the network of the group " + diag.Quote(s.name) + " with other hosts; they are out of reach since then"
	})
}
