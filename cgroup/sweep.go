package cgroup

import (
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// young is for how long a group is let alone whatever it looks like: its
// maker may not have come to lock it yet.
const young = 10 * time.Second

// sweep ends and removes the groups in dir whose maker is gone. It lived as
// long as its lock on the directory.
func sweep(dir string) {
	for _, name := range names(dir) {
		if strings.HasPrefix(name, prefix) && name != launcher {
			sweepOne(path.Join(dir, name))
		}
	}
}

func sweepOne(dir string) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer func() { _ = unix.Close(fd) }()
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || int(st.Uid) != unix.Geteuid() ||
		time.Since(time.Unix(st.Mtim.Unix())) < young || unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) != nil {
		return
	}
	_ = write(dir+"/cgroup.kill", "1")
	remove(dir)
}

// names lists a directory, nothing when that can't be had.
func names(dir string) []string {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer func() { _ = unix.Close(fd) }()
	var found []string
	buf := make([]byte, 16<<10)
	for {
		n, err := unix.Getdents(fd, buf)
		if err != nil || n <= 0 {
			return found
		}
		_, _, found = unix.ParseDirent(buf[:n], -1, found)
	}
}
