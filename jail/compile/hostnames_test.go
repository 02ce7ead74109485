package compile

import (
	"testing"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/jailtest"
)

func TestHostNames(t *testing.T) {
	const own = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
	for _, c := range []struct {
		name, profile string
		hosts         string // the text in the jail; "host" for the host's own file
		resolver      bool   // the host's resolv.conf is visible
	}{
		{"no network", "", own + "127.0.0.1\tjail\n", false},
		{"another name", "identity: {hostname: box}\n", own + "127.0.0.1\tbox\n", false},
		{"the host's name", "namespaces: {uts: false}\n", own, false},
		{"the host's network", "network: host\n", "host", true},
		{"the host's, named", "filesystem: {read: [/etc/hosts]}\n", "host", false},
		{"hidden by the profile", "network: host\nfilesystem: {hide: [/etc/hosts, /etc/resolv.conf]}\n", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := jailtest.Desktop()
			files, ok := h.Files.(jailtest.Files)
			if !ok {
				t.Fatal("another kind of files")
			}
			files["/etc/hosts"], files["/etc/resolv.conf"], files["/run/resolv.conf"] = "-", "/run/resolv.conf", "-"
			compiled, _ := compileFor(t, c.profile, h, "/usr/bin/true")
			if got := compiled.View.Root.At("/etc/hosts").Grant; (got.Kind == fstree.GrantRead) != (c.hosts == "host") || c.hosts != "host" && got.Text != c.hosts {
				t.Errorf("/etc/hosts is of kind %d with the text\n%s", got.Kind, got.Text)
			}
			if got := compiled.View.Visible("/run/resolv.conf"); got != c.resolver {
				t.Errorf("the host's resolv.conf is visible: %v", got)
			}
			if link := compiled.View.Root.At("/etc/resolv.conf").Link; c.resolver && link != "/run/resolv.conf" {
				t.Errorf("/etc/resolv.conf is the link %q", link)
			}
		})
	}
}
