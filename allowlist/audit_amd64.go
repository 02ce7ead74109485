package allowlist

import "golang.org/x/sys/unix"

// audit is the AUDIT_ARCH_* value of the ABI. x32 has the same value, and numbers of its own.
const audit = unix.AUDIT_ARCH_X86_64
