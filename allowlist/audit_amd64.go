package allowlist

import "golang.org/x/sys/unix"

// audit is the ABI. Calls of x32, which have the same, have numbers of their own.
const audit = unix.AUDIT_ARCH_X86_64
