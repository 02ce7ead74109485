package commands

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// call is one system call as strace(1) printed it, with all numbers raw and
// all strings in hexadecimal.
type call struct {
	name   string
	args   []string
	result string
	line   string
	time   float64 // seconds since 1970, at its beginning
}

// traced is what the processes of one launch did, by process.
type traced struct {
	init    []call   // the jail's init, from clone on
	program []call   // the program's process, up to execve
	others  [][]call // processes that were made and given no plan

	launcher map[string]bool // the calls of the launcher and its threads
}

// trace runs jail under strace.
func trace(w *testenv.World, args ...string) (*traced, *testenv.Result) {
	w.T.Helper()
	dir, err := os.MkdirTemp(w.Root, "trace.")
	if err != nil {
		w.T.Fatal(err)
	}
	strace := []string{"strace", "-ff", "-ttt", "-X", "raw", "-xx", "-v", "-s", "1000000", "-o", filepath.Join(dir, "t"), testenv.JailBin}
	r := w.Host(append(strace, args...)...)
	files, _ := filepath.Glob(filepath.Join(dir, "t.*"))
	processes := map[string][]call{} // by process id, as strace writes it
	threads := map[string]bool{}
	for _, file := range files {
		calls := parseTrace(w.T, w.Read(file))
		processes[strings.TrimPrefix(filepath.Ext(file), ".")] = calls
		for _, c := range calls {
			if c.makesThread() {
				threads[c.result] = true
			}
		}
	}
	tr := &traced{launcher: map[string]bool{}}
	service := serviceOf(processes)
	for id, calls := range processes {
		switch {
		case service > 0 && len(calls) > 0 && calls[0].time >= service: // a jail of its own beside the jail
		case len(calls) == 0:
		case calls[0].name == "execve", threads[id]:
			for _, c := range calls {
				tr.launcher[c.name] = true
			}
		case has(calls, "pivot_root"):
			tr.init = calls
		case has(calls, "execve"):
			tr.program = calls
		default:
			tr.others = append(tr.others, calls)
		}
	}
	return tr, r
}

// serviceOf is when the process began that sets up a service of the jail, 0 for none. It
// comes after that of the jail itself, and before all other processes of the service. (Their
// ids don't tell: the kernel begins again at low ones when it has given out all.)
func serviceOf(processes map[string][]call) float64 {
	var inits []float64
	for _, calls := range processes {
		if has(calls, "pivot_root") {
			inits = append(inits, calls[0].time)
		}
	}
	if slices.Sort(inits); len(inits) < 2 {
		return 0
	}
	return inits[1]
}

func has(calls []call, name string) bool {
	for _, c := range calls {
		if c.name == name {
			return true
		}
	}
	return false
}

var cloneFlags = regexp.MustCompile(`flags=(0x[0-9a-f]+)`)

// makesThread tells a call that made a thread of its process.
func (c call) makesThread() bool {
	m := cloneFlags.FindStringSubmatch(c.line)
	if m == nil || c.name != "clone" && c.name != "clone3" {
		return false
	}
	flags, _ := number(m[1])
	return flags&unix.CLONE_THREAD != 0
}

func parseTrace(t *testing.T, text string) []call {
	t.Helper()
	var calls []call
	for line := range strings.Lines(text) {
		stamp, line, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		begin, err := strconv.ParseFloat(stamp, 64)
		if err != nil {
			t.Fatalf("strace printed %q %q", stamp, line)
		}
		if strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++") {
			continue
		}
		if strings.HasSuffix(line, "<unfinished ...>") {
			continue // the thread's process ended meanwhile
		}
		// A thread that executes a program gets the number of its process: strace
		// prints the end of the call there, without its beginning.
		if execve := strings.HasPrefix(line, "execve(") && strings.HasSuffix(line, " ...>"); execve || strings.HasPrefix(line, "<... execve resumed>") {
			continue
		}
		open := strings.IndexByte(line, '(')
		end := strings.LastIndex(line, ") ")
		equals := strings.LastIndex(line, " = ")
		if open < 0 || end < open || equals < end {
			t.Fatalf("strace printed %q", line)
		}
		calls = append(calls, call{line[:open], splitArgs(line[open+1 : end]), line[equals+3:], line, begin})
	}
	return calls
}

// splitArgs splits at the commas that are in no string and no struct.
func splitArgs(text string) []string {
	var args []string
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[' || c == '(':
			depth++
		case c == '}' || c == ']' || c == ')':
			depth--
		case c == ',' && depth == 0:
			args = append(args, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	if rest := strings.TrimSpace(text[start:]); rest != "" {
		args = append(args, rest)
	}
	return args
}

// number reads an argument such as 0x100|17, 0755, -100 or NULL.
func number(text string) (uint64, bool) {
	if text == "NULL" {
		return 0, true
	}
	var sum uint64
	for part := range strings.SplitSeq(text, "|") {
		n, err := strconv.ParseUint(part, 0, 64)
		if err != nil {
			negative, err := strconv.ParseInt(part, 0, 64)
			if err != nil {
				return 0, false
			}
			n = uint64(negative)
		}
		sum |= n
	}
	return sum, true
}

// unquote reads a string in hexadecimal.
func unquote(text string) (string, bool) {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return "", false
	}
	s, err := strconv.Unquote(text)
	return s, err == nil
}

var integer = regexp.MustCompile(`=(-?0x[0-9a-f]+|-?[0-9]+)`)

// fields lists the numbers of a struct that are not 0.
func fields(text string) []uint64 {
	var out []uint64
	for _, m := range integer.FindAllStringSubmatch(text, -1) {
		if n, ok := number(m[1]); ok && n != 0 {
			out = append(out, n)
		}
	}
	return out
}

func (c call) String() string {
	if len(c.line) > 300 {
		return fmt.Sprintf("%s…", c.line[:300])
	}
	return c.line
}
