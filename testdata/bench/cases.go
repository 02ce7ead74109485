package main

import (
	"fmt"
	"runtime"
)

// comparison is one row: jail's command and the one it is measured against.
type comparison struct {
	Name      string
	Against   string
	Jail      []string
	Peer      []string
	Pairs     int     // of blocks, one for each side
	Target    float64 // largest ratio that meets the target, 0 for none
	Mounts    int     // measured in a namespace with so many further mounts
	Launches  int     // in a block, 0 for one
	AtOnce    int     // so many of them at a time, 0 for one
	Cold      bool    // jail has kept nothing of earlier launches
	Processor bool    // the time of the processors is what counts
}

func (c *comparison) launches() int { return max(c.Launches, 1) }

// notWorse is the largest ratio to the former jail at which nothing became
// slower: a median of pairs moves by some hundredths all by itself.
const notWorse = 1.05

// cases lists every row, in the order of the report. With a former jail, each
// row is followed by one against that.
func (s *stage) cases() []comparison {
	cases := append(s.singleCases(), s.blockCases()...)
	if s.earlier == "" {
		return cases
	}
	all := make([]comparison, 0, 2*len(cases))
	seen := make(map[string]bool) // several rows differ in the peer alone
	for _, c := range cases {
		all = append(all, c)
		launched := fmt.Sprint(c.Jail, c.Mounts, c.AtOnce, c.Cold, c.Processor)
		if !seen[launched] {
			seen[launched] = true
			all = append(all, s.againstEarlier(c))
		}
	}
	return all
}

// againstEarlier is the same row with the former jail as the peer. It has the
// pairs of a quick one: a slow peer is why a row has few.
func (s *stage) againstEarlier(c comparison) comparison {
	c.Against, c.Target = "jail before", notWorse
	c.Peer = append([]string{s.earlier}, c.Jail[1:]...)
	if c.Launches == 0 {
		c.Pairs = s.quick()
	}
	return c
}

// quick and slow are how many pairs are timed of launches that take a few
// milliseconds, and of others.
func (s *stage) quick() int {
	if s.short {
		return 3
	}
	return s.pairs
}

func (s *stage) slow() int {
	if s.short {
		return 1
	}
	return s.pairs / 12
}

// singleCases are the rows that time one launch after the other.
func (s *stage) singleCases() []comparison {
	quick, slow := s.quick(), s.slow()
	cases := []comparison{
		{
			Name: "same isolation", Against: "bubblewrap", Target: 1, Pairs: quick,
			Jail: s.jail("plain.yaml"), Peer: bwrapPlain(),
		},
		{
			Name: "same isolation, first launch", Against: "bubblewrap", Pairs: quick / 2, Cold: true,
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
			Jail: s.jailFirefox(), Peer: firejailFirefox(),
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
	cases = append(cases, comparison{
		Name: "filtered network", Against: "jail with no network", Target: 1.3, Pairs: quick,
		Jail: s.jailFiltered("example.org"), Peer: s.jail("plain.yaml"),
	})
	if !s.short {
		// bubblewrap reads all mounts again for each bind: once is enough.
		cases = append(cases, comparison{
			Name: "2,900 files, once", Against: "bubblewrap", Pairs: 1,
			Jail: s.jail("files-2900.yaml"), Peer: s.bwrapFiles(2900),
		})
	}
	return cases
}

// blockCases are the rows that measure many launches together.
func (s *stage) blockCases() []comparison {
	counted, crowd, blocks := 20, 100, s.slow()
	if s.short {
		counted, crowd, blocks = 5, 20, 2
	}
	cases := []comparison{{
		Name: "processor time, same isolation", Against: "bubblewrap", Target: 1.3,
		Pairs: 2 * blocks, Launches: counted, Processor: true,
		Jail: s.jail("plain.yaml"), Peer: bwrapPlain(),
	}}
	for _, each := range []int{1, 2, 4} {
		cases = append(cases, comparison{
			Name: fmt.Sprintf("throughput, %d per CPU at once", each), Against: "bubblewrap", Target: 1.1,
			Pairs: blocks, Launches: crowd, AtOnce: each * runtime.NumCPU(),
			Jail: s.jail("plain.yaml"), Peer: bwrapPlain(),
		})
	}
	return cases
}

// program is what is launched: it does nothing.
const program = "/usr/bin/true"

func (s *stage) jail(profile string) []string {
	return []string{s.program, "run", "--profile", s.path(profile), "--", program}
}

// jailFiltered has a network that reaches one host.
func (s *stage) jailFiltered(host string) []string {
	return []string{s.program, "run", "--profile", s.path("plain.yaml"), "--allow", host, "--", program}
}

func (s *stage) jailFirefox() []string {
	return []string{s.program, "run", "--profile", "firefox", "--", program}
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

func firejailFirefox() []string {
	return []string{"/usr/bin/firejail", "--quiet", "--profile=/etc/firejail/firefox-esr.profile", program}
}
