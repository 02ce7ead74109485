package paths

// homeStartupPaths are files in a home that make other programs run code, later and
// outside, without anyone choosing to: shells, desktops, the programs of every day. What
// may write them leaves the jail.
const homeStartupPaths = `
	${DESKTOP}/*.desktop ${XDG_CONFIG_HOME}/BraveSoftware/Brave-Browser/*/Extensions
	${XDG_CONFIG_HOME}/BraveSoftware/Brave-Browser/NativeMessagingHosts ${XDG_CONFIG_HOME}/Claude
	${XDG_CONFIG_HOME}/Code ${XDG_CONFIG_HOME}/Cursor ${XDG_CONFIG_HOME}/GIMP ${XDG_CONFIG_HOME}/JetBrains
	${XDG_CONFIG_HOME}/Thunar ${XDG_CONFIG_HOME}/VSCodium ${XDG_CONFIG_HOME}/Windsurf ${XDG_CONFIG_HOME}/act
	${XDG_CONFIG_HOME}/aerc ${XDG_CONFIG_HOME}/ags ${XDG_CONFIG_HOME}/alacritty ${XDG_CONFIG_HOME}/amp
	${XDG_CONFIG_HOME}/aria2 ${XDG_CONFIG_HOME}/asdf ${XDG_CONFIG_HOME}/autokey ${XDG_CONFIG_HOME}/autostart
	${XDG_CONFIG_HOME}/autostart-scripts ${XDG_CONFIG_HOME}/awesome ${XDG_CONFIG_HOME}/bash
	${XDG_CONFIG_HOME}/blender ${XDG_CONFIG_HOME}/bspwm ${XDG_CONFIG_HOME}/caja ${XDG_CONFIG_HOME}/ccache
	${XDG_CONFIG_HOME}/chrome-flags.conf ${XDG_CONFIG_HOME}/chromium-flags.conf
	${XDG_CONFIG_HOME}/chromium/*/Extensions ${XDG_CONFIG_HOME}/chromium/NativeMessagingHosts
	${XDG_CONFIG_HOME}/cinnamon ${XDG_CONFIG_HOME}/claude ${XDG_CONFIG_HOME}/code-flags.conf
	${XDG_CONFIG_HOME}/composer ${XDG_CONFIG_HOME}/conky ${XDG_CONFIG_HOME}/containers ${XDG_CONFIG_HOME}/crush
	${XDG_CONFIG_HOME}/curlrc ${XDG_CONFIG_HOME}/dconf ${XDG_CONFIG_HOME}/deluge ${XDG_CONFIG_HOME}/direnv
	${XDG_CONFIG_HOME}/distrobox ${XDG_CONFIG_HOME}/docker ${XDG_CONFIG_HOME}/doom ${XDG_CONFIG_HOME}/dunst
	${XDG_CONFIG_HOME}/electron-flags.conf ${XDG_CONFIG_HOME}/elvish ${XDG_CONFIG_HOME}/emacs
	${XDG_CONFIG_HOME}/environment.d ${XDG_CONFIG_HOME}/espanso ${XDG_CONFIG_HOME}/eww ${XDG_CONFIG_HOME}/fcitx5
	${XDG_CONFIG_HOME}/firejail ${XDG_CONFIG_HOME}/fish ${XDG_CONFIG_HOME}/flatpak ${XDG_CONFIG_HOME}/fluxbox
	${XDG_CONFIG_HOME}/fontconfig ${XDG_CONFIG_HOME}/foot ${XDG_CONFIG_HOME}/fzf ${XDG_CONFIG_HOME}/gdb
	${XDG_CONFIG_HOME}/gh ${XDG_CONFIG_HOME}/ghostty ${XDG_CONFIG_HOME}/git ${XDG_CONFIG_HOME}/github-copilot
	${XDG_CONFIG_HOME}/go ${XDG_CONFIG_HOME}/google-chrome/*/Extensions
	${XDG_CONFIG_HOME}/google-chrome/NativeMessagingHosts ${XDG_CONFIG_HOME}/goose ${XDG_CONFIG_HOME}/gtk-2.0
	${XDG_CONFIG_HOME}/gtk-3.0 ${XDG_CONFIG_HOME}/gtk-4.0 ${XDG_CONFIG_HOME}/guix ${XDG_CONFIG_HOME}/helix
	${XDG_CONFIG_HOME}/helm ${XDG_CONFIG_HOME}/herbstluftwm ${XDG_CONFIG_HOME}/hexchat/addons
	${XDG_CONFIG_HOME}/hexchat/plugins ${XDG_CONFIG_HOME}/hg ${XDG_CONFIG_HOME}/home-manager
	${XDG_CONFIG_HOME}/hypr ${XDG_CONFIG_HOME}/i3 ${XDG_CONFIG_HOME}/i3status ${XDG_CONFIG_HOME}/ibus
	${XDG_CONFIG_HOME}/ideavim ${XDG_CONFIG_HOME}/inkscape/extensions ${XDG_CONFIG_HOME}/jj ${XDG_CONFIG_HOME}/kak
	${XDG_CONFIG_HOME}/kanshi ${XDG_CONFIG_HOME}/kate ${XDG_CONFIG_HOME}/kdeglobals
	${XDG_CONFIG_HOME}/kglobalshortcutsrc ${XDG_CONFIG_HOME}/khotkeysrc ${XDG_CONFIG_HOME}/kitty
	${XDG_CONFIG_HOME}/konsolerc ${XDG_CONFIG_HOME}/kwinrc ${XDG_CONFIG_HOME}/labwc ${XDG_CONFIG_HOME}/lazygit
	${XDG_CONFIG_HOME}/leftwm ${XDG_CONFIG_HOME}/lesskey ${XDG_CONFIG_HOME}/lf
	${XDG_CONFIG_HOME}/libreoffice/*/user/Scripts ${XDG_CONFIG_HOME}/libreoffice/*/user/basic
	${XDG_CONFIG_HOME}/libreoffice/*/user/uno_packages ${XDG_CONFIG_HOME}/libvirt ${XDG_CONFIG_HOME}/lldb
	${XDG_CONFIG_HOME}/lxc ${XDG_CONFIG_HOME}/lxqt ${XDG_CONFIG_HOME}/lxsession ${XDG_CONFIG_HOME}/mako
	${XDG_CONFIG_HOME}/mc ${XDG_CONFIG_HOME}/menus ${XDG_CONFIG_HOME}/meson ${XDG_CONFIG_HOME}/micro
	${XDG_CONFIG_HOME}/mimeapps.list ${XDG_CONFIG_HOME}/mise ${XDG_CONFIG_HOME}/mpv ${XDG_CONFIG_HOME}/msmtp
	${XDG_CONFIG_HOME}/mutt ${XDG_CONFIG_HOME}/nano ${XDG_CONFIG_HOME}/neomutt ${XDG_CONFIG_HOME}/newsboat
	${XDG_CONFIG_HOME}/niri ${XDG_CONFIG_HOME}/nix ${XDG_CONFIG_HOME}/nixpkgs ${XDG_CONFIG_HOME}/nnn
	${XDG_CONFIG_HOME}/nushell ${XDG_CONFIG_HOME}/nvim ${XDG_CONFIG_HOME}/openbox ${XDG_CONFIG_HOME}/opencode
	${XDG_CONFIG_HOME}/pcmanfm ${XDG_CONFIG_HOME}/pidgin ${XDG_CONFIG_HOME}/pip ${XDG_CONFIG_HOME}/pipewire
	${XDG_CONFIG_HOME}/plasma-org.kde.plasma.desktop-appletsrc ${XDG_CONFIG_HOME}/plasma-workspace
	${XDG_CONFIG_HOME}/pnpm ${XDG_CONFIG_HOME}/polybar ${XDG_CONFIG_HOME}/powershell ${XDG_CONFIG_HOME}/pre-commit
	${XDG_CONFIG_HOME}/pulse ${XDG_CONFIG_HOME}/pypoetry ${XDG_CONFIG_HOME}/qBittorrent ${XDG_CONFIG_HOME}/qtile
	${XDG_CONFIG_HOME}/quickshell ${XDG_CONFIG_HOME}/qutebrowser ${XDG_CONFIG_HOME}/ranger
	${XDG_CONFIG_HOME}/rclone ${XDG_CONFIG_HOME}/river ${XDG_CONFIG_HOME}/rofi ${XDG_CONFIG_HOME}/rtorrent
	${XDG_CONFIG_HOME}/sccache ${XDG_CONFIG_HOME}/spectrwm ${XDG_CONFIG_HOME}/starship.toml
	${XDG_CONFIG_HOME}/sublime-text ${XDG_CONFIG_HOME}/sublime-text-3 ${XDG_CONFIG_HOME}/sway
	${XDG_CONFIG_HOME}/swayidle ${XDG_CONFIG_HOME}/swaync ${XDG_CONFIG_HOME}/sxhkd ${XDG_CONFIG_HOME}/systemd
	${XDG_CONFIG_HOME}/terminator ${XDG_CONFIG_HOME}/thefuck ${XDG_CONFIG_HOME}/tig ${XDG_CONFIG_HOME}/tilix
	${XDG_CONFIG_HOME}/tmux ${XDG_CONFIG_HOME}/toolbox ${XDG_CONFIG_HOME}/transmission
	${XDG_CONFIG_HOME}/transmission-daemon ${XDG_CONFIG_HOME}/ulauncher ${XDG_CONFIG_HOME}/user-dirs.dirs
	${XDG_CONFIG_HOME}/user-dirs.locale ${XDG_CONFIG_HOME}/uv ${XDG_CONFIG_HOME}/vifm ${XDG_CONFIG_HOME}/vim
	${XDG_CONFIG_HOME}/waybar ${XDG_CONFIG_HOME}/wayfire.ini ${XDG_CONFIG_HOME}/weechat ${XDG_CONFIG_HOME}/wezterm
	${XDG_CONFIG_HOME}/wireplumber ${XDG_CONFIG_HOME}/wofi ${XDG_CONFIG_HOME}/xdg-desktop-portal
	${XDG_CONFIG_HOME}/xfce4 ${XDG_CONFIG_HOME}/xmonad ${XDG_CONFIG_HOME}/xonsh ${XDG_CONFIG_HOME}/yarn
	${XDG_CONFIG_HOME}/yazi ${XDG_CONFIG_HOME}/yt-dlp ${XDG_CONFIG_HOME}/zed ${XDG_CONFIG_HOME}/zellij
	${XDG_CONFIG_HOME}/zsh ${XDG_DATA_HOME}/JetBrains ${XDG_DATA_HOME}/applications
	${XDG_DATA_HOME}/bash-completion ${XDG_DATA_HOME}/caja-python ${XDG_DATA_HOME}/cinnamon
	${XDG_DATA_HOME}/code-server ${XDG_DATA_HOME}/dbus-1 ${XDG_DATA_HOME}/desktop-directories
	${XDG_DATA_HOME}/direnv ${XDG_DATA_HOME}/distrobox ${XDG_DATA_HOME}/firejail
	${XDG_DATA_HOME}/fish/vendor_conf.d ${XDG_DATA_HOME}/fish/vendor_functions.d ${XDG_DATA_HOME}/flatpak
	${XDG_DATA_HOME}/gedit ${XDG_DATA_HOME}/gh/extensions ${XDG_DATA_HOME}/glib-2.0 ${XDG_DATA_HOME}/gnome-shell
	${XDG_DATA_HOME}/helm/plugins ${XDG_DATA_HOME}/ibus-table ${XDG_DATA_HOME}/jupyter ${XDG_DATA_HOME}/kio
	${XDG_DATA_HOME}/konsole ${XDG_DATA_HOME}/kservices5 ${XDG_DATA_HOME}/kwin ${XDG_DATA_HOME}/kxmlgui5
	${XDG_DATA_HOME}/mc ${XDG_DATA_HOME}/mime ${XDG_DATA_HOME}/nautilus ${XDG_DATA_HOME}/nautilus-python
	${XDG_DATA_HOME}/nemo ${XDG_DATA_HOME}/nemo-python ${XDG_DATA_HOME}/nvim ${XDG_DATA_HOME}/plasma
	${XDG_DATA_HOME}/pnpm ${XDG_DATA_HOME}/systemd ${XDG_DATA_HOME}/thumbnailers ${XDG_DATA_HOME}/vlc/lua
	${XDG_DATA_HOME}/wayland-sessions ${XDG_DATA_HOME}/weechat ${XDG_DATA_HOME}/xdg-desktop-portal
	${XDG_DATA_HOME}/xfce4 ${XDG_DATA_HOME}/xsessions ${XDG_DATA_HOME}/zed ${XDG_RUNTIME_DIR}/dbus-1
	${XDG_RUNTIME_DIR}/systemd ~/.Renviron ~/.Rprofile ~/.XCompose ~/.Xdefaults ~/.Xmodmap ~/.Xresources ~/.abuild
	~/.aider.conf.yml ~/.alacritty.toml ~/.alacritty.yml ~/.amp ~/.ansible ~/.ansible.cfg ~/.antidote ~/.antigen
	~/.antrc ~/.asdf ~/.asdfrc ~/.asoundrc ~/.atom ~/.aws/config ~/.bash-git-prompt ~/.bash_aliases
	~/.bash_completion ~/.bash_completion.d ~/.bash_env ~/.bash_functions ~/.bash_it ~/.bash_login ~/.bash_logout
	~/.bash_profile ~/.bashrc ~/.bashrc.d ~/.bazaar ~/.bazelrc ~/.bin ~/.buckconfig ~/.bun/bin ~/.bundle ~/.byobu
	~/.cabal/bin ~/.cabal/config ~/.cargo/bin ~/.cargo/config ~/.cargo/config.toml ~/.cargo/env
	~/.ccache/ccache.conf ~/.claude ~/.claude.json ~/.cline ~/.clojure ~/.codeium ~/.codex ~/.composer ~/.condarc
	~/.conkyrc ~/.continue ~/.copilot ~/.cshrc ~/.ctags ~/.ctags.d ~/.curlrc ~/.cursor ~/.cvsrc ~/.deno/bin
	~/.devscripts ~/.direnvrc ~/.distcc ~/.dmrc ~/.docker/cli-plugins ~/.docker/config.json ~/.docker/contexts
	~/.doom.d ~/.dotnet/tools ~/.dput.cf ~/.dwm ~/.emacs ~/.emacs.d ~/.emacs.el ~/.emacs.elc ~/.environment
	~/.envrc ~/.envrc.local ~/.erlang ~/.exrc ~/.fetchmailrc ~/.fluxbox ~/.fnm ~/.fonts.conf ~/.forward ~/.fzf.bash
	~/.fzf.zsh ~/.gbp.conf ~/.gdbearlyinit ~/.gdbinit ~/.gem/ruby ~/.gemini ~/.gemrc ~/.ghc ~/.ghci ~/.ghcup/bin
	~/.git-templates ~/.gitconfig ~/.githooks ~/.gnomerc ~/.gnupg ~/.go/bin ~/.gradle/gradle.properties
	~/.gradle/init.d ~/.gradle/init.gradle ~/.gtkrc-2.0 ~/.guile ~/.guix-profile ~/.gvimrc ~/.hgrc ~/.i3 ~/.icewm
	~/.ideavimrc ~/.iex.exs ~/.inputrc ~/.ipython ~/.irbrc ~/.irssi ~/.ivy2 ~/.jenv ~/.jjconfig.toml ~/.joerc
	~/.julia/config ~/.jupyter ~/.k5login ~/.k5users ~/.kde/Autostart ~/.kde/env ~/.kde4/Autostart ~/.krew ~/.kshrc
	~/.kube ~/.lein ~/.less ~/.lessfilter ~/.lesskey ~/.libvirt ~/.liquidprompt ~/.lldbinit ~/.local/bin
	~/.local/lib ~/.local/libexec ~/.local/sbin ~/.login ~/.login_conf ~/.logout ~/.luarocks ~/.m2/extensions.xml
	~/.m2/settings.xml ~/.mailcap ~/.maildroprc ~/.mailfilter ~/.mailrc ~/.makepkg.conf ~/.manpath ~/.mavenrc
	~/.mbsyncrc ~/.mc ~/.mcp.json ~/.mime.types ~/.mix/archives ~/.mkshrc ~/.mongorc.js ~/.mozilla/*/*/extensions
	~/.mozilla/*/*/user.js ~/.mozilla/managed-storage ~/.mozilla/native-messaging-hosts ~/.mpv ~/.msmtprc ~/.mutt
	~/.muttrc ~/.my.cnf ~/.nanorc ~/.netrc ~/.newsbeuter ~/.newsboat ~/.nix-defexpr ~/.nix-profile
	~/.node_libraries ~/.node_modules ~/.npm-global ~/.npmrc ~/.nuget ~/.nvm ~/.ocamlinit ~/.octaverc ~/.odbc.ini
	~/.offlineimaprc ~/.oh-my-bash ~/.oh-my-zsh ~/.opam ~/.opencode ~/.p10k.zsh ~/.packer.d ~/.pam_environment
	~/.pbuilderrc ~/.pdbrc ~/.perldb ~/.pip ~/.pki ~/.pnpmrc ~/.procmailrc ~/.profile ~/.profile.d ~/.pryrc
	~/.psqlrc ~/.pub-cache/bin ~/.pulse ~/.purple/plugins ~/.pydistutils.cfg ~/.pyenv ~/.pypirc
	~/.python_startup.py ~/.pythonrc ~/.pythonrc.py ~/.pythonstartup ~/.quiltrc ~/.qwen ~/.rbenv ~/.rdebugrc
	~/.replyrc ~/.rhosts ~/.roo ~/.rpmmacros ~/.rpmrc ~/.rtorrent.rc ~/.rustup ~/.rvm ~/.sbclrc ~/.sbt ~/.sbuildrc
	~/.scalarc ~/.screenrc ~/.sdkman ~/.selected_editor ~/.sh.d ~/.shosts ~/.shrc ~/.sieve ~/.spacemacs ~/.sqliterc
	~/.ssh ~/.stack ~/.subversion/config ~/.tcshrc ~/.terminfo ~/.terraform.d ~/.terraformrc ~/.tigrc ~/.tmux
	~/.tmux.conf ~/.tool-versions ~/.vagrant.d ~/.var/app ~/.vifm ~/.vim ~/.vimrc ~/.virtualenvs/postactivate
	~/.volta ~/.vscode ~/.vscode-oss ~/.vscode-server ~/.weechat ~/.weechatrc ~/.wezterm.lua ~/.wget2rc ~/.wgetrc
	~/.windsurf ~/.xbindkeysrc ~/.xbindkeysrc.scm ~/.xinitrc ~/.xinputrc ~/.xmonad ~/.xonshrc ~/.xprofile
	~/.xscreensaver ~/.xserverrc ~/.xsession ~/.xsession.d ~/.xsessionrc ~/.yarn ~/.yarnrc ~/.yarnrc.yml
	~/.yash_profile ~/.yashrc ~/.zcompdump ~/.zcompdump-* ~/.zcompdump.zwc ~/.zinit ~/.zlogin ~/.zlogin.zwc ~/.zlogout
	~/.zlogout.zwc ~/.zplug ~/.zprezto ~/.zpreztorc ~/.zprofile ~/.zprofile.zwc ~/.zsh ~/.zsh_plugins.sh
	~/.zsh_plugins.txt ~/.zshenv ~/.zshenv.zwc ~/.zshrc ~/.zshrc.zwc ~/AGENTS.md ~/CLAUDE.md ~/anaconda3/bin ~/bin
	~/go/bin ~/miniconda3/bin ~/perl5
`

// projectAutomaticPaths are those of the directory of a project. A prompt that shows the
// state of a repository runs git, hg or jj, which obey these files. HEAD is one
// since a directory with HEAD, config, objects and refs is itself a repository.
const projectAutomaticPaths = `
	.git/commondir .git/config .git/config.worktree .git/hooks .hg/hgrc .hg/hgrc-not-shared .hg/sharedpath
	.jj/repo/config.toml HEAD
`

// projectToolsPaths are files in the directory of a project which a tool obeys when it is
// used there: an editor, a hook manager, a service that builds what is pushed. Most
// tools ask first. Who may write sources and Makefiles can do as much.
const projectToolsPaths = `
	.Rprofile .aider.conf.yml .cargo/config .cargo/config.toml .circleci .claude .clinerules .codex .config/mise
	.config/mise.toml .continue .cursor .cursorrules .devcontainer .dir-locals.el .direnv .drone.yml .envrc
	.envrc.local .exrc .fleet .forgejo/workflows .gdbinit .gemini .ghci .gitea/workflows .githooks .github/actions
	.github/workflows .gitlab-ci.yml .husky .idea .irbrc .lefthook-local.yml .lefthook.yaml .lefthook.yml
	.lldbinit .mcp.json .mise.local.toml .mise.toml .nvim.lua .nvimrc .opencode .pnpmfile.cjs
	.pre-commit-config.yaml .pryrc .roo .tool-versions .travis.yml .vimrc .vs .vscode .windsurf .windsurfrules
	.woodpecker .woodpecker.yml .yarnrc .yarnrc.yml .zed azure-pipelines.yml lefthook-local.yml lefthook.yaml
	lefthook.yml mise.local.toml mise.toml opencode.json
`
