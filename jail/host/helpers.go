package host

import "slices"

// pastaPaths are the places of pasta(1), of the package passt. It is not looked for in
// PATH: a directory of a project may be in there.
var pastaPaths = [...]string{"/usr/bin/pasta", "/usr/local/bin/pasta", "/bin/pasta", "/run/current-system/sw/bin/pasta"}

// Pasta is the program that connects a network namespace with the host's network without
// privileges, "" when there is none.
func (h *Host) Pasta() string {
	if at := slices.IndexFunc(pastaPaths[:], h.Files.Executable); at >= 0 {
		return pastaPaths[at]
	}
	return ""
}

// NamedNetwork is the file of a named network namespace, "" for none: one of the caller's,
// as rootless containers have them, or one of root's (ip-netns(8)).
func (h *Host) NamedNetwork(name string) string {
	for _, dir := range [...]string{h.Dirs["XDG_RUNTIME_DIR"], "/run"} {
		file := dir + "/netns/" + name
		if dir != "" && h.Files.Kind(file) != KindMissing {
			return file
		}
	}
	return ""
}
