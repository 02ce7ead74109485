package security

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// scene is a home directory for one variant of one row: a secret outside of what
// the jail is granted, and a project to work in.
type scene struct {
	*testenv.World            // the canary is the text of the secret
	outside        string     // what it may not see: a directory with the file secret
	files          []*os.File // further descriptors of the command
	dir            string     // "" for the project
	variant        variant
	tty            bool // on a terminal of its own
	names          map[string]string
	written        time.Time            // when the last profile was
	entries        map[string]time.Time // of launches, in the variant that begins with one
	through        []string             // begins the command line of the launch that leaves one
	keep           []*testenv.Command   // what runs beside

	connections []*atomic.Int32 // to what listens outside
}

func newScene(t *testing.T) *scene {
	t.Helper()
	w := testenv.NewBareWorld(t)
	w.Timeout = patience
	s := &scene{World: w, outside: filepath.Join(w.Home, "outside"), names: map[string]string{}}
	t.Cleanup(func() {
		for _, cmd := range s.keep {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	s.Write(filepath.Join(s.outside, "secret"), s.Canary+"\n")
	s.Env = []string{
		"HOME=" + s.Home, "PATH=/usr/local/bin:/usr/bin:/bin", "USER=ann", "LANG=C.UTF-8", "TERM=dumb",
		"XDG_RUNTIME_DIR=" + filepath.Join(s.Root, "run"),
	}
	s.names["{project}"], s.names["{outside}"], s.names["{home}"], s.names["{canary}"] = s.Project, s.outside, s.Home, s.Canary
	s.names["{root}"] = s.Root
	return s
}

func (s *scene) link(target, name string) {
	s.T.Helper()
	s.Mkdir(filepath.Dir(name))
	if err := os.Symlink(target, name); err != nil {
		s.T.Fatal(err)
	}
}

func (s *scene) open(name string) *os.File {
	s.T.Helper()
	f, err := os.Open(name)
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { f.Close() })
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
	s.T.Helper()
	dir := filepath.Join(s.Root, "profiles")
	base := filepath.Join(dir, "scene.yaml")
	s.writeOnce(base, "extends: [default]\nfilesystem:\n  read: ["+strconv.Quote(testenv.BinDir)+"]\n  write: ["+strconv.Quote(s.Project)+"]\n")
	text = s.expand(text)
	file := filepath.Join(dir, fmt.Sprintf("test-%08x.yaml", crc32.ChecksumIEEE([]byte(text))))
	s.writeOnce(file, "extends: [./scene.yaml]\n"+text)
	return file
}

// writeOnce writes a file that does not hold a text already.
func (s *scene) writeOnce(name, text string) {
	s.T.Helper()
	if old, err := os.ReadFile(name); err == nil && string(old) == text {
		return
	}
	s.Write(name, text)
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
	o.parts[name] = "closed"
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

const patience = 2 * time.Minute

// command prepares a command of this scene.
func (s *scene) command(argv ...string) *testenv.Command {
	cmd := s.Command(argv...)
	cmd.ExtraFiles = s.files
	if s.dir != "" {
		cmd.Dir = s.dir
	}
	return cmd
}

// run runs a command to its end.
func (s *scene) run(argv ...string) *outcome {
	s.T.Helper()
	if s.tty {
		return s.runOnTerminal(argv...)
	}
	r := s.Finish(s.command(argv...))
	return read(r.Status, r.Stdout, r.Stderr)
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
	s.T.Helper()
	cmd := s.command(argv...)
	var complaints safeBuffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	testenv.Must(s.T, err)
	testenv.Must(s.T, cmd.Start())
	s.keep = append(s.keep, cmd)
	var text bytes.Buffer
	buffer := make([]byte, 4096)
	for !strings.Contains(text.String(), "ready\n") {
		n, err := out.Read(buffer)
		text.Write(buffer[:n])
		if err != nil {
			s.T.Fatalf("%q ended: %v\n%s%s", argv, err, text.String(), complaints.String())
		}
	}
}

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
