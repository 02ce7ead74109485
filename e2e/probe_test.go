package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// facts is what the probe prints; see testdata/probe.
type facts struct {
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
	First                map[string]string
	Umask                int
}

// probe runs the probe in a jail and returns what it saw.
func (w *world) probe(args ...string) *facts {
	w.t.Helper()
	run := append([]string{"run", "--read", binDir}, args...)
	return parseFacts(w.t, w.succeeds(append(run, probeBin)...).stdout)
}

func parseFacts(t *testing.T, text string) *facts {
	t.Helper()
	var f facts
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatalf("the probe printed %q: %v", text, err)
	}
	return &f
}

// mount is a line of mountinfo (proc(5)).
type mount struct {
	root, point, options, kind, source, super string
	propagation                               string
}

func (f *facts) mounts() map[string]mount {
	out := map[string]mount{}
	for _, line := range f.Mounts {
		left, right, _ := strings.Cut(line, " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		// Of mounts on one another the last is the one that is seen.
		out[l[4]] = mount{
			root: l[3], point: l[4], options: l[5], propagation: strings.Join(l[6:], " "),
			kind: r[0], source: r[1], super: r[len(r)-1],
		}
	}
	return out
}

func (m mount) has(option string) bool {
	for o := range strings.SplitSeq(m.options, ",") {
		if o == option {
			return true
		}
	}
	return false
}
