package host

import (
	"encoding/hex"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/landlock"
	"github.com/jail-project/jail/wayland"
)

// Read finds out about this machine and this caller, whose environment is env.
// programs are jail's own files, the one that users call first; without any, this
// program is the only one.
func Read(env []string, programs ...string) (*Host, error) {
	var id [16]byte
	// The way through the runtime maps pages for a generator that would be used once.
	if _, err := unix.Getrandom(id[:], 0); err != nil {
		return nil, err
	}
	h := &Host{
		UID: os.Getuid(), GID: os.Getgid(), Env: env,
		Files: OSFiles{}, Dirs: map[string]string{}, Kernel: ReadKernel(),
		RandomID: hex.EncodeToString(id[:]), Addresses: readAddresses, Listens: listens, Confines: wayland.Offers,
	}
	if err := h.readLimits(); err != nil {
		return nil, err
	}
	var err error
	if h.RunAs, err = h.rootID(); err != nil {
		return nil, err
	}
	if err := h.readGroups(); err != nil {
		return nil, err
	}
	h.Uncounted = h.UID == 0 && h.RunAs <= 0 && mapsRoot()
	// It can only be asked for by changing it; nobody makes a file meanwhile.
	h.Umask = uint32(unix.Umask(0o077))
	unix.Umask(int(h.Umask))
	h.Stdio = ReadStreams()
	var st unix.Statfs_t
	h.ProcSysReadOnly = unix.Statfs("/proc/sys", &st) == nil && st.Flags&unix.ST_RDONLY != 0
	h.findUser()
	h.findDirs()
	if cwd, err := unix.Getwd(); err == nil && filepath.IsAbs(cwd) {
		h.Cwd = cwd // a removed or unreachable directory counts as none
	}
	if h.Own.Programs = programs; len(programs) == 0 {
		if exe, err := os.Executable(); err == nil {
			h.Own.Programs = []string{exe}
		}
	}
	return h, nil
}

func (h *Host) readGroups() error {
	groups, err := unix.Getgroups()
	for _, gid := range groups {
		if gid != h.GID && !slices.Contains(h.Groups, gid) {
			h.Groups = append(h.Groups, gid)
		}
	}
	return err
}

func (h *Host) readLimits() error {
	var files, processes, size Rlimit
	for _, l := range [...]struct {
		resource int
		limit    *Rlimit
	}{
		{unix.RLIMIT_NOFILE, &files},
		{unix.RLIMIT_NPROC, &processes},
		{unix.RLIMIT_FSIZE, &size},
		{unix.RLIMIT_MEMLOCK, &h.LockedMemory},
		{unix.RLIMIT_MSGQUEUE, &h.Queues},
		{unix.RLIMIT_SIGPENDING, &h.Signals},
	} {
		var limit unix.Rlimit
		if err := unix.Getrlimit(l.resource, &limit); err != nil {
			return err
		}
		*l.limit = Rlimit{Soft: limit.Cur, Hard: limit.Max}
	}
	h.OpenFiles, h.Processes, h.FileSize = files.Hard, processes.Hard, size.Hard
	return nil
}

// Getenv is the value of a variable of the caller, "" when it is not set.
func (h *Host) Getenv(name string) string {
	for _, e := range h.Env {
		if key, value, set := strings.Cut(e, "="); set && key == name {
			return value
		}
	}
	return ""
}

// findUser takes HOME if it is usable, else what the user database says.
func (h *Host) findUser() {
	if home := h.Getenv("HOME"); filepath.IsAbs(home) {
		h.Home = filepath.Clean(home)
	}
	h.User = h.Getenv("USER")
	if h.Home != "" && h.User != "" {
		return
	}
	u, err := user.LookupId(strconv.Itoa(h.UID))
	if err != nil {
		return
	}
	if h.Home == "" && filepath.IsAbs(u.HomeDir) {
		h.Home = filepath.Clean(u.HomeDir)
	}
	if h.User == "" {
		h.User = u.Username
	}
}

// findDirs fills in the base directories of the XDG specification, and the
// user's own ones from user-dirs.dirs.
func (h *Host) findDirs() {
	if h.Home != "" {
		h.Dirs = UsualDirs(h.Home)
	}
	for _, name := range [...]string{"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"} {
		if v := h.Getenv(name); filepath.IsAbs(v) {
			h.Dirs[name] = filepath.Clean(v)
		}
	}
	usual := "/run/user/" + strconv.Itoa(h.UID)
	if dir := h.Dirs["XDG_RUNTIME_DIR"]; dir == "" {
		h.Dirs["XDG_RUNTIME_DIR"] = usual
	} else if dir != usual {
		h.Own.Runtime = append(h.Own.Runtime, usual+"/jail")
	}
	h.Own.Runtime = append(h.Own.Runtime, filepath.Join(h.Dirs["XDG_RUNTIME_DIR"], "jail"))
	if h.Home == "" {
		return
	}
	h.Own.Config = filepath.Join(h.Dirs["XDG_CONFIG_HOME"], "jail")
	h.Own.State = filepath.Join(h.Dirs["XDG_STATE_HOME"], "jail")
	h.Own.Cache = filepath.Join(h.Dirs["XDG_CACHE_HOME"], "jail")
	h.userDirs()
	h.findAccount()
}

// UsualDirs are the directories of the XDG specification in a home, where no variable
// names others.
func UsualDirs(home string) map[string]string {
	return map[string]string{
		"XDG_CONFIG_HOME": filepath.Join(home, ".config"),
		"XDG_CACHE_HOME":  filepath.Join(home, ".cache"),
		"XDG_DATA_HOME":   filepath.Join(home, ".local/share"),
		"XDG_STATE_HOME":  filepath.Join(home, ".local/state"),
	}
}

// findAccount finds the home of the account, and jail's own directories in it where the
// environment names others: programs that are started otherwise use them.
func (h *Host) findAccount() {
	if h.AccountHome = accountHome(h.UID); h.AccountHome == "" {
		return
	}
	usual := UsualDirs(h.AccountHome)
	for i, own := range [...]struct{ variable, used string }{
		{"XDG_CONFIG_HOME", h.Own.Config}, {"XDG_STATE_HOME", h.Own.State}, {"XDG_CACHE_HOME", h.Own.Cache},
	} {
		if dir := filepath.Join(usual[own.variable], "jail"); dir != own.used {
			h.Own.Account[i] = dir
		}
	}
}

// accountHome is the home directory that passwd(5) has for a user, "" for none. Accounts
// that are kept elsewhere are not found.
func accountHome(uid int) string {
	id := strconv.Itoa(uid)
	for line := range strings.SplitSeq(readAll("/etc/passwd"), "\n") {
		field := strings.Split(line, ":")
		if len(field) >= 6 && field[2] == id && filepath.IsAbs(field[5]) {
			return filepath.Clean(field[5])
		}
	}
	return ""
}

// userDirs reads lines such as XDG_DOWNLOAD_DIR="$HOME/Downloads".
func (h *Host) userDirs() {
	names := [...]struct{ variable, key, otherwise string }{
		{"DESKTOP", "XDG_DESKTOP_DIR", "Desktop"},
		{"DOCUMENTS", "XDG_DOCUMENTS_DIR", "Documents"},
		{"DOWNLOADS", "XDG_DOWNLOAD_DIR", "Downloads"},
		{"MUSIC", "XDG_MUSIC_DIR", "Music"},
		{"PICTURES", "XDG_PICTURES_DIR", "Pictures"},
		{"PUBLICSHARE", "XDG_PUBLICSHARE_DIR", "Public"},
		{"TEMPLATES", "XDG_TEMPLATES_DIR", "Templates"},
		{"VIDEOS", "XDG_VIDEOS_DIR", "Videos"},
	}
	said := map[string]string{}
	for line := range strings.Lines(readAll(filepath.Join(h.Dirs["XDG_CONFIG_HOME"], "user-dirs.dirs"))) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=") // a comment's key is none of those below
		value = strings.Trim(value, `"`)
		if rest, ok := strings.CutPrefix(value, "$HOME/"); ok {
			said[key] = filepath.Join(h.Home, rest)
		} else if filepath.IsAbs(value) {
			said[key] = filepath.Clean(value)
		}
	}
	for _, n := range names {
		h.Dirs[n.variable] = filepath.Join(h.Home, n.otherwise)
		if v := said[n.key]; v != "" && v != h.Home {
			h.Dirs[n.variable] = v
		}
	}
}

// ReadKernel asks for features by using them with arguments that can't
// succeed. Both came with Linux 6.15; a kernel that has one without the other
// is found out when the plan runs, see Failure.AskedTooMuch.
func ReadKernel() Kernel {
	_, _, errno := unix.Syscall6(unix.SYS_OPEN_TREE_ATTR, ^uintptr(0), 0, 0, 0, 0, 0)
	have := !errors.Is(errno, unix.ENOSYS) && !errors.Is(errno, unix.EPERM)
	k := Kernel{DetachedTree: have, OpenTreeAttr: have}
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno == 0 {
		k.Landlock = landlock.ABI(version)
	}
	k.LandlockOff = errors.Is(errno, unix.EOPNOTSUPP)
	return k
}

// readAll is a whole file, up to 4 MiB, "" when it can't be read.
func readAll(name string) string {
	buf := make([]byte, 4<<10)
	n, err := readFile(name, buf)
	for err == nil && n == len(buf) && len(buf) < 4<<20 {
		buf = make([]byte, 8*len(buf))
		n, err = readFile(name, buf)
	}
	return string(buf[:n])
}

// readFile reads the beginning of a small file without the machinery of
// package os, whose poller costs a launch two threads. A FIFO of that name must
// not hold jail up.
func readFile(name string, buf []byte) (int, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = unix.Close(fd) }()
	n, err := unix.Read(fd, buf)
	return max(n, 0), err
}
