package score

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/score/probe"
)

// everywhere is an outside in which every path of the host exists.
func everywhere(h *host.Host) *Outside {
	return &Outside{
		Inode: func(path string) (uint64, uint64, bool) {
			return 1, uint64(len(path)), h.Files.Kind(path) != host.KindMissing
		},
		Answer:     func(probe.Question) string { return "EPROTOTYPE" },
		Namespaces: map[string]string{"net": "net:[1]"}, Abstract: "x", Port: 1, Session: 7, StdinFile: true,
		Devices: []string{"8:1"},
	}
}

// TestProbesAndChecks: every check has a question on some host, every question
// a check, and every kind of question is asked. The checks that cannot be
// measured say why, and there are these.
func TestProbesAndChecks(t *testing.T) {
	h := desktop()
	for _, text := range []string{"extends: [default]\nlimits: {file-size: 1G}\n", "filesystem: {read: [/]}\nnetwork: host\n"} {
		asked, kinds := map[string]int{}, map[string]bool{}
		for _, q := range Questions(input(t, load(t, text), h), everywhere(h)) {
			asked[q.Check]++
			kinds[q.Ask.Kind] = true
			if q.Subject == "" || q.Want == "" && q.Ask.Name != "/proc/self/environ" || q.Reading == nil {
				t.Errorf("%s: the question %+v is incomplete", q.Check, q)
			}
		}
		unmeasured := 0
		for _, c := range Checks() {
			switch {
			case (c.ask == nil) != (c.Unmeasured != ""):
				t.Errorf("%s has a probe: %v, a reason for none: %q", c.ID, c.ask != nil, c.Unmeasured)
			case c.ask == nil:
				unmeasured++
			case asked[c.ID] == 0 && text[0] == 'e':
				t.Errorf("nothing is asked for %s", c.ID)
			}
			delete(asked, c.ID)
		}
		if len(asked) > 0 {
			t.Errorf("questions of no check: %v", asked)
		}
		for _, kind := range probe.Kinds() {
			if !kinds[kind] {
				t.Errorf("nobody asks a question of the kind %q", kind)
			}
		}
		if want := 6; unmeasured != want {
			t.Errorf("%d checks cannot be measured, not %d", unmeasured, want)
		}
	}
}

// TestCompare: what is missing does not agree.
func TestCompare(t *testing.T) {
	questions := []Question{{Check: "a", Want: "x", Reading: same}, {Check: "b", Want: "y", Reading: same}}
	found, err := Compare(questions, []string{"x", "z"})
	if err != nil || !found[0].Agrees || found[1].Agrees || found[1].Observed != "z" {
		t.Errorf("%+v %v", found, err)
	}
	found, err = Compare(questions, []string{"x"})
	if err == nil || !found[0].Agrees || found[1].Agrees {
		t.Errorf("%+v %v", found, err)
	}
}

// TestReadings feeds answers, good and bad, to the questions of a strict jail.
func TestReadings(t *testing.T) {
	h := desktop()
	questions := Questions(input(t, load(t, "extends: [default]\n"), h), everywhere(h))
	mounts := "=22 1 0:5 / / ro,nosuid,nodev - tmpfs tmpfs rw,size=4k,nr_inodes=2\n"
	for _, c := range []struct{ check, subject, good, bad string }{
		{"groups", "", "=Groups:\t1000 65534 65534 \n", "=Groups:\t65534 \n"},
		{"no-new-privileges", "", "=Name:\tx\nNoNewPrivs:\t1\n", "=NoNewPrivs:\t0\n"},
		{"filter", "", "=Seccomp:\t2\n", "=Seccomp:\t0\n"},
		{"root-inside", "", "=Uid:\t1000\t1000\t1000\t1000\n", "=Uid:\t0\t0\t0\t0\n"},
		{"root-outside", "", "=      1000       1000          1\n", "=         0          0 4294967295\n"},
		{"cap-system", "effective capabilities", "=CapEff:\t0000000000000000\n", "=CapEff:\t0000000000200000\n"},
		{"cap-system", "effective capabilities", "=CapEff:\t0000000000000001\n", "=nothing\n"},
		{"standard-input", "", "EACCES", "="},
		{"landlock", "", "EACCES", "="},
		{"first-process", "", "EACCES", "=SECRET=x"},
		{"first-process", "", "EACCES", "ENOENT"},
		{"signals", "", "1 2", "0 0"},
		{"signals", "", "1 2", "7 7"},
		{"network", "", "=net:[2]", "=net:[1]"},
		{"loopback", "", "ECONNREFUSED", "="},
		{"home", "", "1 99 rw 0x1021994", "1 9 rw 0xef53"},
		{"home", "", "ENOENT", "1 9 ro 0xef53"},
		{"home", "", "EACCES", "2 9 ro 0x794c7630"},
		{"terminal-input", "ioctl TIOCSTI", "EPERM", "ENOTTY"},
		{"bpf", "bpf", "EPERM", "EINVAL"},
		{"nested-users", "clone3", "ENOSYS", "EINVAL"},
		{"nested-users", "how many user namespaces may be made", "=0\n", "=127000\n"},
		{"other-interfaces", "", probe.Ended(unix.SIGSYS), "1"},
		{"descriptors", "", "0 1 2", "0 1 2 9"},
		{"process-limit", "", "=Max processes             4096                 4096                 processes\n", "=Max processes  4096  unlimited  processes\n"},
		{"core-dumps", "", "=Max core file size        1                    1                    bytes\n", "=Max core file size  0  unlimited  bytes\n"},
		{"out-of-memory", "", "=300\n", "=0\n"},
		{"propagation", "", mounts, "=22 1 0:5 / / ro,nosuid,nodev master:1 - tmpfs tmpfs rw,size=4k,nr_inodes=2\n"},
		{"no-setuid", "", mounts, "=22 1 0:5 / / ro,nodev - tmpfs tmpfs rw\n"},
		{"bounded-memory", "", mounts, "=22 1 0:5 / /x rw,nodev,nosuid - tmpfs tmpfs rw\n"},
		{"writable-programs", "", "=22 1 0:5 / /x rw,nodev,nosuid - tmpfs tmpfs rw\n", mounts},
		{"writable-files", "writable mounts of the host's file systems", mounts, "=22 1 8:1 /home /x rw,nodev,nosuid - ext4 /dev/sda1 rw\n"},
		{"kernel-settings", "/proc/sys", "1 1 ro 0x9fa0", "1 1 rw 0x9fa0"},
		{"kernel-facts", "/proc/kallsyms", "EACCES", "=ffffffff81000000 T _text"},
		{"credentials", "", "=PATH=/bin\x00HOME=/x\x00", "=PATH=/bin\x00GITHUB_TOKEN=y\x00"},
		{"devices", "", "=fd full null ptmx pts random shm stderr stdin stdout tty urandom zero", "=fd full kvm null"},
	} {
		i := slices.IndexFunc(questions, func(q Question) bool {
			return q.Check == c.check && (c.subject == "" || q.Subject == c.subject)
		})
		if i < 0 {
			t.Errorf("nothing is asked about %s, %s", c.check, c.subject)
			continue
		}
		q := questions[i]
		if got := q.Reading(c.good); got != q.Want {
			t.Errorf("%s: %q is read as %q, want %q", c.check, c.good, got, q.Want)
		}
		if got := q.Reading(c.bad); got == q.Want {
			t.Errorf("%s: %q is read as %q, too", c.check, c.bad, got)
		}
	}
}
