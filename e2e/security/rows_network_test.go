package security

// networkRows are about the filtered network. What it takes to show them is in package
// e2e/network: servers outside, and a count of the packets that arrive there.
func networkRows() []row {
	const noHTTP = "jail decides by name, address and port, and reads no HTTP but the request to the proxy"
	return []row{
		{id: "W1", what: "a program that asks no proxy", elsewhere: "TestW1"},
		{id: "W2", what: "names that the rules and the resolver read differently", elsewhere: "TestW2"},
		{id: "W3", what: "what lies below a name, and what only ends like it", elsewhere: "TestW3"},
		{id: "W4", what: "other spellings of an address", elsewhere: "TestW4"},
		{id: "W5", what: "loopback, the local network, metadata services", elsewhere: "TestW5"},
		{id: "W6", what: "a name with another answer the next time (DNS rebinding)", elsewhere: "TestW6"},
		{id: "W7", what: "an allowed name with a local address", elsewhere: "TestW7"},
		{id: "W8", what: "TLS for another server than the connection", elsewhere: "TestW8"},
		{id: "W9", what: "requests of HTTP that a proxy takes for others", elsewhere: "TestW9"},
		{id: "W10", what: "requests in requests", elsewhere: "TestW10"},
		{id: "W11", what: "spellings of paths", absent: noHTTP},
		{id: "W12", what: "lists of hosts that go past a proxy", absent: "no connection goes past the relay; zones of addresses are in W2"},
		{id: "W13", what: "data in questions about names", elsewhere: "TestW13"},
		{id: "W14", what: "other ways to look up names", elsewhere: "TestW14"},
		{id: "W15", what: "what is not TCP", elsewhere: "TestW15"},
		{id: "W16", what: "the loopback of the host", elsewhere: "TestW16"},
		{id: "W17", what: "changing the network from inside", elsewhere: "TestW17"},
		{id: "W18", what: "ports that listen inside", elsewhere: "TestW18"},
		{id: "W19", what: "a relay that others use", elsewhere: "TestW19"},
		{id: "W20", what: "exhausting the relay", elsewhere: "TestW20"},
		{id: "W21", what: "lines of a log that a program writes", elsewhere: "TestW21"},
		{id: "W22", what: "connections that outlive what allowed them", elsewhere: "TestW22"},
		{id: "W23", what: "bugs of a network stack in the relay", absent: "the kernel's own stack ends each connection"},
	}
}
