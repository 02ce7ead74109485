package security

func callRows() []row {
	const filter = "the syscall filter"
	// What takes privileges over a namespace works again where one can be made.
	const open = "syscalls: {default: allow, restrict-suid-sgid: false}\nnamespaces: {user: true}\n" + anySocket
	const open32 = "syscalls: {default: allow, restrict-suid-sgid: false, architectures: [native, x86]}\nnamespaces: {user: true}\n" + anySocket
	return []row{
		{
			id: "S1", what: "32-bit calls (`int 0x80`)", probe: []string{"surface-80"},
			off: "the filter, for 32-bit calls too, the socket guard, and the limit on user namespaces", wide: open32,
		},
		{
			id: "S1b", what: "32-bit programs", probe: []string{"surface"}, only32: true,
			off: "the filter, for 32-bit calls too, the socket guard, and the limit on user namespaces", wide: open32,
		},
		{
			id: "S2", what: "x32 calls", elsewhere: "TestForeignABIs",
		},
		{
			id: "S3", what: "io_uring", probe: []string{"io-uring"}, off: "the filter, for 32-bit calls too, and the socket guard", wide: allABIs + anySocket,
		},
		{
			id: "S3b", what: "sockets made by io_uring", probe: []string{"ring-sockets"}, off: filter + " and the socket guard", wide: allCalls + anySocket,
		},
		{id: "S4", what: "bits of arguments that the kernel ignores", elsewhere: "TestS4"},
		{
			id: "S5", what: "calls whose operation is an argument", probe: []string{"multiplexers"},
			off: "the filter, for 32-bit calls too, the socket guard, and the limit on user namespaces", wide: open32,
		},
		{
			id: "S7", what: "ptrace, and options that suspend a filter", probe: []string{"ptrace"}, off: filter, wide: allCalls,
		},
		{
			rootOff: "root itself may make what takes privileges",
			id:      "K1", what: "socket families 0 to 46 but UNIX and IP", probe: []string{"families"},
			off: "the filter, for 32-bit calls too, the socket guard, and the limit on user namespaces", wide: open32,
		},
		{
			id: "K2", what: "socket types and protocols", probe: []string{"protocols"},
			off: "the filter, the socket guard, and the limit on user namespaces", wide: open,
		},
		{
			id: "K3", what: "socket options that load programs or tables", probe: []string{"options"},
			off: "the filter, the socket guard, and the limit on user namespaces", wide: open,
		},
		{
			id: "K4", what: "calls that reach past every other guard, or have a history of holes", probe: []string{"surface"},
			off: "the filter, the socket guard, and the limit on user namespaces", wide: open,
		},
		{
			id: "K5", what: "devices beyond the 14 nodes of `/dev`", probe: []string{"devices"},
			noNegative: "`/dev` is always the jail's own",
		},
	}
}
