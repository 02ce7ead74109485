package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
)

// code is what the documentation can name of the Go code.
type code struct {
	functions map[string]string // "file Function" or "file type.Method"
	names     map[string]bool   // every declared name: functions, types, fields, constants
	members   map[string]bool   // "package.Name" and "type.Method"
	packages  map[string]bool   // their names
}

// readCode parses all Go files of the checkout.
func readCode(t *testing.T) *code {
	t.Helper()
	c := &code{functions: map[string]string{}, names: map[string]bool{}, members: map[string]bool{}, packages: map[string]bool{}}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "bin") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		short, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		c.add(short, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *code) add(path string, file *ast.File) {
	c.packages[file.Name.Name] = true
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.FuncDecl:
			name := n.Name.Name
			c.names[name] = true
			if n.Recv != nil {
				name = receiver(n.Recv.List[0].Type) + "." + name
				c.members[name] = true
			} else {
				c.members[file.Name.Name+"."+name] = true
			}
			c.functions[path+" "+name] = path
		case *ast.TypeSpec:
			c.names[n.Name.Name] = true
			c.members[file.Name.Name+"."+n.Name.Name] = true
			if s, ok := n.Type.(*ast.StructType); ok {
				for _, field := range s.Fields.List {
					for _, name := range field.Names {
						c.members[n.Name.Name+"."+name.Name] = true
					}
				}
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				c.names[name.Name] = true
				c.members[file.Name.Name+"."+name.Name] = true
			}
		case *ast.Field:
			for _, name := range n.Names {
				c.names[name.Name] = true
			}
		}
		return true
	})
}

func receiver(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if name, ok := e.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

var (
	span = regexp.MustCompile("`([^`\n]+)`")
	// A row about a function: its name and its file, perhaps behind a question.
	row    = regexp.MustCompile("(?m)^\\|(?: [^|]+\\? \\|)? `([\\w.]+)` \\| `([\\w./-]+\\.go)` \\|")
	source = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)+$`)
	member = regexp.MustCompile(`^[A-Za-z]\w*\.[A-Za-z]\w*$`)
	camel  = regexp.MustCompile(`^([a-z]+[A-Z]|[A-Z][a-z]+[A-Z])\w*$`)
	target = regexp.MustCompile("(?:^|`)make ([a-z][a-z -]*)")
)

// TestChainOfCalls holds the tables of functions in the architecture page, and the
// answers to a reader's questions, to the code: each is where the table says.
func TestChainOfCalls(t *testing.T) {
	c := readCode(t)
	rows := map[string]int{}
	for _, p := range readPages(t) {
		for _, m := range row.FindAllStringSubmatch(p.text, -1) {
			rows[p.name]++
			if c.functions[m[2]+" "+m[1]] == "" {
				t.Errorf("%s: there is no %s in %s", p.name, m[1], m[2])
			}
		}
	}
	for name, least := range map[string]int{"docs/architecture.md": 80, "CONTRIBUTING.md": 10} {
		if rows[name] < least {
			t.Errorf("%s: only %d functions are named: the table is not recognised any more", name, rows[name])
		}
	}
}

// TestNames looks up every file, function, type and make target that a text
// names in code type. A decision that another took the place of names what was
// there then.
func TestNames(t *testing.T) {
	c := readCode(t)
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, p := range readPages(t) {
		if strings.Contains(p.text, "\nSuperseded by [") {
			continue
		}
		for _, part := range p.parts {
			if part.fenced && part.lang != "console" {
				continue
			}
			for _, m := range span.FindAllStringSubmatch(part.text, -1) {
				if problem := c.unknown(m[1]); problem != "" {
					t.Errorf("%s: `%s`: %s", p.name, m[1], problem)
				}
				seen++
			}
			for _, m := range target.FindAllStringSubmatch(strings.ReplaceAll(part.text, "\n$ ", "\n`"), -1) {
				for name := range strings.FieldsSeq(m[1]) {
					if !strings.Contains(string(makefile), "\n"+name+":") {
						t.Errorf("%s: there is no make target %s", p.name, name)
					}
				}
			}
		}
	}
	if seen < 200 {
		t.Errorf("only %d words in code type: they are not recognised any more", seen)
	}
}

// unknown says what is wrong with a word in code type, "" when it is
// nothing that the code or the tree would have to have.
func (c *code) unknown(word string) string {
	top, _, _ := strings.Cut(word, "/")
	switch {
	case source.MatchString(word) && isOurs(top):
		if _, err := os.Stat(filepath.Join(root, word)); err != nil {
			return "no such file"
		}
	case member.MatchString(word):
		first, _, _ := strings.Cut(word, ".")
		// Keys of the language have dots as well: limits.time.
		if (c.packages[first] || c.names[first]) && !isKey(word) && !c.members[word] && !isFile(word) {
			return "not in the code"
		}
	case camel.MatchString(word):
		if !c.names[word] {
			return "not in the code"
		}
	}
	return ""
}

// isOurs tells whether a path begins at the top of the checkout. What is in
// .git is what profiles talk about, and what is in bin and libexec is there when
// it was built.
func isOurs(top string) bool {
	if top == ".git" || top == "bin" || top == "libexec" {
		return false
	}
	_, err := os.Stat(filepath.Join(root, top))
	return err == nil
}

func isFile(word string) bool {
	switch filepath.Ext(word) {
	case ".go", ".md", ".yaml", ".scd", ".txt":
		return true
	}
	return false
}

func isKey(word string) bool {
	key := policy.Schema()
	for name := range strings.SplitSeq(word, ".") {
		found := false
		for i := range key.Keys {
			if key.Keys[i].Name == name {
				key, found = &key.Keys[i], true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// TestNamesNegativeControl feeds the check words that are wrong.
func TestNamesNegativeControl(t *testing.T) {
	c := readCode(t)
	for _, word := range []string{"jail/nothing.go", "policy.Nothing", "launch.Nothing", "Plan.nothing", "noSuchName", "TestNoSuchThing", "docs/none.md"} {
		if c.unknown(word) == "" {
			t.Errorf("%s passes", word)
		}
	}
	for _, word := range []string{"jail/plan/plan.go", "policy.Load", "Memory.Encode", "sealAll", "limits.time", "firefox", "no_new_privs", "~/.ssh", "TestNames"} {
		if problem := c.unknown(word); problem != "" {
			t.Errorf("%s: %s", word, problem)
		}
	}
}

// TestVariables looks for every variable of the language in the written part
// of the reference.
func TestVariables(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/profile.md"))
	if err != nil {
		t.Fatal(err)
	}
	written, _, _ := strings.Cut(string(text), marker)
	for _, name := range paths.VariableNames() {
		if !strings.Contains(written, "`${"+name+"}`") {
			t.Errorf("docs/profile.md does not explain ${%s}", name)
		}
	}
}
