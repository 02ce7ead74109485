package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// finding is a place in the code that breaks a rule.
type finding struct {
	at   token.Position
	text string
}

// TestSourceRules checks the rules that no linter knows.
func TestSourceRules(t *testing.T) {
	for _, p := range list(t) {
		if strings.Contains(p.name(), "internal/mk") || strings.HasPrefix(p.name(), "internal/testenv") || strings.HasPrefix(p.name(), "e2e/") || p.name() == "jail/jailtest" {
			continue // generators and what tests run are not part of jail
		}
		for _, path := range p.sources() {
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range check(set, p.name(), file) {
				t.Errorf("%s:%d: %s", filepath.Join(p.name(), filepath.Base(path)), f.at.Line, f.text)
			}
		}
	}
}

// TestSourceRulesNegativeControl feeds each rule something that breaks it.
func TestSourceRulesNegativeControl(t *testing.T) {
	tests := []struct {
		name, pkg, file, source string
		want                    int
	}{
		{"unsafe in the wrong package", "policy", "a_unsafe.go", `import "unsafe"; var _ unsafe.Pointer`, 1},
		{"unsafe in the wrong file", "jail/child", "plan.go", `import _ "unsafe"`, 1},
		{"unsafe where it belongs", "jail/child", "child_unsafe.go", `import _ "unsafe"`, 0},
		{"yaml in another file", "policy/yaml", "scan.go", `import _ "gopkg.in/yaml.v3"`, 1},
		{"yaml in another package", "policy", "yaml.go", `import _ "gopkg.in/yaml.v3"`, 1},
		{"yaml where it belongs", "policy/yaml", "yaml.go", `import _ "gopkg.in/yaml.v3"`, 0},
		{"libseccomp in another package", "jail/compile", "plan.go", `import _ "github.com/seccomp/libseccomp-golang"`, 1},
		{"libseccomp in the vocabulary", "seccomp", "cache.go", `import _ "github.com/seccomp/libseccomp-golang"`, 1},
		{"libseccomp where it belongs", "seccomp/libseccomp", "compile.go", `import _ "github.com/seccomp/libseccomp-golang"`, 0},
		{"calls in all threads elsewhere", "jail/launch", "a.go", `import _ "kernel.org/pub/linux/libs/security/libcap/psx"`, 1},
		{"init", "diag", "a.go", `func init() {}`, 1},
		{"a method called init", "diag", "a.go", `type t int; func (t) init() {}`, 0},
		{"a map", "caps", "a.go", `var m = map[string]int{"a": 1}`, 1},
		{"a made map", "caps", "a.go", `var m = make(map[string]int)`, 1},
		{"a map inside a struct", "caps", "a.go", `var m = struct{ m map[int]int }{map[int]int{}}`, 1},
		{"a regular expression", "caps", "a.go", `import "regexp"; var r = regexp.MustCompile("a")`, 1},
		{"a map that is made when used", "caps", "a.go", `import "sync"
			var m = sync.OnceValue(func() map[int]int { return map[int]int{} })`, 0},
		{"the environment", "policy", "a.go", `import "os"; func f() string { return os.Getenv("A") }`, 1},
		{"arguments", "jail/compile", "a.go", `import "os"; func f() []string { return os.Args }`, 1},
		{"exit", "jail/compile", "a.go", `import "os"; func f() { os.Exit(1) }`, 1},
		{"print", "jail/compile", "a.go", `import "fmt"; func f() { fmt.Println() }`, 1},
		{"standard error", "jail/compile", "a.go", `import ("fmt"; "os"); func f() { fmt.Fprintln(os.Stderr) }`, 1},
		{"the environment below cmd", "cmd/jail/internal/doctor", "a.go", `import "os"; func f() string { return os.Getenv("A") }`, 1},
		{"standard output below cmd", "cmd/jail/internal/output", "a.go", `import "os"; var out = os.Stdout`, 1},
		{"the grammar below cmd", "cmd/jail/internal/completion", "a.go", `import _ "github.com/alecthomas/kong"`, 1},
		{"the grammar where it belongs", "cmd/jail", "a.go", `import _ "github.com/alecthomas/kong"`, 0},
		{"all of it in cmd", "cmd/jail", "a.go", `import ("fmt"; "os"); func f() { fmt.Println(os.Args); os.Exit(1) }`, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, test.file, "package p; "+test.source, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if found := check(set, test.pkg, file); len(found) != test.want {
				t.Errorf("got %d findings, want %d: %v", len(found), test.want, found)
			}
		})
	}
}

// check returns what breaks a rule in one file of a package.
func check(set *token.FileSet, pkg string, file *ast.File) []finding {
	name := filepath.Base(set.Position(file.Package).Filename)
	var found []finding
	report := func(node ast.Node, text string) {
		found = append(found, finding{set.Position(node.Pos()), text})
	}
	for _, spec := range file.Imports {
		if text := wrongImport(pkg, name, spec); text != "" {
			report(spec, text)
		}
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == "init" {
				report(d, "init runs at every start: do the work where it is needed")
			}
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				reportWork(d, report)
			}
		}
	}
	if pkg != "cmd/jail" && pkg != "cmd/jail-launcher" && pkg != "cmd/internal/build" {
		ast.Inspect(file, func(node ast.Node) bool {
			if text := ofTheCommand(node); text != "" {
				report(node, text+" belongs to a command: take it as an argument, return it as a value")
			}
			return true
		})
	}
	return found
}

// wrongImport says why a file may not import what it imports.
func wrongImport(pkg, file string, spec *ast.ImportSpec) string {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return err.Error()
	}
	switch {
	case path == "unsafe" && (!mayBeUnsafe(pkg) || !strings.HasSuffix(file, "_unsafe.go")):
		return "unsafe belongs to *_unsafe.go of jail/child, jail/confine and jail/launch, which are reviewed for it"
	case strings.HasPrefix(path, "kernel.org/") && pkg != "jail/confine":
		return "calls in all threads belong to jail/confine"
	case path == "gopkg.in/yaml.v3" && (pkg != "policy/yaml" || file != "yaml.go"):
		return "YAML nodes stay in policy/yaml/yaml.go, so that the library can be replaced"
	case strings.HasPrefix(path, "github.com/seccomp/") && pkg != "seccomp/libseccomp":
		return "the C library stays in seccomp/libseccomp, behind a build constraint"
	case strings.HasPrefix(path, "github.com/alecthomas/kong") && pkg != "cmd/jail":
		return "grammars stay in cmd/jail: what is below it takes their values"
	}
	return ""
}

// mayBeUnsafe tells whether a package makes syscalls with addresses of memory that
// golang.org/x/sys has no function for: between fork and exec, for seccomp
// notifications, and for seccomp(2), landlock(7) and the page that a filter knows.
func mayBeUnsafe(pkg string) bool {
	return pkg == "jail/child" || pkg == "jail/confine" || pkg == "jail/launch"
}

// reportWork finds package-level variables whose value is computed when the
// program starts: every start of a jail would pay for it. Function literals
// are not entered, they run later.
func reportWork(d *ast.GenDecl, report func(ast.Node, string)) {
	const text = "is made at every start: use a switch, a sorted array or sync.OnceValue"
	for _, spec := range d.Specs {
		for _, value := range spec.(*ast.ValueSpec).Values {
			ast.Inspect(value, func(node ast.Node) bool {
				switch n := node.(type) {
				case *ast.FuncLit:
					return false
				case *ast.CompositeLit:
					if _, isMap := n.Type.(*ast.MapType); isMap {
						report(n, "this map "+text)
					}
				case *ast.CallExpr:
					if made, isMake := n.Fun.(*ast.Ident); isMake && made.Name == "make" {
						report(n, "this value "+text)
					}
					if qualified(n.Fun, "regexp", "MustCompile", "MustCompilePOSIX") {
						report(n, "this regular expression "+text)
					}
				}
				return true
			})
		}
	}
}

// ofTheCommand names what only the command may touch: its arguments, its
// environment, its output and its end.
func ofTheCommand(node ast.Node) string {
	selector, ok := node.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	switch {
	case qualified(selector, "os", "Args", "Exit", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Stdout", "Stderr"),
		qualified(selector, "fmt", "Print", "Printf", "Println"),
		qualified(selector, "syscall", "Exit", "Getenv", "Environ"):
		return selector.X.(*ast.Ident).Name + "." + selector.Sel.Name
	}
	return ""
}

// qualified reports whether an expression is one of the names of a package.
func qualified(expression ast.Expr, pkg string, names ...string) bool {
	selector, ok := expression.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := selector.X.(*ast.Ident)
	return ok && x.Name == pkg && slices.Contains(names, selector.Sel.Name)
}
