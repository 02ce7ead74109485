package paths

// secretPaths are files whose content gives access to something: keys,
// tokens, passwords, wallets, and the profiles of programs that store them.
const secretPaths = `
	${CWD}/.env ${CWD}/.env.* ${CWD}/.netrc ${CWD}/.npmrc ${CWD}/.pypirc ${CWD}/.vault-token
	${CWD}/terraform.tfstate ${CWD}/terraform.tfstate.backup ${XDG_CACHE_HOME}/chromium
	${XDG_CACHE_HOME}/google-chrome ${XDG_CACHE_HOME}/huggingface/token ${XDG_CACHE_HOME}/keyring-*
	${XDG_CACHE_HOME}/mozilla ${XDG_CACHE_HOME}/thunderbird ${XDG_CONFIG_HOME}/1Password
	${XDG_CONFIG_HOME}/Bitwarden* ${XDG_CONFIG_HOME}/BraveSoftware ${XDG_CONFIG_HOME}/Code/User/globalStorage
	${XDG_CONFIG_HOME}/Cursor/User/globalStorage ${XDG_CONFIG_HOME}/Element ${XDG_CONFIG_HOME}/Enpass
	${XDG_CONFIG_HOME}/Exodus ${XDG_CONFIG_HOME}/KeePassXCrc ${XDG_CONFIG_HOME}/Keybase
	${XDG_CONFIG_HOME}/Ledger* ${XDG_CONFIG_HOME}/Mattermost ${XDG_CONFIG_HOME}/Microsoft*
	${XDG_CONFIG_HOME}/Nextcloud ${XDG_CONFIG_HOME}/Proton* ${XDG_CONFIG_HOME}/Signal* ${XDG_CONFIG_HOME}/Slack
	${XDG_CONFIG_HOME}/Trezor* ${XDG_CONFIG_HOME}/Wire ${XDG_CONFIG_HOME}/Yubico ${XDG_CONFIG_HOME}/aerc
	${XDG_CONFIG_HOME}/age ${XDG_CONFIG_HOME}/anthropic ${XDG_CONFIG_HOME}/atomic ${XDG_CONFIG_HOME}/bitcoin
	${XDG_CONFIG_HOME}/borg ${XDG_CONFIG_HOME}/cachix ${XDG_CONFIG_HOME}/chromium
	${XDG_CONFIG_HOME}/composer/auth.json ${XDG_CONFIG_HOME}/configstore ${XDG_CONFIG_HOME}/containers/auth.json
	${XDG_CONFIG_HOME}/dart/pub-credentials.json ${XDG_CONFIG_HOME}/discord* ${XDG_CONFIG_HOME}/doctl
	${XDG_CONFIG_HOME}/epiphany ${XDG_CONFIG_HOME}/evolution ${XDG_CONFIG_HOME}/falkon
	${XDG_CONFIG_HOME}/filezilla ${XDG_CONFIG_HOME}/fly ${XDG_CONFIG_HOME}/freerdp ${XDG_CONFIG_HOME}/gcloud
	${XDG_CONFIG_HOME}/geary ${XDG_CONFIG_HOME}/gh ${XDG_CONFIG_HOME}/git/credentials
	${XDG_CONFIG_HOME}/github-copilot ${XDG_CONFIG_HOME}/glab-cli ${XDG_CONFIG_HOME}/goa-1.0
	${XDG_CONFIG_HOME}/gocryptfs ${XDG_CONFIG_HOME}/google-chrome ${XDG_CONFIG_HOME}/google-chrome*
	${XDG_CONFIG_HOME}/gopass ${XDG_CONFIG_HOME}/hcloud ${XDG_CONFIG_HOME}/helm ${XDG_CONFIG_HOME}/heroku
	${XDG_CONFIG_HOME}/hexchat ${XDG_CONFIG_HOME}/hub ${XDG_CONFIG_HOME}/kdeconnect ${XDG_CONFIG_HOME}/keepassxc
	${XDG_CONFIG_HOME}/krdc ${XDG_CONFIG_HOME}/kwalletrc ${XDG_CONFIG_HOME}/lftp ${XDG_CONFIG_HOME}/librewolf
	${XDG_CONFIG_HOME}/linode-cli ${XDG_CONFIG_HOME}/microsoft-edge* ${XDG_CONFIG_HOME}/mozilla
	${XDG_CONFIG_HOME}/msmtp ${XDG_CONFIG_HOME}/mutt ${XDG_CONFIG_HOME}/neomutt ${XDG_CONFIG_HOME}/netlify
	${XDG_CONFIG_HOME}/ngrok ${XDG_CONFIG_HOME}/nix/netrc ${XDG_CONFIG_HOME}/op ${XDG_CONFIG_HOME}/openai
	${XDG_CONFIG_HOME}/opera* ${XDG_CONFIG_HOME}/pip/pip.conf ${XDG_CONFIG_HOME}/profanity
	${XDG_CONFIG_HOME}/pulumi ${XDG_CONFIG_HOME}/pypoetry/auth.toml ${XDG_CONFIG_HOME}/qutebrowser
	${XDG_CONFIG_HOME}/rbw ${XDG_CONFIG_HOME}/rclone ${XDG_CONFIG_HOME}/remmina ${XDG_CONFIG_HOME}/restic
	${XDG_CONFIG_HOME}/scaleway ${XDG_CONFIG_HOME}/snyk ${XDG_CONFIG_HOME}/softhsm2 ${XDG_CONFIG_HOME}/solana
	${XDG_CONFIG_HOME}/sops ${XDG_CONFIG_HOME}/sparrow ${XDG_CONFIG_HOME}/stripe ${XDG_CONFIG_HOME}/supabase
	${XDG_CONFIG_HOME}/syncthing ${XDG_CONFIG_HOME}/teams* ${XDG_CONFIG_HOME}/torbrowser
	${XDG_CONFIG_HOME}/vivaldi* ${XDG_CONFIG_HOME}/vnc ${XDG_CONFIG_HOME}/weechat ${XDG_CONFIG_HOME}/wrangler
	${XDG_CONFIG_HOME}/yandex* ${XDG_CONFIG_HOME}/zed ${XDG_DATA_HOME}/1Password ${XDG_DATA_HOME}/Enpass
	${XDG_DATA_HOME}/TelegramDesktop ${XDG_DATA_HOME}/Trash ${XDG_DATA_HOME}/atuin ${XDG_DATA_HOME}/bw
	${XDG_DATA_HOME}/chezmoi ${XDG_DATA_HOME}/com.vercel.cli ${XDG_DATA_HOME}/containers/auth.json
	${XDG_DATA_HOME}/dino ${XDG_DATA_HOME}/epiphany ${XDG_DATA_HOME}/evolution
	${XDG_DATA_HOME}/fish/fish_history ${XDG_DATA_HOME}/fractal ${XDG_DATA_HOME}/gajim ${XDG_DATA_HOME}/geary
	${XDG_DATA_HOME}/gnome-online-accounts ${XDG_DATA_HOME}/gopass ${XDG_DATA_HOME}/keyrings
	${XDG_DATA_HOME}/kwalletd ${XDG_DATA_HOME}/local-mail ${XDG_DATA_HOME}/mkcert ${XDG_DATA_HOME}/pass
	${XDG_DATA_HOME}/password-store ${XDG_DATA_HOME}/pki ${XDG_DATA_HOME}/profanity ${XDG_DATA_HOME}/purple
	${XDG_DATA_HOME}/python_keyring ${XDG_DATA_HOME}/qutebrowser ${XDG_DATA_HOME}/rbw ${XDG_DATA_HOME}/remmina
	${XDG_DATA_HOME}/signal-cli ${XDG_DATA_HOME}/torbrowser ${XDG_RUNTIME_DIR}/containers/auth.json
	${XDG_RUNTIME_DIR}/gnupg ${XDG_RUNTIME_DIR}/keyring ${XDG_RUNTIME_DIR}/krb5cc*
	${XDG_RUNTIME_DIR}/openssh_agent ${XDG_RUNTIME_DIR}/p11-kit ${XDG_RUNTIME_DIR}/ssh-agent*
	${XDG_STATE_HOME}/syncthing /etc/NetworkManager/system-connections /etc/gshadow /etc/gshadow-
	/etc/ipsec.secrets /etc/krb5.keytab /etc/kubernetes /etc/letsencrypt /etc/mysql/debian.cnf /etc/openvpn
	/etc/ppp/chap-secrets /etc/ppp/pap-secrets /etc/rancher /etc/shadow /etc/shadow- /etc/ssh/ssh_host_*_key
	/etc/ssl/private /etc/wireguard /etc/wpa_supplicant /var/lib/NetworkManager
	/var/lib/systemd/credential.secret /var/lib/tailscale ~/*.kdb ~/*.kdbx ~/*.keystore ~/*.ovpn ~/*.p12 ~/*.pem
	~/*.pfx ~/.1password ~/.ICEauthority ~/.Skype ~/.Xauthority ~/.acme.sh ~/.age ~/.aider.conf.yml
	~/.ansible/galaxy_token ~/.anthropic ~/.armory ~/.ash_history ~/.authinfo ~/.authinfo.gpg ~/.aws
	~/.aws-vault ~/.azure ~/.bash_history ~/.bigqueryrc ~/.bitcoin ~/.boto ~/.bundle/config ~/.cardano
	~/.cargo/credentials ~/.cargo/credentials.toml ~/.cert ~/.circleci ~/.claude.json
	~/.claude/.credentials.json ~/.claws-mail ~/.clojars ~/.cloudflared ~/.codeium ~/.codex/auth.json
	~/.composer/auth.json ~/.conda/environments.token ~/.condarc ~/.continue/config.json ~/.cpanm/credentials
	~/.cvspass ~/.databrickscfg ~/.davfs2/secrets ~/.dbshell ~/.dbvis ~/.dnssec ~/.docker/config.json
	~/.dockercfg ~/.dogecoin ~/.duckdb_history ~/.ecryptfs ~/.electron-cash ~/.electrum* ~/.encfs6.xml
	~/.ethereum ~/.expo ~/.fetchmailrc ~/.floorp ~/.fly ~/.foundry/keystores ~/.freerdp ~/.gajim
	~/.gem/credentials ~/.gemini/oauth_creds.json ~/.getmail ~/.gist ~/.git-credential-cache ~/.git-credentials
	~/.gnome/keyrings ~/.gnome2/keyrings ~/.gnupg ~/.gocryptfs ~/.gradle/gradle.properties ~/.granted ~/.gsutil
	~/.hex/hex.config ~/.histfile ~/.huggingface ~/.icecat ~/.icedove ~/.imapfilter ~/.influxdbv2 ~/.ipmitool
	~/.irbrc_history ~/.irssi ~/.ivy2/.credentials ~/.java/.userPrefs ~/.jfrog ~/.kaggle
	~/.kde/share/apps/kwallet ~/.kde/share/config/kwalletrc ~/.kde4/share/apps/kwallet ~/.ksh_history ~/.kube
	~/.lastpass ~/.lego ~/.lftp ~/.librewolf ~/.litecoin ~/.m2/settings-security.xml ~/.m2/settings.xml ~/.mail
	~/.matrix ~/.mbsyncrc ~/.mc ~/.mcp-auth ~/.minio ~/.minisign ~/.monero ~/.mongorc.js ~/.mongosh
	~/.moonchild* ~/.mozilla ~/.mpdconf ~/.msmtprc ~/.mutt ~/.muttrc ~/.my.cnf ~/.mylogin.cnf ~/.mysql_history
	~/.ncftp ~/.near-credentials ~/.netlify ~/.netrc ~/.ngrok2 ~/.node_repl_history ~/.npmrc
	~/.nuget/NuGet/NuGet.Config ~/.nx ~/.oci ~/.offlineimaprc ~/.okta ~/.ollama/id_ed25519 ~/.openai ~/.openvpn
	~/.opera ~/.palemoon* ~/.password-store ~/.pgpass ~/.php_history ~/.pip/pip.conf ~/.pki ~/.pscale
	~/.psql_history ~/.pub-cache/credentials.json ~/.pulumi ~/.purple ~/.putty ~/.pypirc ~/.python_history
	~/.rediscli_history ~/.remmina ~/.rsyncd.secrets ~/.s3cfg ~/.saml2aws ~/.sbt/.credentials ~/.secrets
	~/.sentryclirc ~/.sh_history ~/.signal-cli ~/.signing ~/.smbcredentials ~/.snowsql ~/.softhsm ~/.solana
	~/.sparrow ~/.sqlite_history ~/.ssh ~/.step ~/.subversion/auth ~/.supabase ~/.svn/auth ~/.sylpheed*
	~/.terraform.d ~/.terraformrc ~/.thunderbird ~/.tor-browser* ~/.tpm2_pkcs11 ~/.var/app/*/config/chromium
	~/.var/app/*/config/google-chrome ~/.var/app/com.bitwarden.desktop ~/.var/app/com.brave.Browser
	~/.var/app/com.google.Chrome ~/.var/app/org.chromium.Chromium ~/.var/app/org.keepassxc.KeePassXC
	~/.var/app/org.mozilla.Thunderbird ~/.var/app/org.mozilla.firefox ~/.var/app/org.signal.Signal
	~/.var/app/org.telegram.desktop ~/.vault-token ~/.vault-tokens ~/.vercel ~/.viminfo ~/.vnc ~/.wallet
	~/.walletwasabi ~/.wasabi ~/.waterfox ~/.weechat ~/.x2goclient ~/.yarnrc.yml ~/.yubico ~/.zcash ~/.zen
	~/.znc ~/.zsh_history ~/Mail ~/Maildir ~/mail ~/snap/*/common/.mozilla ~/snap/chromium ~/snap/firefox
	~/wallet.dat
`
