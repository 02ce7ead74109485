package vm

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// delegate gives ann a control group as a service manager would, and runs her
// script in a group below it.
const delegate = `
echo '|/bin/crashed' >/proc/sys/kernel/core_pattern
touch /tmp/crashes && chmod 666 /tmp/crashes
cd /sys/fs/cgroup
mkdir ann ann/shell ann/alone
echo "+memory +pids +cpu" >cgroup.subtree_control
for group in ann ann/shell ann/alone; do
	chown ann $group $group/cgroup.procs $group/cgroup.subtree_control
done
su ann -c 'cd; export TERM=dumb; jail --memory 64M --write . touch canary; echo "undelegated: $?"; ls' 2>&1
sh -c 'echo $$ >ann/shell/cgroup.procs; exec su ann -c "cd; TERM=dumb sh /script-ann"' 2>&1
`

// vmPrelude is what the scripts of ann share. They print facts: "say NAME
// COMMAND" the exit status of a command.
const vmPrelude = `
say() { name=$1; shift; "$@"; echo "$name: $?"; }

# The one group of a running jail that has limits.
group() { for g in $G/jail-[0-9]*; do [ -e $g/memory.max ] && echo $g; done | tail -n 1; }

# Waits until so many processes are in that group.
ready() {
	for i in $(seq 300); do
		[ "$(cat $(group)/inside/cgroup.procs 2>/dev/null | wc -l)" -ge $1 ] && break
		sleep 0.1
	done
}

# Waits until a command succeeds.
await() { for i in $(seq 300); do "$@" >/dev/null && break; sleep 0.1; done; }

hog="dd if=/dev/zero of=/dev/null bs=100M count=1"
fill="dd if=/dev/zero of=/tmp/full bs=1M count=100"
`

// bomb forks sixteen times, and ends when it can't; what it has forked stays for some seconds,
// three if nothing else is said. A machine that is emulated and busy takes long to look.
const bomb = `#!/bin/sh
for i in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do sleep ${1:-3} >/dev/null & done
echo bomb-done
`

const limitsScript = "G=/sys/fs/cgroup/ann\n" + vmPrelude + `
echo "says: $(jail explain --profile default --memory 64M limits.memory | head -n 1)"

# R2: memory, and files in memory.
say hog-outside $hog
say hog-jail jail --memory 64M $hog
say hog-wide jail --memory 300M $hog
say fill-outside $fill; rm /tmp/full
say fill-jail jail --memory 64M $fill
say fill-wide jail --memory 300M $fill

# R1: processes, of which a group counts eight: the first, the shell that
# waits, the bomb, and five that stay when the bomb has ended. The host forks meanwhile.
echo "bomb-outside: $(bomb)"
sleep 14 | jail --memory 200M --processes 8 sh -c 'sh /bin/bomb 11; read x' >/tmp/bomb 2>&1 &
await grep -q fork /tmp/bomb
echo "bomb-pids: $(cat $(group)/pids.current) of $(cat $(group)/pids.max)"
sh -c 'for i in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do sleep 0.2 & done; wait; echo "host-forks: yes"'
wait
echo "bomb-wide: $(jail --memory 200M --processes 40 sh /bin/bomb)"

# R1 by the count of the user namespace.
sleep 14 | jail --processes 8 sh -c 'sh /bin/bomb 11; read x' >/tmp/bomb 2>&1 &
await grep -q fork /tmp/bomb
echo "nproc-pids: $(ps | grep -c '[s]leep 11')"
wait

# R3: what the kernel counts per user. How much is left to a program outside
# when another one has taken all that it can get?
probe take inotify 3 >/tmp/taken & await grep . /tmp/taken
echo "inotify-outside: $(probe take inotify 0)"; wait; : >/tmp/taken
jail probe take inotify 3 >/tmp/taken & await grep . /tmp/taken
echo "inotify-jail: $(probe take inotify 0)"; wait; : >/tmp/taken
signals() { sed -n 's/SigQ:[^0-9]*//p' /proc/self/status; }
probe take signals 3 >/tmp/taken & await grep . /tmp/taken
echo "signals-outside: $(signals)"; wait; : >/tmp/taken
jail probe take signals 3 >/tmp/taken & await grep . /tmp/taken
echo "signals-jail: $(signals)"; wait

# R7: what root has set to look at crashes does not look at one in a jail.
crash='kill -SEGV $$'
crashes() { sleep 1; wc -l </tmp/crashes; }
sh -c "ulimit -c 0; $crash"; echo "crash-outside: $(crashes)"
jail sh -c "$crash"; echo "crash-jail: $(crashes)"
echo "core: $(jail sh -c 'ulimit -c unlimited 2>&1; grep core /proc/self/limits' | tr -s ' ' | tail -n 1)"

# Processor time: microseconds used in two seconds.
spin() {
	jail --cpu $1 --time 60s sh -c 'while :; do :; done' & pid=$!
	ready 2; g=$(group)
	a=$(sed -n 's/usage_usec //p' $g/cpu.stat); sleep 2; b=$(sed -n 's/usage_usec //p' $g/cpu.stat)
	kill $pid; wait $pid 2>/dev/null
	echo "spin-$1: $((b-a))"
}
spin 20%
spin 90%

# The launcher is killed: the next one removes what it has left.
jail --memory 64M sleep 100 & pid=$!; ready 2
kill -9 $pid; wait $pid 2>/dev/null; await grep -q 'populated 0' $(group)/cgroup.events
echo "left: $(ls $G | grep -c ^jail-)"
touch -d '2020-01-01 00:00' $(group)
jail --memory 64M true
echo "swept: $(ls $G | grep -c ^jail-)"

# A group ends also what has left the process tree of the jail.
jail --memory 64M --share pid sh -c 'setsid sleep 77 & sleep 0.5'
echo "behind: $(ps | grep -c '[s]leep 77')"

# Who enters a jail is in its group.
jail --memory 64M sleep 60 & pid=$!; ready 2
id=$(jail ps --json | sed -n 's/.*"id": "\([^"]*\)".*/\1/p' | head -n 1)
say enter-hog jail enter $id $hog
say enter-true jail enter $id true
kill $pid; wait $pid 2>/dev/null

# A launcher alone in its group can leave it for one below.
sh -c 'echo $$ >/sys/fs/cgroup/ann/alone/cgroup.procs; exec jail --memory 64M sh -c "cat /proc/self/cgroup; sleep 2"' >/tmp/own &
await grep . /tmp/own
echo "alone: $(cat $G/alone/jail-[0-9]*/memory.max)"; wait
echo "own-group: $(cat /tmp/own | tr -d :)"

# N7: with the capabilities of a user namespace of its own, a program
# reaches the group that it is in. Without jail, and when the host moves it to where
# the limit is, that one has the limit. Landlock, which forbids to mount, is off.
mkdir $G/plain && echo 64M >$G/plain/memory.max
say escape-outside sh -c 'echo $$ >$0/plain/cgroup.procs && probe escape' $G
echo "escaped-outside: $(cat $G/plain/memory.max)"
nest="--memory 64M --landlock off --nested-userns --allow-syscall @sandbox --allow-syscall clone --allow-syscall mount"
jail $nest sh -c 'probe escape; echo escape ended; sleep 2' | cat >/tmp/escape & await grep ended /tmp/escape
echo "escaped-jail: $(cat $(group)/memory.max)"; wait; cat /tmp/escape
mkfifo /tmp/go; sleep 30 >/tmp/go & hold=$!
jail $nest sh -c 'read x; probe escape; echo escape ended; sleep 2' </tmp/go | cat >/tmp/wide & ready 2
for pid in $(cat $(group)/inside/cgroup.procs); do echo $pid >$(group)/cgroup.procs; done; echo go >/tmp/go
await grep ended /tmp/wide
echo "escaped-wide: $(cat $(group)/memory.max)"; kill $hold; wait; cat /tmp/wide
`

// limitsRun is the one run of the machine that the tests below look at.
var limitsRun struct {
	once sync.Once
	out  *testenv.Result
}

// limitsInVM returns what was printed, and the facts among it.
func limitsInVM(t *testing.T) (string, map[string]string) {
	t.Helper()
	limitsRun.once.Do(func() {
		v := newVM(t)
		v.add("/bin/bomb", 0o755, bomb)
		v.add("/bin/crashed", 0o755, "#!/bin/busybox sh\n/bin/busybox cat >/dev/null\necho crash >>/tmp/crashes\n")
		v.add("/script-ann", 0o755, limitsScript)
		limitsRun.out = v.run(delegate)
	})
	if limitsRun.out == nil {
		t.Fatal("the virtual machine did not run, see the first of these tests")
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(limitsRun.out.Stdout)
		}
	})
	return limitsRun.out.Stdout, factsOf(limitsRun.out)
}

// expect compares facts.
func expect(t *testing.T, have, want map[string]string) {
	t.Helper()
	for name, text := range want {
		if have[name] != text {
			t.Errorf("%s is %q, want %q", name, have[name], text)
		}
	}
}

// The tests below have three variants: without jail, in the jail, and with the
// limit widened. The state of the machine is looked at from outside of the jail.

func TestR1InVM(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	_, f := limitsInVM(t)
	expect(t, f, map[string]string{
		"bomb-outside": "bomb-done", "bomb-pids": "7 of 8", "host-forks": "yes", "nproc-pids": "5", "bomb-wide": "bomb-done",
	})
}

func TestR2InVM(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	text, f := limitsInVM(t)
	expect(t, f, map[string]string{
		"hog-outside": "0", "hog-jail": "137", "hog-wide": "0",
		"fill-outside": "0", "fill-jail": "137", "fill-wide": "0",
	})
	if said := "the memory limit of 64M was reached; processes that the kernel ended: 1"; !strings.Contains(text, said) {
		t.Errorf("%q was not printed", said)
	}
}

func TestR3InVM(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	_, f := limitsInVM(t)
	expect(t, f, map[string]string{"inotify-outside": "0", "inotify-jail": "64"})
	if used, limit, _ := strings.Cut(f["signals-outside"], "/"); used != limit || limit == "" {
		t.Errorf("outside, %s queued signals are all that can be had", f["signals-outside"])
	}
	if used, limit, _ := strings.Cut(f["signals-jail"], "/"); used == limit || used == "0" {
		t.Errorf("the jail took %s queued signals", f["signals-jail"])
	}
}

func TestR7InVM(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	_, f := limitsInVM(t)
	expect(t, f, map[string]string{"crash-outside": "1", "crash-jail": "1", "core": "Max core file size 1 1 bytes"})
}

func TestN7InVM(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	text, f := limitsInVM(t)
	expect(t, f, map[string]string{"escape-outside": "0", "escaped-outside": "max", "escaped-jail": "67108864", "escaped-wide": "max"})
	if n := strings.Count(text, "mounted version 2"); n != 3 {
		t.Errorf("the probe saw control groups %d times, want 3: the test is void", n)
	}
	if strings.Contains(text, "mounted version 1") {
		t.Error("a hierarchy of version 1 was mounted")
	}
}

// Processor time, what a launch leaves behind, and where it finds a group.
func TestVMLimits(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	text, f := limitsInVM(t)
	expect(t, f, map[string]string{
		"undelegated": "125", "says": "limits.memory: 64M, held by a control group in /sys/fs/cgroup/ann",
		"left": "1", "swept": "0", "behind": "0", "enter-hog": "137", "enter-true": "0", "alone": "67108864", "own-group": "0/",
	})
	if !strings.Contains(text, "  --> command line:1:15\n") || strings.Contains(text, "\ncanary") {
		t.Error("without a group, the program ran, or the place of the limit was not shown")
	}
	if narrow, wide := spin(t, f, "20%"), spin(t, f, "90%"); narrow > 500_000 || wide < 2*narrow {
		t.Errorf("in two seconds a spinner used %d µs with 20%% and %d µs with 90%% of a processor", narrow, wide)
	}
}

// spin is how many microseconds a spinner used.
func spin(t *testing.T, f map[string]string, limit string) int {
	t.Helper()
	n, err := strconv.Atoi(f["spin-"+limit])
	if err != nil {
		t.Errorf("spin-%s is %q", limit, f["spin-"+limit])
	}
	return n
}
