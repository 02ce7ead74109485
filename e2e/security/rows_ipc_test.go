package security

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

func ipcRows() []row {
	// What lies in a directory that is granted is not hidden by the tree.
	const runtimeDir = "filesystem: {write: [\"{root}/run\"]}\n"
	return []row{
		{id: "I1", what: "abstract sockets", elsewhere: "TestI1"},
		{id: "I2", what: "sockets in files", elsewhere: "TestI2"},
		{
			id: "I3", what: "the user's service manager", probe: []string{"knock", "{root}/run/systemd/private", "{root}/run/bus"}, oracle: accepted,
			prepare: func(s *scene) { s.listen("unix", s.Root+"/run/systemd/private"); s.listen("unix", s.Root+"/run/bus") },
			profile: runtimeDir, off: "the socket guard", wide: runtimeDir + anySocket,
		},
		{
			id: "I4", what: "services on the session's buses, which act for whoever asks", oracle: accepted,
			probe: []string{"knock", "{root}/run/bus", "{root}/run/at-spi/bus", "{root}/run/gvfsd/socket", "{root}/run/dbus-1/proxy", "{socket}"},
			prepare: func(s *scene) {
				for _, name := range []string{"bus", "at-spi/bus", "gvfsd/socket", "dbus-1/proxy"} {
					s.listen("unix", s.Root+"/run/"+name)
				}
				s.listen("unix", "@/tmp/dbus-"+filepath.Base(s.Root))
				s.Env = append(s.Env, "DBUS_SESSION_BUS_ADDRESS=unix:path="+s.Root+"/run/bus")
			},
			profile: runtimeDir, off: "the socket guard", wide: runtimeDir + anySocket,
		},
		{id: "I5", what: "agents and daemons that listen in files", elsewhere: "TestI5"},
		{id: "I6", what: "a filter of D-Bus messages", absent: "a jail reaches no bus"},
		{id: "I7", what: "helpers that take orders from inside", absent: "there are no helpers"},
		{
			id: "I8", what: "keys of the caller's keyrings", probe: []string{"keys", "{key}"}, prepare: keys,
			off: "the new session keyring and the filter", wide: allCalls, edits: "keyctl",
			// The keyrings of a user belong to the user namespace.
			twice: []string{"user ", "/proc/keys"},
		},
		{
			id: "I9", what: "System V segments, message queues and shared memory of the host", probe: []string{"objects", "{shm}", "/{name}", "/{name}"},
			prepare: objects, off: "the namespace for such objects", wide: "namespaces: {ipc: false}\n",
			twice: []string{"shared memory", "message queue"},
		},
		{
			id: "I10", what: "files in `/tmp`, `/var/tmp` and `/dev/shm`", prepare: shared,
			probe: []string{"read", "/tmp/{name}", "/var/tmp/{name}", "/dev/shm/{name}"},
			off:   "the directories of the jail's own",
			wide:  "filesystem: {read: [/tmp, /var/tmp]}\n", twice: []string{"/dev/shm"},
		},
		{id: "I11", what: "opening addresses and files by programs of the host", absent: "a jail reaches no program of the host"},
		{id: "I12", what: "recording sound", absent: "`audio` is not there yet"},
		{id: "I13", what: "clipboard and drag and drop", absent: "`display` is not there yet"},
	}
}

// keys puts a key into the keyrings of the caller. A session keyring belongs to
// a thread: what the commands of this row inherit is that of this one.
func keys(s *scene) {
	runtime.LockOSThread()
	name := filepath.Base(s.Root)
	s.names["{key}"] = name
	for _, ring := range []int{unix.KEY_SPEC_SESSION_KEYRING, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_USER_SESSION_KEYRING} {
		id, err := unix.AddKey("user", name, []byte(s.Canary), ring)
		if err != nil {
			s.T.Fatal(err)
		}
		// A user has few keys: none is left. To unlink one takes a right to the keyring
		// alone, which its owner has; the key need not be found from the own session.
		s.T.Cleanup(func() {
			if _, err := unix.KeyctlInt(unix.KEYCTL_UNLINK, id, ring, 0, 0); err != nil {
				s.T.Errorf("a key is left: %v", err)
			}
		})
	}
}

// objects makes one of each kind on the host.
func objects(s *scene) {
	name := filepath.Base(s.Root)
	key := 0x10000000 + os.Getpid()
	id, err := unix.SysvShmGet(key, 4096, unix.IPC_CREAT|0o600)
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) })
	s.names["{shm}"], s.names["{name}"] = strconv.Itoa(key), name
	s.Write("/dev/shm/"+name, s.Canary)
	s.T.Cleanup(func() { _ = os.Remove("/dev/shm/" + name) })
	s.run(testenv.ProbeBin, "make-queue", "/"+name)
	s.T.Cleanup(func() { _ = exec.Command(testenv.ProbeBin, "remove-queue", "/"+name).Run() })
}

// shared puts a file into every directory that all users share.
func shared(s *scene) {
	name := "jail-test-" + strconv.Itoa(os.Getpid())
	s.names["{name}"] = name
	for _, dir := range []string{"/tmp", "/var/tmp", "/dev/shm"} {
		file := fmt.Sprint(dir, "/", name)
		s.Write(file, s.Canary)
		s.T.Cleanup(func() { _ = os.Remove(file) })
	}
}
