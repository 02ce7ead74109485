package changes

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Run is what one run left.
type Run struct {
	Time    time.Time `json:"time"`
	Profile string    `json:"profile"`
	Program string    `json:"program"`
	Dir     string    `json:"directory"`
	Changes []Change  `json:"changes"`
}

// The record has a line for each run and one for each of its changes: a word, and quoted
// strings.
const (
	wordRun     = "run"     // time, profile, program, directory
	wordNew     = "new"     // path
	wordChanged = "changed" // path
	wordMoved   = "moved"   // path, where it is
)

// mostRecords is how large a record may grow, in bytes; then a new one is begun, and the
// one before is kept.
const mostRecords = 1 << 20

// Open opens the record for appending, and makes it when it is missing. It is opened
// while the caller may still open files.
func Open(file string) (*os.File, error) {
	f, err := open(file)
	if errors.Is(err, os.ErrNotExist) {
		_ = os.MkdirAll(filepath.Dir(file), 0o700)
		f, err = open(file)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() > mostRecords {
		_ = f.Close()
		if err := os.Rename(file, file+".1"); err != nil {
			return nil, err
		}
		return Open(file)
	}
	return f, err
}

// open is os.OpenFile without the runtime's poller, which that begins with a dozen
// syscalls, in the launcher of each jail that runs for a moment.
func open(file string) (*os.File, error) {
	fd, err := unix.Open(file, unix.O_APPEND|unix.O_WRONLY|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: file, Err: err}
	}
	return os.NewFile(uintptr(fd), file), nil
}

// Write appends a run.
func Write(f *os.File, run *Run) error {
	var b strings.Builder
	b.WriteString(line(wordRun, run.Time.UTC().Format(time.RFC3339), run.Profile, run.Program, run.Dir))
	for _, c := range run.Changes {
		switch {
		case c.To != "":
			b.WriteString(line(wordMoved, c.Path, c.To))
		case c.New:
			b.WriteString(line(wordNew, c.Path))
		default:
			b.WriteString(line(wordChanged, c.Path))
		}
	}
	_, err := f.WriteString(b.String())
	return err
}

func line(word string, fields ...string) string {
	for _, f := range fields {
		word += " " + strconv.Quote(f)
	}
	return word + "\n"
}

// Read returns the runs of a record, oldest first. There are none in a record that does not
// exist. A line that was not written to its end is passed over.
func Read(file string) ([]Run, error) {
	var runs []Run
	for _, name := range []string{file + ".1", file} {
		text, err := readAll(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for l := range strings.Lines(string(text)) {
			runs = parse(runs, l)
		}
	}
	return runs, nil
}

// parse adds what a line says.
func parse(runs []Run, text string) []Run {
	word, rest, _ := strings.Cut(strings.TrimSuffix(text, "\n"), " ")
	fields := unquote(rest)
	change := func(c Change) {
		if len(runs) > 0 {
			last := &runs[len(runs)-1]
			last.Changes = append(last.Changes, c)
		}
	}
	switch {
	case word == wordRun && len(fields) == 4:
		at, err := time.Parse(time.RFC3339, fields[0])
		if err == nil {
			runs = append(runs, Run{Time: at, Profile: fields[1], Program: fields[2], Dir: fields[3], Changes: []Change{}})
		}
	case word == wordMoved && len(fields) == 2:
		change(Change{Path: fields[0], To: fields[1], New: true})
	case (word == wordNew || word == wordChanged) && len(fields) == 1:
		change(Change{Path: fields[0], New: word == wordNew})
	}
	return runs
}

// unquote takes quoted strings apart, nil when there is anything else.
func unquote(text string) []string {
	var fields []string
	for text != "" {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return nil
		}
		field, _ := strconv.Unquote(quoted) // it is one
		fields = append(fields, field)
		text = strings.TrimPrefix(text[len(quoted):], " ")
	}
	return fields
}

func readAll(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, 2*mostRecords))
}
