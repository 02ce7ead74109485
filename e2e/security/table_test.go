package security

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// rows is the whole gallery, in its order. To add a row, add it to one of the
// lists: see CONTRIBUTING.md.
func rows() []row {
	return slices.Concat(terminalRows(), descriptorRows(), processRows(), mountRows(), policyRows(), namespaceRows(),
		callRows(), ipcRows(), environmentRows(), leakRows(), lifeRows(), otherRows(), layerRows())
}

// TestRows proves every row: go test ./e2e/security -run 'TestRows/^T1$'.
func TestRows(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	all := rows()
	seen := map[string]bool{}
	results := make([]*result, len(all))
	t.Cleanup(func() { publish(t, slices.DeleteFunc(results, func(r *result) bool { return r == nil })) })
	for i := range all {
		r := &all[i]
		if seen[r.id] {
			t.Errorf("there are two rows %s", r.id)
		}
		seen[r.id] = true
		if r.elsewhere != "" {
			results[i] = &result{row: r, proofs: testsNamed(t, r.elsewhere)}
			continue
		}
		if r.absent != "" {
			results[i] = &result{row: r}
			continue
		}
		t.Run(r.id, func(t *testing.T) {
			t.Parallel() // they wait, above all
			results[i] = r.prove(t)
		})
	}
}

// publish prints the table, and writes it where a flag says.
func publish(t *testing.T, results []*result) {
	t.Helper()
	text := table(t, results)
	t.Log("\n" + text)
	if *tableFile != "" {
		if err := os.WriteFile(*tableFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// table renders what was measured, for docs/security-table.md.
func table(t *testing.T, results []*result) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(tableHead)
	for _, f := range facts(t) {
		fmt.Fprintf(&b, "| %s | %s |\n", f[0], f[1])
	}
	b.WriteString("\n## Results\n\n")
	b.WriteString("| id | what | control | jail | negative control | bubblewrap | firejail |\n|---|---|---|---|---|---|---|\n")
	var notes strings.Builder
	peers, worse := 0, 0
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.row.id, r.row.what, strings.Join(r.cells(), " | "))
		if note := r.note(); note != "" {
			fmt.Fprintf(&notes, "* **%s**: %s.\n", r.row.id, note)
		}
		if r.jail.ran && r.jail.open == 0 && r.bwrap.open+r.firejail.open > 0 {
			peers++
		}
		if r.jail.open > 0 && (r.bwrap.ran && r.bwrap.open == 0 || r.firejail.ran && r.firejail.open == 0) {
			worse++
		}
	}
	fmt.Fprintf(&b, "\n%d rows are closed by jail and open in bubblewrap or firejail; %d the other way round.\n", peers, worse)
	b.WriteString("\n## Notes\n\n" + notes.String())
	return b.String()
}

const tableHead = `# What was measured

This page is written by ` + "`make security-table`" + `; do not edit it. Every row is a known class of weakness, tried on the
machine described below as an ordinary user. The ids are those of the tests: ` + "`go test ./e2e/security -run 'TestRows/^T1$'`" + `.

* **control**: without any jail. It has to work, or the row shows nothing.
* **jail**: in a jail of the profile ` + "`default`" + ` with the current directory writable: newly made, from the cache entry of an
  earlier launch, and in a jail that runs already (` + "`jail enter`" + `). Where the notes say so, also with one layer alone,
  every other off that would stop it.
* **negative control**: the same jail with the one guard switched off that the notes name. It has to work again.
* **bubblewrap**: ` + "`bwrap --ro-bind / / --unshare-all --dev /dev --proc /proc`" + `, with the current directory writable.
* **firejail**: with its default profile.

Started as root, the tests are made once more with jails of root, which run as a user that is nobody's; without bubblewrap
and firejail, and with the same result, but for what the notes say.

"3 of 7" counts the ways that were tried and that worked. A dash means that the variant does not apply.

## The machine

| | |
|---|---|
`

func (r *result) cells() []string {
	if r.row.absent != "" {
		return []string{"–", "not applicable", "–", "–", "–"}
	}
	if r.row.elsewhere != "" {
		if len(r.proofs) == 0 {
			return []string{"–", "not shown yet", "–", "–", "–"}
		}
		return []string{"–", "closed", "–", "–", "–"}
	}
	if r.row.noControl != "" && r.control.open == 0 {
		r.control.ran = false
	}
	cells := []string{r.control.text("works", "does not work here"), r.jail.text("**OPEN**", "closed"), r.negative.text("works again", "closed")}
	return append(cells, r.bwrap.text("**open**", "closed"), r.firejail.text("**open**", "closed"))
}

func (c cell) text(open, closed string) string {
	switch {
	case !c.ran:
		return "–"
	case c.open == 0:
		return closed
	case c.total > 1:
		return fmt.Sprintf("%s, %d of %d", open, c.open, c.total)
	}
	return open
}

func (r *result) note() string {
	w := r.row
	var notes []string
	add := func(format, text string) {
		if text != "" {
			notes = append(notes, fmt.Sprintf(format, text))
		}
	}
	add("not applicable: %s", w.absent)
	if len(r.proofs) > 0 {
		add("shown by %s", "`"+strings.Join(r.proofs, "`, `")+"`")
	}
	add("switched off: %s", w.off)
	add("this machine cannot show it without jail: %s", w.noControl)
	add("no guard to switch off: %s", w.noNegative)
	add("bubblewrap and firejail were not asked: %s", w.noPeers)
	var alone []string
	for _, l := range w.alone {
		alone = append(alone, l.name)
	}
	add("each alone with all others off: %s", strings.Join(alone, ", "))
	add("not with root: %s", w.asRoot)
	add("guard not switched off with root: %s", w.rootOff)
	add("not from a cache entry: %s", w.noWarm)
	add("not by `jail enter`: %s", w.noEnter)
	if len(w.twice) > 0 {
		add("stopped by a second guard as well: %s", strings.Join(w.twice, ", "))
	}
	return strings.Join(notes, "; ")
}

// testsNamed finds the tests of the project whose name is that of a row, with
// words behind it: TestF4StandardInput is a proof of row F4. So is a part of a test
// with that name: t.Run("F4", ...).
func testsNamed(t *testing.T, name string) []string {
	t.Helper()
	if strings.HasPrefix(name, "TestRows/") {
		return []string{name}
	}
	var found []string
	id := strings.TrimPrefix(name, "Test")
	declared := regexp.MustCompile(`^func (` + name + `(?:[A-Z]\w*)?)\(`)
	test := regexp.MustCompile(`^func ((?:Test|Fuzz)\w+)\(`)
	part := regexp.MustCompile(`t\.Run\("` + id + `[" ]`)
	err := filepath.WalkDir(testenv.Checkout(), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		in := ""
		for line := range strings.Lines(string(text)) {
			if m := test.FindStringSubmatch(line); m != nil {
				in = m[1]
			}
			if declared.MatchString(line) {
				found = append(found, in)
			} else if part.MatchString(line) {
				found = append(found, in+"/"+id)
			}
		}
		return err
	})
	testenv.Must(t, err)
	if len(found) == 0 {
		t.Logf("no test is called %s", name)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// facts are what of this machine decides what a test can show.
func facts(t *testing.T) [][2]string {
	t.Helper()
	file := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			return "not there"
		}
		return strings.Join(strings.Fields(string(text)), " ")
	}
	all := [][2]string{
		{"kernel", file("/proc/sys/kernel/osrelease") + " " + runtime.GOARCH},
		{"Yama (kernel.yama.ptrace_scope)", file("/proc/sys/kernel/yama/ptrace_scope")},
		{"fs.protected_symlinks", file("/proc/sys/fs/protected_symlinks")},
		{"fs.protected_hardlinks", file("/proc/sys/fs/protected_hardlinks")},
		{"dev.tty.legacy_tiocsti", file("/proc/sys/dev/tty/legacy_tiocsti")},
		{"kernel.kptr_restrict", file("/proc/sys/kernel/kptr_restrict")},
		{"kernel.core_pattern", file("/proc/sys/kernel/core_pattern")},
		{"security modules (`/sys/kernel/security/lsm`)", file("/sys/kernel/security/lsm")},
		{"control groups", cgroups()},
	}
	out, err := exec.Command(testenv.ProbeBin, "facts").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 3 {
			name := map[string]string{
				"int 0x80": "32-bit calls (`int 0x80`)", "x32": "x32 calls", "Landlock": "Landlock ABI",
			}[f[1]]
			all = append(all, [2]string{name, f[2]})
		}
	}
	for _, peer := range []string{"bwrap", "firejail"} {
		version, err := exec.Command(peer, "--version").Output()
		line, _, _ := bytes.Cut(version, []byte("\n"))
		if err != nil {
			line = []byte("not there")
		}
		all = append(all, [2]string{peer, string(line)})
	}
	return all
}

func cgroups() string {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err.Error()
	}
	one, two := strings.Count(string(mounts), " cgroup "), strings.Contains(string(mounts), " cgroup2 ")
	switch {
	case one > 0 && two:
		return "version 1 and 2"
	case two:
		return "version 2"
	case one > 0:
		return "version 1"
	}
	return "none mounted"
}
