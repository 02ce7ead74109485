package compile

import (
	"cmp"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
)

// Bounds of a tmpfs for which the profile names none. Without them one
// program could fill the memory of the host.
const (
	defaultTmpfsSize   = 1 << 30
	defaultTmpfsInodes = 1 << 18
)

func (m *mounter) tmpfs(gr *fstree.Grant, path string, around fstree.Setting) {
	r := gr.Rule
	if around.Bound && !around.Own && m.k.h.Files.Kind(gr.Real) != host.KindDir {
		m.k.problems = append(m.k.problems, diag.Diagnostic{
			Code:    "no-mount-point",
			Summary: fmt.Sprintf("there is no directory %s on this host to put a tmpfs on", diag.Quote(gr.Written)),
			Subject: *gr.At,
			Notes:   []diag.Note{{Text: "the directory around it comes from the host because of this entry", At: *around.By.At}},
			Remedy:  "make the directory, or choose a path whose parent is not shared with the host",
		})
		return
	}
	s := m.newTmpfs(cmp.Or(r.Size, defaultTmpfsSize), cmp.Or(r.Inodes, defaultTmpfsInodes), cmp.Or(r.Mode, 0o755))
	m.mayChange(s, path, host.KindDir)
	m.ownMount(s)
	m.attach(s, gr, path, around)
}

// newTmpfs makes a detached tmpfs and returns its slot.
func (m *mounter) newTmpfs(bytes, inodes int64, mode uint32) plan.Slot {
	s := m.slot()
	m.newTmpfsIn(s, bytes, inodes, mode)
	return s
}

func (m *mounter) newTmpfsIn(s plan.Slot, bytes, inodes int64, mode uint32) {
	m.newFSIn(s, "tmpfs", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV, "MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV",
		option{"size", strconv.FormatInt(bytes, 10)},
		option{"nr_inodes", strconv.FormatInt(inodes, 10)},
		option{"mode", strconv.FormatUint(uint64(mode), 8)})
}

// option is one parameter of a new file system. A key without a value is a
// flag.
type option struct{ key, value string }

// newFS makes a detached file system of a type and returns its slot.
func (m *mounter) newFS(kind string, attr uint64, shown string, options ...option) plan.Slot {
	s := m.slot()
	m.newFSIn(s, kind, attr, shown, options...)
	return s
}

// newFSIn is fsopen(2), fsconfig(2) for every option, fsmount(2).
func (m *mounter) newFSIn(s plan.Slot, kind string, attr uint64, shown string, options ...option) {
	c := m.slot()
	m.call("fsopen", unix.SYS_FSOPEN, c, text(kind), num(unix.FSOPEN_CLOEXEC, "FSOPEN_CLOEXEC"))
	for _, o := range options {
		if o.value == "" {
			m.call("fsconfig", unix.SYS_FSCONFIG, plan.NoSlot, fd(c), num(unix.FSCONFIG_SET_FLAG, "FSCONFIG_SET_FLAG"), text(o.key), null(), num(0, ""))
			continue
		}
		m.call("fsconfig", unix.SYS_FSCONFIG, plan.NoSlot, fd(c), num(unix.FSCONFIG_SET_STRING, "FSCONFIG_SET_STRING"), text(o.key), text(o.value), num(0, ""))
	}
	m.call("fsconfig", unix.SYS_FSCONFIG, plan.NoSlot, fd(c), num(unix.FSCONFIG_CMD_CREATE, "FSCONFIG_CMD_CREATE"), null(), null(), num(0, ""))
	m.call("fsmount", unix.SYS_FSMOUNT, s, fd(c), num(unix.FSMOUNT_CLOEXEC, "FSMOUNT_CLOEXEC"), num(attr, shown))
	m.close(c)
}
