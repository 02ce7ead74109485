package child

import _ "unsafe" // for go:linkname

// The two hooks that make a fork safe for the Go runtime: they block signals,
// note that stacks must not grow, and undo both. The runtime marks them as kept for
// such use (go.dev/issue/67401).

//go:linkname runtimeBeforeFork syscall.runtime_BeforeFork
func runtimeBeforeFork()

//go:linkname runtimeAfterFork syscall.runtime_AfterFork
func runtimeAfterFork()
