package host

import "golang.org/x/sys/unix"

// FirstRootID begins the user ids of jails that root started. Neither
// distributions nor systemd hand out ids up there.
const FirstRootID = 1879048192

// rootID is the user id for a jail that this process starts as the host's root, 0 for
// other users. Root of a user namespace is an ordinary user outside, and runs its jails
// as itself.
func (h *Host) rootID() (int, error) {
	if h.UID != 0 || !FirstUserNamespace() {
		return 0, nil
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return 0, err
	}
	const needed = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID | 1<<unix.CAP_SYS_ADMIN
	if data[0].Effective&needed != needed {
		return -1, nil
	}
	return FirstRootID + unix.Getpid(), nil
}
