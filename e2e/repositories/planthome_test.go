package repositories

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// found is a victim: it runs what was planted in a file.
func found(file string) string { return "grep -qs planted " + file + " && {PWN}" }

var wholeHome = []string{"--home", "host", "--write", "{HOME}"}

// What starts by itself from a home can't be planted there by a program that may write all
// of it: neither by its name nor by what leads to it.
func TestPlantedInHome(t *testing.T) {
	t.Parallel()
	// ~/.config and ~/.cache hold jail's own files and can't be moved at all; others can.
	const bin = "mkdir -p ~/.cargo/bin; echo planted >~/.cargo/bin/x"
	ran := found("~/.cargo/bin/x")
	const autostart = "mkdir -p ~/.config/autostart; echo planted >~/.config/autostart/x.desktop"
	desktop := found("~/.config/autostart/x.desktop")
	const profiles = "mkdir -p ~/.config/jail/profiles; echo '# planted' >~/.config/jail/profiles/ls.yaml"
	profile := found("~/.config/jail/profiles/ls.yaml")
	const cache = "mkdir -p ~/.cache/jail/launch; echo planted >~/.cache/jail/launch/x"
	cached := found("~/.cache/jail/launch/x")
	attacks := []attack{
		{name: "a file that is missing", script: "echo planted >~/.bash_profile", victim: found("~/.bash_profile")},
		{name: "a file that exists", setup: "touch ~/.bash_profile", script: "echo planted >~/.bash_profile", victim: found("~/.bash_profile"), alone: true},
		{name: "a file by rename", script: "echo planted >~/x; mv ~/x ~/.bash_profile", victim: found("~/.bash_profile")},
		{name: "an existing file by rename", setup: "touch ~/.bash_profile", script: "echo planted >~/x; mv ~/x ~/.bash_profile", victim: found("~/.bash_profile"), alone: true},
		{name: "a file by a hard link", script: "echo planted >~/x; ln ~/x ~/.bash_profile", victim: found("~/.bash_profile")},
		{name: "another name of an existing file", setup: "touch ~/.bash_profile", script: "ln ~/.bash_profile ~/x; echo planted >~/x", victim: found("~/.bash_profile"), alone: true},
		{name: "a file by a link", script: "echo planted >~/x; ln -s x ~/.bash_profile", victim: found("~/.bash_profile")},
		{name: "another spelling", script: "echo planted >~/.BASH_PROFILE; mkdir -p ~/.Config/autostart; echo planted >~/.Config/autostart/x.desktop", victim: found("~/.bash_profile") + "; " + desktop, failed: true},
		{name: "a directory that is missing", setup: "mkdir ~/.config", script: autostart, victim: desktop},
		{name: "a directory whose parent is missing", script: autostart, victim: desktop},
		{name: "a directory that exists", setup: "mkdir -p ~/.config/autostart", script: autostart, victim: desktop, alone: true},
		{name: "a parent by rename", setup: "mkdir -p ~/.cargo/bin", script: "mv ~/.cargo ~/c; " + bin, victim: ran, alone: true},
		{name: "~/.config by rename", setup: "mkdir -p ~/.config/autostart", script: "mv ~/.config ~/c; " + autostart, victim: desktop, alone: true, never: true},
		{name: "a parent with nothing in it by rename", setup: "mkdir -p ~/.cargo/other", script: "mkdir -p ~/c/bin; echo planted >~/c/bin/x; mv ~/.cargo ~/d; mv -T ~/c ~/.cargo", victim: ran},
		{name: "~/.config with nothing in it by rename", setup: "mkdir -p ~/.config/other", script: "mkdir -p ~/c/autostart; echo planted >~/c/autostart/x.desktop; mv ~/.config ~/d; mv -T ~/c ~/.config", victim: desktop, never: true},
		{name: "a parent with nothing in it by removal", setup: "mkdir -p ~/.cargo", script: "rmdir ~/.cargo; sleep 0.1; " + bin, victim: ran},
		{name: "a parent that was missing by rename", script: "mkdir -p ~/c/bin; echo planted >~/c/bin/x; mv -T ~/c ~/.cargo", victim: ran},
		{name: "~/.config that was missing by rename", script: "mkdir -p ~/c/autostart; echo planted >~/c/autostart/x.desktop; mv -T ~/c ~/.config", victim: desktop, never: true},
		{name: "a parent by exchange", setup: "mkdir -p ~/.cargo", script: "mkdir -p ~/c/bin; echo planted >~/c/bin/x; mv ~/.cargo ~/d; ln -s c ~/.cargo", victim: ran},
		{name: "a parent as a link", setup: "mkdir {SRV}/c; ln -s {SRV}/c ~/.cargo", script: "mv ~/.cargo ~/c; " + bin, victim: ran, alone: true},
		{name: "~/.config as a link", setup: "mkdir {SRV}/c; ln -s {SRV}/c ~/.config", script: "mv ~/.config ~/c; " + autostart, victim: desktop, alone: true, never: true},
		{name: "a parent as a link with the directory in it", setup: "mkdir -p {SRV}/c/bin; ln -s {SRV}/c ~/.cargo", script: "rm ~/.cargo; " + bin, victim: ran, alone: true},
		{name: "~/.config as a link with the directory in it", setup: "mkdir -p {SRV}/c/autostart; ln -s {SRV}/c ~/.config", script: "rm ~/.config; " + autostart, victim: desktop, alone: true, never: true},
		{name: "a parent as a link that leads nowhere", setup: "ln -s {SRV}/none ~/.cargo", script: "rm ~/.cargo; " + bin, victim: ran, alone: true},
		{name: "~/.config as a link that leads nowhere", setup: "ln -s {SRV}/none ~/.config", script: "rm ~/.config; " + autostart, victim: desktop, alone: true, never: true},
		{name: "a parent as a link into what is granted", setup: "mkdir ~/dot; ln -s dot ~/.cargo", script: bin, victim: ran},
		{name: "~/.config as a link into what is granted", setup: "mkdir ~/dot; ln -s dot ~/.config", script: autostart, victim: desktop, never: true},
		{name: "a parent as a link to a link", setup: "ln -s {SRV}/none ~/dot; ln -s dot ~/.cargo", script: "rm ~/dot; mkdir ~/dot; " + bin, victim: ran, alone: true},
		{name: "~/.config as a link to a link", setup: "ln -s {SRV}/none ~/dot; ln -s dot ~/.config", script: "rm ~/dot; mkdir ~/dot; " + autostart, victim: desktop, alone: true, never: true},
		{name: "the directory as a link that leads nowhere", setup: "mkdir ~/.cargo; ln -s {SRV}/none ~/.cargo/bin", script: "rm ~/.cargo/bin; " + bin, victim: ran, alone: true},
		{name: "~/.config/autostart as a link that leads nowhere", setup: "mkdir ~/.config; ln -s {SRV}/none ~/.config/autostart", script: "rm ~/.config/autostart; " + autostart, victim: desktop, alone: true, never: true},
		{name: "a file as a link that leads nowhere", setup: "ln -s {SRV}/none ~/.bash_profile", script: "rm ~/.bash_profile; echo planted >~/.bash_profile", victim: found("~/.bash_profile"), alone: true},
		{name: "a file as a link, over which one is renamed", setup: "touch {SRV}/x; ln -s {SRV}/x ~/.bash_profile", script: "echo planted >~/x; mv ~/x ~/.bash_profile", victim: found("~/.bash_profile"), alone: true},
		{name: "keys as a link that leads nowhere", setup: "ln -s {SRV}/none ~/.ssh", script: "rm ~/.ssh; mkdir ~/.ssh; echo planted >~/.ssh/config", victim: found("~/.ssh/config"), alone: true, never: true},
		{name: "keys as a link", setup: "mkdir {SRV}/s; ln -s {SRV}/s ~/.ssh", script: "mv ~/.ssh ~/x; mkdir ~/.ssh; echo planted >~/.ssh/config", victim: found("~/.ssh/config"), alone: true, never: true},
		{name: "keys", script: "mkdir ~/.ssh; echo planted >~/.ssh/config", victim: found("~/.ssh/config"), never: true},
		{name: "a file as a link that leaves a directory by ..", setup: "mkdir -p ~/a/b; touch ~/real; ln -s a/b/../../real ~/.bash_profile", script: "mv ~/a ~/c; mkdir -p ~/evil/x/y ~/a; ln -s ../evil/x/y ~/a/b; echo planted >~/evil/real", victim: found("~/.bash_profile"), alone: true},
		{name: "a file as a link that leaves a missing directory by ..", setup: "ln -s a/../real ~/.bash_profile", script: "mkdir ~/a; echo planted >~/real", victim: found("~/.bash_profile")},
		{name: "a program that is a link in a directory of PATH", setup: "mkdir -p ~/bin ~/src; touch ~/src/x; ln -s ../src/x ~/bin/x", script: "echo planted >~/src/x", victim: found("~/bin/x"), alone: true},
		{name: "a compiled start-up file", setup: "touch ~/.zshrc", script: "echo planted >~/.zshrc.zwc", victim: found("~/.zshrc.zwc")},
		{name: "a directory of PATH", setup: "mkdir ~/tools", env: []string{"PATH={HOME}/tools:/usr/bin:/bin"}, script: "echo planted >~/tools/ls", victim: found("~/tools/ls"), alone: true},
		{name: "a directory of PATH that is missing", env: []string{"PATH={HOME}/tools:/usr/bin:/bin"}, script: "mkdir ~/tools; echo planted >~/tools/ls", victim: found("~/tools/ls")},
		{name: "hooks that the user's git settings name", setup: "mkdir ~/own; git config --global core.hooksPath '~/own'", script: hook + " >~/own/pre-commit; chmod +x ~/own/pre-commit", victim: "git init -q {SRV}/new; cd {SRV}/new; " + usual, alone: true},
		{name: "a file that the user's git settings include", setup: "git config --global include.path '~/more'", script: monitor + " >~/more", victim: "git init -q {SRV}/new; cd {SRV}/new; " + usual},
		{name: "profiles of jail", setup: "mkdir ~/.config", script: profiles, victim: profile, never: true},
		{name: "profiles of jail below a link", setup: "mkdir {SRV}/c; ln -s {SRV}/c ~/.config", script: "mv ~/.config ~/c; " + profiles, victim: profile, never: true, alone: true},
		{name: "profiles of jail below a link that leads nowhere", setup: "ln -s {SRV}/none ~/.config", script: "rm ~/.config; " + profiles, victim: profile, never: true, alone: true},
		{name: "profiles of jail as a link that leads nowhere", setup: "mkdir ~/.config; ln -s {SRV}/none ~/.config/jail", script: "rm ~/.config/jail; " + profiles, victim: profile, never: true, alone: true},
		{name: "the cache of jail", script: cache, victim: cached, never: true, alone: true},
		{name: "the cache of jail below a link", setup: "mkdir {SRV}/c; ln -s {SRV}/c ~/.cache", script: "rm ~/.cache; " + cache, victim: cached, never: true, alone: true},
		{name: "the cache of jail below a link that leads nowhere", setup: "ln -s {SRV}/none ~/.cache", script: "rm ~/.cache; " + cache, victim: cached, never: true, alone: true},
		{name: "the cache of jail as a link that leads nowhere", setup: "mkdir ~/.cache; ln -s {SRV}/none ~/.cache/jail", script: "rm ~/.cache/jail; " + cache, victim: cached, never: true, alone: true},
	}
	for i := range attacks {
		a := &attacks[i]
		a.flags = wholeHome
		if a.setup == "" {
			a.setup = "true"
		}
	}
	tryAll(t, attacks)
}

// A pattern, or a grant further down, does not name what is protected.
func TestPlantedByPattern(t *testing.T) {
	t.Parallel()
	profile, cached := found("~/.config/jail/profiles/ls.yaml"), found("~/.cache/jail/launch/x")
	desktop := found("~/.config/autostart/x.desktop")
	write := func(paths ...string) []string {
		flags := []string{"--home", "host"}
		for _, p := range paths {
			flags = append(flags, "--write", p)
		}
		return flags
	}
	const setup = "mkdir -p ~/.config/jail/profiles ~/.cache/jail/launch ~/.cache/other/dir ~/.config/autostart ~/.config/other/dir ~/.ssh; echo planted >~/.ssh/id_ed25519; touch ~/.bash_profile ~/.other; "
	attacks := []attack{
		{name: "profiles", flags: write("{HOME}/.config/*/*"), script: "echo '# planted' >~/.config/jail/profiles/ls.yaml", victim: profile, never: true},
		{name: "the cache", flags: write("{HOME}/.cache/*/*"), script: "echo planted >~/.cache/jail/launch/x", victim: cached, never: true},
		{name: "the cache by a name further up", flags: write("{HOME}/.cache/*"), script: "echo planted >~/.cache/jail/launch/x", victim: cached, never: true},
		{name: "a start-up directory", flags: write("{HOME}/.config/*"), script: "echo planted >~/.config/autostart/x.desktop", victim: desktop, wide: write("{HOME}/.config/autostart")},
		{name: "a start-up directory by letters", flags: write("{HOME}/.config/auto*"), script: "echo planted >~/.config/autostart/x.desktop", victim: desktop, wide: write("{HOME}/.config/autostart")},
		{name: "a start-up directory in a class", flags: write("{HOME}/.config/[a]utostart"), script: "echo planted >~/.config/autostart/x.desktop", victim: desktop, wide: write("{HOME}/.config/autostart")},
		{name: "what is in a start-up directory", setup: setup + "echo >~/.config/autostart/x.desktop", flags: write("{HOME}/.config/*/*"), script: "echo planted >~/.config/autostart/x.desktop", victim: desktop, wide: write("{HOME}/.config/autostart/x.desktop")},
		{name: "a start-up file", flags: write("{HOME}/.*"), script: "echo planted >~/.bash_profile", victim: found("~/.bash_profile"), wide: write("{HOME}/.bash_profile")},
		{name: "a key", flags: write("{HOME}/.*"), script: "cat ~/.ssh/id_ed25519 >{PROJECT}/leak", victim: found("{PROJECT}/leak"), wide: write("{HOME}/.ssh", ".")},
		{name: "a key by its own pattern", flags: append(write("."), "--read", "{HOME}/.ssh/*"), script: "cat ~/.ssh/id_ed25519 >{PROJECT}/leak", victim: found("{PROJECT}/leak"), wide: write("{HOME}/.ssh")},
		{name: "hooks by their pattern", setup: "git init -q {SRV}/r", flags: write("{SRV}/*/.git/hooks"), script: hook + " >{SRV}/r/.git/hooks/pre-commit; chmod +x {SRV}/r/.git/hooks/pre-commit", victim: "cd {SRV}/r; " + usual, wide: write("{SRV}/r/.git/hooks")},
		{name: "git's settings by a pattern", setup: "git init -q {SRV}/r", flags: write("{SRV}/r/.git/*"), script: monitor + " >>{SRV}/r/.git/config", victim: "cd {SRV}/r; " + usual, wide: write("{SRV}/r/.git/config")},
		{name: "the cache by its name", flags: write("{HOME}/.cache/jail/launch"), script: "echo planted >~/.cache/jail/launch/x", victim: cached, refused: true},
		{name: "the cache below a link", setup: setup + "ln -s ~/.cache/jail/launch ~/l", flags: write("{HOME}/l"), script: "echo planted >~/l/x", victim: cached, refused: true},
		{name: "profiles by their name", flags: write("{HOME}/.config/jail/profiles"), script: "echo '# planted' >~/.config/jail/profiles/ls.yaml", victim: profile, refused: true},
	}
	for i := range attacks {
		if attacks[i].setup == "" {
			attacks[i].setup = setup
		}
	}
	tryAll(t, attacks)
	// What such a pattern is for.
	w := newWorld(t)
	w.Host("sh", "-c", setup)
	w.Succeeds("run", "--profile", "default", "--home", "host", "--write", "~/.config/*/*", "--write", "~/.cache/*/*", "--write", "~/.ot*",
		"sh", "-ec", "echo x >~/.config/other/dir/x; echo x >~/.cache/other/dir/x; echo x >~/.other")
	for _, name := range []string{".config/other/dir/x", ".cache/other/dir/x"} {
		if !testenv.Exists(filepath.Join(w.Home, name)) {
			t.Errorf("%s was not made", name)
		}
	}
}

// With HOME and its kin elsewhere, the account's own home is as protected: programs that
// are started otherwise use it.
func TestPlantedInHomeOfAccount(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "bwrap")
	const within = "bwrap --dev-bind / / --bind {SRV}/passwd /etc/passwd"
	const setup = "mkdir -p {SRV}/h ~/.config; echo \"ann:x:$(id -u):$(id -g)::$OWN:/bin/sh\" >{SRV}/passwd; "
	own := []string{"OWN={HOME}"}
	elsewhere := []string{"OWN={HOME}", "XDG_CONFIG_HOME={SRV}/h/config", "XDG_CACHE_HOME={SRV}/h/cache", "XDG_STATE_HOME={SRV}/h/state", "XDG_DATA_HOME={SRV}/h/data"}
	attacks := []attack{
		{name: "a start-up file", script: "echo planted >$OWN/.bash_profile", victim: found("$OWN/.bash_profile"), env: append(own, "HOME={SRV}/h")},
		{name: "a start-up directory", script: "mkdir -p $OWN/.config/autostart; echo planted >$OWN/.config/autostart/x.desktop", victim: found("$OWN/.config/autostart/x.desktop"), env: append(own, "HOME={SRV}/h")},
		{name: "a start-up directory, with other XDG directories", script: "mkdir -p $OWN/.config/autostart; echo planted >$OWN/.config/autostart/x.desktop", victim: found("$OWN/.config/autostart/x.desktop"), env: elsewhere},
		{name: "profiles", script: "mkdir -p $OWN/.config/jail/profiles; echo planted >$OWN/.config/jail/profiles/ls.yaml", victim: found("$OWN/.config/jail/profiles/ls.yaml"), env: elsewhere, never: true},
		{name: "the cache", setup: "mkdir -p {HOME}/.cache/jail/launch; ", script: "echo planted >$OWN/.cache/jail/launch/x", victim: found("$OWN/.cache/jail/launch/x"), env: elsewhere, never: true},
		{name: "a key", setup: "mkdir {HOME}/.ssh; echo planted >{HOME}/.ssh/id_ed25519; ", script: "cat $OWN/.ssh/id_ed25519 >{PROJECT}/leak", victim: found("{PROJECT}/leak"), env: append(own, "HOME={SRV}/h"), never: true},
	}
	for i := range attacks {
		a := &attacks[i]
		a.within, a.setup = within, strings.Replace(setup, "~/.config", "{HOME}/.config", 1)+a.setup
		a.flags = []string{"--write", "{HOME}", "--env", "OWN={HOME}"}
	}
	tryAll(t, attacks)
}
