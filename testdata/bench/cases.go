package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// comparison is one row: jail's command and the one it is measured against.
type comparison struct {
	Name    string
	Against string
	Jail    []string
	Peer    []string
	Pairs   int
	Target  float64 // largest ratio that meets the target, 0 for none
	Mounts  int     // measured in a namespace with so many further mounts
}

// cases lists every row, in the order of the report.
func (s *stage) cases() []comparison {
	quick, slow := s.pairs, s.pairs/12
	if s.short {
		quick, slow = 3, 1
	}
	cases := []comparison{
		{
			Name: "same isolation", Against: "bubblewrap", Target: 0.8, Pairs: quick,
			Jail: s.jail("plain.yaml"), Peer: bwrapPlain(),
		},
		{
			Name: "same isolation, @default syscalls", Against: "bubblewrap", Pairs: quick,
			Jail: s.jail("plain-syscalls.yaml"), Peer: bwrapPlain(),
		},
		{
			Name: "same isolation, the floor", Against: "floor", Pairs: quick,
			Jail: s.jail("plain.yaml"), Peer: []string{s.path("floor"), "plain", program},
		},
		{
			Name: "firefox profile", Against: "firejail", Target: 0.1, Pairs: slow,
			Jail: []string{s.path("jail"), "run", "--profile", "firefox", "--", program},
			Peer: firejailFirefox(program),
		},
		{
			Name: "100 files", Against: "bubblewrap", Target: 0.2, Pairs: quick / 2,
			Jail: s.jail("files-100.yaml"), Peer: s.bwrapFiles(100),
		},
		{
			Name: "400 files", Against: "bubblewrap", Target: 0.05, Pairs: slow,
			Jail: s.jail("files-400.yaml"), Peer: s.bwrapFiles(400),
		},
		{
			Name: "2,900 files", Against: "floor", Target: 2, Pairs: quick,
			Jail: s.jail("files-2900.yaml"), Peer: s.floorFiles(2900),
		},
		{
			Name: "2,900 files, 2,000 mounts", Against: "floor", Target: 2, Pairs: quick,
			Jail: s.jail("files-2900.yaml"), Peer: s.floorFiles(2900), Mounts: 2000,
		},
		{
			Name: "200 syscalls listed", Against: "jail with 50", Target: 1.1, Pairs: quick,
			Jail: s.jail("syscalls-200.yaml"), Peer: s.jail("syscalls-50.yaml"),
		},
		{
			Name: "400 syscalls listed", Against: "jail with 50", Target: 1.1, Pairs: quick,
			Jail: s.jail("syscalls-400.yaml"), Peer: s.jail("syscalls-50.yaml"),
		},
	}
	if !s.short {
		// bubblewrap reads all mounts again for each bind: once is enough.
		cases = append(cases, comparison{
			Name: "2,900 files, once", Against: "bubblewrap", Pairs: 1,
			Jail: s.jail("files-2900.yaml"), Peer: s.bwrapFiles(2900),
		})
	}
	return cases
}

// program is what is launched: it does nothing.
const program = "/usr/bin/true"

func (s *stage) jail(profile string) []string {
	return []string{s.path("jail"), "run", "--profile", s.path(profile), "--", program}
}

func (s *stage) floorFiles(n int) []string {
	return []string{s.path("floor"), "files", s.path(fmt.Sprintf("files-%d.list", n)), program}
}

func bwrapPlain() []string {
	return []string{
		"/usr/bin/bwrap", "--ro-bind", "/", "/", "--unshare-all",
		"--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", program,
	}
}

// bwrapFiles shows what filesProfile shows.
func (s *stage) bwrapFiles(n int) []string {
	command := []string{
		"/usr/bin/bwrap", "--unshare-all", "--ro-bind", "/usr", "/usr",
		"--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
		"--symlink", "usr/lib64", "/lib64", "--symlink", "usr/sbin", "/sbin",
		"--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
	}
	for i := range n {
		name := s.path(fmt.Sprintf("files/file-%04d", i))
		command = append(command, "--ro-bind", name, name)
	}
	return append(command, program)
}

func firejailFirefox(command ...string) []string {
	return append([]string{"/usr/bin/firejail", "--quiet", "--profile=/etc/firejail/firefox-esr.profile"}, command...)
}

// filesProfile is a profile that shows /usr and the files. Its syscalls are
// all allowed, as they are with the peers.
func filesProfile(names []string) string {
	var b strings.Builder
	b.WriteString("filesystem:\n  read:\n")
	for _, name := range []string{"/usr", "/bin", "/lib", "/lib64", "/sbin"} {
		fmt.Fprintf(&b, "    - %s\n", name)
	}
	for _, name := range names {
		fmt.Fprintf(&b, "    - %s\n", name)
	}
	b.WriteString("syscalls:\n  default: allow\n")
	return b.String()
}

// needed are the syscalls that starting and ending a program takes: they
// stand in every list.
func needed() []string {
	return []string{
		"access", "arch_prctl", "brk", "close", "execve", "exit", "exit_group", "fcntl", "fstat",
		"futex", "getegid", "geteuid", "getgid", "getpid", "getrandom", "getuid", "lseek", "mmap",
		"mprotect", "munmap", "newfstatat", "openat", "pread64", "prlimit64", "read", "readlink",
		"rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "set_robust_list",
		"set_tid_address", "stat", "statfs", "write",
	}
}

// writeSyscallProfiles writes profiles that list 50, 200 and 400 syscalls.
// There are fewer than 400 on x86-64; the rest are names of the 32-bit ABI.
func (s *stage) writeSyscallProfiles() error {
	names := needed()
	seen := make(map[string]bool)
	for _, name := range names {
		seen[name] = true
	}
	define := regexp.MustCompile(`(?m)^#define __NR_(\w+) \d+$`)
	for _, header := range []string{"unistd_64.h", "unistd_32.h"} {
		text, err := os.ReadFile("/usr/include/x86_64-linux-gnu/asm/" + header)
		if err != nil {
			return err
		}
		for _, match := range define.FindAllStringSubmatch(string(text), -1) {
			if !seen[match[1]] {
				seen[match[1]] = true
				names = append(names, match[1])
			}
		}
	}
	for _, n := range []int{50, 200, 400} {
		profile := fmt.Sprintf("filesystem:\n  read: [/]\nsyscalls:\n  default: errno\n  allow:\n    - %s\n",
			strings.Join(names[:n], "\n    - "))
		if err := os.WriteFile(s.path(fmt.Sprintf("syscalls-%d.yaml", n)), []byte(profile), 0o644); err != nil {
			return err
		}
	}
	return nil
}
