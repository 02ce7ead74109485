package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// filesProfile is a profile that shows /usr and the files. Its syscalls are
// all allowed, as they are with the peers.
func filesProfile(names []string) string {
	var b strings.Builder
	b.WriteString("filesystem:\n  read:\n")
	for _, name := range append([]string{"/usr", "/bin", "/lib", "/lib64", "/sbin"}, names...) {
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
	define := regexp.MustCompile(`(?m)^#define __NR_(\w+) \d+$`)
	for _, header := range []string{"unistd_64.h", "unistd_32.h"} {
		text, err := os.ReadFile("/usr/include/x86_64-linux-gnu/asm/" + header)
		if err != nil {
			return err
		}
		for _, match := range define.FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains(names, match[1]) {
				names = append(names, match[1])
			}
		}
	}
	for _, n := range []int{50, 200, 400} {
		profile := fmt.Sprintf("filesystem:\n  read: [/]\nsyscalls:\n  default: errno\n  restrict-suid-sgid: false\n  allow:\n    - %s\n",
			strings.Join(names[:n], "\n    - "))
		if err := s.write(fmt.Sprintf("syscalls-%d.yaml", n), profile); err != nil {
			return err
		}
	}
	return nil
}
