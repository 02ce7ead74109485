package main

// The launcher begins at _jail_start, in assembly, before the runtime of Go does: the
// Makefile tells the linker so. It does what can't be done later.
//
// Variables that begin with GO steer that runtime: GODEBUG has it print or end, others have
// it collect garbage or leave a core dump. They are the user's programs' and not
// jail's. So the first letter of each is replaced, for this program and for the whole one,
// which it executes; build.Environment puts it back into what the jail gets.
//
// Where there is too little address space, or no process may be made, the runtime ends with
// a trace. It is a sentence instead where that is certain.

// The least of RLIMIT_AS and RLIMIT_NPROC (getrlimit(2)) with which anything can work: the
// runtime reserves that much, and the threads of the launcher, the init and the program
// are eight.
//
//nolint:unused,nolintlint // by start_*.s
//lint:file-ignore U1000 start_*.s uses them
var (
	leastMemory    uint64 = 730 << 20
	leastProcesses uint64 = 8

	noMemory    = "jail: error: the limit on address space is too low for jail itself (`ulimit -v`)\n  help: raise it to 2 GiB, or limit the program alone: --memory\n"
	noProcesses = "jail: error: the limit on processes is too low for jail itself (`ulimit -u`)\n  help: raise it, or limit the program alone: --processes\n"
)
