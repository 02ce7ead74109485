package service

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
	"github.com/jail-project/jail/seccomp"
)

// policyOf is what a service is granted: nothing of the host's but what its own
// executable is linked with, and the network or one Unix socket if it asks for that. Other
// sockets are passed in. Nobody has to answer for its connections: it makes no Unix socket,
// or sees the one that it may connect to and no other; abstract ones are out of reach in a
// network of its own.
func policyOf(o *Options, files []string) *policy.Policy {
	p := &policy.Policy{
		Name:       o.Name,
		Filesystem: policy.Filesystem{Root: text("host"), Home: text("host"), Startup: policy.Startup{Automatic: text("report"), Tools: text("report")}, Arguments: text("no")},
		Syscalls:   policy.Syscalls{Default: policy.Value[seccomp.Action]{V: seccomp.Allow, Set: true}, Architectures: []policy.Entry{{Text: "native"}}},
		Network:    policy.Network{Mode: text("none")},
		Namespaces: policy.Namespaces{PID: yes(), IPC: yes(), UTS: yes(), Cgroup: yes()},
		Landlock:   policy.Landlock{Use: text("required")},
		Identity:   policy.Identity{User: text("keep"), Hostname: text("jail"), MachineID: text("random"), Groups: text("masked")},
		Display:    policy.Display{X11: text("none")},
		Audio:      text("none"),
		Sockets:    []policy.PathRule{{Access: policy.Connect, Path: paths.AnySocket}},
	}
	if o.Network {
		p.Network.Mode = text("host")
	}
	if o.LandlockOptional {
		p.Landlock.Use = text("optional")
	}
	if len(files) > 1 {
		// A library is looked for under the name that others ask for, which is a link to
		// its file more often than not. Those that are there already are not looked for.
		p.Environment.Set = []policy.Variable{{Name: "LD_PRELOAD", Text: strings.Join(files[1:], ":")}}
	}
	if o.Server != "" {
		files = append(slices.Clip(files), o.Server)
	}
	for _, file := range slices.Concat(files, testOnlyGrants) {
		p.Filesystem.Rules = append(p.Filesystem.Rules, policy.PathRule{Access: policy.Read, Path: paths.Escape(file), Required: true})
	}
	return p
}

// testOnlyGrants are further paths, for a test that looks whether it can tell that there
// are none.
var testOnlyGrants []string

func text(v string) policy.Value[string] { return policy.Value[string]{V: v, Set: true} }

func yes() policy.Value[bool] { return policy.Value[bool]{V: true, Set: true} }

// linked lists the files that an executable needs beside itself, which is this
// process's own: its loader, under the name that it asks for, and the libraries that
// are mapped here. The loader comes first. A static executable needs none.
func linked(executable []byte) ([]string, error) {
	loader, err := loaderOf(executable)
	if err != nil || loader == "" {
		return nil, err
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	own, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	files := []string{loader}
	for line := range strings.Lines(string(maps)) {
		// Address, permissions, offset, device, inode, path (proc_pid_maps(5)).
		fields := strings.Fields(line)
		if len(fields) != 6 || !strings.Contains(fields[1], "x") || fields[5][0] != '/' || fields[5] == own || isLoader(fields[5], loader) || slices.Contains(files, fields[5]) {
			continue
		}
		if strings.ContainsAny(fields[5], ":$") {
			return nil, fmt.Errorf("the library %q can't be named in a list", fields[5])
		}
		files = append(files, fields[5])
	}
	return files, nil
}

// isLoader tells whether a mapped file is the loader, whose name may be a link.
func isLoader(mapped, loader string) bool {
	real, err := filepath.EvalSymlinks(loader)
	return err == nil && mapped == real
}

var errNotExecutable = errors.New("this program's own file is no executable of 64 bits")

// loaderOf is the name of the loader that an executable asks for (PT_INTERP of
// elf(5)), "" for none.
func loaderOf(executable []byte) (string, error) {
	name := ""
	err := segments(executable, func(kind uint32, from, size uint64) error {
		if kind != 3 { // PT_INTERP
			return nil
		}
		text, _, found := bytes.Cut(executable[from:from+size], []byte{0})
		if !found {
			return fmt.Errorf("the name of the loader: %w", errNotExecutable)
		}
		name = string(text)
		return nil
	})
	return name, err
}

// loaded is the part of an executable that the kernel maps: what comes behind is for
// debuggers, and may be more.
func loaded(executable []byte) ([]byte, error) {
	end := uint64(0)
	err := segments(executable, func(kind uint32, from, size uint64) error {
		if kind == 1 { // PT_LOAD
			end = max(end, from+size)
		}
		return nil
	})
	return executable[:end], err
}

// segments calls a function for each segment of an executable, which lies within it
// (elf(5), program header).
func segments(executable []byte, each func(kind uint32, from, size uint64) error) error {
	const programHeader = 56 // its size
	number := binary.NativeEndian.Uint64
	if len(executable) < 64 || !bytes.HasPrefix(executable, []byte("\x7fELF\x02")) {
		return errNotExecutable
	}
	at, count := number(executable[32:]), binary.NativeEndian.Uint16(executable[56:])
	for range count {
		if at > uint64(len(executable)-programHeader) {
			return errNotExecutable
		}
		header := executable[at:]
		at += programHeader
		from, size := number(header[8:]), number(header[32:])
		if from > uint64(len(executable)) || size > uint64(len(executable))-from {
			return errNotExecutable
		}
		if err := each(binary.NativeEndian.Uint32(header), from, size); err != nil {
			return err
		}
	}
	return nil
}
