package allowlist

import "golang.org/x/sys/unix"

// audit is the ABI.
const audit = unix.AUDIT_ARCH_AARCH64
