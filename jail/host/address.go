package host

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Address is one of the host's own: 4 or 16 bytes, and the length in bits of the network
// of its interface.
type Address struct {
	Bytes []byte
	Bits  int
}

// readAddresses asks the kernel for all addresses of this network namespace (RTM_GETADDR
// of rtnetlink(7)).
func readAddresses() ([]Address, error) {
	table, err := syscall.NetlinkRIB(unix.RTM_GETADDR, unix.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("ask for the addresses of this host: %w", err)
	}
	messages, err := syscall.ParseNetlinkMessage(table)
	if err != nil {
		return nil, fmt.Errorf("read the addresses of this host: %w", err)
	}
	var list []Address
	for i := range messages {
		m := &messages[i]
		if m.Header.Type != unix.RTM_NEWADDR || len(m.Data) < unix.SizeofIfAddrmsg {
			continue
		}
		attributes, err := syscall.ParseNetlinkRouteAttr(m)
		if err != nil {
			return nil, fmt.Errorf("read an address of this host: %w", err)
		}
		bits := int(m.Data[1]) // struct ifaddrmsg
		for _, a := range attributes {
			// Of a link between two hosts IFA_ADDRESS is the other end, and there is
			// IFA_LOCAL as well; both are about as close.
			if n := len(a.Value); (a.Attr.Type == unix.IFA_ADDRESS || a.Attr.Type == unix.IFA_LOCAL) && (n == 4 || n == 16) && bits <= 8*n {
				list = append(list, Address{Bytes: a.Value, Bits: bits})
			}
		}
	}
	return list, nil
}
