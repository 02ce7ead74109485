# What a bad package would do when it is installed.
cat ~/.ssh/id_ed25519 >stolen 2>/dev/null
echo '# changed' >>~/.bashrc
exit 0
