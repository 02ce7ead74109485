package security

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// scene is a home directory for one arm of one row: a secret outside of what
// the jail is granted, and a project to work in.
type scene struct {
	t       *testing.T
	root    string // holds all of it
	home    string
	project string // the working directory, which the jail may write
	outside string // what it may not see: a directory with the file secret
	canary  string // the text of that file
	env     []string
	files   []*os.File // further descriptors of the command
	dir     string     // "" for the project
	arm     arm
	tty     bool // on a terminal of its own
	names   map[string]string
	written time.Time            // when the last profile was
	records map[string]time.Time // of launches, in the arm that begins with one
	through []string             // begins the command line of the launch that leaves one
	keep    []*exec.Cmd          // what runs beside

	connections []*atomic.Int32 // to what listens outside
}

func newScene(t *testing.T) *scene {
	t.Helper()
	root, err := os.MkdirTemp(workDir(), "s.") //nolint:usetesting // a jail has a /tmp of its own
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{
		t: t, root: root, home: filepath.Join(root, "home"), project: filepath.Join(root, "home", "project"),
		outside: filepath.Join(root, "home", "outside"), canary: "canary-" + rand.Text(), names: map[string]string{},
	}
	t.Cleanup(func() {
		for _, cmd := range s.keep {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		_ = filepath.WalkDir(root, func(path string, d os.DirEntry, _ error) error {
			if d != nil && d.IsDir() {
				_ = os.Chmod(path, 0o700)
			}
			return nil
		})
		_ = os.RemoveAll(root)
	})
	s.write(filepath.Join(s.outside, "secret"), s.canary+"\n")
	s.mkdir(s.project)
	s.mkdir(filepath.Join(root, "run"))
	s.env = []string{
		"HOME=" + s.home, "PATH=/usr/local/bin:/usr/bin:/bin", "USER=ann", "LANG=C.UTF-8", "TERM=dumb",
		"XDG_RUNTIME_DIR=" + filepath.Join(root, "run"),
	}
	s.names["{project}"], s.names["{outside}"], s.names["{home}"], s.names["{canary}"] = s.project, s.outside, s.home, s.canary
	s.names["{root}"] = root
	return s
}

func (s *scene) mkdir(dir string) {
	s.t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) write(name, text string) {
	s.t.Helper()
	s.mkdir(filepath.Dir(name))
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) link(target, name string) {
	s.t.Helper()
	s.mkdir(filepath.Dir(name))
	if err := os.Symlink(target, name); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) open(name string) *os.File {
	s.t.Helper()
	f, err := os.Open(name)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { f.Close() })
	return f
}

// expand puts the names of this scene into a text: {project} and so on.
func (s *scene) expand(text string) string {
	for name, value := range s.names {
		text = strings.ReplaceAll(text, name, value)
	}
	return text
}

// profile writes a profile that grants the project, with a text added. What
// was written before stays as it is, since a launch notes when that was.
func (s *scene) profile(text string) string {
	s.t.Helper()
	dir := filepath.Join(s.root, "profiles")
	base := filepath.Join(dir, "scene.yaml")
	s.writeOnce(base, "extends: [default]\nfilesystem:\n  read: ["+strconv.Quote(binDir)+"]\n  write: ["+strconv.Quote(s.project)+"]\n")
	text = s.expand(text)
	file := filepath.Join(dir, fmt.Sprintf("test-%08x.yaml", crc32.ChecksumIEEE([]byte(text))))
	s.writeOnce(file, "extends: [./scene.yaml]\n"+text)
	return file
}

// writeOnce writes a file that does not hold a text already.
func (s *scene) writeOnce(name, text string) {
	s.t.Helper()
	if old, err := os.ReadFile(name); err == nil && string(old) == text {
		return
	}
	s.write(name, text)
	s.written = time.Now()
}

// outcome is how a command ended and what its probe reported.
type outcome struct {
	status         int
	stdout, stderr string
	parts          map[string]string // by name: "open", or what was said
	texts          map[string]string // what came with a part
	started        bool              // the probe itself ran
}

func (o *outcome) output() string { return o.stdout + o.stderr }

// set records a part that the host's state decides.
func (o *outcome) set(name string, open bool) {
	o.parts[name] = "shut"
	if open {
		o.parts[name] = "open"
	}
}

// fields returns what follows a word in the lines that begin with it.
func (o *outcome) fields(word string) [][]string {
	var all [][]string
	for line := range strings.Lines(o.stdout) {
		if rest, ok := strings.CutPrefix(strings.Trim(line, "\r\n"), word+"\t"); ok {
			all = append(all, strings.Split(rest, "\t"))
		}
	}
	return all
}

const patience = time.Minute

// command prepares a command of this scene.
func (s *scene) command(argv ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	s.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env, cmd.Dir, cmd.ExtraFiles, cmd.WaitDelay = s.env, s.dir, s.files, 5*time.Second
	if cmd.Dir == "" {
		cmd.Dir = s.project
	}
	return cmd
}

// run runs a command to its end.
func (s *scene) run(argv ...string) *outcome {
	s.t.Helper()
	if s.tty {
		return s.runOnTerminal(argv...)
	}
	var stdout, stderr bytes.Buffer
	cmd := s.command(argv...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case time.Since(began) >= patience:
		s.t.Fatalf("%q did not end within %v\n%s%s", argv, patience, stdout.String(), stderr.String())
	case err != nil && !errors.As(err, &exit):
		s.t.Fatal(err)
	}
	return read(cmd.ProcessState.ExitCode(), stdout.String(), stderr.String())
}

// read takes the report of a probe apart.
func read(status int, stdout, stderr string) *outcome {
	o := &outcome{status: status, stdout: stdout, stderr: stderr, parts: map[string]string{}, texts: map[string]string{}}
	o.started = len(o.fields("probe")) > 0
	for _, f := range o.fields("part") {
		if len(f) < 2 {
			continue
		}
		// Of parts with one name the open one counts.
		if o.parts[f[0]] != "open" {
			o.parts[f[0]] = f[1]
			o.texts[f[0]] = strings.Join(f[2:], "\t")
		}
	}
	return o
}

// beside starts a command that runs until the scene ends, and waits for the
// line "ready".
func (s *scene) beside(argv ...string) {
	s.t.Helper()
	cmd := s.command(argv...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.keep = append(s.keep, cmd)
	var text bytes.Buffer
	buffer := make([]byte, 4096)
	for !strings.Contains(text.String(), "ready\n") {
		n, err := out.Read(buffer)
		text.Write(buffer[:n])
		if err != nil {
			s.t.Fatalf("%q ended: %v\n%s", argv, err, text.String())
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// quote writes a text as YAML has it between double quotes.
func quote(text string) string { return strconv.QuoteToASCII(text) }

// atoi reads a number that the kernel wrote.
func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}
