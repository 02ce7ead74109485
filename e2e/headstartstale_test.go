package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Whatever is not as it was at the time of the record: what comes of the launch
// is what comes of one without a record.
func TestHeadStartIsNeverStale(t *testing.T) {
	const profile = "extends: [default]\nfilesystem:\n  read: [~/given, ~/other]\n  write: [~/Downloads]\nenvironment: {keep: [WORD]}\n"
	put := func(w *world, text string) { w.write(filepath.Join(w.home, ".config/jail/profiles/mine.yaml"), text) }
	remove := func(w *world, name string) {
		if err := os.Rename(filepath.Join(w.home, name), filepath.Join(w.home, "moved")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		change func(w *world) (shell string) // which executes "$@", "" for none
		same   bool                          // the probe sees no difference
	}{
		{"nothing", func(*world) string { return "" }, true},
		{"the profile grants more", func(w *world) string { put(w, strings.Replace(profile, "~/other", "~/other, ~/more", 1)); return "" }, false},
		{"the profile grants less", func(w *world) string { put(w, strings.Replace(profile, "~/given, ", "", 1)); return "" }, false},
		{"the profile grants another", func(w *world) string { put(w, strings.Replace(profile, "~/given", "~/more", 1)); return "" }, false},
		{"the profile is wrong", func(w *world) string { put(w, profile+"nonsense: x\n"); return "" }, false},
		{"a drop-in", func(w *world) string {
			w.write(filepath.Join(w.home, ".config/jail/profiles/mine.d/more.yaml"), "identity: {hostname: dropped}\n")
			return ""
		}, false},
		{"a granted path disappears", func(w *world) string { remove(w, "given"); return "" }, false},
		{"a granted path appears", func(w *world) string { w.mkdir(filepath.Join(w.home, "other")); return "" }, false},
		{"a granted path becomes a link", func(w *world) string {
			remove(w, "given")
			if err := os.Symlink(".ssh", filepath.Join(w.home, "given")); err != nil {
				t.Fatal(err)
			}
			return ""
		}, false},
		{"a granted path becomes a file", func(w *world) string {
			remove(w, "given")
			w.write(filepath.Join(w.home, "given"), "")
			return ""
		}, true},
		{"a variable", func(w *world) string { w.env = append(w.env, "WORD=x"); return "" }, false},
		{"the home", func(w *world) string {
			for i, v := range w.env {
				if strings.HasPrefix(v, "HOME=") {
					w.env[i] = "HOME=" + w.home + "/more/.."
				}
			}
			return ""
		}, false},
		{"the umask", func(*world) string { return `umask 077; exec "$@"` }, false},
		{"limits", func(*world) string { return `ulimit -n 70; ulimit -f 5000; exec "$@"` }, false},
		{"standard input is a file", func(*world) string { return `exec "$@" <~/given/file` }, false},
		{"standard input is closed", func(*world) string { return `exec "$@" <&-` }, true},
		{"standard output can be read", func(w *world) string { return `: >~/out; "$@" 1<>~/out; s=$?; cat ~/out; exit $s` }, false},
		{"standard error is closed", func(*world) string { return `exec "$@" 2>&-` }, false},
		{"signals are ignored", func(*world) string { return `exec env --ignore-signal=INT,PIPE,TERM,CHLD,USR1,TSTP "$@"` }, true},
		{"hangups are ignored", func(*world) string { return `trap "" HUP; exec "$@"` }, false},
		{"the working directory", func(w *world) string { w.project = filepath.Join(w.home, "Downloads"); return "" }, false},
		{"one processor", func(*world) string { return `exec taskset -c 0 "$@"` }, runtime.NumCPU() == 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			need(t, "taskset")
			w := newWorld(t)
			w.write(filepath.Join(w.home, "given", "file"), "")
			w.mkdir(filepath.Join(w.home, "more"))
			put(w, profile)
			line := []string{jailBin, "run", "--profile", "mine", "--read", binDir, probeBin}
			through := func(shell string) *result {
				if shell == "" {
					shell = `exec "$@"`
				}
				return w.host(append([]string{"sh", "-c", shell, "sh"}, line...)...)
			}
			w.recorded(func() { through("") })
			before := w.beginnings()
			was := through("")
			if was.status != 0 || !maps.Equal(before, w.beginnings()) {
				t.Fatalf("a launch in which nothing changed had no head start; the test is void\n%s", was.output())
			}
			shell := c.change(w)
			with := through(shell)
			w.forget()
			without := through(shell)
			if a, b := sight(t, with), sight(t, without); a != b {
				t.Errorf("with a record of before and without one: %s", firstDifference(a, b))
			} else if c.same != (a == sight(t, was)) {
				t.Errorf("the probe sees what it saw before: %v, want %v", !c.same, c.same)
			}
		})
	}
}
