package flags

import (
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/launchcache"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/policy/paths"
)

// Settings makes the last layer of the policy from the flags. The inputs get
// the files whose existence decided about it.
func Settings(c *Line, h *host.Host, uses []Use, inputs *launchcache.Inputs) ([]policy.Setting, diag.List) {
	s := setter{line: c, host: h, inputs: inputs}
	for i := range uses {
		u := &uses[i]
		kind, key := meaning(u.Name)
		switch kind {
		case flagText:
			s.add(key, u.value, u.At(c))
		case flagPath:
			s.path(u, key, 0)
		case flagDirectory:
			s.add(key, s.absolute(u.value), u.At(c))
		case flagVariable:
			s.variable(u, key)
		case flagBool:
			text := "true"
			if u.given {
				text = u.value
			}
			s.add(key, text, u.At(c))
		case flagNetwork:
			s.network(u, key)
		case flagShare:
			s.share(u, key)
		case flagSet:
			s.set(u)
		case flagReplace:
			s.replace(u)
		case flagOther, flagSwitch:
		}
	}
	return s.out, s.problems
}

// Root is the directory that --root names, as the profile language has it; "" for none.
func Root(c *Line, h *host.Host, uses []Use) string {
	s := setter{line: c, host: h, inputs: new(launchcache.Inputs)}
	root := ""
	for i := range uses {
		if uses[i].Name == "root" {
			root = s.absolute(uses[i].value)
		}
	}
	return root
}

// Absolute makes a path of the command line one of the profile language, as the
// flags do.
func Absolute(h *host.Host, name string) string {
	s := setter{host: h, inputs: new(launchcache.Inputs)}
	return s.absolute(name)
}

// Exists tells whether a word of the command line as a whole is the name of a file.
func Exists(h *host.Host, name string) bool {
	s := setter{host: h, inputs: new(launchcache.Inputs)}
	return s.exists(name)
}

// setter collects settings.
type setter struct {
	line     *Line
	host     *host.Host
	inputs   *launchcache.Inputs
	out      []policy.Setting
	problems diag.List
}

func (s *setter) add(key, text string, at diag.Range) {
	s.out = append(s.out, policy.Setting{Path: strings.Split(key, "."), Text: text, At: at})
}

// path adds an entry of a list of paths. The path begins at byte from of the
// flag's value; further keys of the entry follow it as ",key=value". The name
// of an existing file that looks like that is taken as a name; for one that
// does not exist a backslash before the comma says the same.
func (s *setter) path(u *Use, key string, from int) {
	setting := policy.Setting{Path: strings.Split(key, ".")}
	end := len(u.value)
	for !s.exists(u.value[from:end]) {
		cut := from + strings.LastIndexByte(u.value[from:end], ',')
		if cut <= from || u.value[cut-1] == '\\' {
			break
		}
		name, text, ok := strings.Cut(u.value[cut+1:end], "=")
		if !ok || strings.ContainsRune(name, '/') {
			break
		}
		field, near := fieldKey(key, name)
		if field == nil {
			s.unknownKey(name, near, u.span(s.line, cut+1, cut+1+len(name)))
			return
		}
		if field.Kind == kind.PathRef {
			text = s.absolute(text)
		}
		setting.Fields = append(setting.Fields, policy.SettingField{Name: name, Text: text, At: u.span(s.line, cut+1, end)})
		end = cut
	}
	setting.Text, setting.At = s.absolute(u.value[from:end]), u.span(s.line, from, end)
	s.out = append(s.out, setting)
}

// fieldKey describes a further key of the entries of a list of paths. When
// they have no such key, near is the one that was most likely meant, or "".
func fieldKey(list, name string) (field *policy.Key, near string) {
	key, _ := findKey(list)
	if key == nil || key.Elem == nil {
		return nil, ""
	}
	var names []string
	for i := 1; i < len(key.Elem.Keys); i++ {
		if key.Elem.Keys[i].Name == name {
			return &key.Elem.Keys[i], ""
		}
		names = append(names, key.Elem.Keys[i].Name)
	}
	return nil, diag.Suggest(name, names)
}

// findKey looks a key of the profile language up, "filesystem.read". When
// there is none, near is the whole key that was most likely meant, or "".
func findKey(text string) (key *policy.Key, near string) {
	key = policy.Schema()
	parts := strings.Split(text, ".")
	for n, part := range parts {
		var names []string
		next := (*policy.Key)(nil)
		for i := range key.Keys {
			names = append(names, key.Keys[i].Name)
			if key.Keys[i].Name == part {
				next = &key.Keys[i]
			}
		}
		if key.Kind == kind.Variables && part != "" {
			next = &policy.Key{Name: part, Kind: kind.Text}
		}
		if next == nil {
			if parts[n] = diag.Suggest(part, names); parts[n] == "" {
				return nil, ""
			}
			return nil, strings.Join(parts, ".")
		}
		key = next
	}
	return key, ""
}

// exists tells whether a text as a whole is the name of a file.
func (s *setter) exists(name string) bool {
	if name == "" || isSymbolic(name) {
		return false
	}
	file := s.join(name)
	if s.host.Files.Kind(file) == host.KindMissing {
		s.inputs.Add(launchcache.Missing, file)
		return false
	}
	s.inputs.Add(launchcache.Present, file)
	return true
}

// isSymbolic tells whether a path means something to the profile language
// before it is a path: a home, a variable, a group.
func isSymbolic(name string) bool {
	return name == "~" || strings.HasPrefix(name, "~/") || strings.HasPrefix(name, "${") || strings.HasPrefix(name, "@")
}

// absolute makes a path of the command line one of the profile language. The
// name of an existing file stands for that file, whatever is in it; any other
// may have variables and globs.
func (s *setter) absolute(name string) string {
	switch {
	case name == "" || isSymbolic(name):
		return name
	case s.exists(name):
		return paths.Escape(s.join(name))
	case strings.HasPrefix(name, "/"), strings.HasPrefix(name, "~"), s.host.Cwd == "":
		return name
	}
	dir, rest := climb(s.host.Cwd, name)
	return paths.Escape(dir) + "/" + rest
}

// join makes a name absolute against the working directory.
func (s *setter) join(name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	dir, rest := climb(s.host.Cwd, name)
	if rest == "" {
		return dir
	}
	return strings.TrimSuffix(dir, "/") + "/" + rest
}

// climb goes up from dir for each "../" that name begins with. The working
// directory has no symbolic links in it, so its parent is what it looks like.
func climb(dir, name string) (up, rest string) {
	for {
		first, after, _ := strings.Cut(name, "/")
		switch first {
		case ".", "":
		case "..":
			dir = path.Dir(dir)
		default:
			return dir, name
		}
		if after == "" {
			return dir, ""
		}
		name = after
	}
}

// variable adds --env NAME or --env NAME=VALUE.
func (s *setter) variable(u *Use, key string) {
	name, text, isSet := strings.Cut(u.value, "=")
	if !isSet {
		s.add(key+".keep", name, u.At(s.line))
		return
	}
	s.out = append(s.out, policy.Setting{Path: []string{key, "set", name}, Text: text, At: u.At(s.line)})
}

// network adds --network MODE, or --network namespace:NAME.
func (s *setter) network(u *Use, key string) {
	mode, name, named := strings.Cut(u.value, ":")
	if !named || mode != "namespace" {
		s.add(key+".mode", u.value, u.At(s.line))
		return
	}
	s.add(key+".mode", mode, u.span(s.line, 0, len(mode)))
	s.add(key+".namespace", name, u.span(s.line, len(mode)+1, len(u.value)))
}

// share adds --share NAMESPACE.
func (s *setter) share(u *Use, key string) {
	if slices.Contains([]string{"pid", "ipc", "uts", "cgroup"}, u.value) {
		s.add(key+"."+u.value, "false", u.At(s.line))
		return
	}
	s.problem("unknown-namespace", "unknown namespace "+diag.Quote(u.value), u.At(s.line),
		"pid, ipc, uts and cgroup can be shared; for the network, --network host")
}

// set adds --set KEY=VALUE.
func (s *setter) set(u *Use) {
	key, text, ok := strings.Cut(u.value, "=")
	if !ok {
		s.problem("wrong-type", "--set takes KEY=VALUE", u.At(s.line), "for example --set limits.time=1h")
		return
	}
	k := s.key(u, key)
	if k == nil {
		return
	}
	at := u.span(s.line, len(key)+1, len(u.value))
	switch {
	case k.Short != "":
		s.add(key+"."+k.Short, text, at)
	case key == "sockets" && text == paths.AnySocket:
		s.add(key, text, at)
	case k.Elem != nil && k.Elem.Kind == kind.PathElement:
		s.path(u, key, len(key)+1)
	case k.Kind == kind.RootDir && text != "host":
		s.add(key, s.absolute(text), at)
	default:
		s.add(key, text, at)
	}
}

// replace adds --replace KEY.
func (s *setter) replace(u *Use) {
	key := s.key(u, u.value)
	if key == nil {
		return
	}
	if key.Kind != kind.List {
		s.problem("wrong-type", diag.Quote(u.value)+" is not a list", u.At(s.line), "--replace forgets the entries of a list, such as filesystem.write")
		return
	}
	s.out = append(s.out, policy.Setting{Path: strings.Split(u.value, "."), Replace: true, None: true, At: u.At(s.line)})
}

// key finds the key with which a flag's value begins. It reports one that the
// profile language does not have, and is nil then.
func (s *setter) key(u *Use, key string) *policy.Key {
	found, near := findKey(key)
	if found == nil {
		s.unknownKey(key, near, u.span(s.line, 0, len(key)))
	}
	return found
}

func (s *setter) unknownKey(key, near string, at diag.Range) {
	d := diag.Diagnostic{Code: "unknown-key", Summary: "unknown key " + diag.Quote(key), Subject: at}
	if near != "" {
		d.Label = "did you mean " + diag.Quote(near) + "?"
	}
	s.problems = append(s.problems, d)
}

func (s *setter) problem(code, summary string, at diag.Range, remedy string) {
	s.problems = append(s.problems, diag.Diagnostic{Code: code, Summary: summary, Subject: at, Remedy: remedy})
}
