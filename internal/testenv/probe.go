package testenv

import (
	"encoding/json"
	"strings"
	"testing"
)

// Facts is what the probe prints; see testdata/probe.
type Facts struct {
	PID, Parent, Session int
	UID, GID             int
	Cwd                  string
	Env                  []string
	Descriptors          map[int]string
	Status               map[string]string
	Mounts               []string
	Hostname, MachineID  string
	Interfaces           []string
	Devices              map[string]string
	Limits               map[string][2]uint64
	Processes            []int
	Init                 map[string]string
	Umask                int
}

// Probe runs the probe in a jail and returns what it saw.
func (w *World) Probe(args ...string) *Facts {
	w.T.Helper()
	run := append([]string{"run", "--read", BinDir}, args...)
	return ParseFacts(w.T, w.Succeeds(append(run, ProbeBin)...).Stdout)
}

// ParseFacts reads what the probe printed.
func ParseFacts(t *testing.T, text string) *Facts {
	t.Helper()
	var f Facts
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatalf("the probe printed %q: %v", text, err)
	}
	return &f
}

// Mount is a line of mountinfo (proc(5)).
type Mount struct {
	Root, Point, Options, Kind, Source, Super string
	Propagation                               string
}

// MountPoints are the mounts by where they are.
func (f *Facts) MountPoints() map[string]Mount {
	out := map[string]Mount{}
	for _, line := range f.Mounts {
		left, right, _ := strings.Cut(line, " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		// Of mounts on one another the last is the one that is seen.
		out[l[4]] = Mount{
			Root: l[3], Point: l[4], Options: l[5], Propagation: strings.Join(l[6:], " "),
			Kind: r[0], Source: r[1], Super: r[len(r)-1],
		}
	}
	return out
}

// Has tells whether a mount has an option.
func (m Mount) Has(option string) bool {
	for o := range strings.SplitSeq(m.Options, ",") {
		if o == option {
			return true
		}
	}
	return false
}
