package score

import (
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/profiles"
)

// TestShippedProfiles has the grade of every profile of the pack, with what is
// open in it, so that a change of a grade is seen in review.
func TestShippedProfiles(t *testing.T) {
	files, err := fs.Glob(profiles.FS, "*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d profiles: %v", len(files), err)
	}
	var b, profile strings.Builder
	grades := map[string]Exposure{}
	lines, profilesWith := map[string][]string{}, map[string]int{}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".yaml")
		r := Assess(input(t, loadNamed(t, store(""), name), desktop()))
		grades[name] = r.Exposure
		for i := range r.Findings {
			x := &r.Findings[i]
			if x.State == Closed || x.State == NotApplicable {
				continue
			}
			word := string(x.State)
			if x.Escape {
				word = "escape"
			}
			line := fmt.Sprintf("  %-6s  %s %d/%d: %s\n", word, x.Check.ID, x.Badness, x.Check.Range, x.Detail)
			lines[name] = append(lines[name], line)
			profilesWith[line]++
		}
		head := fmt.Sprintf("%s: %s %s, by weight %s\n", name, r.Exposure, r.Exposure.Grade(), r.Sum)
		lines[name] = append([]string{head}, lines[name]...)
	}
	for _, file := range files {
		for i, line := range lines[strings.TrimSuffix(file, ".yaml")] {
			if i == 0 || profilesWith[line] < len(files) {
				profile.WriteString(line)
			}
		}
	}
	b.WriteString("every profile:\n")
	for _, line := range lines["default"] {
		if profilesWith[line] == len(files) {
			b.WriteString(line)
		}
	}
	golden(t, "shipped.txt", b.String()+profile.String())
	for name, e := range grades {
		if e < grades["default"] {
			t.Errorf("%s has %s, a better grade than default with %s", name, e, grades["default"])
		}
	}
}

// TestEscapes: each of these holds the grade at EXPOSED by itself, and without
// it the grade is better.
func TestEscapes(t *testing.T) {
	root := desktop()
	root.UID, root.GID = 0, 0
	for _, c := range []struct {
		id, text string
		host     *host.Host
	}{
		{"home", `filesystem: {write: ["~"]}`, desktop()},
		{"startup-files", `filesystem: {write: [~/.bashrc]}`, desktop()},
		{"session-bus", "filesystem: {read: [/run/user/1000/bus]}\nsockets: [\"*\"]", desktop()},
		{"service-manager", "filesystem: {read: [\"${XDG_RUNTIME_DIR}/systemd\"]}\nsockets: [\"*\"]", desktop()},
		{"container-engines", "filesystem: {write: [/run/docker.sock]}\nsockets: [\"*\"]", desktop()},
		{"shells", "filesystem: {write: [/tmp/tmux-1000]}\nsockets: [\"*\"]", desktop()},
		{"x11", "filesystem: {read: [/tmp/.X11-unix]}\nsockets: [\"*\"]", desktop()},
		{"nested-users", "namespaces: {user: true}\nsyscalls: {allow: [\"@sandbox\"]}", desktop()},
		{"abstract-sockets", "network: host\nlandlock: off\nsockets: [\"*\"]", desktop()},
		{"root-outside", "", root},
	} {
		t.Run(c.id, func(t *testing.T) {
			r := Assess(input(t, load(t, "extends: [default]\n"+c.text+"\n"), c.host))
			x := r.found(t, c.id)
			if !x.Escape || r.Exposure < EscapeFloor || r.Exposure.Grade() != "EXPOSED" {
				t.Errorf("%s: escape %v, exposure %s", c.id, x.Escape, r.Exposure)
			}
			if r.Sum >= 50 {
				t.Errorf("by weight alone it is %s", r.Sum)
			}
		})
	}
}

// TestIdenticalPlans: one plan, one report, whatever the profile looks like.
func TestIdenticalPlans(t *testing.T) {
	a := Assess(input(t, load(t, "extends: [default]\nfilesystem: {read: [/opt, /srv]}\n"), desktop()))
	b := Assess(input(t, load(t, "# a comment\nfilesystem:\n  read:\n    - /srv\n    - /opt\nextends:\n  - default\n"), desktop()))
	if a.Exposure != b.Exposure || a.Sum != b.Sum || len(a.Findings) != len(b.Findings) {
		t.Fatalf("%s and %s", a.Exposure, b.Exposure)
	}
	for i := range a.Findings {
		x, y := a.Findings[i], b.Findings[i]
		if x.State != y.State || x.Badness != y.Badness || x.Detail != y.Detail {
			t.Errorf("%s: %v and %v", x.Check.ID, x, y)
		}
	}
	for range 20 {
		again := Assess(input(t, load(t, "extends: [default]\nfilesystem: {read: [/opt, /srv]}\n"), desktop()))
		for i := range again.Findings {
			again.Findings[i].Check = a.Findings[i].Check
		}
		if !reflect.DeepEqual(a, again) {
			t.Fatal("the same plan has another report")
		}
	}
}

// TestNotApplicable: such a check counts neither as good nor as bad, and what
// is not available counts as bad.
func TestNotApplicable(t *testing.T) {
	in := input(t, load(t, "extends: [default]\nnetwork: host\n"), desktop())
	r := Assess(in)
	without := make([]Finding, 0, len(r.Findings))
	for _, x := range r.Findings {
		if x.Check.ID != "groups" {
			without = append(without, x)
		}
	}
	in.Groups = nil
	none := Assess(in)
	if x := none.found(t, "groups"); x.State != NotApplicable {
		t.Fatalf("without groups the check is %s", x.State)
	}
	if none.Sum != exposure(without) {
		t.Errorf("%s with a check that does not apply, %s without the check", none.Sum, exposure(without))
	}
	in.Grouped = false
	ungrouped := Assess(in)
	if x := ungrouped.found(t, "memory-limit"); x.State != Unavailable || x.Badness != x.Check.Range {
		t.Errorf("without control groups the check is %s, badness %d", x.State, x.Badness)
	}
	limited := input(t, load(t, "extends: [default]\nlimits: {memory: 1G}\n"), desktop())
	if x := Assess(limited).found(t, "memory-limit"); x.State != Closed {
		t.Errorf("with a limit the check is %s", x.State)
	}
	limited.Grouped = false
	if x := Assess(limited).found(t, "memory-limit"); x.State != Unavailable {
		t.Errorf("a limit that this host cannot hold is %s", x.State)
	}
}

// TestFormula compares with what systemd-analyze makes of the same numbers.
func TestFormula(t *testing.T) {
	one := func(weight, badness, full int) Finding {
		return Finding{Check: &Check{Weight: weight, Range: full}, Badness: badness}
	}
	for _, c := range []struct {
		findings []Finding
		want     Exposure
		text     string
		grade    string
	}{
		{nil, 0, "0.0", "PERFECT"},
		{[]Finding{one(10, 0, 1), one(90, 0, 1)}, 0, "0.0", "PERFECT"},
		{[]Finding{one(1, 1, 1), one(999, 0, 1)}, 1, "0.1", "SAFE"},
		{[]Finding{one(100, 1, 3), one(200, 0, 1)}, 12, "1.2", "OK"}, // 34 of 300, rounded up
		{[]Finding{one(50, 1, 1), one(50, 0, 1)}, 50, "5.0", "MEDIUM"},
		{[]Finding{one(75, 1, 1), one(25, 0, 1)}, 75, "7.5", "EXPOSED"},
		{[]Finding{one(90, 1, 1), one(10, 0, 1)}, 90, "9.0", "UNSAFE"},
		{[]Finding{one(10, 1, 1)}, 100, "10.0", "DANGEROUS"},
	} {
		got := exposure(c.findings)
		if got != c.want || got.String() != c.text || got.Grade() != c.grade {
			t.Errorf("%d (%s %s), want %d (%s %s)", got, got, got.Grade(), c.want, c.text, c.grade)
		}
	}
}

// TestTable: ids are words of their own, every check says how it is closed.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Checks() {
		if seen[c.ID] || c.ID == "" || strings.Trim(c.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("the id %q", c.ID)
		}
		seen[c.ID] = true
		if c.Doc == "" || c.Group == "" || c.Fix == "" || c.Cost == "" || c.Weight <= 0 || c.Range <= 0 || c.assess == nil {
			t.Errorf("%s is incomplete: %+v", c.ID, c)
		}
	}
	if len(seen) < 60 {
		t.Errorf("only %d checks", len(seen))
	}
}

// TestNetworkModes: the more a network reaches, the worse it is; one behind the host's has a
// loopback of its own, and one of others has theirs.
func TestNetworkModes(t *testing.T) {
	h := desktop()
	h.Files.(fakeFiles)["/usr/bin/pasta"] = "x"
	h.Files.(fakeFiles)["/run/netns/lab"] = ""
	for _, c := range []struct {
		text              string
		network, loopback int
	}{
		{"network: none", 0, 0},
		{"network: {mode: nat, allow: [8.8.8.8]}", reachesName, 0},
		{"network: {mode: nat, allow: [8.8.8.0/24]}", reachesNetwork, 0},
		{"network: nat", reachesAll, 0},
		{"network: {mode: namespace, namespace: lab}", reachesAsOthers, sharesLoopback},
		{"network: host", 10, 10},
	} {
		r := Assess(input(t, load(t, "extends: [default]\n"+c.text+"\n"), h))
		if n, l := r.found(t, "network").Badness, r.found(t, "loopback").Badness; n != c.network || l != c.loopback {
			t.Errorf("%s: network %v, loopback %v", c.text, n, l)
		}
	}
}
