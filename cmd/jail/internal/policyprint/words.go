package policyprint

import (
	"cmp"
	"strconv"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
)

// ListOf is the key of the list that a path rule stands in.
func ListOf(a policy.Access) string {
	return [...]string{
		policy.Read: "filesystem.read", policy.Write: "filesystem.write", policy.Hide: "filesystem.hide",
		policy.Tmpfs: "filesystem.tmpfs", policy.Overlay: "filesystem.overlay", policy.Connect: "sockets",
	}[a]
}

// ErrnoName is the name of an error number, 0 standing for EPERM.
func ErrnoName(number int) string {
	if number == 0 {
		return "EPERM"
	}
	return cmp.Or(seccomp.ErrnoName(number), strconv.Itoa(number))
}
