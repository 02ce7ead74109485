package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// A flag as --help prints it, with what stands for its value.
	helpFlag = regexp.MustCompile(`(?m)^ +(?:-\w, +)?--([a-z0-9-]+)(?:=(\S+))?`)
	// A flag at the head of a paragraph of the manual.
	manFlag = regexp.MustCompile(`(?m)^(?:\*-\w\*, )?\*--([a-z0-9-]+)\*(?: _(.+)_)?$`)
	manVerb = regexp.MustCompile(`(?m)^\*([a-z]+)\*(.*)\n\t`)
	verbRow = regexp.MustCompile(`(?m)^  ([a-z]+) +\S`)
)

// TestManualHasTheFlags compares the flags of the manual with those that the
// commands take.
func TestManualHasTheFlags(t *testing.T) {
	manual, err := os.ReadFile(filepath.Join(root, "man/jail.1.scd"))
	if err != nil {
		t.Fatal(err)
	}
	inManual := map[string]string{}
	for _, m := range manFlag.FindAllStringSubmatch(string(manual), -1) {
		inManual[m[1]] = m[2]
	}
	inHelp := map[string]string{}
	for _, verb := range verbs(t) {
		if verb == "help" {
			continue
		}
		for _, m := range helpFlag.FindAllStringSubmatch(run(t, verb, "--help"), -1) {
			inHelp[m[1]] = m[2]
		}
	}
	for name, value := range inHelp {
		in, ok := inManual[name]
		if !ok {
			t.Errorf("man/jail.1.scd does not describe --%s", name)
		} else if in != value {
			t.Errorf("man/jail.1.scd says --%s %s, the command --%s=%s", name, in, name, value)
		}
	}
	for name := range inManual {
		if _, ok := inHelp[name]; !ok {
			t.Errorf("man/jail.1.scd describes --%s, which no command takes", name)
		}
	}
	if len(inHelp) < 20 {
		t.Errorf("only %d flags in the help: they are not recognised any more", len(inHelp))
	}
}

// TestManualHasTheCommands compares the commands, and which of them take
// --json.
func TestManualHasTheCommands(t *testing.T) {
	manual, err := os.ReadFile(filepath.Join(root, "man/jail.1.scd"))
	if err != nil {
		t.Fatal(err)
	}
	_, commands, _ := strings.Cut(string(manual), "\n# COMMANDS\n")
	commands, _, _ = strings.Cut(commands, "\n# OPTIONS\n")
	var inManual []string
	takesJSON := map[string]bool{}
	for _, m := range manVerb.FindAllStringSubmatch(commands, -1) {
		inManual = append(inManual, m[1])
		takesJSON[m[1]] = strings.Contains(m[2], "*--json*")
	}
	known := verbs(t)
	if !slices.Equal(inManual, known) {
		t.Errorf("man/jail.1.scd has the commands %v, jail has %v", inManual, known)
	}
	for _, verb := range known {
		if verb != "help" && strings.Contains(run(t, verb, "--help"), "--json") != takesJSON[verb] {
			t.Errorf("%s and its manual do not agree about --json", verb)
		}
	}
}

// verbs lists the commands of jail.
func verbs(t *testing.T) []string {
	t.Helper()
	_, list, _ := strings.Cut(run(t, "help"), "Verbs:\n")
	var out []string
	for _, m := range verbRow.FindAllStringSubmatch(list, -1) {
		out = append(out, m[1])
	}
	if len(out) == 0 {
		t.Fatal("no commands in the help")
	}
	return out
}

// run returns what jail prints.
func run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(jailBinary(t), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("jail %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestManualsRender makes the manual pages and lets mandoc look at them.
func TestManualsRender(t *testing.T) {
	needProgram(t, "scdoc")
	needProgram(t, "mandoc")
	sources, err := filepath.Glob(filepath.Join(root, "man/*.scd"))
	if err != nil || len(sources) < 2 {
		t.Fatalf("%v %v", sources, err)
	}
	for _, name := range sources {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		scdoc := exec.Command("scdoc")
		scdoc.Stdin = bytes.NewReader(source)
		made, err := scdoc.Output()
		if err != nil {
			t.Errorf("%s: scdoc: %v", name, err)
			continue
		}
		for _, problem := range lint(t, made) {
			t.Errorf("%s: %s", name, problem)
		}
	}
	if len(lint(t, []byte(".TH a 1 2026-01-01\n.SH NAME\na \\- b\n.nosuch\n"))) == 0 {
		t.Error("a bad page passes")
	}
}

// lint returns what mandoc says about a page, but for the paragraph macros
// that scdoc writes more often than needed.
func lint(t *testing.T, page []byte) []string {
	t.Helper()
	mandoc := exec.Command("mandoc", "-T", "lint", "-W", "warning")
	mandoc.Stdin = bytes.NewReader(page)
	out, err := mandoc.Output()
	if err != nil && len(out) == 0 {
		t.Fatalf("mandoc: %v", err)
	}
	var problems []string
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "skipping paragraph macro: PP") {
			problems = append(problems, strings.TrimSpace(line))
		}
	}
	return problems
}

// needProgram skips where a program is missing, and fails where nothing may
// be skipped.
func needProgram(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if os.Getenv("JAIL_TEST_REQUIRE") != "" {
		t.Fatalf("%s is not installed: make deps", name)
	}
	t.Skipf("%s is not installed", name)
}
