package compile

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/plan"
)

// The launcher gets descriptors of some directories of the jail: of those in which it
// looks at the end for what would be lost, and of those that keep the changes of an
// overlay, with a lock on each that ends with the launcher.

// lookLater hands over the directories in which something could get lost, when all of them
// are in the tree; those of overlays are not.
func (m *mounter) lookLater() {
	for i := range m.lost {
		if v := &m.lost[i]; v.Grant.Kind != fstree.GrantOverlay {
			m.because("look later into", v.Dir, v.Grant.At)
			d, control := m.openListed(plan.SlotRoot, v.Dir[1:])
			m.handOver(d, control, i)
		}
	}
}

// lookAtChanges hands over the upper directory of an overlay, from base.
func (m *mounter) lookAtChanges(gr *fstree.Grant, base plan.Slot) {
	if i := slices.IndexFunc(m.lost, func(v fstree.Vanishing) bool { return v.Grant == gr }); i >= 0 {
		d, control := m.openListed(base, "upper")
		m.handOver(d, control, i)
	}
}

// openListed opens a directory for reading, and returns its slot and the control message
// that the descriptor is stored in. No component of the name may be a link, since the
// program could have made it in an earlier run.
func (m *mounter) openListed(s plan.Slot, name string) (plan.Slot, *plan.Block) {
	control := &plan.Block{Bytes: passed(^uint64(0)), Show: "{SCM_RIGHTS, [directory]}"}
	d := m.open(fd(s), name, m.readDirectory)
	op := &(*m.list)[len(*m.list)-1]
	op.Store, op.StoreAt = control, unix.CmsgLen(0)
	return d, control
}

func (m *mounter) handOver(s plan.Slot, control *plan.Block, number int) {
	handed := &plan.Block{Bytes: plan.HandedMessage(number), Show: "handed"}
	m.sendmsg(plan.SlotStatus, message(handed, control, "{handed, "+control.Show+"}"))
	m.close(s)
}

// lockKept locks the directory that keeps the changes of an overlay: two jails that write
// to one would damage it. What fails is explained by plan.KeepAlone.
func (m *mounter) lockKept(base plan.Slot) {
	verb, subject, at := m.verb, m.subject, m.at
	d, control := m.openListed(base, ".")
	m.because(plan.KeepAlone, subject, at)
	m.call("flock", unix.SYS_FLOCK, plan.NoSlot, fd(d), num(unix.LOCK_EX|unix.LOCK_NB, "LOCK_EX|LOCK_NB"))
	m.because(verb, subject, at)
	m.handOver(d, control, m.k.plan.Handed)
	m.k.plan.Handed++
}
