package fstree

import (
	"strings"
	"testing"

	"github.com/jail-project/jail/jail/jailtest"
)

func TestAccounts(t *testing.T) {
	for _, c := range []struct {
		name, profile, user, home string
		passwd, group             string
	}{
		{
			"the caller", "", "ann", "/home/ann",
			"root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
			"root:x:0:\nann:x:1000:\nnogroup:x:65534:\n",
		},
		{
			"root", "identity: {user: root}\n", "ann", "/home/ann",
			"root:x:0:0::/home/ann:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
			"root:x:0:\nnogroup:x:65534:\n",
		},
		{
			"nobody", "identity: {user: nobody}\n", "ann", "/home/ann",
			"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/home/ann:/bin/sh\n",
			"root:x:0:\nnobody:x:65534:\n",
		},
		{
			"a name that would end the line", "", "x:0:0:\nroot2:x:0:0::/:", "/home/ann:0\nx",
			"root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:::/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
			"root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n",
		},
		{
			"a caller called root who is not", "", "root", "/home/ann",
			"root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/ann:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
			"root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n",
		},
		{"the host's own, named exactly", "filesystem: {read: [/etc/passwd, /etc/group]}\n", "ann", "/home/ann", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := jailtest.Desktop()
			h.User, h.Home = c.user, c.home
			files, ok := h.Files.(jailtest.Files)
			if !ok {
				t.Fatal("another kind of files")
			}
			files["/etc/passwd"], files["/etc/group"] = "-", "-"
			p, _ := jailtest.LoadPolicy(t, c.profile)
			g := newGranter(p, h, "")
			g.run()
			g.accounts()
			root := grow(g.grants, g.links, g.pins)
			for path, want := range map[string]string{"/etc/passwd": c.passwd, "/etc/group": c.group} {
				if got := root.At(path).Grant.Text; got != want {
					t.Errorf("%s is\n%swant\n%s", path, got, want)
				}
				if strings.Contains(root.At(path).Grant.Text, "root2") {
					t.Errorf("%s has an account that a name smuggled in", path)
				}
			}
		})
	}
}
