package netlink

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// loopback is the index of lo, which a network namespace makes first
// (LOOPBACK_IFINDEX of the kernel).
const loopback = 1

// prefix is the length of a whole address in bits.
func prefix(address []byte) uint8 { return uint8(8 * len(address)) }

func family(address []byte) uint8 {
	if len(address) == 4 {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// AddAddress gives lo an address of 4 or 16 bytes (RTM_NEWADDR of rtnetlink(7)).
func (b *Batch) AddAddress(address []byte) {
	b.message(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE|unix.NLM_F_ACK, func() {
		// struct ifaddrmsg
		b.bytes = append(b.bytes, family(address), prefix(address), unix.IFA_F_NODAD, unix.RT_SCOPE_UNIVERSE)
		b.bytes = binary.NativeEndian.AppendUint32(b.bytes, loopback)
		b.attribute(unix.IFA_LOCAL, address)
		b.attribute(unix.IFA_ADDRESS, address)
	})
}

// reno is the congestion control that each kernel has. Nothing is lost or late on lo, so
// all are the same there but those that pace what is sent, such as bbr: these halve what
// a connection carries.
const reno = "reno"

// EverythingLocal makes every address of a family (AF_INET or AF_INET6) one of this
// network namespace: what is sent to it arrives here. Connections that the program makes
// come from the source address, and send by the congestion control reno, whatever the
// host's is (RTM_NEWROUTE of rtnetlink(7), "congctl" of ip-route(8)).
func (b *Batch) EverythingLocal(source []byte) {
	b.message(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE|unix.NLM_F_ACK, func() {
		// struct rtmsg
		b.bytes = append(b.bytes, family(source), 0, 0, 0, unix.RT_TABLE_LOCAL, unix.RTPROT_BOOT, unix.RT_SCOPE_HOST, unix.RTN_LOCAL)
		b.bytes = binary.NativeEndian.AppendUint32(b.bytes, 0)
		b.attribute(unix.RTA_OIF, binary.NativeEndian.AppendUint32(nil, loopback))
		b.attribute(unix.RTA_PREFSRC, source)
		b.nest(unix.RTA_METRICS, func() { b.text(unix.RTAX_CC_ALGO, reno) })
	})
}
