package compile

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/plan"
)

func natHost(pasta bool) *host.Host {
	h := jailtest.Desktop()
	if pasta {
		h.Files.(jailtest.Files)["/usr/bin/pasta"] = "x"
	}
	return h
}

// TestNat: the rules come before pasta is asked for, and the answer before the program.
// Without pasta, or without the host's addresses, there is no plan.
func TestNat(t *testing.T) {
	p, _ := jailtest.LoadPolicy(t, "network: nat\n")
	c, problems := Compile(p, natHost(true), Command{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if c.Plan.Attach.Program != "/usr/bin/pasta" {
		t.Errorf("the program is %q", c.Plan.Attach.Program)
	}
	at := func(name, subject string) int {
		return slices.IndexFunc(c.Plan.Setup, func(o plan.Op) bool { return o.Name == name && o.Subject == subject })
	}
	const behind = "the network behind the host's"
	rules, ask, answer := at("sendto", "what is local"), at("write", behind), at("recvfrom", behind)
	if rules < 0 || ask < rules || answer < ask {
		t.Errorf("the rules are op %d, pasta is asked for in op %d, and waited for in op %d", rules, ask, answer)
	}
	for want, h := range map[string]*host.Host{"install the package passt": natHost(false), "no table": natHost(true)} {
		h.Addresses = func() ([]host.Address, error) { return nil, errors.New("no table") }
		c, problems := Compile(p, h, Command{})
		if c.Plan != nil || !problems.HasErrors() || !strings.Contains(problems[0].Summary+problems[0].Remedy, want) {
			t.Errorf("want %q: %v", want, problems)
		}
	}
}

// TestJoinNetwork: a name is one of the caller's, then one of root's; the maps are for the
// ids that the caller has there.
func TestJoinNetwork(t *testing.T) {
	p, _ := jailtest.LoadPolicy(t, "network: {mode: namespace, namespace: lab}\n")
	h := natHost(false)
	files := h.Files.(jailtest.Files)
	if c, problems := Compile(p, h, Command{}); c.Plan != nil || !problems.HasErrors() {
		t.Error("a missing namespace has a plan")
	}
	for _, file := range []string{"/run/netns/lab", h.Dirs["XDG_RUNTIME_DIR"] + "/netns/lab"} {
		files[file] = ""
		h.JoinedUID = 7
		c, problems := Compile(p, h, Command{})
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		if c.Plan.Join.Path != file || c.Plan.Join.UID != 7 {
			t.Errorf("joined is %+v, want %s", c.Plan.Join, file)
		}
		if !slices.ContainsFunc(c.Plan.Setup, func(o plan.Op) bool {
			return len(o.Args) > 1 && o.Args[1].Block != nil && string(o.Args[1].Block.Bytes) == "1000 7 1\n"
		}) {
			t.Error("the map of users is not for that id")
		}
	}
}
