package compile

import (
	"cmp"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
)

// overlayFD is the first of the three descriptor numbers under which an
// overlay's directories are given to the kernel: their names must be known when
// the plan is made, and a name by descriptor can't be redirected by a link or
// misread for its punctuation. The numbers lie above what a plan has open
// and below every usual RLIMIT_NOFILE.
const overlayFD = 200

// overlay mounts a directory so that reads see the host and writes go to a
// layer: overlayfs with userxattr, as the kernel wants it from a user
// namespace. The layer is a tmpfs that only the mount itself refers to, or
// the two directories upper and work in the directory that keeps the changes.
func (m *mounter) overlay(gr *fstree.Grant, path string, around fstree.Setting) {
	layers := m.keptLayer
	if gr.Rule.Keep == "" {
		layers = m.discardedLayer
	}
	base := layers(gr)
	lower := m.layer(m.k.view.HostPath(gr.Real), m.readOnly)
	m.number(lower, overlayFD)
	m.close(lower)
	for i, name := range [...]string{"upper", "work"} {
		d := m.open(fd(base), name, m.openTarget)
		m.number(d, overlayFD+1+uint64(i))
		m.close(d)
	}
	m.close(base)
	s := m.newFS("overlay", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV, "MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV",
		option{"lowerdir", overlayName(0)}, option{"upperdir", overlayName(1)}, option{"workdir", overlayName(2)},
		option{"userxattr", ""})
	for i := range uint64(3) {
		m.call("close", unix.SYS_CLOSE, plan.NoSlot, num(overlayFD+i, ""))
	}
	m.mayChange(s, path, host.KindDir)
	m.ownMount(s)
	m.attach(s, gr, path, around)
}

func overlayName(i int) string { return "/proc/self/fd/" + strconv.Itoa(overlayFD+i) }

// number gives the descriptor in slot s a number that is known now.
func (m *mounter) number(s plan.Slot, as uint64) {
	m.call("dup3", unix.SYS_DUP3, plan.NoSlot, fd(s), num(as, ""), num(unix.O_CLOEXEC, "O_CLOEXEC"))
}

// discardedLayer makes a tmpfs for the changes and opens it. It has to be attached
// somewhere while the overlay is mounted.
func (m *mounter) discardedLayer(gr *fstree.Grant) plan.Slot {
	base := m.slot()
	m.layers++
	dir := layersDir + strconv.Itoa(m.layers)
	m.mkdirat(fd(plan.SlotRoot), dir, 0o700)
	t := m.newTmpfs(cmp.Or(gr.Rule.Size, defaultTmpfsSize), cmp.Or(gr.Rule.Inodes, defaultTmpfsInodes), 0o700)
	m.moveTo(t, dir)
	m.close(t)
	m.openat2(base, fd(plan.SlotRoot), dir, m.openTarget)
	m.mkdirat(fd(base), "upper", 0o755)
	m.mkdirat(fd(base), "work", 0o700)
	m.lookAtChanges(gr, base)
	return base
}

// layer opens a directory of the host for an overlay, and returns its slot. attr is
// what it is borrowed with, in a jail of root.
func (m *mounter) layer(source string, attr *plan.Block) plan.Slot {
	if s, borrowed := m.borrow(source, true, attr); borrowed {
		return m.own(s)
	}
	return m.open(cwd(), source, m.openSource)
}

// keptLayer opens the directory that keeps the changes. The launcher made sure that it
// exists; a program never sees it.
func (m *mounter) keptLayer(gr *fstree.Grant) plan.Slot {
	base := m.layer(gr.Source, m.writable)
	m.lockKept(base)
	m.mkdirat(fd(base), "upper", 0o755).Accept = unix.EEXIST
	m.mkdirat(fd(base), "work", 0o700).Accept = unix.EEXIST
	return base
}

// text makes a file with text of ours: directly where the directory is
// ours, else by a mount over the file that is there.
func (m *mounter) text(gr *fstree.Grant, path string, around fstree.Setting) {
	target := path
	if around.Bound {
		target = textFile
	}
	how := &plan.Block{
		Bytes: words(unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o444, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS),
		Show:  "{O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0444, RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS|RESOLVE_NO_MAGICLINKS}",
	}
	f := m.open(fd(plan.SlotRoot), target, how)
	content := &plan.Block{Bytes: []byte(gr.Text), Show: strconv.Quote(gr.Text)}
	if gr.Secret {
		content.Show, m.k.cookies = "cookies", content
	}
	m.call("write", unix.SYS_WRITE, plan.NoSlot, fd(f), block(content), num(uint64(len(gr.Text)), ""))
	m.close(f)
	if !around.Bound {
		return
	}
	s := m.slot()
	m.cloneAt(s, fd(plan.SlotRoot), textFile, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC, "OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC", m.readOnly)
	m.attach(s, gr, path, around)
	m.unlink(textFile, 0)
}

func (m *mounter) unlink(path string, flags uint64) {
	shown := ""
	if flags != 0 {
		shown = "AT_REMOVEDIR"
	}
	m.call("unlinkat", unix.SYS_UNLINKAT, plan.NoSlot, fd(plan.SlotRoot), text(path), num(flags, shown))
}

// tidy removes our scratch names; /dev and the bare root are not meant to be
// written.
func (m *mounter) tidy(root *fstree.Node) {
	m.because("tidy up", "/dev", nil)
	if m.masks {
		m.unlink(maskFile, 0)
		m.unlink(maskDir, unix.AT_REMOVEDIR)
	}
	for i := 1; i <= m.layers; i++ {
		m.detachLayer(layersDir + strconv.Itoa(i))
	}
	m.seal("dev", "/dev", nil)
	if root.Grant == nil {
		m.seal("", "/", nil)
	}
}

// detachLayer takes the name of an overlay's layer away; the overlay keeps
// its own reference. umount2(2) takes a path only, hence the change of
// directory, which the plan ends by entering the jail's root.
func (m *mounter) detachLayer(dir string) {
	m.call("fchdir", unix.SYS_FCHDIR, plan.NoSlot, fd(plan.SlotRoot))
	m.call("umount2", unix.SYS_UMOUNT2, plan.NoSlot, text(dir), num(unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW, "MNT_DETACH|UMOUNT_NOFOLLOW"))
	m.unlink(dir, unix.AT_REMOVEDIR)
}
