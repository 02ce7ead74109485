package vm

import (
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// userManager starts a service manager for ann as a machine that was booted with
// systemd has one, and runs her script in a group that the manager thinks to be
// its own: a terminal on a desktop.
const userManager = `
chmod 666 /dev/console
mkdir -p /run/systemd/system
cd /sys/fs/cgroup
manager=user.slice/user-1000.slice/user@1000.service
mkdir -p $manager/init.scope $manager/app.slice/terminal.scope
for group in . user.slice user.slice/user-1000.slice; do echo "+memory +pids +cpu" >$group/cgroup.subtree_control; done
chown -R ann $manager
sh -c "echo \$\$ >$manager/init.scope/cgroup.procs; exec su ann -c 'XDG_RUNTIME_DIR=/run/user/1000 /lib/systemd/systemd --user --log-target=console --log-level=err'" &
for i in $(seq 100); do [ -S /run/user/1000/systemd/private ] && break; sleep 0.1; done
sh -c "echo \$\$ >$manager/app.slice/terminal.scope/cgroup.procs; exec su ann -c 'cd; export XDG_RUNTIME_DIR=/run/user/1000; TERM=dumb sh /script-ann'" 2>&1
`

const managedScript = "G=/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice\n" + vmPrelude + `
group() { for g in $G/jail-*.scope; do [ -e $g/memory.max ] && echo $g; done | tail -n 1; }
jail doctor | grep -A1 'cgroup delegation\|systemd user'
echo "says: $(jail explain --profile default --memory 64M limits.memory | head -n 1)"
say hog-jail jail --memory 64M $hog
say hog-wide jail --memory 300M $hog
sleep 20 | jail --memory 200M --cpu 150% --processes 8 sh -c 'cat /proc/self/cgroup; sh /bin/bomb 15; read x' >/tmp/bomb 2>&1 &
await grep -q fork /tmp/bomb
echo "bomb-pids: $(cat $(group)/pids.current) of $(cat $(group)/pids.max)"
echo "limits: $(cat $(group)/memory.max) $(cat $(group)/memory.swap.max 2>/dev/null || echo 0) $(cat $(group)/cpu.max)"
echo "own-group: $(head -n 1 /tmp/bomb | tr -d :)"
wait
sleep 1
echo "left: $(ls $G | grep -c ^jail-)"
jail --memory 64M --share pid sh -c 'setsid sleep 77 & sleep 0.5'
sleep 0.5
echo "behind: $(ps | grep -c '[s]leep 77')"
`

// TestVMServiceManager shows limits that a real systemd of the user holds.
func TestVMServiceManager(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	const systemd = "/lib/systemd/systemd"
	testenv.Need(t, systemd)
	v := newVM(t)
	v.program(systemd)
	v.tree("/usr/lib/systemd/user")
	v.add("/bin/bomb", 0o755, bomb)
	v.add("/script-ann", 0o755, managedScript)
	r := v.run(userManager)
	f := factsOf(r)
	expect(t, f, map[string]string{
		"hog-jail": "137", "hog-wide": "0", "bomb-pids": "7 of 8", "limits": "209715200 0 150000 100000", "own-group": "0/", "left": "0", "behind": "0",
	})
	if !strings.HasPrefix(f["says"], "limits.memory: 64M, held by a scope of your service manager, systemd ") {
		t.Errorf("explain says %q", f["says"])
	}
	if t.Failed() {
		t.Log(r.Stdout)
	}
}
