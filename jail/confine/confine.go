// Package confine takes from the launcher what it does not need any more once the
// jail's program runs: it then follows the jail and clears up behind it. A syscall
// filter holds for all threads of the process. Landlock does as well, where the
// launcher does not make the jail's connections.
//
// Prepare does what can fail, before the program exists; Enter does the rest.
// The package knows neither plans nor policies.
package confine

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/landlock"
)

// Confinement is what was prepared for one jail.
type Confinement struct {
	connects bool
	version  landlock.ABI
	ruleset  int      // -1: none
	names    []uint32 // where in the fixed page the names of files are that it reads
	dirs     []string // in which these are, and what their links lead to
}

// testOnlyOff leaves a guard out, by its name, for tests that what it prevents works
// without it.
var testOnlyOff string

// Names of the guards, for tests.
const (
	guardFilter   = "filter"
	guardLandlock = "landlock"
)

// Prepare finds out whether the kernel can confine this process. connects tells that
// it will make the connections of a jail. reads are absolute names of files that it will
// open again and again to read them, see OpenNamed.
func Prepare(connects bool, reads []string) (*Confinement, error) {
	c := &Confinement{connects: connects, ruleset: -1, names: offsets(reads)}
	if err := canInstall(); err != nil {
		return nil, err
	}
	for _, name := range reads[:len(c.names)] {
		c.dirs = append(c.dirs, path.Dir(name))
		if real, err := filepath.EvalSymlinks(name); err == nil {
			c.dirs = append(c.dirs, path.Dir(real))
		}
	}
	if connects || len(c.names) > 0 {
		if err := mapFixed(reads); err != nil {
			return nil, err
		}
	}
	if connects {
		return c, nil
	}
	if c.version = landlockVersion(); c.version == 0 {
		return c, nil // the profile decides whether the program does without
	}
	var err error
	const everything = landlock.Looking | landlock.Changing | landlock.Devices | landlock.IoctlDev
	c.ruleset, err = createRuleset(landlock.RulesetAttr(c.version.Has(everything), 0, c.version.HasScopes(landlock.AbstractUnixSocket)))
	return c, err
}

// Enter confines all threads of this process for good. It fails only for want of memory,
// or because a thread of the process has been restricted otherwise meanwhile.
//
// A launcher that makes the jail's connections copies descriptors and memory of its
// processes (pidfd_getfd(2), process_vm_readv(2)). The kernel forbids that to a process
// under Landlock, since the jail's processes are not under the same rules: such a
// launcher has the filter alone.
func (c *Confinement) Enter(n *Needs) error {
	defer c.Close()
	n.Connects = n.Connects && c.connects
	if c.ruleset >= 0 && testOnlyOff != guardLandlock {
		// The kernel reads its list of threads to restrict them one after the other.
		err := c.allow(landlock.ReadDir, "/proc/self/task")
		for _, dir := range n.Removes {
			err = errors.Join(err, c.allow(landlock.RemoveFile|landlock.RemoveDir, dir))
		}
		const rename = landlock.RemoveFile | landlock.RemoveDir | landlock.Refer |
			landlock.MakeDir | landlock.MakeReg | landlock.MakeSock | landlock.MakeFifo | landlock.MakeSym
		for _, dir := range n.Renames {
			err = errors.Join(err, c.allow(rename&c.version.Has(rename)|landlock.ReadDir, dir))
		}
		for _, dir := range c.dirs {
			err = errors.Join(err, c.allow(landlock.ReadFile, dir))
		}
		for _, dir := range n.Reports {
			err = errors.Join(err, c.allow(landlock.ReadDir, dir))
		}
		if err != nil {
			return err
		}
		if err := restrict(c.ruleset); err != nil {
			return err
		}
	}
	if testOnlyOff == guardFilter {
		return nil
	}
	return Install(filter(n, unix.Getpid(), fixedHigh.Load(), c.names))
}

// Close gives back what was prepared. A nil Confinement has nothing.
func (c *Confinement) Close() {
	if c != nil && c.ruleset >= 0 {
		_ = unix.Close(c.ruleset)
		c.ruleset = -1
	}
}

// allow adds a rule. A directory that is gone has nothing in it.
func (c *Confinement) allow(rights landlock.FS, dir string) error {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", dir, err)
	}
	defer func() { _ = unix.Close(fd) }()
	return addRule(c.ruleset, landlock.PathBeneathAttr(rights, int32(fd)))
}
