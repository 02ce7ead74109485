package repositories

import (
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// Whatever git outside obeys or runs by itself in a repository can't be planted there:
// neither where it exists nor where it doesn't, under this name or another.
func TestPlantedInRepository(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "git")
	bare := repository + "rm -rf .git/hooks; "
	// A whole repository of the program's, of which git status outside runs a command.
	evil := "cp -r .git evil && " + monitor + " >>evil/config && rm -f evil/index.lock"
	top := "mkdir -p objects refs && echo 'ref: refs/heads/x' >HEAD && printf '[core]\\nrepositoryformatversion=0\\nbare=false\\nworktree={PROJECT}\\n' >config && " + monitor + " >>config"
	tryAll(t, []attack{
		{name: "hooks that are missing", setup: bare, script: "mkdir .git/hooks; " + hook + " >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit"},
		{name: "hooks that exist", setup: repository, script: hook + " >.git/hooks/post-checkout; chmod +x .git/hooks/post-checkout", alone: true},
		{name: "a hook that exists", setup: repository + "printf '#!/bin/sh\\n' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit", script: hook + " >.git/hooks/pre-commit", alone: true},
		{name: "a hook by rename", setup: repository, script: hook + " >h; chmod +x h; mv h .git/hooks/pre-commit", alone: true},
		{name: "hooks by rename", setup: bare, script: "mkdir h; " + hook + " >h/pre-commit; chmod +x h/pre-commit; mv h .git/hooks"},
		{name: "hooks by exchange", setup: repository, script: "mkdir h; " + hook + " >h/pre-commit; chmod +x h/pre-commit; mv .git/hooks old; mv h .git/hooks", alone: true},
		{name: "hooks by a link", setup: bare, script: "mkdir h; " + hook + " >h/pre-commit; chmod +x h/pre-commit; ln -s ../h .git/hooks"},
		{name: "a hook by a hard link", setup: repository, script: hook + " >h; chmod +x h; ln h .git/hooks/pre-commit", alone: true},
		{name: "config", setup: repository, script: monitor + " >>.git/config", alone: true},
		{name: "config by rename", setup: repository, script: monitor + " >c; mv c .git/config", alone: true},
		{name: "config by git", setup: repository, script: "git config core.fsmonitor '{PWN}; false'", alone: true},
		{name: "config by another name", setup: repository, script: "ln .git/config c; " + monitor + " >>c", alone: true},
		{name: "config.worktree", setup: repository + "git config extensions.worktreeConfig true", script: monitor + " >.git/config.worktree"},
		{name: "config.worktree by a hard link", setup: repository + "git config extensions.worktreeConfig true", script: monitor + " >c; ln c .git/config.worktree"},
		{name: "config.worktree that exists", setup: repository + "git config extensions.worktreeConfig true; touch .git/config.worktree", script: monitor + " >.git/config.worktree", alone: true},
		{name: "commondir", setup: repository, script: evil + "; echo ../evil >.git/commondir"},
		{name: "commondir by a link", setup: repository, script: evil + "; echo ../evil >c; ln -s ../c .git/commondir"},
		{name: ".git by rename", setup: repository, script: evil + "; mv .git old; mv evil .git", alone: true},
		{name: ".git by removal", setup: repository, script: evil + "; rm -rf .git; mv evil .git", alone: true},
		{name: ".git where there is none", script: "git init -q .; " + hook + " >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; " + monitor + " >>.git/config", setup: "mkdir -p {SRV}/x"},
		{name: ".git as a link that leads nowhere", setup: "ln -s {SRV}/none .git", script: "rm .git; git init -q .; " + monitor + " >>.git/config"},
		{name: ".git as a link", setup: repository + "mv .git {SRV}/git; ln -s {SRV}/git .git", script: "rm .git; git init -q .; " + monitor + " >>.git/config", alone: true},
		{name: ".git as a file", setup: repository + "mv .git {SRV}/git; echo 'gitdir: {SRV}/git' >.git", script: "rm .git; git init -q .; " + monitor + " >>.git/config", alone: true},
		{name: "hooks as a link that leads nowhere", setup: bare + "ln -s {SRV}/none .git/hooks", script: "rm .git/hooks; mkdir .git/hooks; " + hook + " >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit", alone: true},
		{name: "hooks as a link", setup: bare + "mkdir {SRV}/h; ln -s {SRV}/h .git/hooks", script: "rm .git/hooks; mkdir .git/hooks; " + hook + " >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit", alone: true},
		{name: "core.hooksPath that exists", setup: repository + "mkdir own; git config core.hooksPath own", script: hook + " >own/pre-commit; chmod +x own/pre-commit", alone: true},
		{name: "core.hooksPath that is missing", setup: repository + "git config core.hooksPath own/hooks", script: "mkdir -p own/hooks; " + hook + " >own/hooks/pre-commit; chmod +x own/hooks/pre-commit"},
		{name: "core.hooksPath of the user's own settings", setup: repository + "mkdir own; git config --global core.hooksPath own", script: hook + " >own/pre-commit; chmod +x own/pre-commit", alone: true},
		{name: "core.hooksPath of the user's own settings that is missing", setup: repository + "git config --global core.hooksPath own", script: "mkdir own; " + hook + " >own/pre-commit; chmod +x own/pre-commit"},
		{name: "core.hooksPath of an included file", setup: repository + "mkdir own; printf '[core]\\nhooksPath = own\\n' >more; git config include.path ../more", script: hook + " >own/pre-commit; chmod +x own/pre-commit", alone: true},
		{name: "core.hooksPath below a link", setup: repository + "mkdir real; ln -s real link; git config core.hooksPath link", script: "rm link; mkdir link; " + hook + " >link/pre-commit; chmod +x link/pre-commit", alone: true},
		{name: "core.fsmonitor that exists", setup: repository + "printf '#!/bin/sh\\n' >mon; chmod +x mon; git config core.fsmonitor {PROJECT}/mon", script: hook + " >mon", alone: true},
		{name: "core.fsmonitor that is missing", setup: repository + "git config core.fsmonitor {PROJECT}/mon", script: hook + " >m; chmod +x m; mv m mon"},
		{name: "core.fsmonitor with arguments", setup: repository + "printf '#!/bin/sh\\n' >mon; chmod +x mon; git config core.fsmonitor './mon --fast'", script: hook + " >mon", alone: true},
		{name: "include.path that exists", setup: repository + "touch .gitconfig; git config include.path ../.gitconfig", script: monitor + " >.gitconfig", alone: true},
		{name: "include.path that is missing", setup: repository + "git config include.path ../.gitconfig", script: monitor + " >.gitconfig"},
		{name: "includeIf", setup: repository + "git config includeIf.gitdir:{PROJECT}/.path ../cond", script: monitor + " >cond"},
		{name: "include in an included file", setup: repository + "printf '[include]\\npath = second\\n' >first; git config include.path ../first", script: monitor + " >second"},
		{name: "a filter", setup: repository + "printf '#!/bin/sh\\ncat\\n' >clean; chmod +x clean; git config filter.x.clean ./clean; echo '* filter=x' >.gitattributes; git add .; git commit -qm two; git status", script: hook + " >clean; touch file", alone: true},
		{name: "the directory itself as a repository", setup: repository, script: "rm -f .git/HEAD; " + top},
		{name: "the directory itself, linked", setup: repository, script: "rm -f .git/HEAD; mkdir -p a/objects a/refs; cd a; " + top + "; cd ..; ln -s a/objects objects; ln -s a/refs refs; mv a/config config; ln a/HEAD HEAD"},
		{name: "the directory itself where there is no .git", setup: "mkdir -p {SRV}/x", script: top},
		{name: ".git/HEAD gone, a directory above", setup: repository + "mkdir sub", flags: []string{"--write", "{PROJECT}"}, script: "mv .git/HEAD .git/OLD; " + top},
		{name: "another spelling", setup: repository, script: "mkdir -p .GIT/hooks .git/Hooks; " + hook + " >.GIT/hooks/pre-commit; " + hook + " >.git/Hooks/pre-commit; chmod +x .GIT/hooks/pre-commit .git/Hooks/pre-commit; " + monitor + " >.GIT/config; " + monitor + " >.git/CONFIG", failed: true},
		{name: "a submodule's git directory", setup: submodule, script: monitor + " >>.git/modules/sub/config", alone: true},
		{name: "a submodule's hooks", setup: submodule + "rm -rf .git/modules/sub/hooks; ", script: "mkdir .git/modules/sub/hooks; " + hook + " >.git/modules/sub/hooks/pre-commit; chmod +x .git/modules/sub/hooks/pre-commit", victim: "cd sub; " + usual},
		{name: "a submodule's .git where it was taken out of use", setup: submodule + "git submodule -q deinit -f sub; git add -A", script: evil + "; mkdir -p sub; mv evil sub/.git", reported: true},
		{name: "a linked work tree's .git", setup: repository + "git worktree add -q wt", script: evil + "; rm wt/.git; mv evil wt/.git", victim: "cd wt; git status", reported: true},
		{name: "a submodule's .git", setup: submodule, script: evil + "; rm sub/.git; mv evil sub/.git"},
		{name: "a submodule's core.fsmonitor", setup: submodule + "printf '#!/bin/sh\\n' >mon; chmod +x mon; git -C sub config core.fsmonitor ../mon", script: hook + " >mon", alone: true},
		{name: "a submodule's core.hooksPath", setup: submodule + "mkdir own; git -C sub config core.hooksPath ../own", script: hook + " >own/pre-commit; chmod +x own/pre-commit", victim: "cd sub; " + usual, alone: true},
		{name: "a submodule's git directory elsewhere", setup: submodule + "mv .git/modules/sub gd; echo 'gitdir: ../gd' >sub/.git; git config -f gd/config core.worktree ../sub", script: monitor + " >>gd/config", alone: true},
		{name: "a submodule's settings, where its directory is granted", setup: submodule, flags: []string{"--write", ".git/modules"}, script: monitor + " >>.git/modules/sub/config", alone: true, wide: []string{"--write", ".git/modules/sub/config"}},
		{name: "core.hooksPath in a linked work tree", setup: repository + "git config core.hooksPath own; git worktree add -q wt; mkdir wt/own", script: hook + " >wt/own/pre-commit; chmod +x wt/own/pre-commit", victim: "cd wt; " + usual, alone: true},
		{name: "a git directory apart", setup: "git init -q --separate-git-dir gd .; git commit -q --allow-empty -m one", script: monitor + " >>gd/config", alone: true},
		{name: "core.hooksPath that is the project", setup: repository + "git config core.hooksPath {PROJECT}", script: hook + " >pre-commit; chmod +x pre-commit"},
		{name: "a command in a quoted command", setup: repository + "echo false >mon; git config core.fsmonitor \"sh -c 'cd .; sh ./mon 1'\"", script: hook + " >mon", alone: true},
		{name: "a section with a comment", setup: repository + "mkdir own; printf '[core] ; see [1]\\n\\thooksPath = own\\n' >>.git/config", script: hook + " >own/pre-commit; chmod +x own/pre-commit", alone: true},
		{name: "init.templateDir", setup: repository + "mkdir -p tpl/hooks; git config --global init.templateDir {PROJECT}/tpl", script: hook + " >tpl/hooks/pre-commit; chmod +x tpl/hooks/pre-commit", victim: "git init -q {SRV}/new; cd {SRV}/new; " + usual, alone: true},
		{name: "a hook that is a link", setup: repository + "mkdir own; printf '#!/bin/sh\\n' >own/check; chmod +x own/check; ln -s ../../own/check .git/hooks/pre-commit", script: hook + " >own/check", alone: true},
		{name: "a hook that is a link, by rename of its directory", setup: repository + "mkdir own; printf '#!/bin/sh\\n' >own/check; chmod +x own/check; ln -s ../../own/check .git/hooks/pre-commit", script: "mv own old; mkdir own; " + hook + " >own/check; chmod +x own/check", alone: true},
		{name: "a share of Mercurial's", setup: "mkdir .hg; touch .hg/requires", script: "echo shared >>.hg/requires; echo planted >.hg/sharedpath", victim: found(".hg/sharedpath")},
		{name: "settings of Mercurial's that are not shared", setup: "mkdir .hg; touch .hg/requires", script: "echo share-safe >>.hg/requires; echo planted >.hg/hgrc-not-shared", victim: found(".hg/hgrc-not-shared")},
		{name: "a workspace of jj's", setup: "mkdir .jj; echo /none >.jj/repo", script: "rm .jj/repo; mkdir .jj/repo; echo planted >.jj/repo/config.toml", victim: found(".jj/repo/config.toml"), alone: true},
	})
}

const submodule = repository + "git init -q {SRV}/lib; git -C {SRV}/lib commit -q --allow-empty -m lib; git submodule -q add {SRV}/lib sub; git commit -qm sub; "
