package doctor

import (
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/cmd/jail/internal/search"
	"github.com/jail-project/jail/jail/host"
)

// readSmall reads a file of /proc or /sys; "" when it is not there.
func readSmall(name string) string {
	text, _ := fs.ReadFile(search.HostFS("/"), strings.TrimPrefix(name, "/"))
	return strings.TrimSpace(string(text))
}

// oldestMajor and oldestMinor are the first kernel that has every call jail makes
// (mount_setattr(2) on a detached tree with the flags it uses).
const oldestMajor, oldestMinor = 5, 13

func kernelVersion() Finding {
	f := Finding{Name: "kernel", State: OK, Needed: true}
	release := readSmall("/proc/sys/kernel/osrelease")
	f.Detail = output.Text("Linux " + release)
	major, minor, ok := parseRelease(release)
	if ok && (major < oldestMajor || major == oldestMajor && minor < oldestMinor) {
		f.State = Missing
		f.Remedy = output.Text(fmt.Sprintf("jail needs Linux %d.%d or later", oldestMajor, oldestMinor))
	}
	return f
}

func parseRelease(release string) (major, minor int, ok bool) {
	_, err := fmt.Sscanf(release, "%d.%d", &major, &minor)
	return major, minor, err == nil
}

// namespaceKinds looks for the kinds of namespaces that the kernel has.
func namespaceKinds() []Finding {
	var findings []Finding
	for _, n := range [...]struct {
		file, name string
		needed     bool
	}{
		{"user", "user namespaces", true},
		{"mnt", "mount namespaces", true},
		{"pid", "PID namespaces", false},
		{"net", "network namespaces", false},
		{"ipc", "IPC namespaces", false},
		{"uts", "UTS namespaces", false},
		{"cgroup", "cgroup namespaces", false},
		{"time", "time namespaces", false},
	} {
		f := Finding{Name: n.name, State: OK, Needed: n.needed, Detail: "the kernel has them"}
		if unix.Access("/proc/self/ns/"+n.file, unix.F_OK) != nil {
			f.State, f.Detail = Missing, "the kernel was built without them"
			f.Remedy = "use a kernel that has them"
			if !n.needed {
				f.Remedy += output.Text(", or switch them off under namespaces in the profile")
			}
		}
		findings = append(findings, f)
	}
	return findings
}

// sysctls looks at the settings that can forbid user namespaces. One that the
// kernel does not have forbids nothing.
func sysctls(uid int, binary string) []Finding {
	var findings []Finding
	for _, s := range [...]struct{ name, forbids, remedy string }{
		{"kernel.unprivileged_userns_clone", "0", "as root: sysctl -w kernel.unprivileged_userns_clone=1, and the same line in /etc/sysctl.d/"},
		{"user.max_user_namespaces", "0", "as root: sysctl -w user.max_user_namespaces=15000, and the same line in /etc/sysctl.d/"},
		{"kernel.apparmor_restrict_unprivileged_userns", "1", appArmorRemedy(binary)},
	} {
		value := readSmall("/proc/sys/" + strings.ReplaceAll(s.name, ".", "/"))
		f := Finding{Name: s.name, State: OK, Detail: output.Text(value)}
		switch {
		case value == "":
			f.Detail = "not on this kernel: it restricts nothing"
		case value == s.forbids && (uid != 0 || s.name == "user.max_user_namespaces"):
			f.State, f.Detail = Off, output.Text(value+" restricts user namespaces")
			f.Remedy = output.Text(s.remedy)
		}
		findings = append(findings, f)
	}
	return findings
}

// appArmorRemedy lets jail, and jail alone, make user namespaces on Ubuntu.
func appArmorRemedy(binary string) string {
	return "as root, put `abi <abi/4.0>, profile jail " + binary + " flags=(unconfined) { userns, }` " +
		"into /etc/apparmor.d/jail and run apparmor_parser -r /etc/apparmor.d/jail"
}

// whyNoNamespaces is the remedy for a refused user namespace.
func whyNoNamespaces(uid int, binary string) string {
	const outside = "a container or another sandbox around this shell forbids them: start jail outside of it, or allow clone(2) with CLONE_NEWUSER there"
	if !host.FirstUserNamespace() {
		return outside
	}
	for _, f := range sysctls(uid, binary) {
		if f.State != OK {
			return string(f.Remedy)
		}
	}
	return outside
}

func seccompActions() Finding {
	f := Finding{Name: "seccomp", State: OK, Needed: true}
	actions := readSmall("/proc/sys/kernel/seccomp/actions_avail")
	f.Detail = output.Text(actions)
	if !strings.Contains(actions, "kill_process") {
		f.State, f.Detail = Missing, "the kernel has no syscall filters"
		f.Remedy = "use a kernel with CONFIG_SECCOMP_FILTER"
	}
	return f
}

func appArmor() Finding {
	f := Finding{Name: "AppArmor", State: OK}
	profile := readSmall("/proc/self/attr/apparmor/current")
	switch {
	case profile != "":
		f.Detail = output.Text("this process runs under " + profile)
	case readSmall("/sys/module/apparmor/parameters/enabled") == "Y":
		f.Detail = "on"
	default:
		f.State, f.Detail = Off, "not in use; jail does not need it"
	}
	return f
}

// helperPrograms looks for the programs that some services are handed to, in
// the directories of the system alone.
func helperPrograms(files host.Files) []Finding {
	var findings []Finding
	for _, p := range [...]struct{ name, use, packageName string }{
		{"pasta", "network.mode: nat", "passt"},
		{"xdg-dbus-proxy", "dbus", "xdg-dbus-proxy"},
		{"Xephyr", "display.x11: xephyr", "xserver-xephyr"},
		{"xpra", "display.x11: xpra", "xpra"},
		{"Xvfb", "display.x11: xvfb", "xvfb"},
	} {
		f := Finding{
			Name: p.name, State: Missing, Detail: output.Text("profiles with " + p.use + " need it"),
			Remedy: output.Text("install it (Debian: apt install " + p.packageName + ")"),
		}
		for _, dir := range [...]string{"/usr/local/bin", "/usr/bin", "/bin"} {
			if file := dir + "/" + p.name; files.Executable(file) {
				f.State, f.Detail, f.Remedy = OK, output.Text(file), ""
				break
			}
		}
		findings = append(findings, f)
	}
	return findings
}
