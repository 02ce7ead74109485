package score

import (
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// What a slot stands for while ops are read, beside the names of files.
const (
	slotMask  = "\x00mask"
	slotClone = "\x00clone of "
)

// mountOp takes in an op of the mount family.
func (f *facts) mountOp(op *plan.Op, arg func(int) *plan.Arg) {
	switch op.Name {
	case "openat2":
		f.open[op.Out] = arg(1).Text
	case "open_tree", "open_tree_attr":
		f.cloned(op, arg(1).Text)
		if op.Name == "open_tree_attr" {
			f.attributes(op.Subject, arg(3).Block)
		}
	case "mount_setattr":
		f.attributes(op.Subject, arg(3).Block)
	case "fsopen":
		f.open[op.Out] = arg(0).Text
		if arg(0).Text == "tmpfs" {
			f.mounts = append(f.mounts, mountFacts{what: op.Subject, memory: true})
		}
	case "fsconfig":
		f.option(arg(2).Text)
	case "fsmount":
		f.mounted(op, arg)
	case "move_mount":
		f.moved(f.open[plan.Slot(arg(0).Num)], arg(3).Text)
	}
}

// cloned notes what a clone of a mount shows.
func (f *facts) cloned(op *plan.Op, name string) {
	f.open[op.Out] = slotClone + name
	if strings.HasPrefix(name, "dev/.mask") {
		f.open[op.Out] = slotMask
	}
}

// attributes notes a struct mount_attr: what is set, cleared, and how the
// mount propagates. What only makes a mount read-only changes nothing else.
func (f *facts) attributes(what string, b *plan.Block) {
	if b == nil || len(b.Bytes) != 32 {
		return
	}
	set := binary.NativeEndian.Uint64(b.Bytes)
	if set == unix.MOUNT_ATTR_RDONLY {
		return
	}
	f.mounts = append(f.mounts, mountFacts{
		what: what, attributes: set, private: binary.NativeEndian.Uint64(b.Bytes[16:]) == unix.MS_PRIVATE,
		specialised: set&unix.MOUNT_ATTR_NODEV == 0 && strings.HasPrefix(what, "/dev/"),
	})
}

// option takes in an option of the file system that is being made.
func (f *facts) option(key string) {
	if n := len(f.mounts); n > 0 && f.mounts[n-1].memory && key == "nr_inodes" {
		f.mounts[n-1].size = true
	}
}

// mounted takes in the attributes of a new file system. Those are private:
// the tree that they are attached to is.
func (f *facts) mounted(op *plan.Op, arg func(int) *plan.Arg) {
	kind := f.open[plan.Slot(arg(0).Num)]
	if kind != "tmpfs" {
		f.mounts = append(f.mounts, mountFacts{what: op.Subject})
	}
	m := &f.mounts[len(f.mounts)-1]
	m.attributes, m.private, m.specialised = arg(2).Num, true, kind == "devpts"
	f.open[op.Out] = kind
}

// moved notes what comes to lie where.
func (f *facts) moved(source, target string) {
	switch {
	case source == slotMask:
		f.covered[target] = true
	case source == slotClone+target:
		f.readOnly[target] = true
	}
}
