#!/bin/sh
# Prints what a program sees of the system, one "name|value" a line. The demo
# runs it twice, inside a jail and outside of it.

field() {
	sed -n "s/^$1:[[:space:]]*//p" /proc/self/status
}

try() {
	if message=$("$@" 2>&1 >/dev/null); then
		echo allowed
	else
		echo "$message" | head -n 1 | sed 's/.*: //'
	fi
}

list() {
	find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort | paste -s -d ' '
}

name=$(id -un 2>/dev/null) || name="no name"
echo "user|$(id -u) ($name)"
echo "host name|$(uname -n)"
echo "own process id|$$"
set -- /proc/[0-9]*
echo "processes|$#"
echo "root directory|$(list /)"
echo "home|$(list ~ | wc -w) entries"
echo "/etc|$(list /etc | wc -w) entries"
echo "environment|$(env | wc -l) variables"
echo "network interfaces|$(sed -n 's/^ *\([^:]*\):.*/\1/p' /proc/net/dev | paste -s -d ' ')"
echo "capabilities, effective|$(field CapEff)"
echo "capabilities, bounding|$(field CapBnd)"
echo "no_new_privs|$(field NoNewPrivs)"
echo "seccomp mode, filters|$(field Seccomp), $(field Seccomp_filters)"
echo "a new user namespace|$(try unshare --user true)"
echo "the kernel's log|$(try dmesg)"
