package repositories

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// Launchers are killed at moments that nobody chose, while programs make and remove names
// that are kept free, names that are reported, and ordinary files: the project is as such
// runs leave it that nobody kills, with no entry that nobody made. But a launcher that is
// killed takes nothing away any more: a name that the program makes while both die stays,
// which is counted.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "git")
	kills := testenv.Rounds(20, 150)
	if *long {
		kills = 1000
	}
	w := newWorld(t)
	if r := w.Host("sh", "-ec", repository+"rm -rf .git/hooks; mkdir dir; git add -A"); r.Status != 0 {
		t.Fatal(r.Output())
	}
	// Each run ends by itself in what there was at its beginning.
	const program = `echo ran
mkdir .git/hooks; echo x >.git/hooks/pre-commit; echo .. >.git/commondir; echo x >.git/config.worktree; echo ref >HEAD
echo x >dir/file; mkdir -p .vscode; echo x >.vscode/a; echo x >.envrc
rm -rf .vscode .envrc dir/file .git/hooks .git/commondir .git/config.worktree HEAD`
	line := []string{w.JailBin, "run", "--profile", "default", "--write", ".", "sh", "-c", program}
	began := time.Now()
	w.Host(line...)
	usual := time.Since(began)
	names := func() string {
		return w.Host("sh", "-c", "find . .git -maxdepth 1 ! -name index.lock | LC_ALL=C sort; ls -A dir .vscode 2>/dev/null").Stdout
	}
	before := names()
	if strings.Contains(before, ".git/hooks") {
		t.Fatalf("%s: a run that nobody kills left what is kept free", before)
	}
	// What a killed program had made itself stays there, as anywhere.
	const own = "rm -rf .vscode .envrc dir/file"
	free := []string{".git/hooks", ".git/commondir", ".git/config.worktree", "HEAD"}
	ran, stayed := 0, 0
	for range kills {
		cmd := w.Command(line...)
		var out bytes.Buffer
		cmd.Stdout, cmd.WaitDelay = &out, time.Millisecond
		testenv.Must(t, cmd.Start())
		time.Sleep(rand.N(3 * usual / 2))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if out.Len() > 0 {
			ran++
		}
		w.NothingRuns()
		w.Host("sh", "-c", own)
		for _, name := range free {
			if name = filepath.Join(w.Project, name); testenv.Exists(name) {
				stayed++
				testenv.RemoveAll(name)
			}
		}
		if is := names(); is != before {
			t.Errorf("after a kill there is\n%snot\n%s", is, before)
		}
	}
	t.Logf("%d launches, %d of which got as far as to run their program; one takes %v", kills, ran, usual)
	t.Logf("%d names stayed of %d that were made", stayed, ran*len(free))
	if ran == 0 || ran == kills {
		t.Errorf("programs that ran: %d of %d; the moments are not spread", ran, kills)
	}
	w.Succeeds("run", "--profile", "default", "--write", ".", "true")
	if r := w.Host("git", "status", "--porcelain"); r.Stdout != "" || r.Status != 0 {
		t.Errorf("git status: %s", r.Output())
	}
	if found, _ := filepath.Glob(filepath.Join(w.Project, "*.taken-*")); len(found) > 0 {
		t.Errorf("left beside what was taken away: %q", found)
	}
}
