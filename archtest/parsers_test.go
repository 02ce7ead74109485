package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// parsers take bytes apart outside of jails that something inside or somebody
// else could have written; each has a fuzz test.
var parsers = map[string]struct{ pkg, fuzz string }{
	"terminal.scan":               {"terminal", "FuzzModes"},         // what the program prints
	"unixsock.DecodeCall":         {"unixsock", "FuzzDecodeCall"},    // how it connects
	"unixsock.DecodeAddress":      {"unixsock", "FuzzDecodeAddress"}, // and where to
	"network/hello.parse":         {"network/hello", "FuzzInspect"},  // what it sends to a server
	"jail/groups.parseACL":        {"jail/groups", "FuzzACL"},        // attributes of files
	"policy/yaml.Parse":           {"policy", "FuzzLoad"},            // profiles
	"policy/yaml.decode":          {"policy", "FuzzLoad"},
	"policy/yaml.scan":            {"policy", "FuzzLoad"},
	"policy/kind.parseIPv4":       {"policy/kind", "FuzzAddress"},
	"policy/kind.parseIPv6":       {"policy/kind", "FuzzAddress"},
	"network.DecodePorts":         {"", ""},                          // two bytes for each, which all mean something
	"network.DecodeSetting":       {"network", "FuzzDecodeSetting"},  // what the relay is told
	"display.DecodeSetting":       {"display", "FuzzDecodeSetting"},  // and the filter of a display
	"policy/codec.Decode":         {"policy/codec", "FuzzDecode"},    // and what jail keeps itself:
	"launchcache.decode":          {"launchcache", "FuzzDecodeBody"}, // what was loaded
	"launchcache.decodeBody":      {"launchcache", "FuzzDecodeBody"},
	"jail/compile.DecodeEntry":    {"jail/compile", "FuzzDecodeEntry"}, // how to enter
	"registry.decode":             {"registry", "FuzzDecode"},          // which jails run
	"changes.parse":               {"changes", "FuzzParse"},            // what runs have left
	"jail/fstree.gitSettings":     {"jail/fstree", "FuzzGitSettings"},  // what a repository's settings name
	"seccomp.decodeEntry":         {"seccomp", "FuzzDecodeEntry"},
	"jail/plan.ParseStatus":       {"", ""},                      // eight bytes, which all mean something
	"network/dns.parseQuery":      {"network/dns", "FuzzAnswer"}, // what the program asks, and what it is answered
	"network/dns.parseResponse":   {"network/dns", "FuzzResponse"},
	"network/dns.ParseResolvConf": {"network/dns", "FuzzFiles"}, // and files of the host
	"x11/wire.parseSetup":         {"x11/wire", "FuzzSetup"},    // what an X server says of itself
	"x11/xauth.Parse":             {"x11/xauth", "FuzzParse"},   // a file with cookies
	"network/dns.ParseHosts":      {"network/dns", "FuzzFiles"},
}

// parserHead is the head of a function that takes bytes apart.
var parserHead = regexp.MustCompile(`(?m)^func (?:\([^)]*\) )?((?i:decode|parse|scan)\w*)\([^)]*\bbyte\b[^)]*\)|^func (parse|gitSettings)\([^)]*text string`)

func parsersIn(text string) (names []string) {
	for _, m := range parserHead.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1]+m[2])
	}
	return names
}

// TestV4ParsersAreFuzzed: whoever adds a parser adds a fuzz test.
func TestV4ParsersAreFuzzed(t *testing.T) {
	found := map[string]bool{}
	for _, p := range list(t) {
		if strings.Contains(p.name(), "internal/") && !strings.HasPrefix(p.name(), "cmd/jail/internal/") || strings.HasPrefix(p.name(), "e2e/") || p.name() == "wire" {
			continue
		}
		for _, file := range p.sources() {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range parsersIn(string(text)) {
				found[p.name()+"."+name] = true
			}
		}
	}
	for name := range found {
		if _, ok := parsers[name]; !ok {
			t.Errorf("%s has no fuzz test in the table of this test", name)
		}
	}
	for name, p := range parsers {
		if !found[name] {
			t.Errorf("%s is not there: the table of this test is out of date", name)
		}
		if p.fuzz != "" && !declares(t, filepath.Join("..", p.pkg), "func "+p.fuzz+"(f *testing.F)") {
			t.Errorf("%s has no %s", p.pkg, p.fuzz)
		}
	}
}

// declares tells whether a test of a package has a text.
func declares(t *testing.T, dir, text string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), text) {
			return true
		}
	}
	return false
}

func TestV4NegativeControl(t *testing.T) {
	for text, want := range map[string]int{
		"func decodeName(b []byte) string {": 1, "func (m *modes) scan(printed []byte) {": 1, "func ParseX(n int, b *[8]byte) {": 1,
		"func parseFlag(text string) bool {": 0, "	decode(b []byte)": 0, "// func decode(b []byte)": 0,
	} {
		if got := parsersIn(text); len(got) != want {
			t.Errorf("in %q: %q", text, got)
		}
	}
	if declares(t, ".", "func Fuzz"+"Nothing(f *testing.F)") {
		t.Error("a fuzz test that is not there is found")
	}
}
