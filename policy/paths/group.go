package paths

import (
	"slices"
	"strings"
)

// GroupNames lists the names of the path groups, sorted.
func GroupNames() []string { return []string{"@secrets", "@startup"} }

// Group returns the members of a path group by its name with the @: path
// rules with variables and globs, sorted. It returns nil for an unknown name.
func Group(name string) []string {
	switch name {
	case "@secrets":
		return strings.Fields(secretPaths)
	case "@startup":
		return startup()
	}
	return nil
}

// startup returns @startup: its members in homes, and in the current directory as the
// directory of a project.
func startup() []string {
	all := AutomaticStartup()
	for _, name := range ProjectTools() {
		all = append(all, "${CWD}/"+name)
	}
	slices.Sort(all)
	return all
}

// HomeStartup returns what belongs to @startup in a home: path rules, sorted.
func HomeStartup() []string { return strings.Fields(homeStartupPaths) }

// AutomaticStartup returns what of @startup is run or obeyed without anyone choosing to.
func AutomaticStartup() []string {
	all := HomeStartup()
	for _, name := range ProjectAutomatic() {
		all = append(all, "${CWD}/"+name)
	}
	return all
}

// ProjectAutomatic returns what belongs to @startup at the top of every directory that can
// be written, since a project can lie anywhere, and is run or obeyed without anyone
// choosing to: paths relative to that directory, sorted.
func ProjectAutomatic() []string { return strings.Fields(projectAutomaticPaths) }

// ProjectTools returns what belongs to @startup there and counts only when its tool is used
// on the project: likewise.
func ProjectTools() []string { return strings.Fields(projectToolsPaths) }

// GitStartup returns the files of a git directory (gitrepository-layout(5)) by
// which git is made to execute something, or to take its settings from
// elsewhere: names in that directory.
func GitStartup() []string {
	return []string{"commondir", "config", "config.worktree", "gitdir", "hooks"}
}
