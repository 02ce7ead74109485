package registry

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func example() *Registration {
	r := &Registration{
		Profile: "firefox", Program: "/usr/bin/fire\x1bfox", Cgroup: "/sys/fs/cgroup/x", Since: time.Unix(1700000000, 5),
		Init: Process{100, 1 << 40}, Main: Process{101, 7}, Launcher: 4026531836, UID: 1000, GID: 1001,
		Groups: []int{4, 1001}, Entry: bytes.Repeat([]byte("entry"), 1000),
	}
	for i := range r.Namespaces {
		r.Namespaces[i] = uint64(4026531000 + i)
	}
	for i := range r.Limits {
		r.Limits[i] = [2]uint64{uint64(i), ^uint64(0)}
	}
	return r
}

func TestRecordIsKept(t *testing.T) {
	r := example()
	data := r.encode()
	again, err := decode(data)
	if err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("%+v comes back as %+v, %v", r, again, err)
	}
	for cut := range len(data) {
		if _, err := decode(data[:cut]); err == nil {
			t.Fatalf("%d of %d bytes are read", cut, len(data))
		}
	}
	if _, err := decode(append(data, 0)); err == nil {
		t.Error("more than a registration is read")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(example().encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decode(data)
		if err != nil {
			return
		}
		if again, err := decode(r.encode()); err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%x is read as something else the second time: %v", data, err)
		}
	})
}

func TestIDs(t *testing.T) {
	for _, c := range []struct {
		profile string
		want    string
	}{
		{"firefox", "firefox-7"},
		{"my build\x1b]52;", "my_build__52_-7"},
		{"../../etc", "_.._etc-7"},
		{"--help", "help-7"},
		{"", "jail-7"},
		{"ä", "_-7"},
		{"a-name-that-is-far-too-long-for-a-file", "a-name-that-is-far-too-long-for--7"},
	} {
		if got := idOf(c.profile, 7); got != c.want {
			t.Errorf("%q: %q, want %q", c.profile, got, c.want)
		}
	}
}

func TestMatch(t *testing.T) {
	var jails []*Jail
	for _, id := range []string{"make-1", "make-12", "firefox-3"} {
		jails = append(jails, &Jail{ID: id})
	}
	for _, c := range []struct {
		id, want string
		ids      []string
	}{
		{"make-1", "make-1", []string{"make-1"}},
		{"make-12", "make-12", []string{"make-12"}},
		{"f", "firefox-3", []string{"firefox-3"}},
		{"make", "", []string{"make-1", "make-12"}},
		{"nothing", "", nil},
	} {
		j, ids := Match(jails, c.id)
		got := ""
		if j != nil {
			got = j.ID
		}
		if got != c.want || !slices.Equal(ids, c.ids) {
			t.Errorf("%s: %q of %q", c.id, got, ids)
		}
	}
}

// TestPlace puts things in the way of the directory of registrations. It lies in
// the runtime directory, or, where others could write that, in the state directory.
func TestPlace(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(runtime string) error
		inState bool
		refused bool
	}{
		{"a runtime directory", func(string) error { return nil }, false, false},
		{"none", os.Remove, true, false},
		{"one that others can write", func(d string) error { return os.Chmod(d, 0o777) }, true, false},
		{"one as /tmp", func(d string) error { return os.Chmod(d, 0o777|os.ModeSticky) }, true, false},
		{"one that a group can write", func(d string) error { return os.Chmod(d, 0o770) }, true, false},
		{"a link", func(d string) error { return errors.Join(os.Rename(d, d+"2"), os.Symlink(d+"2", d)) }, true, false},
		{"registrations that others can see", func(d string) error { return os.Mkdir(d+"/jail", 0o755) }, false, true},
		{"a link to registrations", func(d string) error {
			return errors.Join(os.Mkdir(d+"/elsewhere", 0o700), os.Symlink("elsewhere", d+"/jail"))
		}, false, true},
		{"a file for registrations", func(d string) error { return os.WriteFile(d+"/jail", nil, 0o600) }, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			top := t.TempDir()
			p := Place{Runtime: filepath.Join(top, "runtime"), State: filepath.Join(top, "state/jail")}
			must(t, os.Mkdir(p.Runtime, 0o700))
			must(t, c.change(p.Runtime))
			dir, err := p.open(true)
			if usable := p.Usable(); (err != nil) != c.refused || (usable != nil) != c.refused {
				t.Fatalf("it is opened: %v; usable: %v", err, usable)
			}
			if err != nil {
				return
			}
			defer dir.Close()
			want := filepath.Join(p.Runtime, "jail")
			if c.inState {
				want = filepath.Join(p.State, "run")
			}
			if info, err := os.Lstat(want); p.Path() != want || err != nil || info.Mode() != os.ModeDir|0o700 {
				t.Errorf("the registrations are in %s, which is %v, %v", p.Path(), info, err)
			}
		})
	}
	if _, err := (Place{}).open(true); err == nil || (Place{}).Usable() == nil {
		t.Error("without any directory there is one")
	}
	if jails, refused, err := Running(Place{Runtime: t.TempDir()}); err != nil || len(jails)+len(refused) > 0 {
		t.Errorf("where no jail ran, there are %v, %v, %v", jails, refused, err)
	}
}

// TestOrdinaryProcessesAreNoJails registers processes that are alive and no
// jail: the caller's own.
func TestOrdinaryProcessesAreNoJails(t *testing.T) {
	place := Place{Runtime: t.TempDir()}
	_, err := Register(place, &Registration{Profile: "x", Program: "/bin/true", Init: Process{PID: os.Getppid()}, Main: Process{PID: os.Getpid()}})
	must(t, err)
	jails, refused, err := Running(place)
	must(t, err)
	if len(jails) != 0 || len(refused) != 1 || !errors.Is(refused[0].Err, errForged) {
		t.Errorf("found %v, refused %v", jails, refused)
	}
}

// TestStaleRegistrationsAreSwept keeps registrations of processes that are gone, that
// never were, and that belong to another PID namespace.
func TestStaleRegistrationsAreSwept(t *testing.T) {
	top := t.TempDir()
	place := Place{Runtime: top}
	dir, err := place.open(true)
	must(t, err)
	defer dir.Close()
	here, err := namespaceOf(self, "pid")
	must(t, err)
	r := example()
	r.Launcher = here
	r.Init.PID, r.Main.PID = 1<<30, 1<<30 // above every pid_max
	gone := idOf(r.Profile, r.Main.PID)
	must(t, dir.Write(gone, r.encode()))

	recycled := example()
	recycled.Launcher = here
	recycled.Init.PID, recycled.Main.PID = os.Getpid(), os.Getpid()
	must(t, dir.Write(idOf(recycled.Profile, os.Getpid()), recycled.encode()))

	elsewhere := example()
	elsewhere.Launcher = here + 1
	must(t, dir.Write(idOf(elsewhere.Profile, elsewhere.Main.PID), elsewhere.encode()))

	must(t, dir.Write("damaged", []byte("x")))
	must(t, dir.Write("another-name", r.encode()))

	jails, refused, err := Running(place)
	must(t, err)
	names := make([]string, len(refused))
	for i := range refused {
		names[i] = refused[i].Name
	}
	if len(jails) != 0 || !slices.Equal(names, []string{"another-name", "damaged"}) {
		t.Errorf("found %v, refused %v", jails, refused)
	}
	left, err := dir.Names()
	must(t, err)
	if want := []string{"another-name", "damaged", "firefox-101"}; !slices.Equal(left, want) {
		t.Errorf("%v are left, want %v", left, want)
	}
}

func TestRemove(t *testing.T) {
	(*Remover)(nil).Remove()
	top := t.TempDir()
	registration, err := Register(Place{Runtime: top}, &Registration{Profile: "x", Init: Process{PID: os.Getpid()}, Main: Process{PID: os.Getpid()}})
	must(t, err)
	if _, err := os.Stat(filepath.Join(top, "jail", registration.id)); err != nil {
		t.Error(err)
	}
	registration.Remove()
	if _, err := os.Stat(filepath.Join(top, "jail", registration.id)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the registration is there: %v", err)
	}
	if _, err := Register(Place{Runtime: top}, &Registration{Profile: "x", Init: Process{PID: 1 << 30}, Main: Process{PID: 1 << 30}}); !errors.Is(err, errGone) {
		t.Errorf("a program that has ended: %v", err)
	}
}

func TestFactsAreRead(t *testing.T) {
	if got := mapped([]byte("         0       1000          1\n"), 1000); got != 0 {
		t.Errorf("1000 is %d inside", got)
	}
	if got := mapped([]byte("         0       1000          1\n"), 1001); got != overflow {
		t.Errorf("an id that is not mapped is %d inside", got)
	}
	root := rootOf([]byte("1 0 0:1 / / rw,relatime - ext4 /dev/vda rw\n2 1 0:2 / /proc rw - proc proc rw\n3 1 0:3 / / ro,nosuid shared:1 - tmpfs jail rw\n"))
	if root != (Root{"tmpfs", "ro,nosuid", 3}) {
		t.Errorf("the root is %+v", root)
	}
	if got := interfacesOf([]byte("Inter-|\n face |\n    lo:   1 2\n  eth0: 3\n")); !slices.Equal(got, []string{"lo", "eth0"}) {
		t.Errorf("the interfaces are %q", got)
	}
	limits := limitsOf([]byte("Limit                     Soft Limit           Hard Limit           Units     \n" +
		"Max open files            1024                 4096                 files     \n" +
		"Max nice priority         0                    0                    \n"))
	if !slices.Equal(limits, []LimitFact{{"open files", "1024", "4096", "files"}, {"nice priority", "0", "0", ""}}) {
		t.Errorf("the limits are %+v", limits)
	}
	if got := cgroupOf([]byte("1:name=systemd:/a\n0::/user.slice\n")); got != "/user.slice" {
		t.Errorf("the control group is %q", got)
	}
}

// BenchmarkRegister is what a launch spends while its program runs already,
// and at the end.
func BenchmarkRegister(b *testing.B) {
	place := Place{Runtime: b.TempDir()}
	entry := bytes.Repeat([]byte("entry"), 2000)
	for b.Loop() {
		r, err := Register(place, &Registration{Profile: "x", Init: Process{PID: os.Getpid()}, Main: Process{PID: os.Getpid()}, Entry: entry})
		if err != nil {
			b.Fatal(err)
		}
		r.Remove()
	}
}
