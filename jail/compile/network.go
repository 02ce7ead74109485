package compile

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// loopback brings up lo in a network namespace of the jail's own: programs
// expect 127.0.0.1 to be there.
func (k *compiler) loopback(b *builder) {
	if k.plan.Namespaces&unix.CLONE_NEWNET == 0 {
		return
	}
	b.because("bring up", "the loopback interface", &k.p.Network.Mode.At)
	// struct ifreq of netdevice(7): 16 bytes of name, then the flags.
	req := make([]byte, 40)
	copy(req, "lo")
	binary.NativeEndian.PutUint16(req[16:], unix.IFF_UP|unix.IFF_RUNNING)
	s := b.slot()
	b.call("socket", unix.SYS_SOCKET, s, num(unix.AF_INET, "AF_INET"), num(unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, "SOCK_DGRAM|SOCK_CLOEXEC"), num(0, ""))
	b.call("ioctl", unix.SYS_IOCTL, plan.NoSlot, fd(s), num(unix.SIOCSIFFLAGS, "SIOCSIFFLAGS"), block(&plan.Block{Bytes: req, Show: `{"lo", IFF_UP|IFF_RUNNING}`}))
	b.close(s)
}
