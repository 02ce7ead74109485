package fstree

import (
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
)

// Devices are the devices of the host that every jail has.
var Devices = [...]string{"null", "zero", "full", "random", "urandom", "tty"}

// devNames are all names in a jail's /dev.
func devNames() []string {
	return append(Devices[:], "pts", "ptmx", "shm", "fd", "stdin", "stdout", "stderr")
}

// shmGrant is the grant that gives every jail a /dev/shm of its own, unless the
// profile has one.
func shmGrant() *Grant {
	return &Grant{Kind: GrantTmpfs, Real: "/dev/shm", File: host.KindDir, Written: "/dev/shm", Rule: &policy.PathRule{Mode: 0o1777}, rank: rank{layer: builtinLayer}}
}
