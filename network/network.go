// Package network has the addresses of a filtered network, which its maker, package
// compile, and its relay agree on.
//
// In such a network every address is one of the jail's own network namespace (package
// netlink), so nothing leaves it. What the program connects to arrives at the relay, which
// connects from outside if the rules allow it. It imports nothing that takes time to start.
package network

// Relay4 and Relay6 are the addresses of the relay. They answer for names (port 53) and as
// a proxy, for programs that ask for one (ProxyPort). The first is in the block for
// benchmarks, 198.18.0.0/15 of RFC 2544, the second in a unique local prefix (RFC 4193):
// no host of the Internet has such an address.
const (
	Relay4 = "198.19.255.254"
	Relay6 = "fd6a:6169:6c00:1::1"
)

// Bytes4 and Bytes6 are the same addresses as bytes.
func Bytes4() []byte { return []byte{198, 19, 255, 254} }

// Bytes6 is like Bytes4.
func Bytes6() []byte { return []byte{0xfd, 0x6a, 0x61, 0x69, 0x6c, 7: 1, 15: 1} }

// Ports of the relay's addresses. The program can't listen on one of the first two, since
// it has no capability for ports below 1024.
const (
	ListenPort = 1 // where connections to all other addresses and ports arrive
	NamePort   = 53
	ProxyPort  = 1080
)

// ProxyName is the relay's name in the jail.
const ProxyName = "proxy.jail"

// The sockets that the relay gets for each family, in the order in which the child hands
// them over.
const (
	Listener = iota
	Names    // UDP
	PerFamily
)
