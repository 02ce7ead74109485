package policyprint

import (
	"strconv"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
)

// ListOf is the key of the list that a path rule stands in.
func ListOf(a policy.Access) string {
	switch a {
	case policy.Read:
		return "filesystem.read"
	case policy.Write:
		return "filesystem.write"
	case policy.Hide:
		return "filesystem.hide"
	case policy.Tmpfs:
		return "filesystem.tmpfs"
	case policy.Connect:
		return "sockets"
	default:
		return "filesystem.overlay"
	}
}

// ErrnoName is the name of an error number, 0 standing for EPERM.
func ErrnoName(number int) string {
	if number == 0 {
		return "EPERM"
	}
	if name := seccomp.ErrnoName(number); name != "" {
		return name
	}
	return strconv.Itoa(number)
}
