package commands

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// Y9: profiles that extend one another without end, or in great number, are
// refused soon and in little memory, and no program runs.
func TestY9Chains(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	t.Parallel()
	w := testenv.NewWorld(t)
	secret := filepath.Join(w.Home, testenv.Canaries[0])
	// chain writes n profiles, of which each extends the next and the last the
	// one of that name.
	chain := func(n int, last string) string {
		w.Mkdir(filepath.Join(w.Root, "profiles"))
		testenv.RemoveAll(filepath.Join(w.Root, "profiles"))
		for i := range n {
			next := fmt.Sprintf("./p%d.yaml", i+1)
			if i == n-1 {
				next = last
			}
			w.Write(filepath.Join(w.Root, "profiles", fmt.Sprintf("p%d.yaml", i)), "extends: ["+next+"]\n")
		}
		return filepath.Join(w.Root, "profiles", "p0.yaml")
	}
	wide := func(n int) string {
		file := chain(1, "default")
		var all []string
		for i := range n {
			name := filepath.Join(w.Root, "profiles", fmt.Sprintf("w%d.yaml", i))
			w.Write(name, "name: w\n")
			all = append(all, "./"+filepath.Base(name))
		}
		w.Write(file, "extends: [default, "+strings.Join(all, ", ")+"]\n")
		return file
	}
	for _, c := range []struct {
		name string
		file func() string
		runs bool
	}{
		{"a short chain", func() string { return chain(20, "default") }, true},
		{"a few beside each other", func() string { return wide(200) }, true},
		{"itself", func() string { return chain(1, "./p0.yaml") }, false},
		{"a circle of 20", func() string { return chain(20, "./p0.yaml") }, false},
		{"a circle that the beginning is not in", func() string { return chain(20, "./p7.yaml") }, false},
		{"2 000 in a row", func() string { return chain(2000, "default") }, false},
		{"1 000 beside each other", func() string { return wide(1000) }, false},
		{"300 000 aliases", func() string {
			return w.Profile("extends: [default]\nfilesystem: {hide: &a [/x], read: [" + strings.Repeat("*a,", 300_000) + "]}\n")
		}, false},
	} {
		file := c.file()
		ran := filepath.Join(w.Project, "ran")
		testenv.RemoveAll(ran)
		began := time.Now()
		// Of this, 66 MiB are what the kernel counts of the binary itself.
		r := w.Host("sh", "-c", `ulimit -d 131072; exec "$@"`, "sh",
			testenv.JailBin, "run", "--profile", file, "--write", w.Project, "--read", secret, "sh", "-c", ": >ran; cat "+secret)
		took := time.Since(began)
		switch {
		case c.runs && (r.Status != 0 || !strings.Contains(r.Stdout, w.Canary)):
			t.Errorf("%s: status %d; the test is void\n%s", c.name, r.Status, r.Output())
		case !c.runs && (r.Status != 125 || testenv.Exists(ran) || r.Stdout != "" || !strings.Contains(r.Stderr, "--> "+filepath.Dir(file))):
			t.Errorf("%s: status %d, the program ran: %v\n%.3000s", c.name, r.Status, testenv.Exists(ran), r.Output())
		}
		if took > 20*time.Second || len(r.Stderr) > 32<<10 {
			t.Errorf("%s: %v, a message of %d bytes", c.name, took, len(r.Stderr))
		}
	}
}

// V6: lengths and offsets beyond 8, 16 and 17 bits mean what they say: thousands of
// rules, names as long as they may be, hundreds of kilobytes of arguments.
func TestV6LongLists(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	deep := w.Home
	for len(deep) < 3000 {
		deep = filepath.Join(deep, strings.Repeat("d", 250))
	}
	var hide []string
	for i := range 1200 {
		name := filepath.Join(w.Project, fmt.Sprintf("%s-%d", strings.Repeat("f", 100), i))
		w.Write(name, w.Canary)
		hide = append(hide, name)
	}
	w.Write(filepath.Join(deep, "file"), "deep\n")
	base := "extends: [default]\nfilesystem:\n  read: [" + filepath.Join(deep, "file") + "]\n  write: [" + w.Project + "]\n"
	guarded := w.Profile(base + "  hide:\n    - " + strings.Join(hide, "\n    - ") + "\n")
	open := filepath.Join(w.Root, "profiles", "open.yaml")
	w.Write(open, base)
	// The program has 150 kilobytes of arguments and as many of variables.
	script := `cat ./f* 2>/dev/null | grep -o canary- | wc -l; cat "$0"; printf %s "$@" | wc -c`
	argv := append([]string{"sh", "-c", script, filepath.Join(deep, "file")}, strings.Split(strings.Repeat(strings.Repeat("x", 1000)+" ", 149)+"y", " ")...)
	for i := range 150 {
		w.Env = append(w.Env, fmt.Sprintf("LC_%d=%s", i, strings.Repeat("v", 1000)))
	}
	rest := "deep\n149001\n"
	if r := w.Host(argv...); r.Stdout != "1200\n"+rest {
		t.Fatalf("without jail: the test is void: %.300s", r.Output())
	}
	if r := w.Jail(append([]string{"run", "--profile", guarded}, argv...)...); r.Stdout != "0\n"+rest {
		t.Errorf("in the jail: status %d, %.3000s", r.Status, r.Output())
	}
	if r := w.Jail(append([]string{"run", "--profile", open}, argv...)...); r.Stdout != "1200\n"+rest {
		t.Errorf("without the rules: status %d, %.3000s", r.Status, r.Output())
	}
}
