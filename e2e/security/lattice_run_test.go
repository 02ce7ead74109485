package security

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

var seedFlag = flag.Uint64("seed", 0, "the number that the cases of TestLattice are made from; 0 takes another each time")

// TestLattice makes random trees and random profiles, and compares every call
// of a probe in a real jail with the model.
func TestLattice(t *testing.T) {
	t.Parallel()
	cases := testenv.Rounds(20, 40)
	if *long {
		cases = 500
	}
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d, %d cases", seed, cases)
	calls := 0
	for n := range cases {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			calls += latticeCase(t, rand.New(rand.NewPCG(seed, uint64(n))))
		})
		if t.Failed() {
			t.Fatalf("again: go test ./e2e/security -run 'TestLattice/^%d$' -args -seed %d", n, seed)
		}
	}
	t.Logf("%d calls agree", calls)
}

type question struct{ verb, a, b string }

func (q question) String() string { return strings.TrimSpace(q.verb + "\t" + q.a + "\t" + q.b) }

func latticeCase(t *testing.T, r *rand.Rand) int {
	t.Helper()
	s := newScene(t)
	m := forest(r, s.Root+"/tree")
	s.plant(m)
	for len(m.written) == 0 {
		m.grantSome(r)
	}
	questions := m.questions(r)
	before := tree(s, m.root)
	text, profile := latticeInput(m, questions)
	line := s.start(&row{profile: profile}, jailed, testenv.ProbeBin, "lattice")
	cmd := s.command(line...)
	cmd.Stdin = strings.NewReader(text)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	answers := read(0, string(out), "").fields("answer")
	if err != nil || len(answers) != len(questions) {
		t.Fatalf("%v: %d answers to %d questions\n%s%s\n%s", err, len(answers), len(questions), stderr.String(), out, m.describe())
	}
	for i, q := range questions {
		want, got := m.ask(q.verb, q.a, q.b), answers[i]
		open := got[0] == "open"
		fine := open == want.open || want.open && want.mounts && slices.Contains([]string{"EBUSY", "EXDEV"}, got[0])
		if !fine || open && q.verb == "read" && strings.TrimSpace(got[1]) != want.text {
			t.Errorf("%s: %q, the model says %+v", q, got, want)
		}
		if q.verb == "unlink" && open { // the last question: it is not undone
			name, _, _ := m.parent(q.a)
			if _, err := os.Lstat(name); err == nil {
				t.Errorf("%s is still there", name)
			}
			return len(questions)
		}
	}
	if after := tree(s, m.root); after != before {
		t.Errorf("the host's tree changed:\n%s\nwas\n%s", after, before)
	}
	if t.Failed() {
		t.Logf("%s", m.describe())
	}
	return len(questions)
}

// plant makes the tree of a model on the host.
func (s *scene) plant(m *model) {
	s.T.Helper()
	for _, at := range slices.Sorted(maps.Keys(m.host)) {
		switch e := m.host[at]; e.kind {
		case directory:
			s.Mkdir(at)
		case symlink:
			s.link(e.target, at)
		case socket:
			// By a short way: the path of a socket has 107 bytes.
			l, err := net.Listen("unix", fmt.Sprintf("/proc/self/fd/%d/%s", s.open(path.Dir(at)).Fd(), path.Base(at)))
			if err != nil {
				s.T.Fatal(err)
			}
			s.T.Cleanup(func() { l.Close() })
		case file:
			if e.target == "" {
				s.Write(at, e.text+"\n")
			}
		case missing, masked:
		}
	}
	for at, e := range m.host {
		if e.kind == file && e.target != "" {
			if err := os.Link(e.target, at); err != nil {
				s.T.Fatal(err)
			}
		}
	}
}

// questions asks everything about every path, and about some that lead there
// by links or are not there.
func (m *model) questions(r *rand.Rand) []question {
	paths := slices.Sorted(maps.Keys(m.host))
	for range 12 {
		at := paths[r.IntN(len(paths))]
		for range 1 + r.IntN(2) {
			at += "/" + []string{"a", "b", "c", "d", "e", "..", "z"}[r.IntN(7)]
		}
		if strings.HasPrefix(path.Clean(at), m.root+"/") {
			paths = append(paths, at)
		}
	}
	var all []question
	for _, at := range paths {
		if at == m.root || path.Base(at) == ".." {
			continue
		}
		for _, verb := range []string{"stat", "read", "write", "create", "mkdir"} {
			all = append(all, question{verb: verb, a: at})
		}
		if m.host[at].kind == socket {
			all = append(all, question{verb: "connect", a: at})
		}
		to := paths[r.IntN(len(paths))] + "/z"
		all = append(all, question{"rename", at, path.Dir(at) + "/z"}, question{"rename", at, to}, question{"link", at, to})
	}
	return append(all, question{verb: "unlink", a: paths[1+r.IntN(len(paths)-1)]})
}

func latticeInput(m *model, questions []question) (text, profile string) {
	lists := map[string][]string{}
	for at, how := range m.written {
		lists[how] = append(lists[how], quote(at))
	}
	profile = "filesystem:\n"
	for _, how := range slices.Sorted(maps.Keys(lists)) {
		profile += "  " + how + ": [" + strings.Join(lists[how], ", ") + "]\n"
	}
	for _, q := range questions {
		text += q.String() + "\n"
	}
	return text, profile
}

// describe lists the tree and the rules of a case that failed.
func (m *model) describe() string {
	var b strings.Builder
	for _, at := range slices.Sorted(maps.Keys(m.host)) {
		e := m.host[at]
		fmt.Fprintf(&b, "%s %v %q %q %s\n", at, e.kind, e.target, e.text, m.written[at])
	}
	return b.String()
}
