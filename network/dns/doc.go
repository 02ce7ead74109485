// Package dns is the name service of a jail with a filtered network. It runs in the relay,
// the process beside the jail that has the host's network, and opens no file: what the
// host's files say is passed in.
//
// A Server answers the questions of the program. It asks rules, by a function, whether a
// name is allowed; what is not, never leaves the host. For an allowed name that exists, the
// program gets addresses of Addresses, which mean this name to the relay and exist nowhere
// else. Whether it exists, and what the relay dials in the end, says a Resolver, which asks
// the host's name servers.
//
// The program is not trusted and neither are the answers of name servers. The package does
// not decide which names are allowed, nor which addresses may be dialled.
package dns
