package archtest

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestQuickIsSmall keeps out of the quick build what a launch that was begun
// does without: every package takes its time to start.
func TestQuickIsSmall(t *testing.T) {
	deps := func(tags string) []string {
		out, err := exec.Command("go", "list", "-deps", "-tags", tags, module+"/cmd/jail").Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(out))
	}
	quick, whole := deps("quick"), deps("")
	for _, heavy := range []string{
		"gopkg.in/yaml.v3", "github.com/alecthomas/kong", "github.com/godbus/dbus/v5",
		"net", "regexp", "encoding/json", "os/exec", "go/doc",
	} {
		if !slices.Contains(whole, heavy) {
			t.Errorf("%s is in neither build: this list is out of date", heavy)
		}
		if slices.Contains(quick, heavy) {
			t.Errorf("the quick build of jail has %s", heavy)
		}
	}
}
