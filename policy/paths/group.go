package paths

import "strings"

// GroupNames lists the names of the path groups, sorted.
func GroupNames() []string { return []string{"@secrets", "@startup"} }

// Group returns the members of a path group by its name with the @: path
// rules with variables and globs, sorted. It returns nil for an unknown name.
func Group(name string) []string {
	switch name {
	case "@secrets":
		return strings.Fields(secretPaths)
	case "@startup":
		names := ProjectStartup()
		for i := range names {
			names[i] = "${CWD}/" + names[i]
		}
		return append(names, strings.Fields(startupPaths)...)
	}
	return nil
}

// GitStartup returns the files of a git directory (gitrepository-layout(5)) by
// which git is made to execute something, or to take its settings from
// elsewhere: names in that directory.
func GitStartup() []string {
	return []string{"commondir", "config", "config.worktree", "hooks", "modules", "worktrees"}
}

// ProjectStartup returns what belongs to @startup at the top of every
// directory that can be written, since a project can lie anywhere: paths
// relative to that directory, sorted. @startup itself holds them for ${CWD}.
func ProjectStartup() []string {
	return strings.Fields(projectStartupPaths)
}
