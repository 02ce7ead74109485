package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// account is whom programs are launched as. credential is nil when that is
// the caller.
type account struct {
	name, home string
	credential *syscall.Credential
}

// findAccount returns the caller's own account, or the named one for root.
func findAccount(name string) (*account, error) {
	found, err := user.Current()
	if os.Geteuid() == 0 {
		found, err = user.Lookup(name)
	}
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(found.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(found.Gid)
	if err != nil {
		return nil, err
	}
	if uid == 0 {
		return nil, errors.New("the start by root is not what is measured: name another account with -user")
	}
	a := &account{name: found.Username, home: found.HomeDir}
	if os.Geteuid() == 0 {
		a.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return a, nil
}

// stage is the directory in which everything happens: copies of the programs
// that the account can execute wherever the checkout lies, the profiles, and
// the files to bind.
type stage struct {
	dir     string
	account *account
	program string // jail
	earlier string // the former jail, "" for none
	short   bool
	pairs   int
	keep    bool   // the directory belongs to the parent process
	meter   *meter // of processor time, nil when that is not what is measured
}

// newStage prepares the directory, or takes over the parent's.
func newStage(o *options, a *account) (*stage, error) {
	s := &stage{
		dir: o.work, account: a, program: o.jail, earlier: o.before,
		short: o.short, pairs: o.pairs, keep: o.work != "",
	}
	if s.keep {
		return s, nil
	}
	dir, err := os.MkdirTemp("", "jail-bench-")
	if err != nil {
		return nil, err
	}
	s.dir = dir
	if err := s.fill(o); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

func (s *stage) fill(o *options) error {
	if err := s.copyPrograms(o); err != nil {
		return err
	}
	profiles, err := filepath.Glob(filepath.Join(o.data, "*.yaml"))
	if err != nil {
		return err
	}
	for _, profile := range profiles {
		if err := copyFile(profile, s.path(filepath.Base(profile)), 0o644); err != nil {
			return err
		}
	}
	if err := s.writeSyscallProfiles(); err != nil {
		return err
	}
	if err := s.writeFiles(); err != nil {
		return err
	}
	for _, dir := range []string{"run", "cache", "mounts"} {
		if err := os.Mkdir(s.path(dir), 0o700); err != nil {
			return err
		}
	}
	if err := s.giveAway(); err != nil {
		return err
	}
	// jail keeps what it loaded only when no file was changed shortly before:
	// wait, or the first cases are measured cold.
	time.Sleep(settled)
	return nil
}

// settled is longer than jail's idea of shortly.
const settled = 3 * time.Second

// giveAway makes the account the owner of everything, as if it had made it:
// a profile that somebody else can write is refused.
func (s *stage) giveAway() error {
	to := s.account.credential
	if to == nil {
		return nil
	}
	return filepath.WalkDir(s.dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(to.Uid), int(to.Gid))
	})
}

// writeFiles makes the files to bind, and for each count the list for the
// floor and the profile for jail.
func (s *stage) writeFiles() error {
	if err := os.Mkdir(s.path("files"), 0o755); err != nil {
		return err
	}
	counts := [...]int{100, 400, 2900} // the sizes of the cases that bind files
	names := make([]string, counts[len(counts)-1])
	for i := range names {
		names[i] = s.path(fmt.Sprintf("files/file-%04d", i))
		if err := os.WriteFile(names[i], nil, 0o644); err != nil {
			return err
		}
	}
	for _, n := range counts {
		if err := s.write(fmt.Sprintf("files-%d.list", n), strings.Join(names[:n], "\n")+"\n"); err != nil {
			return err
		}
		if err := s.write(fmt.Sprintf("files-%d.yaml", n), filesProfile(names[:n])); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) write(name, text string) error {
	return os.WriteFile(s.path(name), []byte(text), 0o644)
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stage) remove() {
	if s.keep {
		return
	}
	if err := os.RemoveAll(s.dir); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
	}
}

// environment is what every measured program starts with.
func (s *stage) environment() []string {
	return []string{
		"HOME=" + s.account.home, "USER=" + s.account.name, "LOGNAME=" + s.account.name,
		"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TERM=dumb",
		"XDG_RUNTIME_DIR=" + s.path("run"),
		// What others keep in the account's cache is none of the bench's business.
		"XDG_CACHE_HOME=" + s.path("cache"),
	}
}
