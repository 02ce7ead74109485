package relay

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/network"
)

// TestLists: what files of hosts say is taken over while the relay serves, and on the
// narrow side where it can't be.
func TestLists(t *testing.T) {
	const missing = "(missing)"
	for _, c := range []struct {
		name       string
		deny, open bool
		at, then   string // the file at first, and then; entries on lines of their own
		reached    string // of the names a, b and c
		remark     string
	}{
		{"allow, one less", false, false, "a.test\nb.test", "a.test", "a", ""},
		{"allow, one more", false, false, "a.test", "a.test\nb.test # why", "ab", ""},
		{"allow, one more, by the jail", false, true, "a.test", "a.test\nb.test", "a", ""},
		{"allow, one less, by the jail", false, true, "a.test\nb.test", "b.test\nc.test", "b", ""},
		{"allow, a bad line", false, false, "a.test\nb.test", "a.test\n\n  b..test", "a", "list:3:3: "},
		{"allow, gone", false, false, "a.test", missing, "", "can't be read"},
		{"allow, too large", false, false, "a.test", "a.test\n#" + strings.Repeat("x", network.MostFile), "", "larger"},
		{"deny, one less", true, false, "a.test\nb.test", "a.test", "bc", ""},
		{"deny, one more", true, false, "a.test", "a.test\nb.test", "c", ""},
		{"deny, one less, by the jail", true, true, "a.test\nb.test", "c.test", "", ""},
		{"deny, a bad line", true, false, "a.test", "b.test\n..", "c", "list:2:1: "},
		{"deny, gone", true, false, "a.test", missing, "bc", "can't be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &network.Setting{Files: []network.File{{Shown: "list", Deny: c.deny, Open: c.open}}}
			list := &s.Allow
			if c.deny {
				list = &s.Deny
				s.Allow = ruleList([]string{"*.test"})
			}
			for line := range strings.SplitSeq(c.at, "\n") {
				*list = append(*list, network.Rule{Text: line, Place: "list:1:1", File: 1})
			}
			r, err := New(s)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 { // once more changes nothing
				var file *os.File
				if c.then != missing {
					name := filepath.Join(t.TempDir(), "list")
					if err := os.WriteFile(name, []byte(c.then), 0o600); err != nil {
						t.Fatal(err)
					}
					if file, err = os.Open(name); err != nil {
						t.Fatal(err)
					}
				}
				if r.answer(toldList+"0", file) != nil {
					t.Error("it answers")
				}
			}
			var reached string
			for _, name := range []string{"a", "b", "c"} {
				if r.rules.Load().MayAsk(name + ".test").Allowed {
					reached += name
				}
			}
			if reached != c.reached {
				t.Errorf("it reaches %q, want %q", reached, c.reached)
			}
			if text := string(r.answer(questionRefused, nil)); !strings.Contains(text, c.remark) || (c.remark == "") != (text == "") {
				t.Errorf("it says %q", text)
			}
			if n := len(r.lists.of[1][allow]) + len(r.lists.of[1][deny]); n > 4 {
				t.Errorf("%d rules have gathered", n)
			}
		})
	}
}

// TestListOfOthers: other entries stay as they are, and so do the connections by them.
func TestListOfOthers(t *testing.T) {
	stays, goes := server(t, echo), server(t, echo)
	s := newStage(t, stays.String())
	setting := &network.Setting{Allow: ruleList([]string{stays.String()}), Files: []network.File{{Shown: "list"}}}
	setting.Allow = append(setting.Allow, network.Rule{Text: goes.String(), Place: "list:1:1", File: 1})
	lists, err := newLists(setting)
	if err != nil {
		t.Fatal(err)
	}
	s.lists = lists
	s.change(lists.set())
	s.serve()
	a, b := s.dialTo(stays), s.dialTo(goes)
	for _, c := range []net.Conn{a, b} {
		if err := exchange(c, "before"); err != nil {
			t.Fatal(err)
		}
	}
	s.answer(toldList+"7", nil) // there is no such list
	s.answer(toldList+"x", nil)
	if err := exchange(b, "still"); err != nil {
		t.Error(err)
	}
	s.answer(toldList+"0", nil)
	if err := isReset(b); err != nil {
		t.Error(err)
	}
	if err := exchange(a, "after"); err != nil {
		t.Error(err)
	}
}
